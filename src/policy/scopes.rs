//! Scopes of Azure by name or id.

use std::collections::BTreeMap;

use super::document::ScopeRef;
use super::principals::ambiguous;
use crate::diag::{Finding, Span, nearest};
use crate::model::scope::ScopeKind;
use crate::model::text::name_key;
use crate::model::{ArmPlace, ArmScope, Directory};

/// Looks scopes up. Management groups and subscriptions are indexed, since each of many targets names one.
pub(super) struct Scopes<'d> {
    directory: &'d Directory,
    by_id: BTreeMap<(ScopeKind, String), &'d ArmPlace>,
    by_name: BTreeMap<(ScopeKind, String), Vec<&'d ArmPlace>>,
}

impl<'d> Scopes<'d> {
    pub(super) fn new(directory: &'d Directory) -> Self {
        let (mut by_id, mut by_name) = (BTreeMap::new(), BTreeMap::<_, Vec<&ArmPlace>>::new());
        for place in directory.places() {
            let kind = place.scope.kind();
            if !matches!(kind, ScopeKind::ManagementGroup | ScopeKind::Subscription) {
                continue;
            }
            by_id.insert((kind, name_key(place.scope.name())), place);
            if let Some(name) = &place.name {
                by_name.entry((kind, name_key(name))).or_default().push(place);
            }
        }
        Self { directory, by_id, by_name }
    }

    /// The scope that a reference names, if the directory has it.
    pub(super) fn find(&self, reference: &ScopeRef) -> Result<ArmScope, Finding> {
        match reference {
            ScopeRef::ManagementGroup(name) => self.named(ScopeKind::ManagementGroup, &name.value, name.at),
            ScopeRef::Subscription(name) => self.named(ScopeKind::Subscription, &name.value, name.at),
            ScopeRef::ResourceGroup { subscription, name } => {
                let above = self.named(ScopeKind::Subscription, &subscription.value, subscription.at)?;
                let scope = format!("{above}/resourceGroups/{}", name.value).parse();
                let scope =
                    scope.map_err(|_| unknown(self.directory, ScopeKind::ResourceGroup, &name.value, name.at))?;
                self.place(&scope, name.at)
            }
            ScopeRef::Id(scope) => self.place(&scope.value, scope.at),
        }
    }

    fn place(&self, scope: &ArmScope, at: Span) -> Result<ArmScope, Finding> {
        let place = self.directory.place(scope).map(|place| place.scope.clone());
        place.ok_or_else(|| unknown(self.directory, scope.kind(), scope.as_str(), at))
    }

    /// A management group or subscription by the last segment of its id, or by display name.
    fn named(&self, kind: ScopeKind, name: &str, at: Span) -> Result<ArmScope, Finding> {
        let key = (kind, name_key(name));
        if let Some(place) = self.by_id.get(&key) {
            return Ok(place.scope.clone());
        }
        match self.by_name.get(&key).map(Vec::as_slice) {
            Some([place]) => Ok(place.scope.clone()),
            None | Some([]) => Err(unknown(self.directory, kind, name, at)),
            Some(several) => {
                let ids = several.iter().map(|place| format!("`{}`", place.scope.name()));
                Err(ambiguous(word(kind), name, at, ids))
            }
        }
    }
}

fn unknown(directory: &Directory, kind: ScopeKind, name: &str, at: Span) -> Finding {
    let word = word(kind);
    let finding =
        Finding::warning("unknown-scope", format!("there is no {word} `{name}`")).at(at, format!("no such {word}"));
    let places = directory.places().iter().filter(|place| place.scope.kind() == kind);
    let by_id = name.contains('/');
    let names = places.flat_map(|place| {
        let (first, second) =
            if by_id { (place.scope.as_str(), None) } else { (place.scope.name(), place.name.as_deref()) };
        std::iter::once(first).chain(second)
    });
    finding.help(match nearest(name, names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "check the spelling, and that the tenant has it".to_owned(),
    })
}

fn word(kind: ScopeKind) -> &'static str {
    match kind {
        ScopeKind::ManagementGroup => "management group",
        ScopeKind::Subscription => "subscription",
        ScopeKind::ResourceGroup => "resource group",
        ScopeKind::Resource => "resource",
    }
}
