//! Writes policy files: the same content in any order of keys, style and spelling.

use std::fmt::Write as _;

use super::choices::Choices;

/// A value of a policy file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Yaml {
    /// `true`, `1`, `mfa`: written without quotes.
    Word(&'static str),
    /// Any text.
    Text(String),
    List(Vec<Yaml>),
    Map(Vec<(String, Yaml)>),
}

/// A map of a policy file.
pub(crate) type Entries = Vec<(String, Yaml)>;

pub(crate) fn text(text: impl Into<String>) -> Yaml {
    Yaml::Text(text.into())
}

pub(crate) fn flag(value: bool) -> Yaml {
    Yaml::Word(if value { "true" } else { "false" })
}

/// A map with one key.
pub(crate) fn one(key: &str, value: Yaml) -> Yaml {
    Yaml::Map(vec![(key.to_owned(), value)])
}

impl Yaml {
    /// Any order of keys and of lists: none of them means anything.
    pub(crate) fn shuffle(&mut self, choices: &mut Choices) {
        match self {
            Self::Word(_) | Self::Text(_) => {}
            Self::List(items) => {
                choices.shuffle(items);
                for item in items {
                    item.shuffle(choices);
                }
            }
            Self::Map(entries) => {
                choices.shuffle(entries);
                for (_, value) in entries {
                    value.shuffle(choices);
                }
            }
        }
    }

    /// As the text of a file.
    pub(crate) fn write(&self, choices: &mut Choices) -> String {
        let mut out = String::new();
        self.block(&mut out, 0, choices);
        out
    }

    fn block(&self, out: &mut String, depth: usize, choices: &mut Choices) {
        match self {
            Self::Map(entries) if !entries.is_empty() => {
                for (key, value) in entries {
                    let _ = write!(out, "{:depth$}{}:", "", scalar(key, choices));
                    value.after_key(out, depth, choices);
                }
            }
            Self::List(items) if !items.is_empty() => {
                for item in items {
                    let _ = write!(out, "{:depth$}- ", "");
                    item.flow(out, choices);
                    out.push('\n');
                }
            }
            other => {
                let _ = write!(out, "{:depth$}", "");
                other.flow(out, choices);
                out.push('\n');
            }
        }
    }

    fn after_key(&self, out: &mut String, depth: usize, choices: &mut Choices) {
        let nested = match self {
            Self::Map(entries) => !entries.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Word(_) | Self::Text(_) => false,
        };
        if nested && !choices.in_ten(3) {
            out.push('\n');
            self.block(out, depth + 2, choices);
        } else {
            out.push(' ');
            self.flow(out, choices);
            out.push('\n');
        }
    }

    fn flow(&self, out: &mut String, choices: &mut Choices) {
        let separated = |out: &mut String, at: usize| {
            if at > 0 {
                out.push_str(", ");
            }
        };
        match self {
            Self::Word(word) => out.push_str(word),
            Self::Text(text) => out.push_str(&scalar(text, choices)),
            Self::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    separated(out, at);
                    item.flow(out, choices);
                }
                out.push(']');
            }
            Self::Map(entries) => {
                out.push_str("{ ");
                for (at, (key, value)) in entries.iter().enumerate() {
                    separated(out, at);
                    let _ = write!(out, "{}: ", scalar(key, choices));
                    value.flow(out, choices);
                }
                out.push_str(" }");
            }
        }
    }
}

/// Text without quotes where it needs none, and in either kind of quotes.
fn scalar(text: &str, choices: &mut Choices) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '@' | '.'));
    match choices.below(3) {
        0 if plain => text.to_owned(),
        1 if !text.contains('\n') => format!("'{}'", text.replace('\'', "''")),
        _ => serde_json::to_string(text).unwrap(),
    }
}
