//! What an FMU says of itself: its `modelDescription.xml` (FMI 2.0.5, chapter 2.2).

use roxmltree::{Document, Node};

use crate::plugin::{Description, Quantity, Refused, Role};

/// Most quantities of a kind.
const QUANTITIES_MAX: usize = 48;
/// Most characters of a text that is kept.
const TEXT_MAX: usize = 255;

/// The column that names the state of an instance.
pub(super) const STATE: &str = "fmu_state";

/// The step of the trial where the FMU says none, in s.
const STEP: f64 = 1e-3;

const INPUT: usize = 0;
const PARAMETER: usize = 1;
const OUTPUT: usize = 2;

/// How an FMU is called.
pub(super) struct Described {
    pub(super) description: Description,
    /// The name of its binary, without ending.
    pub(super) identifier: String,
    pub(super) guid: String,
    /// References of inputs, parameters and outputs, in the order of the description.
    pub(super) inputs: Vec<u32>,
    pub(super) parameters: Vec<u32>,
    pub(super) outputs: Vec<u32>,
    /// The step that it says it is made for, in s.
    pub(super) step: f64,
}

/// Reads a description. Of more parameters than there can be, those are taken that are `named`.
pub(super) fn read(text: &str, named: &dyn Fn(&str) -> bool) -> Result<Described, Refused> {
    // Entities of its own are refused with the document type, so none can unfold to more than is read.
    let document = Document::parse(text).map_err(|error| {
        Refused::new(
            format!("its modelDescription.xml cannot be read: {error}"),
            "it is XML without a document type; export the FMU anew",
        )
    })?;
    let root = document.root_element();
    let version = root.attribute("fmiVersion").unwrap_or_default();
    if !root.has_tag_name("fmiModelDescription") || version != "2.0" {
        let problem = match version {
            "" => "its modelDescription.xml names no version of FMI".to_owned(),
            version => format!("is of FMI {}", short(version)),
        };
        return Err(Refused::new(problem, "allowed: FMI 2.0 for co-simulation; export it as that"));
    }
    let child = |name: &str| root.children().find(|node| node.has_tag_name(name));
    let Some(co_simulation) = child("CoSimulation") else {
        let problem = "is for model exchange alone: it does not integrate itself";
        return Err(Refused::new(problem, "export it for co-simulation"));
    };
    if is_true(co_simulation, "canBeInstantiatedOnlyOncePerProcess") {
        let problem = "can be instantiated only once in a process, and each lane needs an instance";
        return Err(Refused::new(problem, "export it without canBeInstantiatedOnlyOncePerProcess"));
    }
    let identifier = co_simulation.attribute("modelIdentifier").unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if identifier.is_empty() || !identifier.chars().all(is_plain) {
        let problem = format!("has the modelIdentifier \"{}\"", short(identifier));
        return Err(Refused::new(problem, "allowed: the name of its binary, a name of C"));
    }
    let Some(guid) = root.attribute("guid").filter(|guid| !guid.contains('\0')) else {
        return Err(Refused::new("its modelDescription.xml has no guid", "export it anew"));
    };
    let [inputs, parameters, outputs] = variables(root, named)?;
    if outputs.is_empty() {
        return Err(Refused::new("has no output of type Real", "export it with what is to be measured"));
    }
    let experiment = child("DefaultExperiment").and_then(|node| number(node, "stepSize"));
    let split = |all: Vec<(u32, Quantity)>| -> (Vec<u32>, Vec<Quantity>) { all.into_iter().unzip() };
    let ((inputs, of_inputs), (parameters, of_parameters), (outputs, of_outputs)) =
        (split(inputs), split(parameters), split(outputs));
    let state = Quantity {
        name: STATE.into(),
        doc: "names the state of its FMU: 0 at the start".into(),
        ..quantity_of(String::new(), 0.0)
    };
    Ok(Described {
        description: Description {
            role: Role::Plant,
            name: plain(root.attribute("modelName").unwrap_or(identifier)),
            summary: short(root.attribute("description").unwrap_or_default()),
            source: short(root.attribute("generationTool").unwrap_or_default()),
            states: Vec::new(),
            memory: vec![state],
            inputs: of_inputs,
            parameters: of_parameters,
            outputs: of_outputs,
            reads_time: false,
            feeds_through: false,
        },
        identifier: identifier.into(),
        guid: guid.into(),
        inputs,
        parameters,
        outputs,
        step: experiment.filter(|step| *step > 0.0 && step.is_finite()).unwrap_or(STEP),
    })
}

/// Inputs, parameters and outputs of type Real, with their references.
fn variables(root: Node<'_, '_>, named: &dyn Fn(&str) -> bool) -> Result<[Vec<(u32, Quantity)>; 3], Refused> {
    let units = |declared: &str| {
        let is_it =
            |node: &Node<'_, '_>| node.has_tag_name("SimpleType") && node.attribute("name") == Some(declared);
        let found = root.descendants().find(is_it)?;
        found.children().find(|node| node.has_tag_name("Real"))?.attribute("unit").map(str::to_owned)
    };
    let mut found = [const { Vec::new() }; 3];
    for variable in root.descendants().filter(|node| node.has_tag_name("ScalarVariable")) {
        let Some(real) = variable.children().find(|node| node.has_tag_name("Real")) else { continue };
        let causality = variable.attribute("causality").unwrap_or("local");
        let is_constant = variable.attribute("variability") == Some("constant");
        // What a state starts from can be set as a parameter can.
        let starts =
            variable.attribute("initial") == Some("exact") && real.has_attribute("start") && !is_constant;
        let kinds: &[usize] = match causality {
            "input" => &[INPUT],
            "parameter" => &[PARAMETER],
            "output" if starts => &[OUTPUT, PARAMETER],
            "output" => &[OUTPUT],
            "local" if starts => &[PARAMETER],
            _ => continue,
        };
        let written = variable.attribute("name").unwrap_or_default();
        let Some(reference) = variable.attribute("valueReference").and_then(|text| text.parse().ok()) else {
            let problem = format!("its variable \"{}\" has no valueReference", short(written));
            return Err(Refused::new(problem, "export it anew"));
        };
        let unit =
            real.attribute("unit").map(str::to_owned).or_else(|| units(real.attribute("declaredType")?));
        let unit = unit.unwrap_or_default();
        let start = number(real, "start");
        let doc = short(variable.attribute("description").unwrap_or_default());
        for kind in kinds.iter().copied() {
            let name = if kind == PARAMETER && causality != "parameter" {
                format!("{}_start", plain(written))
            } else {
                plain(written)
            };
            let value = start.unwrap_or(if kind == INPUT { f64::NAN } else { 0.0 });
            let range = if kind == PARAMETER { range(real) } else { [0.0; 2] };
            let (unit, doc) = (unit.clone(), doc.clone());
            found[kind].push((reference, Quantity { unit, doc, range, ..quantity_of(name, value) }));
        }
    }
    let [inputs, parameters, outputs] = &mut found;
    if parameters.len() > QUANTITIES_MAX {
        parameters.retain(|(_, quantity)| named(&quantity.name));
    }
    for (kind, all) in
        [("inputs", inputs), ("parameters that the study names", parameters), ("outputs", outputs)]
    {
        if all.len() > QUANTITIES_MAX {
            let problem = format!("has {} {kind}", all.len());
            return Err(Refused::new(problem, format!("allowed: at most {QUANTITIES_MAX}")));
        }
    }
    Ok(found)
}

fn quantity_of(name: String, value: f64) -> Quantity {
    Quantity { name, unit: String::new(), doc: String::new(), value, range: [0.0; 2], scale: 1.0 }
}

/// The smallest and largest allowed value; both 0 for any.
fn range(real: Node<'_, '_>) -> [f64; 2] {
    match (number(real, "min"), number(real, "max")) {
        (None, None) => [0.0; 2],
        (low, high) => [low.unwrap_or(f64::MIN), high.unwrap_or(f64::MAX)],
    }
}

fn number(node: Node<'_, '_>, name: &str) -> Option<f64> {
    node.attribute(name)?.trim().parse().ok()
}

fn is_true(node: Node<'_, '_>, name: &str) -> bool {
    matches!(node.attribute(name), Some("true" | "1"))
}

/// A name of this program: `motor.shaft[1].w` is `motor_shaft_1_w`.
fn plain(written: &str) -> String {
    let parts = written.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let name = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_");
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("n{name}") } else { name }
}

/// A text in a line.
fn short(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(TEXT_MAX).collect()
}
