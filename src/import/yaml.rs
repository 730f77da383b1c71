//! Lays out YAML with comments. Where lines break is decided here; how a text is quoted is decided by the library that
//! reads policy files, so that the two cannot differ.

use std::fmt::Write as _;

use serde_yaml::FlowSeq;

use crate::diag::{is_deceptive, visible};

/// How long a line may get before a map is written over several.
const WIDTH: usize = 110;

/// A value with the comments around it.
#[derive(Clone, Debug, Default)]
pub(super) struct Item {
    /// Comments on lines of their own before it.
    pub(super) above: Vec<String>,
    /// What it is.
    pub(super) value: Value,
    /// A comment on its line.
    pub(super) beside: Option<String>,
    /// True for a blank line before it, where it is not the first of a list.
    pub(super) apart: bool,
}

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// `true`, `false`, a number or a date, as it stands.
    Word(String),
    /// Text.
    Text(String),
    /// A list. Never on one line with its key unless every item is a scalar.
    List(Vec<Item>),
    /// A map.
    Map(Map),
}

/// A map.
#[derive(Clone, Debug, Default)]
pub(super) struct Map {
    entries: Vec<(String, Item)>,
    form: Form,
}

/// How a map is laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Form {
    /// On one line if it fits.
    #[default]
    Short,
    /// A line for each entry.
    Tall,
    /// With a blank line between entries.
    Spaced,
}

impl Default for Value {
    fn default() -> Self {
        Self::Map(Map::default())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Word(flag.to_string())
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl<V: Into<Value>> From<V> for Item {
    fn from(value: V) -> Self {
        Self { value: value.into(), ..Self::default() }
    }
}

impl Item {
    /// A list of values.
    pub(super) fn list(items: impl IntoIterator<Item = Item>) -> Self {
        Self { value: Value::List(items.into_iter().collect()), ..Self::default() }
    }

    /// With a comment on its line.
    #[must_use]
    pub(super) fn beside(mut self, comment: Option<String>) -> Self {
        self.beside = comment;
        self
    }

    /// With a blank line before it, unless it is the first of a list.
    #[must_use]
    pub(super) fn apart(mut self) -> Self {
        self.apart = true;
        self
    }

    /// With comments before it.
    #[must_use]
    pub(super) fn above(mut self, comments: Vec<String>) -> Self {
        self.above = comments;
        self
    }
}

impl Map {
    /// Written on one line if it fits.
    pub(super) fn short() -> Self {
        Self::default()
    }

    /// Written with a line for each entry.
    pub(super) fn tall() -> Self {
        Self { entries: Vec::new(), form: Form::Tall }
    }

    /// Written with a blank line between entries.
    pub(super) fn spaced() -> Self {
        Self { entries: Vec::new(), form: Form::Spaced }
    }

    /// Adds an entry.
    pub(super) fn put(&mut self, key: &str, item: impl Into<Item>) {
        self.entries.push((key.to_owned(), item.into()));
    }

    /// The map under a key, made if there is none.
    pub(super) fn map(&mut self, key: &str) -> Option<&mut Map> {
        let known = self.entries.iter().position(|(other, _)| other == key);
        let at = known.unwrap_or(self.entries.len());
        if known.is_none() {
            self.put(key, Map::default());
        }
        match &mut self.entries.get_mut(at)?.1.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// True without entries.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The whole map as a document.
    pub(super) fn document(&self) -> String {
        let mut out = String::new();
        self.tall_into(&mut out, 0);
        out
    }

    fn tall_into(&self, out: &mut String, indent: usize) {
        for (at, (key, item)) in self.entries.iter().enumerate() {
            if at > 0 && self.form == Form::Spaced {
                out.push('\n');
            }
            comments(out, &item.above, indent);
            let start = out.len();
            let _ = write!(out, "{:indent$}{}:", "", scalar(key));
            item.value_into(out, indent, start);
        }
    }
}

impl Item {
    /// The value behind a key that begins at `start` of the output.
    fn value_into(&self, out: &mut String, indent: usize, start: usize) {
        let room = WIDTH.saturating_sub(out.len() - start);
        if let Some(flow) = self.value.flow().filter(|flow| !self.value.is_tall() && flow.chars().count() < room) {
            out.push(' ');
            out.push_str(&flow);
            self.end_line(out);
            return;
        }
        match &self.value {
            Value::Word(_) | Value::Text(_) => {
                out.push(' ');
                out.push_str(&self.value.flow().unwrap_or_default());
                self.end_line(out);
            }
            Value::List(items) => {
                self.end_line(out);
                for (at, item) in items.iter().enumerate() {
                    if at > 0 && item.apart {
                        out.push('\n');
                    }
                    item.entry_into(out, indent + 2);
                }
            }
            Value::Map(map) => {
                self.end_line(out);
                map.tall_into(out, indent + 2);
            }
        }
    }

    /// The value behind the dash of a list.
    fn entry_into(&self, out: &mut String, indent: usize) {
        comments(out, &self.above, indent);
        match &self.value {
            Value::Map(map) if self.value.is_tall() || !self.fits(indent) => {
                let mut inner = String::new();
                map.tall_into(&mut inner, indent + 2);
                // The first key follows the dash.
                let (first, rest) = inner.trim_start().split_once('\n').unwrap_or_default();
                let _ = write!(out, "{:indent$}- {first}", "");
                self.end_line(out);
                out.push_str(rest);
            }
            value => {
                let _ = write!(out, "{:indent$}- {}", "", value.flow().unwrap_or_default());
                self.end_line(out);
            }
        }
    }

    fn fits(&self, indent: usize) -> bool {
        self.value.flow().is_some_and(|flow| flow.chars().count() + indent + 2 < WIDTH)
    }

    fn end_line(&self, out: &mut String) {
        if let Some(comment) = &self.beside {
            let _ = write!(out, "  # {}", plain(comment));
        }
        out.push('\n');
    }
}

impl Value {
    fn is_tall(&self) -> bool {
        match self {
            Self::Word(_) | Self::Text(_) => false,
            Self::Map(map) => map.form != Form::Short && !map.is_empty(),
            // One line for each principal reads better than many in brackets.
            Self::List(items) => items.iter().any(|item| matches!(item.value, Self::Map(_) | Self::List(_))),
        }
    }

    /// On one line. Nothing where comments stand within.
    fn flow(&self) -> Option<String> {
        let bare = |item: &Item| item.above.is_empty() && item.beside.is_none();
        match self {
            Self::Word(word) => Some(word.clone()),
            Self::Text(text) => Some(scalar(text)),
            Self::List(items) => {
                let items: Option<Vec<String>> =
                    items.iter().map(|item| item.value.flow().filter(|_| bare(item))).collect();
                Some(format!("[{}]", items?.join(", ")))
            }
            Self::Map(map) if map.is_empty() => Some("{}".to_owned()),
            Self::Map(map) => {
                let entries = map.entries.iter().map(|(key, item)| {
                    let value = item.value.flow().filter(|_| bare(item))?;
                    Some(format!("{}: {value}", scalar(key)))
                });
                Some(format!("{{ {} }}", entries.collect::<Option<Vec<_>>>()?.join(", ")))
            }
        }
    }
}

/// Comments on lines of their own, broken at spaces.
pub(super) fn comments(out: &mut String, lines: &[String], indent: usize) {
    for line in lines {
        let mut length = 0;
        for word in plain(line).split(' ') {
            let more = word.chars().count() + 1;
            if length == 0 {
                let _ = write!(out, "{:indent$}#", "");
            } else if indent + length + more > WIDTH {
                let _ = write!(out, "\n{:indent$}#  ", "");
                length = 2;
            }
            let _ = write!(out, " {word}");
            length += more;
        }
        out.push('\n');
    }
}

/// A comment that stays on its line and shows what it holds.
pub(super) fn plain(comment: &str) -> String {
    visible(comment).chars().map(|c| if is_no_character(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// A text as a scalar that stands anywhere: as key, as value, in brackets. What cannot be seen is escaped.
pub fn scalar(text: &str) -> String {
    let quoted = if text.contains(is_deceptive) { None } else { serde_yaml::to_string(&FlowSeq([text])).ok() };
    let inner = quoted.as_deref().and_then(|list| list.trim_end().strip_prefix('[')?.strip_suffix(']'));
    match inner {
        Some(inner) => inner.to_owned(),
        None => escaped(text),
    }
}

/// What Unicode has set aside and YAML does not take as it is.
fn is_no_character(c: char) -> bool {
    u32::from(c) & 0xFFFE == 0xFFFE || matches!(c, '\u{FDD0}'..='\u{FDEF}')
}

/// In double quotes. What JSON writes is YAML as well, except that YAML has a short form for what lies beyond 16 bits.
fn escaped(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    let mut out = String::with_capacity(json.len() + 8);
    for c in json.chars() {
        if !is_deceptive(c) && !is_no_character(c) {
            out.push(c);
        } else if u32::from(c) > 0xFFFF {
            let _ = write!(out, "\\U{:08X}", u32::from(c));
        } else {
            let _ = write!(out, "\\u{:04X}", u32::from(c));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

    use super::*;
    use crate::policy::node::{Node, NodeValue, parse};

    fn text<'n>(node: &'n Node<'_>) -> &'n str {
        match &node.value {
            NodeValue::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }

    fn entries<'n, 't>(node: &'n Node<'t>) -> &'n [(Node<'t>, Node<'t>)] {
        match &node.value {
            NodeValue::Map(map) => map,
            other => panic!("{other:?}"),
        }
    }

    fn items<'n, 't>(node: &'n Node<'t>) -> &'n [Node<'t>] {
        match &node.value {
            NodeValue::List(list) => list,
            other => panic!("{other:?}"),
        }
    }

    const WORDS: &[&str] = &[
        "no",
        "yes",
        "y",
        "on",
        "0777",
        "1_000",
        "1e3",
        "0x1F",
        ".inf",
        "~",
        "null",
        "true",
        "2027-01-01",
        "*",
        "&a",
        "!t",
        "%x",
        "@x",
        "`x",
        "?",
        "? a",
        "-",
        "- x",
        "--- x",
        "...",
        "#x",
        "a #b",
        "a: b",
        "a:",
        ":a",
        "a, b",
        "x]",
        "{a}",
        "it's",
        "\"q\"",
        "\\n",
        "<<",
        "=",
        " lead",
        "trail ",
        "a\nb",
        "a\r\nb\t",
        "\u{2028}x",
        "\u{85}",
        "\u{1b}[31m",
        "\u{202e}abc",
        "🙂",
        "a\u{fe0f}",
        "\u{feff}x",
        "\u{fffe}",
        "\u{ffff}",
        "\0",
        "\u{e000}",
        "\u{7f}",
        "\u{e0041}",
        "| x",
        "> x",
        "'",
        "\"",
        "",
    ];

    /// Everything that could be taken for something else, and any other text.
    fn odd() -> impl Strategy<Value = String> {
        prop_oneof![
            proptest::sample::select(WORDS).prop_map(str::to_owned),
            any::<String>(),
            proptest::collection::vec(proptest::sample::select(WORDS), 1..4).prop_map(|words| words.concat()),
            "[ -~]{0,200}",
        ]
    }

    #[test]
    fn what_is_written_reads_back_the_same() {
        let config = Config { failure_persistence: None, cases: 2000, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
        let result = runner.run(&(odd(), odd(), odd()), |(key, value, comment)| {
            reads_back(&key, &value, &comment);
            Ok(())
        });
        result.unwrap();
    }

    fn reads_back(key: &str, value: &str, comment: &str) {
        let beside = || Some(comment.to_owned());
        let mut short = Map::short();
        short.put("a", value);
        short.put(&format!("k{key}"), value);
        let mut tall = Map::tall();
        tall.put("x", Item::from(value).beside(beside()).above(vec![comment.to_owned()]));
        tall.put("y", Item::list([Item::from(short.clone()).beside(beside()).apart()]));
        let mut map = Map::spaced();
        map.put(key, Item::from(value).beside(beside()));
        map.put(&format!("2{key}"), Item::list([Item::from(value), Item::from(key)]));
        map.put("3", Item::list([Item::from(short).beside(beside()), Item::from(tall)]));
        let written = map.document();
        let read = parse(&written).unwrap_or_else(|error| panic!("{error:?}\n{written}"));
        let [first, second, third] = entries(&read) else { panic!("{written}") };
        assert_eq!((text(&first.0), text(&first.1)), (key, value), "{written}");
        assert_eq!(text(&second.0), format!("2{key}"));
        assert_eq!(items(&second.1).iter().map(text).collect::<Vec<_>>(), [value, key]);
        let [short, tall] = items(&third.1) else { panic!("{written}") };
        assert_eq!(text(&entries(short)[0].1), value);
        assert_eq!(text(&entries(short)[1].0), format!("k{key}"));
        assert_eq!(text(&entries(tall)[0].1), value);
        assert_eq!(text(&entries(&items(&entries(tall)[1].1)[0])[0].1), value);
        assert!(!written.chars().any(|c| c != '\n' && is_deceptive(c)), "{written}");
    }

    #[test]
    fn what_fits_stands_on_one_line_and_all_else_below_its_key() {
        let mut activation = Map::short();
        activation.put("max_duration", "8h");
        activation.put("justification", true);
        let mut long = Map::short();
        long.put("user", "x".repeat(WIDTH));
        let mut root = Map::spaced();
        root.put("activation", Item::from(activation).above(vec!["why\nnot".to_owned()]));
        root.put("list", Item::list([Item::from(long).above(vec!["long".to_owned()])]));
        root.put("none", Item::list([]).beside(Some("nobody".to_owned())));
        let expected = format!(
            "# why\\nnot\nactivation: {{ max_duration: 8h, justification: true }}\n\nlist:\n  # long\n  - user: {}\n\n\
             none: []  # nobody\n",
            "x".repeat(WIDTH)
        );
        assert_eq!(root.document(), expected);
    }
}
