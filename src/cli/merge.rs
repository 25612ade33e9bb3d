//! `gainswarm merge`: the shards of a batch or of a validation put together.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::interrupt::Interrupt;
use super::place::Place;
use super::{Exit, ShowArgs, note, studies, validate, validate_front};
use crate::Error;
use crate::engine::Resources;
use crate::report::shard::{BatchParts, Parts, ValidationParts};
use crate::report::{self, FrontFinding, Validation};
use crate::study::write_page;
use crate::validation::{self, Finding, Trial};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "The files are those of one run without --shard, but for the times that the shards took and the threads and SIMD level that they \
    had.\nWhat is missing, there twice, half written, or of another config or version is named, with the shard to run again;\nnothing is written then.\n\n\
    Examples:\n  gainswarm merge outputs/batch\n  gainswarm merge part-1 part-2 part-3 --output outputs/batch"
)]
pub(super) struct Args {
    /// The directories that the shards have written; one, if all have written into the same
    #[arg(required = true, value_name = "DIR")]
    directories: Vec<PathBuf>,
    /// Where the files of the whole go [default: the directory of the shards, if there is one]
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Also write a page that shows the results, report.html
    #[arg(long)]
    report: bool,
    /// Exit with 1 when a smaller share of a set of a validation succeeds
    #[arg(long, value_name = "SHARE", value_parser = validate::share)]
    require: Option<f64>,
    #[command(flatten)]
    show: ShowArgs,
}

/// Reads all shards before anything is written.
pub(super) fn run(args: &Args) -> Result<Exit, Error> {
    let alone = args.directories.first().filter(|_| args.directories.len() == 1);
    let Some(output) = args.output.as_ref().or(alone) else {
        return Err(Error::Option {
            option: "merge",
            found: format!("has {} directories and no --output", args.directories.len()),
            remedy: "say with --output where the files of the whole go".into(),
        });
    };
    match Parts::read(&args.directories)? {
        Parts::Batch(_) if args.require.is_some() => Err(Error::Option {
            option: "--require",
            found: "is for the shards of a validation, and these are of a batch".into(),
            remedy: "leave it out".into(),
        }),
        Parts::Batch(batch) => whole_batch(batch, output, args),
        Parts::Validation(parts) if parts.chosen.is_some() && (args.report || args.show.json) => {
            Err(Error::Option {
                option: "merge",
                found:
                    "has --report or --json, and these shards are of trade-offs, of which there is a table"
                        .into(),
                remedy: "leave it out".into(),
            })
        }
        Parts::Validation(parts) => whole_validation(*parts, output, args),
    }
}

fn whole_batch(mut batch: BatchParts, output: &Path, args: &Args) -> Result<Exit, Error> {
    report::refuse_tuning(output)?;
    let Place { directory, held: _held } = Place::at(output.into())?;
    batch.gather(&directory)?;
    report::forget_page(&directory);
    let rows = batch.rows();
    report::write_batch(&directory, &rows)?;
    if args.report {
        for study in &batch.studies {
            write_page(&study.directory, false)?;
        }
        report::write_overview(&directory, &batch.name, &rows, &[], rows.len())?;
    }
    let shown = studies::show(&rows, &args.show);
    let all_hold = studies::note_infeasible(&rows);
    if !args.show.quiet {
        studies::note_doubts(&rows);
        note(&format!("written to {}", directory.display()));
    }
    shown.map(|()| Exit::of(all_hold))
}

fn whole_validation(mut parts: ValidationParts, output: &Path, args: &Args) -> Result<Exit, Error> {
    let interrupt = Interrupt::listen();
    let Place { directory, held: _held } = Place::at(output.into())?;
    let records = std::mem::take(&mut parts.records);
    let ValidationParts { config, files, samples, seed, gains, chosen, tuned, .. } = &parts;
    let stop = || interrupt.exit_code().is_some();
    let trial =
        Trial { config, resources: Resources::default(), samples: *samples, seed: *seed, stop: &stop };
    let sets = validation::sets(config)?;
    let mut found: Vec<Vec<Finding>> = vec![Vec::new(); gains.len().max(2)];
    for (place, records) in records.into_iter().enumerate() {
        let (set, which) = (place / gains.len(), place % gains.len());
        let ControlFlow::Continue(finding) = trial.of_records(&sets[set], records, tuned[which]) else {
            note("interrupted: nothing is written; the shards are as they were");
            return Ok(Exit::Interrupted(interrupt.exit_code().unwrap_or(1)));
        };
        found[which].push(finding);
    }
    let require = args.require.unwrap_or(0.0);
    if let Some(chosen) = chosen {
        let rows = chosen.rows.iter().zip(found);
        let found: Vec<FrontFinding<'_>> = rows
            .flat_map(|((row, point), findings)| {
                findings.into_iter().map(move |finding| FrontFinding { row: *row, point, finding })
            })
            .collect();
        return validate_front::finish(
            &chosen.config,
            config,
            &found,
            &directory,
            (args.show.quiet, require),
        );
    }
    let [findings, others] = [&found[0], &found[1]];
    let validation = Validation {
        config,
        seed: *seed,
        values: &gains[0],
        files: files.each_ref().map(PathBuf::as_path),
        findings,
        others,
        pairings: validation::pairings(findings, others),
        differences: validation::differences(config, findings, others),
        missing: Vec::new(),
    };
    validate::finish(&validation, &directory, &args.show, (args.report, require))
}
