//! Which names and ids policy files mention, so that a backend need not fetch a whole tenant.

use super::assignment::PrincipalRef;
use super::check::ALL_OTHERS;
use super::document::{AzureEntry, ScopeRef, SettingsRef, TargetEntry};
use super::layer::{ApproverRef, Layer};
use super::merge::Documents;
use crate::model::{Authentication, NameQuery, PlaceQuery, PrincipalId, PrincipalKind};

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
        for entry in [&group.member, &group.owner].into_iter().flatten() {
            names.0.pim_groups = true;
            names.target(&entry.value);
        }
    }
    for (name, declared) in &documents.directory_roles {
        names.0.directory_roles = true;
        if &**name != ALL_OTHERS {
            names.0.role_names.insert(Box::from(&**name));
        }
        names.target(&declared.value);
    }
    documents.azure.iter().for_each(|entry| names.azure(entry));
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
        let authentication = layer.stated.settings.activation.authentication.value();
        self.0.contexts |= matches!(authentication, Some(Authentication::Context(_)));
        for approver in layer.stated.approvers.iter().flat_map(|list| list.iter()) {
            if let ApproverRef::Principal(principal) = approver {
                self.principal(principal);
            }
        }
    }

    fn target(&mut self, target: &TargetEntry) {
        if let Some(SettingsRef::Inline(layer)) = &target.settings {
            self.layer(layer);
        }
        for assignment in [&target.eligible, &target.active].into_iter().flatten().flat_map(|list| &list.value) {
            self.principal(&assignment.principal);
            self.0.administrative_units |= assignment.administrative_unit.is_some();
        }
    }

    fn azure(&mut self, entry: &AzureEntry) {
        let text = |name: &str| Box::from(name);
        let place = match &entry.scope {
            ScopeRef::ManagementGroup(name) => PlaceQuery::ManagementGroup(text(&name.value)),
            ScopeRef::Subscription(name) => PlaceQuery::Subscription(text(&name.value)),
            ScopeRef::ResourceGroup { subscription, name } => {
                PlaceQuery::ResourceGroup { subscription: text(&subscription.value), name: text(&name.value) }
            }
            ScopeRef::Id(scope) => PlaceQuery::Id(scope.value.clone()),
        };
        for (name, target) in &entry.roles.0 {
            self.target(target);
            let roles = self.0.places.entry(place.clone()).or_default();
            if &*name.value == ALL_OTHERS {
                roles.all = true;
            } else {
                roles.names.insert(text(&name.value));
            }
        }
        self.0.places.entry(place).or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{SourceFile, SourceMap};
    use crate::model::RoleQuery;

    fn query(text: &str) -> NameQuery {
        let mut sources = SourceMap::default();
        let id = sources.add(SourceFile::new("a.yaml", text.to_owned()));
        let (document, findings) = crate::policy::load::decode(id, text);
        assert!(findings.is_empty(), "{findings:?}");
        let (documents, _) = crate::policy::merge::merge(document.into_iter().collect(), 1);
        names(&documents)
    }

    #[test]
    fn only_what_is_mentioned_is_asked_for() {
        let groups = query("version: 1\ngroups: { A: { members: [ { user: ada@contoso.example } ] } }");
        let names = [(PrincipalKind::User, "ada@contoso.example".into()), (PrincipalKind::Group, "A".into())];
        assert_eq!(groups, NameQuery { names: names.into_iter().collect(), ..NameQuery::default() });
        assert!(query("version: 1\ngroups: { A: { owner: { eligible: [] } } }").pim_groups);
        let roles = query(
            "version: 1\ndirectory_roles: { Reader: { eligible: [ { user: a, administrative_unit: Sales } ] } }\n\
             profiles: { p: { activation: { authentication: { context: c1 } } } }",
        );
        assert!(roles.directory_roles && roles.administrative_units && roles.contexts && !roles.pim_groups);
    }

    #[test]
    fn a_place_is_asked_for_once_with_all_its_roles() {
        let places = query(
            "version: 1\nazure: [ { subscription: P, roles: { Owner: {}, Reader: {} } }, \
             { subscription: P, roles: { \"*\": {} } }, { management_group: core, roles: {} } ]",
        )
        .places;
        let names = ["Owner".into(), "Reader".into()].into_iter().collect();
        let expected = [
            (PlaceQuery::ManagementGroup("core".into()), RoleQuery::default()),
            (PlaceQuery::Subscription("P".into()), RoleQuery { all: true, names }),
        ];
        assert_eq!(places, expected.into_iter().collect());
    }
}
