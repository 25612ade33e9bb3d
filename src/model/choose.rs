//! What a study chooses among the texts that a law lets it replace.

use std::collections::BTreeSet;

use super::parse::{Expression, Left, What, expression};
use super::{Alternatives, Misread, Model, Parameter, Quantity, WORDS, library, names};
use crate::text::one_of;

impl Model {
    /// Puts what a study says into the place of a text: the name of a choice, or an expression of its own; the default choice where it
    /// says nothing. Of several texts of a choice the first is taken that names nothing but what the law and `states`, those of its
    /// plant, give.
    ///
    /// # Errors
    ///
    /// When it is no choice and no expression.
    pub fn choose(&mut self, key: &str, said: Option<&str>, states: &[&str]) -> Result<(), Misread> {
        let choices = self.declared.choices.get(key).cloned().unwrap_or_default();
        let wanted = said.unwrap_or(&choices.default);
        if let Some((name, texts)) = choices.texts.iter().find(|(name, _)| name == wanted) {
            let text = self.fitting(texts, states);
            self.declared.expressions.insert(key.into(), text);
            if let Some(choices) = self.declared.choices.get_mut(key) {
                choices.default.clone_from(name);
            }
            return Ok(());
        }
        let Some(own) = said else { return Ok(()) };
        let read = names(own)?;
        let known: Vec<&str> = choices.texts.iter().map(|(name, _)| name.as_str()).collect();
        if !known.is_empty() && read.len() == 1 && read[0].1 == own && self.unknown_in(own, states).is_some()
        {
            let problem = format!("`{own}` is unknown");
            let remedy = format!("allowed: {}, or an expression of your own", one_of(own, &known));
            return Err(Misread::new(0, problem, remedy));
        }
        self.declared.expressions.insert(key.into(), own.into());
        self.declared.choices.remove(key);
        Ok(())
    }

    /// The first of some texts that names nothing but what the law and `states`, those of its plant, give.
    fn fitting(&self, texts: &[String], states: &[&str]) -> String {
        let fits = texts.iter().find(|text| self.unknown_in(text, states).is_none());
        fits.unwrap_or(&texts[0]).clone()
    }

    /// Lets a new parameter, the last, decide among some of the choices of a key, by their names: its text becomes all of theirs, of which that one counts
    /// whose place among `names` is the parameter's value. None is computed conditionally, so that the lanes of a block may differ.
    ///
    /// # Errors
    ///
    /// When a text names what neither the law nor its plant has, or two texts are the same.
    pub fn decide(&mut self, key: &str, names: &[String], states: &[&str]) -> Result<(), Misread> {
        let refuse = |problem: String, remedy: String| Err(Misread::new(0, problem, remedy));
        let choices = self.declared.choices.get(key).cloned().unwrap_or_default();
        let mut texts: Vec<(String, String)> = Vec::new();
        for name in names {
            let Some((_, of)) = choices.texts.iter().find(|(known, _)| known == name) else { continue };
            let text = self.fitting(of, states);
            if let Some(unknown) = self.unknown_in(&text, states) {
                let problem = format!("has \"{name}\", which names `{unknown}`: the plant does not have it");
                return refuse(problem, "leave it out".into());
            }
            if let Some((other, _)) = texts.iter().find(|(other, same)| other == name || *same == text) {
                let problem = if other == name {
                    format!("has \"{name}\" twice")
                } else {
                    format!("has \"{other}\" and \"{name}\", which are the same on this plant")
                };
                return refuse(problem, "keep one of them".into());
            }
            texts.push((name.clone(), text));
        }
        let start: String = key.chars().take(48).collect();
        let mut number = format!("{start}_choice");
        while self.unknown_in(&number, states).is_none() {
            number.push('_');
        }
        let decided = texts.iter().enumerate().rev().fold(String::new(), |rest, (place, (_, text))| {
            if rest.is_empty() {
                text.clone()
            } else {
                format!("if {number} < {place}.5 then {text} else {rest}")
            }
        });
        let quantity = Quantity { name: number.clone(), doc: format!("which {key}"), ..Quantity::default() };
        #[allow(clippy::cast_precision_loss, reason = "a number of choices")]
        let range = [0.0, (texts.len() - 1) as f64];
        let parameter = Parameter { quantity, default: 0.0, range, search: Some(range), logarithmic: false };
        self.declared.parameters.push(parameter);
        self.declared.expressions.insert(key.into(), decided);
        if let Some(choices) = self.declared.choices.get_mut(key) {
            choices.tuned = Some(Alternatives { number, texts });
        }
        Ok(())
    }

    /// The first name in a text that neither the law nor the states of its plant give.
    #[must_use]
    pub fn unknown_in(&self, text: &str, states: &[&str]) -> Option<String> {
        let declared = &self.declared;
        let mut known: BTreeSet<&str> = self.values();
        known.extend(declared.states.iter().map(|state| state.quantity.name.as_str()));
        known.extend(declared.inputs.iter().map(|input| input.quantity.name.as_str()));
        known.extend(declared.parameters.iter().map(|parameter| parameter.quantity.name.as_str()));
        known.extend(declared.expressions.keys().map(String::as_str));
        known.extend(states);
        let is_known = |name: &str| known.contains(name) || WORDS.contains(&name);
        names(text).ok()?.into_iter().map(|(_, name)| name).find(|name| !is_known(name))
    }

    /// The parameters that stand in no statement, and in no text that one names: they have no effect.
    #[must_use]
    pub fn idle(&self) -> Vec<&str> {
        let mut named = self.names_in_statements();
        named.extend(self.declared.states.iter().filter_map(|state| state.initial_gain.clone()));
        let all = self.declared.parameters.iter().map(|parameter| parameter.quantity.name.as_str());
        all.filter(|name| !named.contains(*name)).collect()
    }

    /// The names that stand in statements, and in texts that these name.
    #[must_use]
    pub fn names_in_statements(&self) -> BTreeSet<String> {
        let mut named: BTreeSet<String> = BTreeSet::new();
        let mut open: Vec<Expression> = Vec::new();
        if self.library().is_some() {
            // Nobody sees what it leaves out.
            named.extend(library::names(&self.declared).cloned());
        }
        for statement in &self.statements {
            open.push(statement.right.clone());
            if let Left::Sum(left) = &statement.left {
                open.push(left.clone());
            }
        }
        while let Some(read) = open.pop() {
            for item in &read.0 {
                if let What::Name(name, _) = &item.what
                    && named.insert(name.clone())
                    && let Some(text) = self.declared.expressions.get(name)
                {
                    open.extend(expression(text));
                }
            }
        }
        named
    }
}
