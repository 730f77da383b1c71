//! YAML as a tree that knows where every value stands. The only file that names the YAML library.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_yaml::options::DuplicateKeyPolicy;
use serde_yaml::{Options, Spanned};

/// A value and its place in the text, in bytes. Lists and maps know only where they begin.
#[derive(Clone, Debug, PartialEq)]
pub struct Node<'t> {
    /// The value.
    pub value: NodeValue<'t>,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset behind the last byte.
    pub end: u32,
}

/// A value as YAML knows it.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeValue<'t> {
    /// Nothing, or `~`.
    Null,
    /// `true` or `false`; no other word.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number. No key takes one, so its value does not matter.
    Float,
    /// Text, quoted or not.
    Text(Cow<'t, str>),
    /// A list.
    List(Vec<Node<'t>>),
    /// A map with its entries as written, keys that occur twice included.
    Map(Vec<(Node<'t>, Node<'t>)>),
}

/// Why a text is not YAML, and at which byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// What is wrong: lower case, no final period.
    pub message: String,
    /// Offset of the byte.
    pub at: u32,
    /// A way out.
    pub help: &'static str,
}

/// Reads one document. A text without any value is [`NodeValue::Null`].
pub fn parse(text: &str) -> Result<Node<'_>, SyntaxError> {
    let blank =
        text.trim_start_matches('\u{feff}').lines().all(|line| matches!(line.trim().chars().next(), None | Some('#')));
    if blank {
        return Ok(Node { value: NodeValue::Null, start: 0, end: 0 });
    }
    serde_yaml::from_str_with_options(text, options()).map_err(|error| {
        let location = error.location().unwrap_or(serde_yaml::Location::UNKNOWN);
        let rendered = error.without_snippet().to_string();
        explained(text, message(&rendered), offset(text, location.line(), location.column()))
    })
}

/// The mistakes that nearly everybody makes once, in words of our own.
fn explained(text: &str, message: String, at: u32) -> SyntaxError {
    if message == SECOND_DOCUMENT {
        return SyntaxError { message, at, help: "put it into a file of its own" };
    }
    if let Some(tab) = message.contains("tab").then(|| tab_near(text, at)).flatten() {
        return SyntaxError { message: "a tab in the indentation".to_owned(), at: tab, help: "use spaces" };
    }
    let rest = text.get(at as usize..).unwrap_or_default();
    if message.contains("anchor") && rest.starts_with('*') {
        let star = rest.chars().nth(1).is_none_or(|c| c == ':' || c.is_whitespace());
        let message = "this is an alias of YAML, and nothing has its anchor".to_owned();
        let help = if star { "write `\"*\"`, in quotes" } else { "write it in quotes if it is text" };
        return SyntaxError { message, at, help };
    }
    SyntaxError { message, at, help: "check quotes, brackets and indentation" }
}

/// The first tab in the indentation of a line, or the first one in it.
fn tab_near(text: &str, at: u32) -> Option<u32> {
    let before = text.get(..at as usize)?;
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text.get(start..)?.lines().next()?;
    Some(narrow(start + line.find('\t')?))
}

const SECOND_DOCUMENT: &str = "a second document begins here, and one file holds one document";

/// The limits let a file of a million assignments through. What aliases may multiply is held far below that, so that
/// a few lines cannot fill the memory.
fn options() -> Options {
    serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_nodes: 50_000_000,
            max_events: 100_000_000,
            max_total_scalar_bytes: 96 << 20,
            max_aliases: 10_000,
            max_anchors: 10_000
        },
        alias_limits: serde_yaml::alias_limits! { max_total_replayed_events: 200_000 },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    }
}

/// The library's words without the place, which findings show themselves.
fn message(rendered: &str) -> String {
    let first = rendered.lines().next().unwrap_or_default();
    // The library tells programmers what to call instead.
    if first.contains("multiple YAML documents") {
        return SECOND_DOCUMENT.to_owned();
    }
    let first = first.split(" at line ").next().unwrap_or_default();
    let first = first.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':' || c == ' ');
    let mut chars = first.trim_end_matches('.').chars();
    let head = chars.next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
    head + chars.as_str()
}

/// Lines and columns count from 1, columns in characters.
fn offset(text: &str, line: u64, column: u64) -> u32 {
    let (Ok(line), Ok(column)) = (usize::try_from(line), usize::try_from(column)) else { return 0 };
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let within: usize = text
        .get(before..)
        .unwrap_or_default()
        .chars()
        .take_while(|c| *c != '\n')
        .take(column.saturating_sub(1))
        .map(char::len_utf8)
        .sum();
    // At the very end there is nothing to point at; the last character that says something is better.
    narrow((before + within).min(text.trim_end().len().saturating_sub(1)))
}

fn narrow(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl<'de: 't, 't> Deserialize<'de> for Node<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Spanned { value, referenced, .. } = Spanned::<NodeValue<'t>>::deserialize(deserializer)?;
        let span = referenced.span();
        let start = u32::try_from(span.byte_offset().unwrap_or_default()).map_err(D::Error::custom)?;
        let length = u32::try_from(span.byte_len().unwrap_or_default()).map_err(D::Error::custom)?;
        Ok(Self { value, start, end: start.saturating_add(length) })
    }
}

impl<'de: 't, 't> Deserialize<'de> for NodeValue<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = NodeValue<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(NodeValue::Null)
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(NodeValue::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(NodeValue::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(NodeValue::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(value).map_or(NodeValue::Float, NodeValue::Int))
    }

    fn visit_i128<E>(self, _: i128) -> Result<Self::Value, E> {
        Ok(NodeValue::Float)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Self::Value, E> {
        Ok(NodeValue::Float)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(NodeValue::Float)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(NodeValue::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(NodeValue::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(NodeValue::Text(Cow::Owned(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = access.next_element()? {
            list.push(item);
        }
        Ok(NodeValue::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = access.next_entry()? {
            map.push(entry);
        }
        Ok(NodeValue::Map(map))
    }
}

impl Node<'_> {
    /// What kind of value it is, in words.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            NodeValue::Null => "nothing",
            NodeValue::Bool(true) => "`true`",
            NodeValue::Bool(false) => "`false`",
            NodeValue::Int(_) | NodeValue::Float => "a number",
            NodeValue::Text(_) => "text",
            NodeValue::List(_) => "a list",
            NodeValue::Map(_) => "a map",
        }
    }

    /// The part of `text` that people would call this value, as far as it stands on one line.
    pub fn extent(&self, text: &str) -> (u32, u32) {
        let (start, end) = (self.start, self.last_end().max(self.end).max(self.start));
        if !matches!(self.value, NodeValue::List(_) | NodeValue::Map(_)) {
            return (start, end);
        }
        let covered = text.get(start as usize..end as usize).unwrap_or_default();
        let line = covered.lines().next().unwrap_or_default();
        if line.len() == covered.len()
            && let Some(closing) = closing(text.get(end as usize..).unwrap_or_default(), self.flow_depth(text))
        {
            return (start, end.saturating_add(narrow(closing)));
        }
        (start, start.saturating_add(narrow(line.trim_end().len().max(1))))
    }

    /// How many of the lists and maps that end with this one are in brackets or braces.
    fn flow_depth(&self, text: &str) -> usize {
        let last = match &self.value {
            NodeValue::List(list) => list.last(),
            NodeValue::Map(map) => map.last().map(|(_, value)| value),
            _ => return 0,
        };
        let flow = text.get(self.start as usize..).is_some_and(|rest| rest.starts_with(['{', '[']));
        usize::from(flow) + last.map_or(0, |last| last.flow_depth(text))
    }

    fn last_end(&self) -> u32 {
        match &self.value {
            NodeValue::List(list) => list.last().map_or(self.end, Node::last_end),
            NodeValue::Map(map) => map.last().map_or(self.end, |(key, value)| value.last_end().max(key.end)),
            _ => self.end,
        }
    }
}

/// How many bytes it is to behind the closing bracket or brace of the outermost of `depth` levels.
fn closing(behind: &str, depth: usize) -> Option<usize> {
    let mut open = depth;
    for (at, c) in behind.char_indices() {
        if open == 0 {
            return Some(at);
        }
        match c {
            ']' | '}' => open -= 1,
            ' ' | ',' => {}
            _ => return None,
        }
    }
    (open == 0).then_some(behind.len())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn map<'a, 't>(node: &'a Node<'t>) -> &'a [(Node<'t>, Node<'t>)] {
        match &node.value {
            NodeValue::Map(map) => map,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_value_knows_its_place() {
        let text = "a: [é, { b: \"x y\" }]\nc: 5\n";
        let node = parse(text).unwrap();
        let covered: Vec<&str> = map(&node)
            .iter()
            .flat_map(|(key, value)| [key.extent(text), value.extent(text)])
            .map(|(start, end)| &text[start as usize..end as usize])
            .collect();
        assert_eq!(covered, ["a", "[é, { b: \"x y\" }]", "c", "5"]);
    }

    #[test]
    fn keys_that_occur_twice_are_both_there() {
        assert_eq!(map(&parse("a: 1\na: 2\n").unwrap()).len(), 2);
    }

    #[test]
    fn words_that_only_look_like_other_types_stay_text() {
        let node = parse("a: no\nb: 0777\nc: 1_000\nd: 2027-01-31\ne: ~\nf: 99999999999999999999\n").unwrap();
        let kinds: Vec<&str> = map(&node).iter().map(|(_, value)| value.kind()).collect();
        assert_eq!(kinds, ["text", "text", "text", "text", "nothing", "a number"]);
    }

    #[test]
    fn a_file_may_be_empty_or_begin_with_a_mark_or_end_lines_the_other_way() {
        for text in ["", "\u{feff}", "# nothing\r\n\r\n  # more\n"] {
            assert_eq!(parse(text).unwrap().value, NodeValue::Null, "{text:?}");
        }
        let text = "\u{feff}a: 1\r\nb: x\r\n";
        let node = parse(text).unwrap();
        let (key, value) = &map(&node)[1];
        assert_eq!(&text[key.start as usize..key.end as usize], "b");
        assert_eq!(&text[value.start as usize..value.end as usize], "x");
    }

    #[test]
    fn an_alias_bomb_is_refused() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..10 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            let _ = writeln!(text, "a{level}: &a{level} [{aliases}]");
        }
        let error = parse(&text).unwrap_err();
        assert!(error.message.contains("alias"), "{error:?}");
    }

    #[test]
    fn aliases_cannot_multiply_a_long_text() {
        let long = "x".repeat(100_000);
        let text = format!("a: &a \"\\n{long}\"\nb: [{}]\n", vec!["*a"; 9_000].join(", "));
        assert!(parse(&text).is_err());
    }

    #[test]
    fn deep_nesting_a_loop_and_a_second_document_are_refused() {
        for text in ["[".repeat(20_000), "a: &a [*a]\n".to_owned(), "a: 1\n---\nb: 2\n".to_owned()] {
            assert!(parse(&text).is_err());
        }
    }

    #[test]
    fn a_syntax_error_has_a_place() {
        let text = "a: 1\nb: [1, 2\nc: 3\n";
        let error = parse(text).unwrap_err();
        assert!((5..u32::try_from(text.len()).unwrap()).contains(&error.at), "{error:?}");
    }

    #[test]
    fn what_yaml_forbids_is_refused_at_its_place() {
        for (text, at, help) in [
            ("a: \u{0}x", 3, "check quotes, brackets and indentation"),
            ("a:\n\tb: 1\n", 3, "use spaces"),
            ("*: 1\n", 0, "write `\"*\"`, in quotes"),
            ("a: *b\n", 3, "write it in quotes if it is text"),
            ("a: 1\n---\nb: 1\n", 9, "put it into a file of its own"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!((error.at, error.help), (at, help), "{text:?}: {error:?}");
        }
    }
}
