//! Policies about to be written: names chosen, settings not yet shared.

use crate::model::settings::{Leaf, Visit};
use crate::model::text::name_key;
use crate::model::{Approval, Condition, Duration, Field, PrincipalKind, Settings, Sparse, TenantId, Time, Value};

/// A name or id as it is written, and what people want to know beside it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) beside: Option<String>,
}

impl Name {
    /// A name that says it all.
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), beside: None }
    }

    /// What sorts names as people would.
    pub(super) fn order(&self) -> (String, String) {
        (name_key(self.beside.as_ref().unwrap_or(&self.text)), self.text.clone())
    }
}

/// A principal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Who {
    pub(super) kind: PrincipalKind,
    pub(super) name: Name,
}

/// All that is to be written.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) tenant: Option<Tenant>,
    /// What stands at the top of the first file, after its own words.
    pub(super) notes: Vec<String>,
    pub(super) directory_roles: Vec<TargetDraft>,
    pub(super) groups: Vec<GroupDraft>,
    pub(super) azure: Vec<PlaceDraft>,
    pub(super) protected: Vec<Who>,
    /// Whether lists are additive unless they say otherwise.
    pub(super) additive: bool,
}

/// The tenant that the files are for.
#[derive(Clone, Debug)]
pub(super) struct Tenant {
    pub(super) id: TenantId,
    pub(super) name: Option<String>,
}

/// A group and what is declared of it.
#[derive(Clone, Debug)]
pub(super) struct GroupDraft {
    pub(super) name: Name,
    pub(super) notes: Vec<String>,
    pub(super) additive: bool,
    pub(super) members: Option<Vec<Who>>,
    pub(super) owners: Option<Vec<Who>>,
    pub(super) member: Option<TargetDraft>,
    pub(super) owner: Option<TargetDraft>,
}

/// A scope of Azure and the roles there.
#[derive(Clone, Debug)]
pub(super) struct PlaceDraft {
    /// The keys that name it.
    pub(super) keys: Vec<(&'static str, Name)>,
    /// What its file is called where each scope has one.
    pub(super) file: String,
    pub(super) notes: Vec<String>,
    pub(super) roles: Vec<TargetDraft>,
}

/// A target and what is declared of it.
#[derive(Clone, Debug)]
pub(super) struct TargetDraft {
    pub(super) name: Name,
    pub(super) notes: Vec<String>,
    pub(super) layer: Layer,
    /// The profile that `layer` is laid over, or is, if it says nothing more.
    pub(super) profile: Option<String>,
    pub(super) additive: bool,
    pub(super) eligible: Option<Vec<Entry>>,
    pub(super) active: Option<Vec<Entry>>,
}

/// An assignment.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) who: Who,
    pub(super) unit: Option<Name>,
    pub(super) start: Option<Time>,
    pub(super) end: End,
    pub(super) justification: Option<String>,
    pub(super) condition: Option<Condition>,
}

/// When an assignment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Permanent,
    Until(Time),
    For(Duration),
    /// As long as the settings allow.
    AsAllowed,
}

/// Stated settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Layer {
    /// The fields in their order.
    pub(super) fields: Vec<(Field, Value)>,
    /// Who approves, where approval is among the fields and needs somebody.
    pub(super) by: Vec<Approvers>,
}

/// Whom an approval names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Approvers {
    /// A set of this name.
    Set(String),
    /// A user or group.
    One(Who),
}

impl Layer {
    /// The fields that settings state.
    pub(super) fn of(settings: &Settings<Sparse>, by: Vec<Who>) -> Self {
        struct List(Vec<(Field, Value)>);
        impl Visit<Sparse> for List {
            fn field<T: Leaf>(&mut self, field: Field, slot: &Option<T>) {
                self.0.extend(slot.as_ref().map(|value| (field, value.value())));
            }
        }
        let mut list = List(Vec::new());
        settings.visit(&mut list);
        let needs = |(_, value): &(Field, Value)| matches!(value, Value::Approval(approval) if *approval != Approval::NotRequired);
        let by = if list.0.iter().any(needs) { by } else { Vec::new() };
        Self { fields: list.0, by: by.into_iter().map(Approvers::One).collect() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Tells layers apart. Two with one key say the same.
    pub(super) fn key(&self) -> String {
        format!("{:?} {:?}", self.fields, self.by)
    }

    fn get(&self, field: Field) -> Option<&Value> {
        self.fields.iter().find(|(other, _)| *other == field).map(|(_, value)| value)
    }

    /// What is left to say over `base`; nothing where `base` says something that `self` does not.
    pub(super) fn over(&self, base: &Self) -> Option<Self> {
        if base.fields.iter().any(|(field, _)| self.get(*field).is_none()) {
            return None;
        }
        let same = |field: Field, value: &Value| {
            let approval = matches!(value, Value::Approval(_));
            base.get(field) == Some(value) && (!approval || self.by == base.by)
        };
        let own = self.fields.iter().filter(|(field, value)| !same(*field, value)).cloned();
        let fields: Vec<(Field, Value)> = own.collect();
        let needs = fields.iter().any(|(_, value)| matches!(value, Value::Approval(_)));
        Some(Self { fields, by: if needs { self.by.clone() } else { Vec::new() } })
    }
}
