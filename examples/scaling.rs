//! The model of scaling against runs: where a study stops scaling, and what a second thread is worth.
//!
//! `cargo run --release --example scaling -- curve DIR [STUDY]` runs the whole engine on 1 to 64 threads with simulations that sleep in place of
//! computing, so that a machine of a few cores can hold them, and writes `scaling.csv` and `scaling.svg` into DIR. What is not simulation (the
//! search, the reduction, handing out the work) runs as always.
//!
//! `cargo run --release --example scaling -- threads STUDY …` tunes studies on one thread and on two, in turns, and prints how many times as fast two are and
//! what the model foretells.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use gainswarm::config::Config;
use gainswarm::engine::{self, Flow, Observer, Progress, Resources, Run};
use gainswarm::native::Backend;
use gainswarm::problem::Problem;
use gainswarm::scaling::{self, Delay, Scaling};
use gainswarm::statistics::median;
use gainswarm::swarm::Stopping;
use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

const THREADS: [usize; 11] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64];
/// Generations of a run, of which the median of the second half counts, and runs of each number of threads.
const GENERATIONS: u64 = 24;
const TURNS: usize = 5;
/// Control steps of a tuning on one thread and on two.
const STEPS: f64 = 60e6;

/// What is drawn: a name, particles, scenarios of one kind and the time of a block in ms.
const CASES: [(&str, usize, usize, u64); 3] = [
    ("24 particles × 32 scenarios, 20 ms a block", 24, 32, 20),
    ("96 particles × 32 scenarios, 20 ms a block", 96, 32, 20),
    ("96 particles × 32 scenarios, 2 ms a block", 96, 32, 2),
];
/// Simulations of a block.
const LANES: usize = 64;

/// A case, what the model knows of it, and how many times as fast as one so many threads are.
type Drawn = (&'static str, Scaling, Vec<(usize, f64)>);

/// The time of each generation.
struct Clock {
    last: Instant,
    generations: Vec<f64>,
}

impl Observer for Clock {
    fn generation(&mut self, _progress: &Progress, _run: &mut Run<'_>) -> Flow {
        self.generations.push(self.last.elapsed().as_secs_f64());
        self.last = Instant::now();
        Flow::Continue
    }
}

/// The usual time of a generation with so many threads, in s.
fn generation(problem: &Problem, threads: usize) -> Result<f64, gainswarm::Error> {
    let mut clock = Clock { last: Instant::now(), generations: Vec::new() };
    Run::new(problem)?.search(Resources { threads, ..Resources::default() }, &mut clock)?;
    Ok(median(clock.generations.split_off(clock.generations.len() / 2)))
}

/// A study whose blocks sleep, and what the model knows of it: the times beside the blocks, measured without any.
fn case(
    config: &Config,
    (_, particles, scenarios, block_ms): (&str, usize, usize, u64),
) -> Result<(Problem, Scaling), Box<dyn Error>> {
    let mut config = config.clone();
    config.swarm.settings.particles = particles;
    config.swarm.coarse_first = false;
    config.swarm.stopping = Stopping::after_generations(GENERATIONS);
    let mut group = config.scenarios[0].clone();
    group.count = scenarios;
    config.scenarios = vec![group];
    let block = Duration::from_millis(block_ms);
    let measured = scaling::measured(&config, Resources::default())?;
    let scaling = Scaling { lanes: LANES, block_s: block.as_secs_f64(), ..measured };
    let simulator = Box::new(Delay { lanes: LANES, block });
    Ok((Problem { simulator, backend: Backend::Program, ..Problem::new(&config) }, scaling))
}

fn curve(directory: &Path, study: &Path) -> Result<(), Box<dyn Error>> {
    let config = Config::load(study)?;
    std::fs::create_dir_all(directory)?;
    let mut rows = String::from(
        "case,blocks,block_ms,serial_ms,exchange_ms,fills,threads,generation_ms,speedup,foretold\n",
    );
    let mut drawn = Vec::new();
    for known in CASES {
        let (problem, scaling) = case(&config, known)?;
        let mut found = vec![f64::INFINITY; THREADS.len()];
        // In turns, so that what else the machine does meets all alike; what it adds is no part of the study.
        for _ in 0..TURNS {
            for (shortest, threads) in found.iter_mut().zip(THREADS) {
                *shortest = shortest.min(generation(&problem, threads)?);
            }
        }
        let ms = |seconds: f64| 1e3 * seconds;
        println!(
            "{}: {} blocks, {:.2} ms beside them, fills {}",
            known.0,
            scaling.blocks(),
            ms(scaling.serial_s()),
            scaling.cores()
        );
        for (threads, seconds) in THREADS.into_iter().zip(&found) {
            let (speedup, foretold) = (found[0] / seconds, scaling.speedup(threads));
            println!(
                "{threads:>4} threads {:>9.2} ms  ×{speedup:<6.2} foretold ×{foretold:.2}",
                ms(*seconds)
            );
            writeln!(
                rows,
                "{},{},{:.3},{:.3},{:.3},{},{threads},{:.3},{speedup:.3},{foretold:.3}",
                known.0.replace(',', ";"),
                scaling.blocks(),
                ms(scaling.block_s),
                ms(scaling.serial_s()),
                ms(scaling.exchange_s),
                scaling.cores(),
                ms(*seconds)
            )?;
        }
        let points = THREADS.into_iter().zip(&found).map(|(threads, seconds)| (threads, found[0] / seconds));
        drawn.push((known.0, scaling, points.collect::<Vec<_>>()));
    }
    std::fs::write(directory.join("scaling.csv"), rows)?;
    draw(&directory.join("scaling.svg"), &drawn)
}

/// Dots are runs, lines the model, and a cross the number of cores that a study fills.
fn draw(path: &Path, cases: &[Drawn]) -> Result<(), Box<dyn Error>> {
    register_font("sans-serif", FontStyle::Normal, dejavu::sans::regular()).map_err(|_| "the font")?;
    let area = SVGBackend::new(path, (960, 600)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(20)
        .x_label_area_size(50)
        .y_label_area_size(60)
        .build_cartesian_2d((1.0..64.0_f64).log_scale(), (1.0..64.0_f64).log_scale())?;
    let whole = |number: &f64| format!("{number:.0}");
    let mesh = &mut chart.configure_mesh();
    mesh.x_desc("threads").y_desc("times as fast as one").x_label_formatter(&whole).y_label_formatter(&whole);
    mesh.label_style(("sans-serif", 16)).axis_desc_style(("sans-serif", 18)).draw()?;
    chart.draw_series(LineSeries::new([(1.0, 1.0), (64.0, 64.0)], BLACK.mix(0.3)))?;
    for ((name, scaling, points), colour) in
        cases.iter().zip([RGBColor(0, 90, 160), RGBColor(190, 80, 0), RGBColor(0, 120, 70)])
    {
        let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let model = (1..=64).map(|cores| (number(cores), scaling.speedup(cores)));
        let label = format!("{name}: fills {}", scaling.cores());
        chart
            .draw_series(LineSeries::new(model, colour.stroke_width(2)))?
            .label(label)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], colour.stroke_width(2)));
        chart.draw_series(
            points
                .iter()
                .map(|(threads, speedup)| Circle::new((number(*threads), *speedup), 5, colour.filled())),
        )?;
        let filled = (number(scaling.cores()), scaling.speedup(scaling.cores()));
        chart.draw_series([Cross::new(filled, 11, colour.stroke_width(2))])?;
    }
    let labels = &mut chart.configure_series_labels();
    labels
        .position(SeriesLabelPosition::UpperLeft)
        .label_font(("sans-serif", 16))
        .background_style(WHITE.mix(0.8))
        .draw()?;
    area.present()?;
    Ok(())
}

/// The time of a tuning with so many threads, in s.
fn wall(problem: &Problem, threads: usize) -> Result<f64, gainswarm::Error> {
    let tuning = engine::tune(problem, Resources { threads, ..Resources::default() }, &mut |_| {})?;
    Ok(tuning.wall.as_secs_f64())
}

fn threads(study: &Path) -> Result<(), Box<dyn Error>> {
    let mut config = Config::load(study)?;
    config.swarm.coarse_first = false;
    config.simulation.backend = Backend::Program;
    let scaling = scaling::measured(&config, Resources::default())?;
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number of generations"
    )]
    let generations = (STEPS / (scaling.simulations as f64 * config.simulation.steps() as f64)).ceil() as u64;
    config.swarm.stopping = Stopping::after_generations(generations.max(20));
    let problem = Problem::new(&config);
    let mut shortest = [f64::INFINITY; 2];
    for _ in 0..TURNS {
        for (shortest, threads) in shortest.iter_mut().zip([1, 2]) {
            *shortest = shortest.min(wall(&problem, threads)?);
        }
    }
    println!(
        "{:<28} {:>5} {:>7} {:>9.3} {:>9.3} {:>9.3} {:>9.3}   {:>5.2} {:>5.2} {:>6}",
        config.study,
        scaling.simulations,
        scaling.blocks(),
        1e3 * scaling.block_s,
        1e3 * scaling.search_s,
        1e3 * (scaling.constraints_s + scaling.reduction_s),
        1e3 * scaling.exchange_s,
        shortest[0] / shortest[1],
        scaling.speedup(2),
        scaling.cores()
    );
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["curve", directory] => curve(directory.as_ref(), "configs/classical.toml".as_ref()),
        ["curve", directory, study] => curve(directory.as_ref(), study.as_ref()),
        ["threads", ref studies @ ..] if !studies.is_empty() => {
            println!(
                "{:<28} {:>5} {:>7} {:>9} {:>9} {:>9} {:>9}   {:>5} {:>5} {:>6}",
                "study",
                "jobs",
                "blocks",
                "block ms",
                "search",
                "others",
                "exchange",
                "2 / 1",
                "model",
                "fills"
            );
            studies.iter().try_for_each(|study| threads(study.as_ref()))
        }
        _ => Err("give curve DIR [STUDY], or threads STUDY …".into()),
    }
}
