//! From a tree of YAML to typed documents, with every problem collected on the way.
//!
//! `document!` writes a structure, its decoder and its JSON Schema from one list of fields, so that what an editor
//! accepts and what the program accepts cannot differ.

use std::sync::Arc;

use schemars::JsonSchema;

use super::node::{Node, NodeValue};
use crate::diag::{FileId, Finding, Findings, Span, nearest};
use crate::model::text::composed;
use crate::model::{Duration, time::DurationError};

/// A value with the place where it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loc<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub at: Span,
}

/// How to write what YAML would take for something else.
pub const QUOTE: &str = "write it on the same line, and in quotes where YAML would not take it for text";

/// A map with its keys in the order of the file, each once.
pub type Map<T> = Vec<(Loc<Arc<str>>, T)>;

/// A key that once was one and is none any more, though what it said was right at the time.
#[derive(Clone, Copy, Debug)]
pub struct Gone {
    /// The key.
    pub key: &'static str,
    /// Why it went.
    pub why: &'static str,
    /// What to do.
    pub instead: &'static str,
}

/// Reads the nodes of one file.
pub struct Decoder<'t> {
    file: FileId,
    text: &'t str,
    findings: Findings,
}

/// What can be read from a node.
pub trait Decode: Sized {
    /// What describes it in the JSON Schema.
    type Schema: JsonSchema;

    /// Reads a node. Nothing if it is wrong; the decoder then knows why.
    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self>;

    /// What it is where the key is left out; nothing if the key must be there.
    fn left_out() -> Option<Self> {
        None
    }
}

impl<'t> Decoder<'t> {
    /// A decoder for the nodes of one file.
    pub fn new(file: FileId, text: &'t str) -> Self {
        Self { file, text, findings: Findings::default() }
    }

    /// The problems met.
    pub fn into_findings(self) -> Findings {
        self.findings
    }

    /// Notes a problem. The answer is always nothing, so that it can end a decoder.
    pub fn refuse<T>(&mut self, finding: Finding) -> Option<T> {
        self.findings.push(finding);
        None
    }

    /// The place of a node.
    pub fn span(&self, node: &Node<'_>) -> Span {
        let (start, end) = node.extent(self.text);
        Span { file: self.file, start, end }
    }

    /// Notes that a node is of another type than expected.
    pub fn wrong_type<T>(&mut self, node: &Node<'_>, expected: &str, help: &str) -> Option<T> {
        let message = format!("expected {expected}, found {}", node.kind());
        self.refuse(Finding::error("wrong-type", message).at(self.span(node), format!("not {expected}")).help(help))
    }

    /// The text of a node.
    pub fn text<'n>(&mut self, node: &'n Node<'_>, expected: &str, help: &str) -> Option<&'n str> {
        match &node.value {
            NodeValue::Text(text) if text.trim().is_empty() => self.refuse(
                Finding::error("bad-value", format!("expected {expected}, found empty text"))
                    .at(self.span(node), "empty")
                    .help("leave the key out if there is nothing to say"),
            ),
            NodeValue::Text(text) => Some(text),
            NodeValue::Int(_) | NodeValue::Float | NodeValue::Bool(_) if help == QUOTE => {
                let help = format!("write it in quotes: `\"{}\"`", self.written(node));
                self.wrong_type(node, expected, &help)
            }
            _ => self.wrong_type(node, expected, help),
        }
    }

    /// The text of a node with its letters composed, so that files that show the same say the same.
    pub fn name(&mut self, node: &Node<'_>, expected: &str) -> Option<Arc<str>> {
        self.text(node, expected, QUOTE).map(|text| Arc::from(&*composed(text)))
    }

    /// A value as it is written, up to the end of its line.
    fn written(&self, node: &Node<'_>) -> &'t str {
        let (start, end) = node.extent(self.text);
        self.text.get(start as usize..end as usize).unwrap_or_default().trim()
    }

    /// How to make a list of what is not one.
    fn as_list(&self, node: &Node<'_>) -> String {
        let written = self.written(node);
        match node.value {
            NodeValue::Null => "write `[]` for an empty list, or leave the key out".to_owned(),
            NodeValue::Map(_) => "begin each entry with `- `".to_owned(),
            _ if written.len() > 40 || written.contains(['\n', '`']) => "put it in brackets".to_owned(),
            _ => format!("write `[{written}]`"),
        }
    }

    /// Reads text with a form of its own. A finding that already says what to put at the place keeps its words.
    pub fn parse<T>(
        &mut self,
        node: &Node<'_>,
        expected: &str,
        help: &str,
        parse: impl FnOnce(&str) -> Result<T, Finding>,
    ) -> Option<T> {
        let text = self.text(node, expected, help)?;
        let span = self.span(node);
        let place = |mut finding: Finding| {
            if finding.labels.is_empty() {
                return finding.at(span, format!("not {expected}"));
            }
            finding.labels.iter_mut().for_each(|label| label.span = span);
            finding
        };
        parse(&composed(text)).map_err(|finding| self.refuse::<()>(place(finding))).ok()
    }

    /// The values of a map under known keys. Keys that are not known, are `gone` or occur twice are noted.
    pub fn fields<'n, 'y, const N: usize>(
        &mut self,
        node: &'n Node<'y>,
        keys: &[&'static str; N],
        gone: &[Gone],
    ) -> Option<[Option<&'n Node<'y>>; N]> {
        let NodeValue::Map(entries) = &node.value else {
            let help = format!("the keys here are {}", list(keys));
            return self.wrong_type(node, "a map", &help);
        };
        let mut places: [Option<&Node<'_>>; N] = [None; N];
        let mut values = [None; N];
        for (key, value) in entries {
            let known = match &key.value {
                NodeValue::Text(text) => keys.iter().position(|known| known == text),
                _ => None,
            };
            let Some((place, slot)) = known.and_then(|at| Some((places.get_mut(at)?, values.get_mut(at)?))) else {
                self.unknown_key(key, keys, gone);
                continue;
            };
            match place.replace(key) {
                Some(first) => self.duplicate_key(first, key),
                None => *slot = Some(value),
            }
        }
        Some(values)
    }

    fn unknown_key(&mut self, key: &Node<'_>, keys: &[&'static str], gone: &[Gone]) {
        let span = self.span(key);
        let written = match &key.value {
            NodeValue::Text(text) => text.as_ref(),
            _ => self.text.get(span.start as usize..span.end as usize).unwrap_or_default(),
        };
        if let Some(Gone { why, instead, .. }) = gone.iter().find(|gone| gone.key == written) {
            let finding = Finding::error("unknown-key", format!("`{written}` is no key here any more: {why}"));
            self.findings.push(finding.at(span, "not a key here").help(*instead));
            return;
        }
        let help = match nearest(written, keys.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the keys here are {}", list(keys)),
        };
        let finding = Finding::error("unknown-key", format!("unknown key `{written}`"));
        self.findings.push(finding.at(span, "not a key here").help(help));
    }

    fn duplicate_key(&mut self, first: &Node<'_>, second: &Node<'_>) {
        let written = match &first.value {
            NodeValue::Text(text) => text.as_ref(),
            _ => "",
        };
        self.findings.push(duplicate_key(written, self.span(first), self.span(second)));
    }

    /// Reads the value of one key of a map.
    pub fn field<T: Decode>(&mut self, value: Option<&Node<'_>>, key: &str, map: &Node<'_>) -> Option<T> {
        if let Some(value) = value {
            return T::decode(value, self);
        }
        T::left_out().or_else(|| {
            let finding = Finding::error("missing-key", format!("the key `{key}` is missing"));
            self.refuse(finding.at(self.span(map), format!("has no `{key}`")).help(format!("add `{key}:`")))
        })
    }
}

/// A key that is there twice, in one map or in two files.
pub fn duplicate_key(key: &str, one: Span, other: Span) -> Finding {
    let (first, second) = (one.min(other), one.max(other));
    Finding::error("duplicate-key", format!("`{key}` is declared twice"))
        .at(second, "declared again here")
        .at(first, "first declared here")
        .help("keep one of the two")
}

/// `a`, `b` and `c`, each in backticks.
pub fn list<T: AsRef<str>>(words: &[T]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    match words.as_slice() {
        [rest @ .., last] if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

impl<T: Decode> Decode for Option<T> {
    type Schema = T::Schema;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        T::decode(node, decoder).map(Some)
    }

    fn left_out() -> Option<Self> {
        Some(None)
    }
}

impl<T: Decode> Decode for Loc<T> {
    type Schema = T::Schema;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let value = T::decode(node, decoder)?;
        Some(Self { value, at: decoder.span(node) })
    }
}

impl<T: Decode> Decode for Vec<T> {
    type Schema = Vec<T::Schema>;

    /// Reads on after a bad item, so that all of them are found.
    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let NodeValue::List(items) = &node.value else {
            let help = decoder.as_list(node);
            return decoder.wrong_type(node, "a list", &help);
        };
        Some(items.iter().filter_map(|item| T::decode(item, decoder)).collect())
    }
}

/// Keeps the schema of a [`Map`] apart from that of a list.
#[derive(Clone, Debug, Default)]
pub struct Entries<T>(pub Map<T>);

impl<T: Decode> Decode for Entries<T> {
    type Schema = std::collections::BTreeMap<String, T::Schema>;

    /// Reads on after a bad entry, so that all of them are found.
    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let NodeValue::Map(entries) = &node.value else {
            return decoder.wrong_type(node, "a map", "write `name: ...` for each entry, or leave the key out");
        };
        let mut places = std::collections::BTreeMap::new();
        let mut map = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let Some(name) = decoder.name(key, "a name") else { continue };
            if let Some(first) = places.insert(Arc::clone(&name), key) {
                decoder.duplicate_key(first, key);
                continue;
            }
            let name = Loc { value: name, at: decoder.span(key) };
            if let Some(value) = T::decode(value, decoder) {
                map.push((name, value));
            }
        }
        Some(Self(map))
    }
}

impl Decode for bool {
    type Schema = Self;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        match node.value {
            NodeValue::Bool(value) => Some(value),
            _ => decoder.wrong_type(node, "`true` or `false`", "write `true` or `false`, without quotes"),
        }
    }
}

impl Decode for Arc<str> {
    type Schema = String;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        decoder.name(node, "text")
    }
}

/// Reads a duration in words of this language.
pub fn duration(text: &str) -> Result<Duration, Finding> {
    text.parse().map_err(|error: DurationError| {
        Finding::error("bad-duration", error.to_string()).at(Span::default(), error.label()).help(DurationError::HELP)
    })
}

/// Writes a structure of the policy files with its decoder and its JSON Schema. A key that is not a word of Rust is
/// given behind `as`.
macro_rules! document {
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
    (
        $(#[doc = $doc:literal])*
        pub struct $name:ident titled $title:literal $(without $gone:ident)? {
            $($(#[doc = $field_doc:literal])* $field:ident $(as $key:literal)? : $type:ty $(, example $example:tt)?;)*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            $($(#[doc = $field_doc])* pub $field: $type,)*
        }

        impl $crate::policy::decode::Decode for $name {
            type Schema = Self;

            fn decode(
                node: &$crate::policy::node::Node<'_>,
                decoder: &mut $crate::policy::decode::Decoder<'_>,
            ) -> Option<Self> {
                let mut values = decoder.fields(node, &[$(document!(@key $field $($key)?)),*], &[$($gone)?])?.into_iter();
                $(let $field = decoder.field(values.next().flatten(), document!(@key $field $($key)?), node);)*
                Some(Self { $($field: $field?,)* })
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $title.into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let mut map = $crate::policy::schema::MapSchema::new(concat!($($doc),*));
                $(
                    map.key::<$type>(
                        generator,
                        document!(@key $field $($key)?),
                        concat!($($field_doc),*),
                        &[$(serde_json::json!($example))?],
                    );
                )*
                map.into_schema()
            }
        }
    };
}
pub(crate) use document;
