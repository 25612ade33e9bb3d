//! What a study chooses among the texts that a law lets it replace.

use std::collections::BTreeSet;

use super::parse::{Expression, Left, What, expression};
use super::{Misread, Model, WORDS, names};
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
            let fits = texts.iter().find(|text| self.unknown_in(text, states).is_none());
            let text = fits.unwrap_or(&texts[0]).clone();
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
        let mut named: BTreeSet<String> = BTreeSet::new();
        let mut open: Vec<Expression> = Vec::new();
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
        named.extend(self.declared.states.iter().filter_map(|state| state.initial_gain.clone()));
        let all = self.declared.parameters.iter().map(|parameter| parameter.quantity.name.as_str());
        all.filter(|name| !named.contains(*name)).collect()
    }
}
