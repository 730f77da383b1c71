//! Names of fields, as policy files write them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Leaf, Settings, Sparse, Visit};
use crate::model::Kind;
use crate::model::notification::{Audience, Event};

/// Names one field of [`Settings`](super::Settings).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Of [`Settings::activation`](super::Settings::activation).
    Activation(ActivationField),
    /// Of [`Settings::eligible_assignment`](super::Settings::eligible_assignment) or [`Settings::active_assignment`](super::Settings::active_assignment).
    Assignment(Kind, AssignmentField),
    /// Of [`Settings::notifications`](super::Settings::notifications).
    Notification(Event, Audience, NotificationField),
}

/// A field of [`Activation`](super::Activation).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActivationField {
    /// `max_duration`
    MaxDuration,
    /// `authentication`
    Authentication,
    /// `justification`
    Justification,
    /// `ticket`
    Ticket,
    /// `approval`
    Approval,
    /// `extension`
    Extension,
}

/// A field of [`AssignmentRules`](super::AssignmentRules).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AssignmentField {
    /// `expire_after`
    ExpireAfter,
    /// `mfa`
    Mfa,
    /// `justification`
    Justification,
}

/// A field of [`Notification`](crate::model::notification::Notification).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotificationField {
    /// `critical_only`
    Level,
    /// `default_recipients`
    DefaultRecipients,
    /// `to`
    To,
}

impl Field {
    /// The field with this path.
    pub fn of_path(path: &str) -> Option<Self> {
        struct Find<'p>(&'p str, Option<Field>);
        impl Visit<Sparse> for Find<'_> {
            fn field<T: Leaf>(&mut self, field: Field, _: &Option<T>) {
                if field.to_string() == self.0 {
                    self.1 = Some(field);
                }
            }
        }
        let mut find = Find(path, None);
        Settings::<Sparse>::default().visit(&mut find);
        find.1
    }
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let path = String::deserialize(deserializer)?;
        Self::of_path(&path).ok_or_else(|| de::Error::custom(format!("`{path}` is not a field of settings")))
    }
}

impl JsonSchema for Field {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Field".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "The path of a field of the settings, such as `activation.max_duration`."
        })
    }
}

impl From<ActivationField> for Field {
    fn from(field: ActivationField) -> Self {
        Self::Activation(field)
    }
}

impl fmt::Display for Field {
    /// The path of the field in a policy file: `activation.max_duration`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Activation(field) => write!(
                f,
                "activation.{}",
                match field {
                    ActivationField::MaxDuration => "max_duration",
                    ActivationField::Authentication => "authentication",
                    ActivationField::Justification => "justification",
                    ActivationField::Ticket => "ticket",
                    ActivationField::Approval => "approval",
                    ActivationField::Extension => "extension",
                }
            ),
            Self::Assignment(kind, field) => write!(
                f,
                "{kind}_assignment.{}",
                match field {
                    AssignmentField::ExpireAfter => "expire_after",
                    AssignmentField::Mfa => "mfa",
                    AssignmentField::Justification => "justification",
                }
            ),
            Self::Notification(event, audience, field) => {
                write!(
                    f,
                    "notifications.{event}.{audience}.{}",
                    match field {
                        NotificationField::Level => "critical_only",
                        NotificationField::DefaultRecipients => "default_recipients",
                        NotificationField::To => "to",
                    }
                )
            }
        }
    }
}
