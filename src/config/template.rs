//! A config to start from: a plant that ships, or one of the user's own, under a law.

use std::fmt::Write;
use std::path::Path;

use super::ConfigError;
use crate::closed_loop::Method;
use crate::costs::{Aspect, Usual};
use crate::model::{Declarations, Input, Kind, Model, Parameter, Quantity, State, UsualTerm, shipped, usual};
use crate::registry::Member;
use crate::text::name_of;

/// Gain vectors that the search may judge.
const EVALUATIONS: u64 = 4000;
/// Links lean by at most ± this at the start, in rad.
const START: f64 = 0.2;
/// Names of what a controller is told, and does not measure.
const REFERENCES: [&str; 4] = ["reference", "set_point", "setpoint", "target"];

/// A model that a template is about.
#[derive(Debug, Clone)]
pub struct TemplateModel {
    /// The line of a section that names it: `type = "pid"`, `file = "motor.toml"`.
    line: String,
    name: String,
    model: Model,
}

impl TemplateModel {
    /// A model that ships, or the file of one.
    ///
    /// # Errors
    ///
    /// When there is no such model, or it is refused.
    pub fn find(kind: Kind, name: &str) -> Result<Self, ConfigError> {
        if let Some(found) = shipped(kind).iter().find(|shipped| shipped.name == name) {
            let model = Model::parse(Path::new(found.path), found.text)?;
            return Ok(Self { line: format!("type = \"{name}\""), name: name.into(), model });
        }
        Self::of(kind, name, Model::load(Path::new(name))?)
    }

    /// A model that is the file `name`.
    fn of(kind: Kind, name: &str, model: Model) -> Result<Self, ConfigError> {
        let path = Path::new(name);
        if model.kind != kind {
            return Err(ConfigError {
                path: path.into(),
                line: None,
                problem: format!("is a {}", model.kind.name()),
                remedy: format!("give the file of a {}", kind.name()),
            });
        }
        let line = format!("file = {}", toml::Value::from(name));
        Ok(Self { line, name: name_of(path), model })
    }

    /// A model by its text; `name` stands in errors, and as its file in a template.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub fn parse(kind: Kind, name: &str, text: &str) -> Result<Self, ConfigError> {
        let path = Path::new(name);
        Self::of(kind, name, Model::parse(path, text)?)
    }

    /// The names of the values that its equations make.
    #[must_use]
    pub fn values(&self) -> Vec<String> {
        self.model.values().into_iter().map(str::to_owned).collect()
    }
}

impl TemplateModel {
    /// The name of the controller that ships for this plant: the one that the plant names, else the usual one where it fits, else
    /// another that is usual, else the one that fits with the most gains to tune.
    #[must_use]
    pub fn usual_controller(&self) -> &str {
        if let Some(controller) = &self.model.declared.controller {
            return &controller.name;
        }
        let is_searched = |parameter: &&Parameter| parameter.search.is_some();
        let fitting = shipped(Kind::Controller).iter().filter_map(|controller| {
            let law = Self::find(Kind::Controller, controller.name).ok().filter(|law| self.fits(law))?;
            let gains = law.model.declared.parameters.iter().filter(is_searched).count();
            Some((controller.name == usual(Kind::Controller), controller.is_usual(), gains, controller.name))
        });
        fitting.max().map_or(usual(Kind::Controller), |(.., name)| name)
    }

    /// The values of the plant that a controller can see.
    fn seen(&self) -> Vec<String> {
        let declared = &self.model.declared;
        let outputs = declared.outputs.iter().map(|output| output.name.clone());
        declared.states.iter().map(|state| state.quantity.name.clone()).chain(outputs).collect()
    }

    /// What the plant says of a law in its study.
    fn says_of(&self, law: &Self, key: &str) -> Option<&toml::Value> {
        let controller =
            self.model.declared.controller.as_ref().filter(|controller| controller.name == law.name);
        controller?.said.iter().find(|(of, _)| of == key).map(|(_, value)| value)
    }

    /// Whether a law knows what to do with this plant as it stands: its texts name only what the plant has, and at most one of its
    /// inputs is to be connected.
    fn fits(&self, law: &Self) -> bool {
        let mut model = law.model.clone();
        let given = self.seen();
        let is_open = |input: &&Input| {
            let name = &input.quantity.name;
            input.default.is_none() && !given.contains(name) && !REFERENCES.contains(&name.as_str())
        };
        if model.declared.inputs.iter().filter(is_open).count() > 1 {
            return false;
        }
        let states: Vec<&str> =
            self.model.declared.states.iter().map(|state| state.quantity.name.as_str()).collect();
        let keys: Vec<String> = model.declared.expressions.keys().cloned().collect();
        keys.iter().all(|key| {
            model.choose(key, None, &states).is_ok()
                && model.unknown_in(&model.declared.expressions[key], &states).is_none()
        })
    }
}

/// The text of a commented config for a law on a plant, to be saved at `path`.
#[must_use]
pub fn template(plant: &TemplateModel, law: &TemplateModel, path: &Path) -> String {
    let mut text = format!(
        "# Tunes {} on {}.\n#   gainswarm check shows what this file would do, and gainswarm tune runs it.\n\
         # A line such as `# dt = 0.001` shows a default: remove its first # to change it.\n\n\
         # study = \"{}\"    # name of the directory for the results\nseed = 1    # of the search: the same seed gives the same gains\n",
        law.name,
        plant.name,
        name_of(path)
    );
    let mut add = |part: &str| {
        text.push('\n');
        text.push_str(part);
    };
    add(&section("plant", plant, |_| None));
    add(&section("controller", law, |key| plant.says_of(law, key)));
    let joined = Joined::guess(plant, &law.model);
    add(&joined.text);
    add(&simulation(plant));
    if let Some((output, _)) = &joined.measured {
        add(&format!(
            "# What is told of the step response: {}.\n\
             [[response]]\noutput = \"{output}\"\n# band = 0.02      # half the width of the settling band, as a share of the way\n",
            names(Aspect::ALL)
        ));
    }
    add(&costs(plant, &joined));
    let links = plant.model.declared.scene.as_ref().map_or(&[][..], |scene| &scene.links);
    let leans = !links.is_empty() && joined.references.is_empty() && joined.open.is_empty();
    add(&if leans { leaning(&plant.model.declared, links) } else { scenarios(plant, &joined) });
    add(&format!(
        "# When the search ends. Other rules: generations, target (a cost), stall_generations (without improvement) and\n\
         # wall_time in s. The first that applies ends it.\n[swarm.stopping]\nevaluations = {EVALUATIONS}    # number of gain vectors to simulate\n"
    ));
    add(&tuned(plant, law));
    text
}

/// The names of a family, one behind the other.
fn names<M: Member>(family: &[M]) -> String {
    family.iter().map(|member| member.name()).collect::<Vec<_>>().join(", ")
}

/// The section of a model: its defaults, left out by a #, and what is said in their place.
fn section<'a>(what: &str, chosen: &TemplateModel, said: impl Fn(&str) -> Option<&'a toml::Value>) -> String {
    let declared = &chosen.model.declared;
    let mut text = format!("# The {what}: {}\n[{what}]\n{}\n", summary(chosen), chosen.line);
    for (key, choices) in &declared.choices {
        if let Some(own) = said(key) {
            let _ = writeln!(text, "{key} = {own}");
            continue;
        }
        let names: Vec<&str> = choices.texts.iter().map(|(name, _)| name.as_str()).collect();
        let is_switch = names.iter().all(|name| ["true", "false"].contains(name));
        let others: Vec<&str> = names.iter().filter(|name| **name != choices.default).copied().collect();
        let default = if is_switch { choices.default.clone() } else { format!("\"{}\"", choices.default) };
        let _ =
            writeln!(text, "# {key} = {default}    # or {}, or an expression of your own", others.join(", "));
    }
    for parameter in &declared.parameters {
        text.push_str(&said(&parameter.quantity.name).map_or_else(
            || default_of(parameter),
            |value| format!("{} = {value}\n", parameter.quantity.name),
        ));
    }
    text
}

/// A line with the default of a parameter, and what it means.
fn default_of(parameter: &Parameter) -> String {
    format!("# {} = {:?}{}\n", parameter.quantity.name, parameter.default, meaning(parameter))
}

/// What a parameter means, as a comment behind its value.
fn meaning(parameter: &Parameter) -> String {
    let Quantity { written, doc, .. } = &parameter.quantity;
    let said: Vec<&str> =
        [written, doc].into_iter().map(String::as_str).filter(|said| !said.is_empty()).collect();
    if said.is_empty() { String::new() } else { format!("    # {}", said.join(", ")) }
}

fn simulation(plant: &TemplateModel) -> String {
    let methods: Vec<&str> = Method::ALL.iter().skip(1).map(|method| method.name()).collect();
    let mut text = format!(
        "# How every closed loop is simulated.\n[simulation]\ndt = 0.001        # s, control period and integration step\n\
         duration = 10.0   # s\n# integrator = \"{}\"    # or {}\n",
        Method::ALL[0].name(),
        methods.join(", ")
    );
    let declared = &plant.model.declared;
    declared.settings.iter().for_each(|setting| text.push_str(&default_of(setting)));
    let fail = declared.fail.as_deref().unwrap_or("abs(…) > …");
    let _ = writeln!(
        text,
        "# fail = \"{fail}\"    # when a simulation has failed, besides states that are not finite"
    );
    text
}

fn summary(chosen: &TemplateModel) -> String {
    let summary = &chosen.model.declared.summary;
    if summary.is_empty() {
        format!("{}.", chosen.name)
    } else {
        format!("{}.", summary.trim_end_matches('.'))
    }
}

/// How plant and law are joined, as far as that can be guessed.
struct Joined {
    text: String,
    /// What the law sees, and the input with which it does.
    measured: Option<(String, String)>,
    /// Inputs of the law that are left for scenarios.
    references: Vec<String>,
    /// Inputs of the plant that nothing drives and that have no default.
    open: Vec<String>,
}

impl Joined {
    fn guess(of: &TemplateModel, model: &Model) -> Self {
        let seen = of.seen();
        let (plant, law) = (&of.model.declared, &model.declared);
        let given: Vec<String> = law.outputs.iter().map(|output| output.name.clone()).collect();
        let values = model.values();
        let mut text = String::from(
            "# Which value of the plant the controller sees, and which of its values drives the plant; what has the same name is\n# joined by itself.\n[connect]\n",
        );
        let mut joined =
            Self { text: String::new(), measured: None, references: Vec::new(), open: Vec::new() };
        let mut is_measured = false;
        for input in &law.inputs {
            let name = &input.quantity.name;
            let is_reference = REFERENCES.contains(&name.as_str());
            if seen.contains(name) {
                is_measured = true;
                joined.measured.get_or_insert((name.clone(), name.clone()));
            } else if input.default.is_some() {
                // Without a connection it is that.
            } else if is_reference || is_measured {
                joined.references.push(name.clone());
            } else if let Some(first) = seen.first() {
                is_measured = true;
                let others =
                    if seen.len() > 1 { format!("    # or {}", seen[1..].join(", ")) } else { String::new() };
                let _ = writeln!(text, "{name} = \"{first}\"{others}");
                joined.measured = Some((first.clone(), name.clone()));
            }
        }
        let mut left =
            given.into_iter().filter(|value| !plant.inputs.iter().any(|input| input.quantity.name == *value));
        let mut is_driven = plant.inputs.iter().any(|input| values.contains(input.quantity.name.as_str()));
        for input in &plant.inputs {
            let name = &input.quantity.name;
            if values.contains(name.as_str()) {
                continue;
            }
            match left.next().filter(|_| !is_driven) {
                Some(value) => {
                    is_driven = true;
                    let _ = writeln!(text, "{name} = \"{value}\"");
                }
                None if input.default.is_none() => joined.open.push(name.clone()),
                None => {}
            }
        }
        joined.text = text;
        joined
    }
}

fn costs(plant: &TemplateModel, joined: &Joined) -> String {
    let mut text = format!(
        "# What a simulation costs: the sum of weight/norm · value. Others: {},\n\
         # the terms of [[response]], and terms of your own, such as [cost.heat] with integrate = \"0.4*current^2\".\n\
         # [limits] can bound each: max_{} = 5.0\n",
        names(Usual::ALL),
        Aspect::Overshoot.name()
    );
    let error = joined.references.first().zip(joined.measured.as_ref());
    if let Some((reference, (measured, _))) = error {
        let _ = write!(text, "[cost.tracking]\nintegrate = \"t*abs({reference} - {measured})\"    # ITAE\n");
    } else if plant.model.declared.cost.is_empty() {
        text.push_str(&deviation(&plant.model.declared.states));
    } else {
        text.push_str("[cost]    # those of the plant, with the weights that they have\n");
        for UsualTerm { name, weight, norm, doc, .. } in &plant.model.declared.cost {
            let meaning = if doc.is_empty() { String::new() } else { format!("    # {doc}") };
            let _ = writeln!(text, "# {name} = {{ weight = {weight:?}, norm = {norm:?} }}{meaning}");
        }
        return text;
    }
    let calm = Usual::ControlRate.name();
    let _ = write!(text, "\n[cost.{calm}]    # keeps the actuator calm\nweight = 1e-6\n");
    text
}

/// The term of a plant that is to be held where it starts.
fn deviation(states: &[State]) -> String {
    let names: Vec<&str> = states.iter().map(|state| state.quantity.name.as_str()).collect();
    if states.iter().all(|state| state.initial == 0.0) {
        return format!("[cost.{}]\nsignals = [\"{}\"]\n", Usual::Ise.name(), names.join("\", \""));
    }
    let squares: Vec<String> = names
        .iter()
        .zip(states)
        .map(|(name, state)| match state.initial {
            0.0 => format!("{name}^2"),
            initial => format!("({name} - {initial:?})^2"),
        })
        .collect();
    format!("[cost.deviation]    # from where the plant is held\nintegrate = \"{}\"\n", squares.join(" + "))
}

/// Starts of a plant whose links lean, each to both sides, together or bent; and a group of sampled ones on uncertain plants, left out.
fn leaning(declared: &Declarations, links: &[(String, String)]) -> String {
    let shares: &[f64] = if links.len() == 1 { &[1.0, 2.0 / 3.0, 1.0 / 3.0] } else { &[1.0, 0.5] };
    let bends: &[f64] = if links.len() == 1 { &[1.0] } else { &[1.0, -1.0] };
    let names: Vec<&str> = declared.states.iter().map(|state| state.quantity.name.as_str()).collect();
    let units: Vec<&str> = declared.states.iter().map(|state| state.quantity.unit_shown()).collect();
    let mut text = format!(
        "# Every gain vector is simulated from all of these starts, [{}] in {}.\n",
        names.join(", "),
        units.join(", ")
    );
    for share in shares {
        for (bend, side) in bends.iter().flat_map(|bend| [(bend, 1.0), (bend, -1.0)]) {
            let of = |state: &State| {
                let link = (0..).zip(links).find(|(_, (angle, _))| *angle == state.quantity.name);
                let lean = |link: i32| (START * share * 100.0).round() / 100.0 * side * bend.powi(link);
                format!("{:?}", link.map_or(state.initial, |(link, _)| lean(link)))
            };
            let state: Vec<String> = declared.states.iter().map(of).collect();
            let _ = write!(text, "[[scenarios]]\ninitial_state = [{}]\n", state.join(", "));
        }
    }
    let ranges: Vec<String> = links.iter().map(|(angle, _)| format!("{angle} = {START:?}")).collect();
    let uncertain =
        declared.parameters.first().map_or(String::new(), |one| format!("{} = 10.0", one.quantity.name));
    let _ = write!(
        text,
        "\n# For gains that also hold from other starts: remove the first # of this whole group.\n# [[scenarios]]\n\
         # name = \"sampled\"    # shown in reports\n# count = 8    # number of starts\n\
         # ranges = {{ {} }}    # 0.2 for ±0.2, or [lower, upper]\n\
         # uncertainty = {{ {uncertain} }}    # ±%, how much the plant may differ\n",
        ranges.join(", ")
    );
    text
}

/// A number of four digits.
fn rounded(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

fn scenarios(plant: &TemplateModel, joined: &Joined) -> String {
    let declared = &plant.model.declared;
    let mut text = String::from(
        "# What every gain vector is simulated on. A signal is a number, or a wave such as { type = \"step\", amplitude = 1.0, start = 0.5 };\n\
         # other waves: constant, ramp, pulse, sine, chirp, noise, table.\n[[scenarios]]\n",
    );
    let signals: Vec<String> = joined
        .references
        .iter()
        .map(|name| format!("{name} = 1.0"))
        .chain(joined.open.iter().map(|name| format!("{name} = 0.0")))
        .collect();
    if !signals.is_empty() {
        let _ = writeln!(text, "signals = {{ {} }}", signals.join(", "));
    }
    let own = declared.states.iter().filter(|state| signals.is_empty() && state.is_declared);
    let range = |state: &State| {
        let further = if state.initial == 0.0 { 0.1 } else { rounded(1.1 * state.initial) };
        format!("{} = [{:?}, {further:?}]", state.quantity.name, state.initial)
    };
    let starts: Vec<String> = own.map(range).collect();
    if starts.is_empty() {
        let first = declared.states.first().map_or("x", |state| state.quantity.name.as_str());
        let _ = writeln!(
            text,
            "# ranges = {{ {first} = 0.1 }}    # starts within ±0.1, or [lower, upper]; count = 8 of them"
        );
    } else {
        let _ = writeln!(text, "count = 4\nranges = {{ {} }}", starts.join(", "));
    }
    let uncertain: Vec<String> = declared
        .parameters
        .iter()
        .take(2)
        .map(|parameter| format!("{} = 10.0", parameter.quantity.name))
        .collect();
    let name = "[[validation]]    # scenarios that the tuning never sees, for gainswarm validate\nname = \"uncertain\"\n";
    let _ = write!(text, "\n{name}");
    if !signals.is_empty() {
        let _ = writeln!(text, "signals = {{ {} }}", signals.join(", "));
    }
    if !starts.is_empty() {
        let _ = writeln!(text, "ranges = {{ {} }}", starts.join(", "));
    }
    if !uncertain.is_empty() {
        let _ = writeln!(
            text,
            "uncertainty = {{ {} }}    # ±%, how much the plant may differ",
            uncertain.join(", ")
        );
    }
    text
}

fn tuned(plant: &TemplateModel, law: &TemplateModel) -> String {
    let mut chosen = law.model.clone();
    let states: Vec<&str> =
        plant.model.declared.states.iter().map(|state| state.quantity.name.as_str()).collect();
    for key in law.model.declared.expressions.keys() {
        let own = plant.says_of(law, key).and_then(toml::Value::as_str);
        let _ = chosen.choose(key, own, &states);
    }
    let idle = chosen.idle();
    let mut text =
        String::from("# The gains to tune and the range of each; any number in [controller] can be tuned.\n");
    for parameter in &law.model.declared.parameters {
        let Some([lower, upper]) = parameter.search else { continue };
        let scale = if parameter.logarithmic { "scale = \"log10\"\n" } else { "" };
        let name = &parameter.quantity.name;
        if idle.contains(&name.as_str()) {
            continue;
        }
        let _ =
            write!(text, "[[tune]]\nparameter = \"{name}\"\nlower = {lower:?}\nupper = {upper:?}\n{scale}\n");
    }
    text
}
