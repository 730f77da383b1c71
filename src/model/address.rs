//! The one syntax for naming things in plans, filters, logs and reports.
//!
//! `directory/<role>/settings`, `group/<group>/member/eligible/user:<upn>`, `azure/managementGroups/<name>/<role>/active/...`.
//! A name stands where it is unique in the tenant, the id elsewhere. Slashes, percent signs and control characters in
//! names are percent-encoded, so that an address is one line and its parts are plain to see.

use std::fmt::Write as _;

use super::scope::ScopeKind;
use super::{
    ArmScope, AssignmentKey, AssignmentScope, Directory, Principal, PrincipalId, PrincipalKind, Relation, RoleId,
    Target,
};
use crate::diag::is_deceptive;

/// Turns ids into the names that people know.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    directory: &'a Directory,
}

impl<'a> Names<'a> {
    /// Names from a directory.
    pub fn new(directory: &'a Directory) -> Self {
        Self { directory }
    }

    /// `user:ada@contoso.example`; the id where the name is not unique or not known.
    pub fn principal(&self, id: PrincipalId) -> String {
        match self.directory.principal(id) {
            Some(principal) => match (principal.kind(), principal.sort()) {
                (Some(kind), _) => {
                    format!("{}:{}", kind.address_word(), encode(&self.principal_name(kind, principal)))
                }
                // No file names these, so the id is what tells them apart.
                (None, Some(sort)) => format!("{}:{id}", encode(&sort.word())),
                (None, None) => format!("principal:{id}"),
            },
            None => format!("principal:{id}"),
        }
    }

    /// `user:leaver@contoso.example`, of a name that nobody may have.
    pub fn label(kind: PrincipalKind, name: &str) -> String {
        format!("{}:{}", kind.address_word(), encode(name))
    }

    /// A name as a part of an address, whether the tenant has it or not.
    pub fn part(name: &str) -> String {
        encode(name)
    }

    fn principal_name(&self, kind: PrincipalKind, principal: &Principal) -> String {
        let name = principal.policy_name();
        if self.directory.principals_named(kind, name).nth(1).is_some() {
            principal.id.to_string()
        } else {
            name.to_string()
        }
    }

    /// The display name of a group; the id where the name is not unique or not known.
    pub fn group(&self, id: PrincipalId) -> String {
        match self.directory.principal(id) {
            Some(group) if group.group().is_some() => encode(&self.principal_name(PrincipalKind::Group, group)),
            _ => id.to_string(),
        }
    }

    /// `directory/Global Administrator`, without what of the target is meant.
    pub fn target(&self, target: &Target) -> String {
        match target {
            Target::Directory { directory_role } => {
                format!("directory/{}", self.directory_role(*directory_role))
            }
            Target::Group { group, access } => format!("group/{}/{access}", self.group(*group)),
            Target::Azure { scope, role } => {
                format!("azure/{}/{}", self.scope(scope), self.azure_role(*role))
            }
        }
    }

    fn directory_role(&self, id: RoleId) -> String {
        self.directory.unique_directory_role_name(id).map_or_else(|| id.to_string(), |name| encode(name))
    }

    fn azure_role(&self, id: RoleId) -> String {
        self.directory.unique_azure_role_name(id).map_or_else(|| id.to_string(), |name| encode(name))
    }

    /// `managementGroups/core`, `subscriptions/Production/resourceGroups/app`.
    pub fn scope(&self, scope: &ArmScope) -> String {
        if scope.kind() == ScopeKind::ManagementGroup {
            return format!("managementGroups/{}", encode(scope.name()));
        }
        let subscription = scope.subscription_id().unwrap_or_default();
        let rest = scope.as_str().splitn(4, '/').nth(3).map(|rest| format!("/{rest}")).unwrap_or_default();
        format!("subscriptions/{}{rest}", self.subscription(subscription))
    }

    fn subscription(&self, id: &str) -> String {
        let scope = format!("/subscriptions/{id}").parse().ok();
        let name = scope.and_then(|scope| self.directory.unique_subscription_name(&scope));
        name.map_or_else(|| id.to_owned(), |name| encode(name))
    }

    /// `directory/Global Administrator/settings`
    pub fn settings(&self, target: &Target) -> String {
        self.target(target) + "/settings"
    }

    /// `directory/User Administrator/eligible/user:ada@contoso.example/administrativeUnit:Sales`
    pub fn assignment(&self, target: &str, key: &AssignmentKey) -> String {
        let mut address = format!("{target}/{}/{}", key.kind, self.principal(key.principal));
        if let Some(scope) = self.assignment_scope(&key.scope) {
            let _ = write!(address, "/{scope}");
        }
        address
    }

    /// `administrativeUnit:Sales`; nothing for all of the target.
    pub fn assignment_scope(&self, scope: &AssignmentScope) -> Option<String> {
        match scope {
            AssignmentScope::Whole => None,
            AssignmentScope::AdministrativeUnit(id) => {
                let name = self.directory.unique_administrative_unit_name(*id);
                let name = name.map_or_else(|| id.to_string(), |name| encode(name));
                Some(format!("administrativeUnit:{name}"))
            }
            AssignmentScope::Object(id) => Some(format!("object:{id}")),
        }
    }

    /// `group/SEC-PIM-Approvers/members/user:ada@contoso.example`
    pub fn membership(&self, group: PrincipalId, relation: Relation, principal: PrincipalId) -> String {
        format!("{}/{}", self.relation(group, relation), self.principal(principal))
    }

    /// `group/SEC-PIM-Approvers/members`
    pub fn relation(&self, group: PrincipalId, relation: Relation) -> String {
        format!("group/{}/{relation}s", self.group(group))
    }
}

/// Percent-encodes what would break an address apart or fool its reader.
fn encode(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if c == '/' || c == '%' || is_deceptive(c) {
            let mut buffer = [0; 4];
            for byte in c.encode_utf8(&mut buffer).bytes() {
                let _ = write!(out, "%{byte:02X}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_an_address_apart() {
        assert_eq!(encode("a/b\n100%\u{1b}[31m\u{202e}é"), "a%2Fb%0A100%25%1B[31m%E2%80%AEé");
    }
}
