//! Reading a tenant file, and saying what is wrong with one in words of the file.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::error::Category;

use super::{TenantFile, Version};
use crate::backend::BackendError;
use crate::diag::nearest;

const FORMAT: &str = "pimform-tenant";
const NAME_ONE: &str = "name a tenant file, such as one that `pimform snapshot` wrote";
const RESTORE: &str = "restore it from version control, or write it anew with `pimform snapshot`";

impl TenantFile {
    /// Reads the text of a file. `path` is for messages.
    pub fn parse(path: &str, text: &[u8]) -> Result<Self, BackendError> {
        // Some editors begin a file with a mark of its encoding.
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
        serde_json::from_slice(text).map_err(|error| explain(path, text, &error))
    }
}

/// What tells one kind of file from another. Everything else may be anything.
#[derive(Default, Deserialize)]
struct Header {
    format: Option<serde_json::Value>,
    version: Option<serde_json::Value>,
}

fn explain(path: &str, text: &[u8], error: &serde_json::Error) -> BackendError {
    // A file of another kind or version is wrong in a hundred places; only its kind or version is worth a word. `Header`
    // says nothing about a file that is not JSON, which is fine: then the first error is the one to show.
    let whole = serde_json::from_slice::<IgnoredAny>(text).is_ok();
    let header: Header = if whole { serde_json::from_slice(text).unwrap_or_default() } else { Header::default() };
    if whole && let Some(error) = other_kind(path, &header) {
        return error;
    }
    let begins_otherwise = !matches!(text.trim_ascii_start().first(), None | Some(b'{' | b'['));
    let (message, help) = match error.classify() {
        _ if begins_otherwise => ("this is not JSON".to_owned(), NAME_ONE.to_owned()),
        Category::Eof => ("the file ends in the middle; it seems to be cut off".to_owned(), RESTORE.to_owned()),
        Category::Syntax => (syntax(error), RESTORE.to_owned()),
        Category::Data | Category::Io => in_words(error),
    };
    let what = format!("`{path}` line {}, column {}: {message}", error.line(), error.column());
    BackendError::Invalid { what, help: Some(help) }
}

fn other_kind(path: &str, header: &Header) -> Option<BackendError> {
    let invalid = |what, help: &str| Some(BackendError::Invalid { what, help: Some(help.to_owned()) });
    match (&header.format, header.version.as_ref().and_then(serde_json::Value::as_u64)) {
        (None, _) => {
            invalid(format!("`{path}` is not a tenant file: it does not say `\"format\": \"{FORMAT}\"`"), NAME_ONE)
        }
        (Some(format), _) if format != FORMAT => {
            invalid(format!("`{path}` is not a tenant file: its format is `{}`", plain(format)), NAME_ONE)
        }
        (Some(_), Some(version)) if version > Version::NUMBER => invalid(
            format!(
                "`{path}` was written by a newer pimform: it has version {version}, this one reads version {}",
                Version::NUMBER
            ),
            "install a newer pimform, or write the file anew with `pimform snapshot`",
        ),
        _ => None,
    }
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Why it is not JSON at that place, in words for whoever has edited the file.
fn syntax(error: &serde_json::Error) -> String {
    let text = without_place(&error.to_string());
    let why = match text.as_str() {
        "expected value" => "there is no value here",
        "expected ident" => "this is not `true`, `false` or `null`",
        "key must be a string" => "a key needs double quotes around it",
        "trailing comma" => "there is a comma with nothing after it",
        "trailing characters" => "there is something after the end",
        "invalid number" | "number out of range" => "this is not a number",
        "invalid escape" => "there is no such escape in a text; write a backslash twice",
        "invalid unicode code point" => "this is not UTF-8",
        "lone leading surrogate in hex escape" | "unexpected end of hex escape" => "this escape is only half there",
        "recursion limit exceeded" => "lists and objects lie too deep in each other",
        text if text.starts_with("control character") => "a line break or control character in a text",
        text if text.starts_with("expected `:`") => "there is no `:` after a key",
        text if text.starts_with("expected `,`") => "there is no comma or closing bracket here",
        _ => "this cannot be read",
    };
    format!("not JSON: {why}")
}

/// The place is shown in front of the message.
fn without_place(text: &str) -> String {
    text.rsplit_once(" at line ").map_or(text, |(text, _)| text).to_owned()
}

/// The library's message in words of the file: keys and values instead of fields, variants and types.
fn in_words(error: &serde_json::Error) -> (String, String) {
    let text = without_place(&error.to_string());
    if text.starts_with("UUID parsing failed") {
        return (
            "this is not a GUID".to_owned(),
            "write one such as `5c1c4a36-9a0e-4d0c-9c55-0c8f3f0f7c11`".to_owned(),
        );
    }
    let (first, expected) = text.split_once(", expected ").unwrap_or((&text, ""));
    let first = first
        .replace("unknown field", "unknown key")
        .replace("unknown variant", "unknown value")
        .replace("missing field", "missing key")
        .replace("duplicate field", "twice the key")
        .replace("invalid type: ", "wrong type: ")
        .replace("invalid value: ", "wrong value: ")
        .replace(" map", " an object")
        .replace("sequence", "a list");
    let help = if expected.is_empty() { RESTORE.to_owned() } else { help(&first, expected) };
    (first, help)
}

fn help(message: &str, expected: &str) -> String {
    let known: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    let wrong = message.split('`').nth(1).unwrap_or_default();
    if let Some(meant) = nearest(wrong, known.iter().copied()) {
        return format!("did you mean `{meant}`?");
    }
    let expected = if expected.starts_with("struct ") || expected.starts_with("a map") {
        "an object"
    } else if expected.starts_with("a sequence") {
        "a list"
    } else if expected.starts_with("enum ") || expected.starts_with("string or map") {
        "one of the values that the schema lists"
    } else if expected.starts_with(['u', 'i', 'f']) && expected.ends_with(|c: char| c.is_ascii_digit()) {
        "a number"
    } else {
        expected
    };
    format!("write {expected} here")
}
