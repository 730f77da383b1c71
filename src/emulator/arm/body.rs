//! Reading bodies: every field is known, or the request is refused. A null is as good as nothing, and so is a field that only
//! the service may set. docs/service.md: azure-6

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::emulator::wire::ServiceFailure;
use crate::emulator::world::Time;

/// The refusal of a body.
pub(super) fn invalid(message: impl Into<String>) -> ServiceFailure {
    ServiceFailure::new(400, "InvalidRequestContent", format!("The request content was invalid: {}", message.into()))
}

/// An object with no other fields than these, but for nulls.
pub(super) fn object<'v>(
    value: &'v Value,
    what: &str,
    known: &[&str],
) -> Result<&'v Map<String, Value>, ServiceFailure> {
    let Value::Object(fields) = value else { return Err(invalid(format!("'{what}' is not an object."))) };
    match fields.iter().find(|(name, value)| !value.is_null() && !known.contains(&name.as_str())) {
        None => Ok(fields),
        Some((name, _)) => Err(invalid(format!("Could not find member '{name}' on '{what}'."))),
    }
}

/// The `properties` of a resource. The rest of it is read only.
pub(super) fn properties<'v>(
    value: &'v Value,
    what: &str,
    known: &[&str],
) -> Result<&'v Map<String, Value>, ServiceFailure> {
    let fields = object(value, what, &["id", "name", "type", "systemData", "properties"])?;
    let properties = fields.get("properties").filter(|properties| !properties.is_null());
    object(properties.ok_or_else(|| invalid("'properties' is missing."))?, "properties", known)
}

/// A text, if the field is there and not null.
pub(super) fn text<'v>(fields: &'v Map<String, Value>, name: &str) -> Result<Option<&'v str>, ServiceFailure> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid(format!("'{name}' is not a text."))),
    }
}

/// A text that is not empty, if the field is there.
pub(super) fn filled<'v>(fields: &'v Map<String, Value>, name: &str) -> Result<Option<&'v str>, ServiceFailure> {
    text(fields, name).map(|text| text.filter(|text| !text.is_empty()))
}

/// A text that must be there.
pub(super) fn needed<'v>(fields: &'v Map<String, Value>, name: &str) -> Result<&'v str, ServiceFailure> {
    filled(fields, name)?.ok_or_else(|| invalid(format!("'{name}' is missing.")))
}

/// A truth value, if the field is there and not null.
pub(super) fn truth(fields: &Map<String, Value>, name: &str) -> Result<Option<bool>, ServiceFailure> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(truth)) => Ok(Some(*truth)),
        Some(_) => Err(invalid(format!("'{name}' is neither true nor false."))),
    }
}

/// A whole number, if the field is there and not null.
pub(super) fn number(fields: &Map<String, Value>, name: &str) -> Result<Option<i64>, ServiceFailure> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_i64().map(Some).ok_or_else(|| invalid(format!("'{name}' is not a whole number."))),
    }
}

/// A list, if the field is there and not null.
pub(super) fn list<'v>(fields: &'v Map<String, Value>, name: &str) -> Result<Option<&'v [Value]>, ServiceFailure> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(list)) => Ok(Some(list)),
        Some(_) => Err(invalid(format!("'{name}' is not a list."))),
    }
}

/// A list of texts, if the field is there and not null.
pub(super) fn texts(fields: &Map<String, Value>, name: &str) -> Result<Option<Vec<String>>, ServiceFailure> {
    let Some(list) = list(fields, name)? else { return Ok(None) };
    let texts = list.iter().map(|value| value.as_str().map(str::to_owned));
    texts.collect::<Option<_>>().map(Some).ok_or_else(|| invalid(format!("'{name}' is not a list of texts.")))
}

/// A GUID.
pub(super) fn guid(text: &str, name: &str) -> Result<Uuid, ServiceFailure> {
    Uuid::parse_str(text).map_err(|_| invalid(format!("'{text}' of '{name}' is not a GUID.")))
}

/// A point in time. One without an offset is read as UTC and then refused as odd, docs/service.md: windows-5.
pub(super) fn time(text: &str) -> Result<Time, ServiceFailure> {
    Time::parse(text).ok_or_else(|| {
        ServiceFailure::new(400, "InvalidRoleAssignmentRequest", format!("'{text}' is not a time with an offset."))
    })
}

/// The GUID at the end of the id of a role definition.
pub(super) fn role(id: &str) -> Result<Uuid, ServiceFailure> {
    let mut segments = id.rsplit('/');
    let name = segments.next().unwrap_or_default();
    let is_definition = segments.next().is_some_and(|kind| kind.eq_ignore_ascii_case("roleDefinitions"));
    Uuid::parse_str(name).ok().filter(|_| is_definition).ok_or_else(|| {
        ServiceFailure::new(
            400,
            "InvalidRoleDefinitionId",
            format!("The role definition ID '{id}' is not the full id of a role definition."),
        )
    })
}
