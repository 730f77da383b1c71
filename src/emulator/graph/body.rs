//! Reading bodies without letting anything unknown pass.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::relation;
use crate::emulator::odata::{Entity, Kind};
use crate::emulator::wire::ServiceFailure;
use crate::emulator::world::{Extra, Time};

/// The properties of a JSON object, taken out one by one.
pub(super) struct Fields {
    type_name: &'static str,
    object: Map<String, Value>,
}

/// A body that cannot be used.
pub(super) fn invalid(message: impl Into<String>) -> ServiceFailure {
    ServiceFailure::new(400, "Request_BadRequest", message)
}

fn wrong_kind(name: &str) -> ServiceFailure {
    invalid(format!(
        "A value without a type name was found for property '{name}', or its value is of another type than expected."
    ))
}

impl Fields {
    /// The properties of an object of a type.
    pub(super) fn new(type_name: &'static str, value: Value) -> Result<Self, ServiceFailure> {
        match value {
            Value::Object(object) => Ok(Self { type_name, object }),
            _ => Err(invalid(format!("A JSON object of type 'microsoft.graph.{type_name}' is expected."))),
        }
    }

    /// Takes a property; nothing if it is missing or null.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.object.remove(name).filter(|value| !value.is_null())
    }

    /// True when a property is there, even as null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    /// A text.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, ServiceFailure> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong_kind(name)),
        }
    }

    /// A text that must be there.
    pub(super) fn required(&mut self, name: &str) -> Result<String, ServiceFailure> {
        let missing =
            || invalid(format!("A value is required for property '{name}' of resource '{}'.", self.type_name));
        match self.object.get(name) {
            None | Some(Value::Null) => Err(missing()),
            Some(Value::String(text)) if text.is_empty() => Err(missing()),
            Some(_) => self.text(name)?.ok_or_else(|| wrong_kind(name)),
        }
    }

    /// Yes or no.
    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, ServiceFailure> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(wrong_kind(name)),
        }
    }

    /// A whole number.
    pub(super) fn number(&mut self, name: &str) -> Result<Option<i64>, ServiceFailure> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| wrong_kind(name)),
        }
    }

    /// A GUID.
    pub(super) fn guid(&mut self, name: &str) -> Result<Option<Uuid>, ServiceFailure> {
        match self.text(name)? {
            None => Ok(None),
            Some(text) => guid(&text).map(Some),
        }
    }

    /// A time. One without an offset counts as UTC, which makes it odd enough for the service to refuse it.
    pub(super) fn time(&mut self, name: &str) -> Result<Option<Time>, ServiceFailure> {
        match self.text(name)? {
            None => Ok(None),
            Some(text) => Time::parse(&text).map(Some).ok_or_else(|| {
                ServiceFailure::new(400, "InvalidRoleAssignmentRequest", "The role assignment request is invalid.")
            }),
        }
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, ServiceFailure> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Array(list)) => {
                let text = |value: Value| value.as_str().map(str::to_owned).ok_or_else(|| wrong_kind(name));
                list.into_iter().map(text).collect::<Result<_, _>>().map(Some)
            }
            Some(_) => Err(wrong_kind(name)),
        }
    }

    /// A list of anything.
    pub(super) fn list(&mut self, name: &str) -> Result<Option<Vec<Value>>, ServiceFailure> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Array(list)) => Ok(Some(list)),
            Some(_) => Err(wrong_kind(name)),
        }
    }

    /// An object inside.
    pub(super) fn object(&mut self, name: &str, type_name: &'static str) -> Result<Option<Fields>, ServiceFailure> {
        self.take(name).map(|value| Fields::new(type_name, value)).transpose()
    }

    /// Refuses what nobody has taken. Annotations pass.
    pub(super) fn finish(self) -> Result<(), ServiceFailure> {
        let unknown = self.object.keys().find(|name| !is_annotation(name));
        unknown.map_or(Ok(()), |name| Err(self.unknown(name)))
    }

    fn unknown(&self, name: &str) -> ServiceFailure {
        let message = format!(
            "The property '{name}' does not exist on type 'microsoft.graph.{}'. Make sure to only use property names \
             that are defined by the type.",
            self.type_name
        );
        ServiceFailure::new(400, "BadRequest", message)
    }

    /// What nobody has taken: properties that the type has and that clients may set. What only the service sets is passed
    /// over, whatever it says. Refuses all others.
    // docs/service.md: bodies-1
    pub(super) fn rest(mut self, entity: &Entity, read_only: &[&str]) -> Result<Extra, ServiceFailure> {
        self.object.retain(|name, _| !is_annotation(name) && !read_only.contains(&name.as_str()));
        let relations: Vec<String> = self.object.keys().filter(|name| is_relation(entity, name)).cloned().collect();
        for name in relations {
            self.without_relation(&name)?;
        }
        for (name, value) in &self.object {
            let property = entity.properties.iter().find(|property| property.name == name);
            match property {
                Some(property) if value.is_null() || fits(property.kind, value) => {}
                Some(_) => return Err(wrong_kind(name)),
                None if is_open(entity) && is_extension(name) => {}
                None => return Err(self.unknown(name)),
            }
        }
        Ok(self.object)
    }

    /// Refuses what nobody has taken, but for properties of the type: the service passes over those that it alone sets.
    // docs/service.md: bodies-1
    pub(super) fn finish_as(self, entity: &Entity) -> Result<(), ServiceFailure> {
        self.rest(entity, &[]).map(|_| ())
    }

    /// A relation that says nothing is let go of. The service does not make other objects along with one.
    // docs/service.md: bodies-2
    fn without_relation(&mut self, name: &str) -> Result<(), ServiceFailure> {
        match self.take(name) {
            None => Ok(()),
            Some(Value::Array(list)) if list.is_empty() => Ok(()),
            Some(_) => Err(invalid(format!(
                "The navigation property '{}' of type 'microsoft.graph.{}' cannot be set in this request.",
                name.trim_end_matches("@odata.bind"),
                self.type_name
            ))),
        }
    }
}

/// `@odata.type`, `members@odata.count` and the like say something about a value. `members@odata.bind` is a value.
fn is_annotation(name: &str) -> bool {
    name.contains("@odata.") && !name.ends_with("@odata.bind")
}

fn is_relation(entity: &Entity, name: &str) -> bool {
    let name = name.trim_end_matches("@odata.bind");
    let shown = entity.links.iter().any(|link| link.name == name);
    shown || relation::of(entity.name).split(' ').any(|other| other == name)
}

/// The types that take properties of applications and of schemas.
fn is_open(entity: &Entity) -> bool {
    ["user", "group", "servicePrincipal", "application", "administrativeUnit", "directoryRole"].contains(&entity.name)
}

/// `extension_<application>_<name>` and `ext<eight characters>_<name>`.
fn is_extension(name: &str) -> bool {
    let lower = |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let parts = |text: &str| text.split_once('_').map(|(owner, name)| (owner.len(), lower(owner), !name.is_empty()));
    match (name.strip_prefix("extension_"), name.strip_prefix("ext")) {
        (Some(rest), _) => parts(rest) == Some((32, true, true)),
        (None, Some(rest)) => parts(rest) == Some((8, true, true)),
        (None, None) => false,
    }
}

fn fits(kind: Kind, value: &Value) -> bool {
    match kind {
        Kind::Text | Kind::Exact => value.is_string(),
        Kind::Time => value.as_str().is_some_and(|text| Time::parse(text).is_some()),
        Kind::Flag => value.is_boolean(),
        Kind::List => value.as_array().is_some_and(|list| list.iter().all(Value::is_string)),
        Kind::Number => value.is_number(),
        Kind::Complex(_) | Kind::Opaque => value.is_object(),
        Kind::Structures => value.is_array(),
    }
}

/// Takes over what a client has set. A null takes back what was set before.
pub(super) fn keep(extra: &mut Extra, set: Extra) {
    for (name, value) in set {
        if value.is_null() {
            extra.remove(&name);
        } else {
            merge(extra.entry(name).or_insert(Value::Null), value);
        }
    }
}

/// Puts one value over another; of structures, member by member.
pub(super) fn merge(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (name, value) in over {
                merge(under.entry(name).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over,
    }
}

/// A GUID in a body or a path.
pub(super) fn guid(text: &str) -> Result<Uuid, ServiceFailure> {
    Uuid::try_parse(text).map_err(|_| invalid(format!("Invalid object identifier '{text}'.")))
}
