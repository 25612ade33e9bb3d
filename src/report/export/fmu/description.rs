//! `modelDescription.xml` of a plant (FMI 2.0.5, chapter 2.2).

use std::collections::BTreeSet;
use std::fmt::Write;

use super::{Causality, Variable};
use crate::report::export::Export;

/// The text, but for the guid.
pub(super) fn text(export: &Export, identifier: &str, variables: &[Variable]) -> String {
    let of = &export.config.plant.of;
    let simulation = &export.config.simulation;
    let units: BTreeSet<&str> =
        variables.iter().map(|one| one.unit.as_str()).filter(|unit| !unit.is_empty()).collect();
    let unit = |unit: &&str| format!("    <Unit name=\"{}\"/>\n", escaped(unit));
    let units: String = units.iter().map(unit).collect();
    let units =
        if units.is_empty() { units } else { format!("  <UnitDefinitions>\n{units}  </UnitDefinitions>\n") };
    let listed: String = variables.iter().enumerate().map(written).collect();
    let index = |(place, _): (usize, &Variable)| format!("<Unknown index=\"{}\"/>", place + 1);
    let unknown = |is_it: fn(Causality) -> bool| -> String {
        variables.iter().enumerate().filter(|(_, one)| is_it(one.causality)).map(index).collect()
    };
    let outputs = unknown(|of| matches!(of, Causality::State | Causality::Output));
    let initial = match unknown(|of| of == Causality::Output) {
        none if none.is_empty() => none,
        initial => format!("    <InitialUnknowns>{initial}</InitialUnknowns>\n"),
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <fmiModelDescription fmiVersion=\"2.0\" modelName=\"{}\" guid=\"@GUID@\" description=\"{}\" generationTool=\"{} {}\" \
         variableNamingConvention=\"flat\">\n  \
         <CoSimulation modelIdentifier=\"{identifier}\" canHandleVariableCommunicationStepSize=\"true\" \
         canNotUseMemoryManagementFunctions=\"true\" canGetAndSetFMUstate=\"true\">\n    \
         <SourceFiles><File name=\"{identifier}.c\"/></SourceFiles>\n  </CoSimulation>\n{units}  \
         <LogCategories><Category name=\"logStatusError\"/></LogCategories>\n  \
         <DefaultExperiment startTime=\"0.0\" stopTime=\"{:?}\" stepSize=\"{:?}\"/>\n  \
         <ModelVariables>\n{listed}  </ModelVariables>\n  \
         <ModelStructure>\n    <Outputs>{outputs}</Outputs>\n{initial}  </ModelStructure>\n</fmiModelDescription>\n",
        escaped(of.name),
        escaped(&of.model.declared.summary),
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION"),
        simulation.duration,
        simulation.dt,
    )
}

/// A variable.
fn written((reference, of): (usize, &Variable)) -> String {
    let kind = match of.causality {
        Causality::Parameter => "causality=\"parameter\" variability=\"fixed\" initial=\"exact\"",
        Causality::Input => "causality=\"input\" variability=\"continuous\"",
        Causality::State => "causality=\"output\" variability=\"continuous\" initial=\"exact\"",
        Causality::Output => "causality=\"output\" variability=\"continuous\" initial=\"calculated\"",
    };
    let mut real = String::new();
    if !of.unit.is_empty() {
        let _ = write!(real, " unit=\"{}\"", escaped(&of.unit));
    }
    for (name, bound) in ["min", "max"].iter().zip(of.range) {
        if let Some(bound) = bound {
            let _ = write!(real, " {name}=\"{bound:?}\"");
        }
    }
    if of.causality != Causality::Output {
        let _ = write!(real, " start=\"{:?}\"", of.start);
    }
    let doc = match of.doc.as_str() {
        "" => String::new(),
        doc => format!(" description=\"{}\"", escaped(doc)),
    };
    format!(
        "    <ScalarVariable name=\"{}\" valueReference=\"{reference}\" {kind}{doc}><Real{real}/></ScalarVariable>\n",
        escaped(&of.name)
    )
}

/// A text in the value of an attribute, in a line.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
