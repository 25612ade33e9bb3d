//! `frequency_response.csv`: the loops over frequency, a row a frequency and driven input.

use std::io::{self, Write};

use super::io_error;
use crate::stability::{Complex, Gang, LoopResponse};

/// Real and imaginary part of L, S and T, then of PS and CS of each output.
pub(super) fn write(file: &mut dyn Write, loops: &[LoopResponse]) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(file);
    let parts = |name: &str| [format!("{name}_re"), format!("{name}_im")];
    let outputs = loops.iter().take(1).flat_map(|of| &of.outputs).map(|of| &of.output);
    let of_outputs = outputs.flat_map(|output| ["ps", "cs"].map(|symbol| format!("{symbol}_{output}")));
    let names = ["l", "s", "t"].map(String::from).into_iter().chain(of_outputs);
    let header = ["input", "omega"].map(String::from).into_iter().chain(names.flat_map(|name| parts(&name)));
    csv.write_record(header).map_err(io_error)?;
    for of in loops {
        let (open, complementary) = (of.open(), of.complementary());
        let gangs: Vec<&Gang> = of.outputs.iter().flat_map(|output| [&output.load, &output.noise]).collect();
        for (place, omega) in of.omegas.iter().enumerate() {
            let own = [open[place], of.sensitivity[place], complementary[place]].into_iter();
            let all = own.chain(gangs.iter().map(|gang| gang.values[place]));
            let numbers = std::iter::once(*omega).chain(all.flat_map(|Complex { re, im }| [re, im]));
            let cells = numbers.map(|number| format!("{number:?}"));
            csv.write_record(std::iter::once(of.input.clone()).chain(cells)).map_err(io_error)?;
        }
    }
    csv.flush()
}
