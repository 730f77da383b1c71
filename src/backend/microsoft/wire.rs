//! Looking at JSON in which null, absent, empty text and an empty list are the same.

use serde_json::{Map, Value};

use crate::model::Time;
use crate::model::time::{DayEdge, TimeError};

/// A text that is there and not empty.
pub(super) fn text<'a>(object: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    object.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A text that is there and not empty.
pub(super) fn field<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A list; nothing in it where it is not there. An error in words that follow the name of what holds it.
pub(super) fn list<'a>(object: &'a Map<String, Value>, field: &str) -> Result<&'a [Value], String> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::String(text)) if text.is_empty() => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(format!("has a `{field}` that is not a list")),
    }
}

/// A point in time. The services write `Z`, `+00:00` or nothing at all, and always mean UTC (docs/service.md: windows-5).
pub(super) fn time(text: &str) -> Result<Time, TimeError> {
    match Time::parse(text, DayEdge::Start) {
        Err(TimeError::NoOffset(_)) => Time::parse(&format!("{text}Z"), DayEdge::Start),
        other => other,
    }
}
