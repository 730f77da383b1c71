//! JSON with comments, read so that no key can be overlooked: what nobody has taken is reported.

use jsonc_parser::ast::Value as Ast;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use crate::import::left::{Leaving, Why};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Map(Vec<(String, Json)>),
}

/// An object whose entries are taken one by one. Keys compare without case, as `PowerShell` compares them.
#[derive(Clone, Debug)]
pub(super) struct Object {
    /// Where it stands: the keys that lead to it.
    pub(super) path: String,
    entries: Vec<(String, Json)>,
}

/// Reads a text. The error says what is wrong and where.
pub(super) fn parse(text: &str) -> Result<Json, String> {
    let options = ParseOptions { allow_missing_commas: false, ..ParseOptions::default() };
    let text = text.trim_start_matches('\u{feff}');
    let parsed = parse_to_ast(text, &CollectOptions::default(), &options).map_err(|error| {
        format!(
            "line {}, column {}: {}",
            error.line_display(),
            error.column_display(),
            lower(&error.kind().to_string())
        )
    })?;
    Ok(parsed.value.map_or(Json::Null, Json::of))
}

fn lower(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

impl Json {
    fn of(value: Ast<'_>) -> Self {
        match value {
            Ast::NullKeyword(_) => Self::Null,
            Ast::BooleanLit(flag) => Self::Bool(flag.value),
            Ast::NumberLit(number) => Self::Number(number.value.to_owned()),
            Ast::StringLit(text) => Self::Text(text.value.into_owned()),
            Ast::Array(array) => Self::List(array.elements.into_iter().map(Self::of).collect()),
            Ast::Object(object) => Self::Map(
                object.properties.into_iter().map(|entry| (entry.name.into_string(), Self::of(entry.value))).collect(),
            ),
        }
    }

    /// Text that says something.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.trim()).filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    /// Null, or text without a word: the tool takes neither for a value.
    pub(super) fn is_blank(&self) -> bool {
        matches!(self, Self::Null) || matches!(self, Self::Text(text) if text.trim().is_empty())
    }

    /// `true` or `false`, also as text: the tool takes both.
    pub(super) fn flag(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            Self::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Self::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// The items of a list; of anything else itself, as the tool does.
    pub(super) fn items(self) -> Vec<Self> {
        match self {
            Self::List(items) => items,
            Self::Null => Vec::new(),
            other => vec![other],
        }
    }

    /// In a few words, for a message.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(flag) => flag.to_string(),
            Self::Number(number) => number.clone(),
            Self::Text(text) => format!("`{text}`"),
            Self::List(_) => "a list".to_owned(),
            Self::Map(_) => "an object".to_owned(),
        }
    }
}

impl Object {
    /// The entries of an object; anything else is noted.
    pub(super) fn new(json: Json, path: String, left: &mut Leaving) -> Option<Self> {
        match json {
            Json::Map(entries) => Some(Self { path, entries }),
            Json::Null => None,
            other => {
                left.say(path, Why::WrongType, format!("expected an object, found {}", other.shown()));
                None
            }
        }
    }

    /// Where an entry stands.
    pub(super) fn at(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Takes the entry with one of these names, whatever the case. The last one counts, as it does for the tool; the
    /// others stay, and are reported.
    pub(super) fn take(&mut self, keys: &[&str]) -> Option<(String, Json)> {
        let at =
            self.entries.iter().rposition(|(key, _)| keys.iter().any(|wanted| key.eq_ignore_ascii_case(wanted)))?;
        let (key, value) = self.entries.remove(at);
        Some((self.at(&key), value))
    }

    /// Takes a text. A value of another type is noted.
    pub(super) fn text(&mut self, keys: &[&str], left: &mut Leaving) -> Option<String> {
        let (path, value) = self.take(keys)?;
        match (value.text(), &value) {
            (Some(text), _) => Some(text.to_owned()),
            (None, Json::Null | Json::Text(_)) => None,
            _ => {
                left.say(path, Why::WrongType, format!("expected text, found {}", value.shown()));
                None
            }
        }
    }

    /// Takes `true` or `false`. A value of another type is noted.
    pub(super) fn flag(&mut self, keys: &[&str], left: &mut Leaving) -> Option<bool> {
        let (path, value) = self.take(keys)?;
        let flag = value.flag();
        if flag.is_none() && !value.is_blank() {
            left.say(path, Why::WrongType, format!("expected `true` or `false`, found {}", value.shown()));
        }
        flag
    }

    /// True when an entry with one of these names says something that is neither `true` nor `false`.
    pub(super) fn is_unclear(&self, keys: &[&str]) -> bool {
        self.peek(keys).is_some_and(|value| !value.is_blank() && value.flag().is_none())
    }

    /// The entry that [`take`](Self::take) would take.
    pub(super) fn peek(&self, keys: &[&str]) -> Option<&Json> {
        let named = |(key, _): &&(String, Json)| keys.iter().any(|wanted| key.eq_ignore_ascii_case(wanted));
        self.entries.iter().rev().find(named).map(|(_, value)| value)
    }

    /// What nobody has taken and is more than a remark.
    pub(super) fn strange(&self) -> Option<&str> {
        let says = |(key, value): &&(String, Json)| !is_remark(key) && *value != Json::Null;
        self.entries.iter().find(says).map(|(key, _)| key.as_str())
    }

    /// What nobody has taken and may ask for something: all but remarks, blanks, and whom to notify.
    pub(super) fn unread(&self) -> impl Iterator<Item = (&str, &Json)> {
        let harmless = |key: &str| is_remark(key) || key.to_lowercase().starts_with("notification");
        let entries = self.entries.iter().map(|(key, value)| (key.as_str(), value));
        entries.filter(move |(key, value)| !value.is_blank() && !harmless(key))
    }

    /// The entries of an object together with those of one within it. Of a key that both have, both stay.
    pub(super) fn joined(mut self, inner: Self, left: &mut Leaving) -> Self {
        if self.unread().next().is_none() {
            self.finish(left);
            return inner;
        }
        self.entries.extend(inner.entries);
        self
    }

    /// Adds an entry.
    pub(super) fn put(&mut self, key: &str, value: Json) {
        self.entries.push((key.to_owned(), value));
    }

    /// All entries, in the order of the file.
    pub(super) fn into_entries(self) -> Vec<(String, Json)> {
        self.entries
    }

    /// Notes every entry that nobody has taken.
    pub(super) fn finish(self, left: &mut Leaving) {
        for (key, _) in &self.entries {
            let why = if is_remark(key) { Why::NoCounterpart } else { Why::UnknownKey };
            left.add(self.at(key), why);
        }
    }
}

/// Keys that people use for notes to themselves, and what the tool has that has no meaning here.
fn is_remark(key: &str) -> bool {
    let known = [
        "$schema",
        "TelemetrySettings",
        "description",
        "comment",
        "comments",
        "note",
        "notes",
        "remark",
        "remarks",
        "name",
        "displayName",
        "principalName",
        "principalDisplayName",
        "userPrincipalName",
        "upn",
        "mail",
        "email",
    ];
    key.starts_with('_') || known.iter().any(|known| key.eq_ignore_ascii_case(known))
}
