//! Settings of targets with approvers resolved.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::assignment::PrincipalRef;
use super::document::SettingsRef;
use super::layer::{ApproverRef, Stated};
use super::merge::Documents;
use super::principals::Principals;
use super::profile::Profiles;
use crate::diag::{Finding, Findings, Span, nearest};
use crate::model::{
    Approval, Approver, Approvers, Authentication, Directory, PrincipalId, PrincipalKind, Setting, Settings, Spec,
};

/// Resolves the settings of targets, those of each profile once.
pub(super) struct SettingsResolver<'d> {
    profiles: Profiles<'d>,
    directory: &'d Directory,
    sets: BTreeMap<&'d str, BTreeSet<Approver>>,
    by_profile: BTreeMap<&'d str, Settings<Spec>>,
    warned: BTreeSet<Span>,
    /// Declared groups that have no members after a plan, with the place that says so.
    empty_groups: BTreeMap<PrincipalId, Span>,
}

impl<'d> SettingsResolver<'d> {
    /// Resolves all approver sets, used or not, so that a wrong name is found in any of them.
    pub(super) fn new(
        documents: &'d Documents,
        profiles: Profiles<'d>,
        directory: &'d Directory,
        principals: &mut Principals<'d>,
        empty_groups: BTreeMap<PrincipalId, Span>,
        findings: &mut Findings,
    ) -> Self {
        let sets = documents.approvers.iter().map(|(name, declared)| {
            let set = declared.value.iter().filter_map(|reference| approver(reference, principals, findings)).collect();
            (&**name, set)
        });
        let sets = sets.collect();
        Self { profiles, directory, sets, by_profile: BTreeMap::new(), warned: BTreeSet::new(), empty_groups }
    }

    /// The settings of one target.
    pub(super) fn resolve(
        &mut self,
        settings: Option<&'d SettingsRef>,
        principals: &mut Principals<'d>,
        findings: &mut Findings,
    ) -> Settings<Spec> {
        let Some(settings) = settings else { return Settings::default() };
        if let SettingsRef::Profile(name) = settings
            && let Some(known) = self.by_profile.get(&*name.value)
        {
            return known.clone();
        }
        // What is wrong with the profile has been said where it is declared.
        let Some(stated) = self.profiles.stated(settings) else { return Settings::default() };
        let resolved = self.approval(&stated, principals, findings);
        self.context(&resolved, findings);
        if let SettingsRef::Profile(name) = settings {
            self.by_profile.insert(&name.value, resolved.clone());
        }
        resolved
    }

    fn approval(
        &self,
        stated: &Arc<Stated>,
        principals: &mut Principals<'d>,
        findings: &mut Findings,
    ) -> Settings<Spec> {
        let mut settings = stated.settings.clone();
        let (Some(at), Some(references)) = (settings.activation.approval.at(), &stated.approvers) else {
            return settings;
        };
        let mut all = BTreeSet::new();
        for reference in references.iter() {
            match reference {
                ApproverRef::Set(name) => all.extend(self.sets.get(&*name.value).into_iter().flatten()),
                ApproverRef::Principal(reference) => all.extend(approver(reference, principals, findings)),
            }
        }
        findings.extend(self.nobody(&all, at));
        // Where nobody is left, the names that were wrong have been reported.
        settings.activation.approval = match Approvers::new(all) {
            Some(approvers) => Setting::Set { value: Approval::Required(approvers), at },
            None => Setting::Unmanaged,
        };
        settings
    }

    /// Approval by groups that all have no members.
    fn nobody(&self, approvers: &BTreeSet<Approver>, at: Span) -> Findings {
        let mut findings = Findings::default();
        let empty = approvers.iter().map(|approver| self.empty_groups.get(&approver.principal()).copied());
        if let Some(empty) = empty.collect::<Option<Vec<Span>>>().filter(|empty| !empty.is_empty()) {
            let message = "approval is asked for, but the group that approves has no members";
            let finding = Finding::error("approval-without-approvers", message).at(at, "by whom?");
            let finding = empty.into_iter().fold(finding, |finding, at| finding.at(at, "nobody is in this group"));
            findings.push(finding.help("declare members of the group, or name another approver"));
        }
        findings
    }

    /// A context that the tenant does not have is only a warning: it may be published later. Until then it asks for
    /// nothing, so it does not do where a floor asks for authentication.
    fn context(&mut self, settings: &Settings<Spec>, findings: &mut Findings) {
        let contexts = self.directory.contexts();
        let Setting::Set { value: Authentication::Context(id), at } = settings.activation.authentication else {
            return;
        };
        let known = contexts.iter().find(|context| context.id == id);
        let floor = self.profiles.authentication_of_floor();
        let good = known.is_some_and(|context| context.available || floor.is_none());
        // A tenant file may leave the contexts out: then nothing is known of them.
        if good || contexts.is_empty() || !self.warned.insert(at) {
            return;
        }
        let ids: Vec<String> = contexts.iter().map(|context| context.id.to_string()).collect();
        let near =
            nearest(&id.to_string(), ids.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
        let (message, label) = match known {
            Some(_) => (format!("the authentication context `{id}` is not published"), "not published"),
            None => (format!("the tenant has no authentication context `{id}`"), "not in the tenant"),
        };
        let finding = match floor {
            Some(floor) => Finding::error("unknown-context", message)
                .at(at, label)
                .at(floor, "the floor asks for authentication here"),
            None => Finding::warning("unknown-context", message).at(at, label),
        };
        let help = near.filter(|_| known.is_none());
        findings
            .push(finding.help(help.unwrap_or_else(|| "create and publish it under Conditional Access".to_owned())));
    }
}

fn approver(reference: &PrincipalRef, principals: &mut Principals<'_>, findings: &mut Findings) -> Option<Approver> {
    match reference.kind {
        PrincipalKind::User => principals.find(reference, findings).map(|user| Approver::User(user.id)),
        PrincipalKind::Group => principals.find(reference, findings).map(|group| Approver::Group(group.id)),
        // Said already by the checks that need no tenant.
        PrincipalKind::ServicePrincipal => None,
    }
}
