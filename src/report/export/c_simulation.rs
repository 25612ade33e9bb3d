//! C: a step of the study's closed loop over a block of lanes, as it is compiled for this processor.

use super::{Export, Format};
use crate::Error;
use crate::lanes::SimdLevel;
use crate::problem::Problem;

/// A text with the step and all that it needs.
#[derive(Debug, Clone, Copy)]
pub struct CSimulation;

impl Format for CSimulation {
    const NAME: &'static str = "c-simulation";
    const SUMMARY: &'static str = "a step of the study's simulations for many gain vectors at a time, as it is compiled for this processor";

    fn text(export: &Export) -> Result<String, Error> {
        let identity = export.identity("//");
        let source = Problem::new(&export.config).simulator.source(SimdLevel::widest());
        Ok(match source {
            Some(source) => format!("{identity}//\n// {}\n\n{}", source.command(), source.text()),
            None => {
                format!(
                    "{identity}//\n// This study keeps histories or calls compiled code: its simulations are not compiled.\n"
                )
            }
        })
    }
}
