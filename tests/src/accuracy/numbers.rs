//! The numbers that a run draws for a case.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

/// The numbers of one run.
#[derive(Debug, Clone)]
pub struct Numbers(pub(super) BTreeMap<String, u32>);

impl Numbers {
    /// The number that is called so, or is written so; `wide - 50` is so much less.
    pub fn get(&self, name: &str) -> Result<u32> {
        if let Some((name, less)) = name.split_once(" - ") {
            return self
                .get(name)?
                .checked_sub(self.get(less)?)
                .with_context(|| format!("{name} is too small"));
        }
        match self.0.get(name) {
            Some(number) => Ok(*number),
            None => name.parse().ok().with_context(|| format!("no number is called {name}")),
        }
    }

    /// The text with each `{name}` replaced by the number that is called so.
    pub fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, number)| {
            text.replace(&format!("{{{name}}}"), &number.to_string())
        })
    }

    /// `name 1500` for each.
    pub fn words(&self) -> String {
        self.0.iter().map(|(name, number)| format!("{name} {number}")).collect::<Vec<_>>().join(", ")
    }
}
