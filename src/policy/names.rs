//! Which names and ids policy files mention, so that a backend need not fetch a whole tenant.

use super::assignment::PrincipalRef;
use super::document::{ScopeRef, TargetEntry};
use super::layer::{ApproverRef, Layer};
use super::merge::Documents;
use crate::model::NameQuery;
use crate::model::{ArmScope, PrincipalId, PrincipalKind};

/// The names and ids that the documents mention.
pub fn names(documents: &Documents) -> NameQuery {
    let mut names = Mentioned(NameQuery::default());
    for declared in documents.profiles.values() {
        names.layer(&declared.value);
    }
    for principal in documents.approvers.values().flat_map(|set| &set.value).chain(&documents.protected) {
        names.principal(principal);
    }
    for (name, declared) in &documents.groups {
        names.named(PrincipalKind::Group, name);
        let group = &declared.value;
        let lists = [&group.members, &group.owners].into_iter().flatten();
        lists.flat_map(|list| &list.value).for_each(|principal| names.principal(principal));
        [&group.member, &group.owner].into_iter().flatten().for_each(|entry| names.target(&entry.value));
    }
    for declared in documents.directory_roles.values() {
        names.target(&declared.value);
    }
    for entry in &documents.azure {
        names.scope(&entry.scope);
        entry.roles.0.iter().for_each(|(_, target)| names.target(target));
    }
    names.0
}

struct Mentioned(NameQuery);

impl Mentioned {
    fn principal(&mut self, principal: &PrincipalRef) {
        self.named(principal.kind, &principal.name);
    }

    fn named(&mut self, kind: PrincipalKind, name: &str) {
        // An id may be that of an application, or the name of something else; both are looked for as names are.
        self.0.ids.extend(name.parse::<PrincipalId>());
        self.0.names.insert((kind, Box::from(name)));
    }

    fn layer(&mut self, layer: &Layer) {
        for approver in layer.stated.approvers.iter().flat_map(|list| list.iter()) {
            if let ApproverRef::Principal(principal) = approver {
                self.principal(principal);
            }
        }
    }

    fn target(&mut self, target: &TargetEntry) {
        if let Some(super::document::SettingsRef::Inline(layer)) = &target.settings {
            self.layer(layer);
        }
        for list in [&target.eligible, &target.active].into_iter().flatten() {
            list.value.iter().for_each(|assignment| self.principal(&assignment.principal));
        }
    }

    /// Display names of management groups and subscriptions are no ids; a backend lists both anyway.
    fn scope(&mut self, scope: &ScopeRef) {
        let id = match scope {
            ScopeRef::ManagementGroup(name) => ArmScope::management_group(&name.value).ok(),
            ScopeRef::Subscription(name) => format!("/subscriptions/{}", name.value).parse().ok(),
            ScopeRef::ResourceGroup { subscription, name } => {
                format!("/subscriptions/{}/resourceGroups/{}", subscription.value, name.value).parse().ok()
            }
            ScopeRef::Id(scope) => Some(scope.value.clone()),
        };
        self.0.scopes.extend(id);
    }
}
