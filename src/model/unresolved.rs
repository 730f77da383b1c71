//! What files name and a tenant does not have: somebody who left, something that was deleted or renamed, a slip of the
//! keyboard. Nobody can tell these apart by the name alone, so nothing may be taken from whom it could mean.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use uuid::Uuid;

use super::settings::Field;
use super::text::{name_key, same_name};
use super::{AssignmentScope, Directory, Principal, PrincipalId, PrincipalKind};
use crate::diag::{Span, nearest};

/// An entry of a list that names something that the tenant does not have.
#[derive(Clone, Debug)]
pub struct Unresolved {
    /// What is not there.
    pub missing: Missing,
    /// The last part of its address: `user:ada@contoso.example`.
    pub label: String,
    /// Why nothing is planned for it.
    pub detail: String,
    /// Where it stands.
    pub at: Span,
}

/// What an entry names that the tenant does not have.
#[derive(Clone, Debug)]
pub enum Missing {
    /// A principal.
    Principal {
        /// Of which kind.
        kind: PrincipalKind,
        /// By which name or id.
        name: Arc<str>,
        /// Who had the name when the tenant last was as declared, where that is recorded.
        known: Option<PrincipalId>,
    },
    /// The administrative unit for somebody who is there.
    Unit(PrincipalId),
}

impl Unresolved {
    /// True when the entry could mean what somebody has, so that it must not be taken away for being undeclared.
    pub fn may_mean(&self, principal: PrincipalId, scope: &AssignmentScope, directory: &Directory) -> bool {
        match &self.missing {
            Missing::Unit(who) => *who == principal && !scope.is_whole(),
            Missing::Principal { known: Some(known), .. } => *known == principal,
            Missing::Principal { kind, name, known: None } => {
                directory.principal(principal).is_some_and(|principal| is_like(*kind, name, principal))
            }
        }
    }
}

/// True when a name that nobody has is like that of a principal: by a slip of the keyboard, with the name that people
/// see, in another domain, or under another kind.
fn is_like(kind: PrincipalKind, name: &str, principal: &Principal) -> bool {
    let own = principal.policy_name();
    if let Ok(id) = name.parse::<PrincipalId>() {
        return digits_apart(id, principal.id) <= SLIPS;
    }
    if principal.kind() != Some(kind) {
        return same_name(name, own);
    }
    let local = |name: &str| name.split_once('@').map(|(local, _)| name_key(local));
    same_name(name, &principal.display_name)
        || local(name).is_some_and(|name| Some(name) == local(own))
        || nearest(&name_key(name), [&*name_key(own)]).is_some()
}

/// So many digits of an id may be wrong for it to be a slip of the keyboard.
const SLIPS: usize = 3;

fn digits_apart(a: PrincipalId, b: PrincipalId) -> usize {
    let (a, b) = (a.to_string(), b.to_string());
    a.bytes().zip(b.bytes()).filter(|(a, b)| a != b).count()
}

/// A field of the settings whose declared value names something that the tenant does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockedSetting {
    /// Which field.
    pub field: Field,
    /// Why nothing is planned for it.
    pub detail: String,
    /// Where it is set.
    pub at: Span,
}

/// Something declared that the tenant does not have, with all that is declared below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockedEntry {
    /// What it is about.
    pub address: String,
    /// Why nothing is planned for it.
    pub detail: String,
    /// Where it is declared.
    pub at: Span,
}

/// Who had which name when the tenant last was as declared. Serves to tell who was renamed from who left.
#[derive(Clone, Debug, Default)]
pub struct Known {
    names: BTreeMap<String, (PrincipalId, Arc<str>)>,
    /// As whom runs were signed in: ids of objects and of applications.
    appliers: BTreeSet<Uuid>,
}

impl Known {
    /// From labels such as `user:ada@contoso.example`, in any form, and the day when that was so.
    pub fn new<'a>(names: impl IntoIterator<Item = (&'a str, PrincipalId)>, on: String) -> Self {
        let on: Arc<str> = on.into();
        let names = names.into_iter().map(|(label, id)| (name_key(label), (id, Arc::clone(&on)))).collect();
        Self { names, appliers: BTreeSet::new() }
    }

    /// With ids as which runs were signed in.
    #[must_use]
    pub fn with_appliers(mut self, ids: impl IntoIterator<Item = Uuid>) -> Self {
        self.appliers.extend(ids);
        self
    }

    /// As whom runs were signed in: ids of objects and of applications. What they made is no other application's.
    pub fn appliers(&self) -> &BTreeSet<Uuid> {
        &self.appliers
    }

    /// With what somebody else knows of names that nothing is known of here.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        for (name, known) in other.names {
            self.names.entry(name).or_insert(known);
        }
        self.appliers.extend(other.appliers);
        self
    }

    /// Who had the name.
    pub fn id(&self, kind: PrincipalKind, name: &str) -> Option<PrincipalId> {
        self.names.get(&Self::label(kind, name)).map(|(id, _)| *id)
    }

    /// The day when that was so.
    pub fn on(&self, kind: PrincipalKind, name: &str) -> Option<&str> {
        self.names.get(&Self::label(kind, name)).map(|(_, on)| &**on)
    }

    /// True when nothing is known.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// How a name is kept.
    pub fn label(kind: PrincipalKind, name: &str) -> String {
        name_key(&format!("{}:{name}", kind.address_word()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Answer, PrincipalDetail};

    fn user(name: &str, display_name: &str) -> Principal {
        Principal {
            id: PrincipalId::new(uuid::Uuid::from_u128(1)),
            display_name: display_name.into(),
            detail: PrincipalDetail::User { user_principal_name: name.into(), enabled: Answer::Yes, sort: None },
        }
    }

    #[test]
    fn whom_a_name_could_mean_keeps_what_they_have() {
        let ada = user("ada@contoso.example", "Ada Lovelace");
        let like = |kind, name| is_like(kind, name, &ada);
        for name in ["adda@contoso.example", "ada@fabrikam.example", "ada lovelace", "ADA@contoso.exmaple"] {
            assert!(like(PrincipalKind::User, name), "{name}");
        }
        assert!(like(PrincipalKind::Group, "Ada@contoso.example"));
        for id in ["00000000-0000-0000-0000-000000000002", "00000000-0000-0000-0000-000000000010"] {
            assert!(like(PrincipalKind::User, id), "{id}");
        }
        assert!(!like(PrincipalKind::User, "7a9d9691-46fc-4893-973c-43fad1272a25"));
        for name in ["leaver@contoso.example", "eve@contoso.example", "Ada Byron"] {
            assert!(!like(PrincipalKind::User, name), "{name}");
        }
        assert!(!like(PrincipalKind::Group, "adda@contoso.example"));
    }
}
