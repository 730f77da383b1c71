//! Settings of targets with approvers resolved.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::assignment::PrincipalRef;
use super::document::SettingsRef;
use super::layer::{ApproverRef, Stated};
use super::merge::Documents;
use super::principals::{Found, Principals};
use super::profile::Profiles;
use crate::diag::{Finding, Findings, Span, nearest};
use crate::model::settings::ActivationField;
use crate::model::{
    Answer, Approval, Approver, Approvers, Authentication, BlockedSetting, Directory, PrincipalId, PrincipalKind,
    Setting, Settings, Spec, Unresolved,
};

/// Resolves the settings of targets, those of each profile once.
pub(super) struct SettingsResolver<'d> {
    profiles: Profiles<'d>,
    directory: &'d Directory,
    sets: BTreeMap<&'d str, Approving>,
    by_profile: BTreeMap<&'d str, Resolved>,
    warned: BTreeSet<Span>,
    /// Declared groups that have no members after a plan, with the place that says so.
    empty_groups: BTreeMap<PrincipalId, Span>,
}

/// The settings of a target, and the fields that name what the tenant does not have. Those fields are unmanaged: what
/// the tenant has there stays.
#[derive(Clone, Debug, Default)]
pub(super) struct Resolved {
    pub(super) settings: Settings<Spec>,
    pub(super) blocked: Vec<BlockedSetting>,
}

/// Who approves, and whoever of them could not be found.
#[derive(Clone, Debug, Default)]
struct Approving {
    approvers: BTreeSet<Approver>,
    gone: Vec<Unresolved>,
}

impl Approving {
    fn add(&mut self, reference: &PrincipalRef, principals: &mut Principals<'_>, findings: &mut Findings) {
        // Of other kinds the checks that need no tenant have said already that they cannot approve.
        let approver = match reference.kind {
            PrincipalKind::User => Approver::User,
            PrincipalKind::Group => Approver::Group,
            PrincipalKind::ServicePrincipal => return,
        };
        match principals.find(reference, findings) {
            Found::One(principal) => drop(self.approvers.insert(approver(principal.id))),
            Found::Gone(unresolved) => self.gone.push(unresolved),
            Found::Wrong => {}
        }
    }
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
            let mut set = Approving::default();
            declared.value.iter().for_each(|reference| set.add(reference, principals, findings));
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
    ) -> Resolved {
        let Some(settings) = settings else { return Resolved::default() };
        if let SettingsRef::Profile(name) = settings
            && let Some(known) = self.by_profile.get(&*name.value)
        {
            return known.clone();
        }
        // What is wrong with the profile has been said where it is declared.
        let Some(stated) = self.profiles.stated(settings) else { return Resolved::default() };
        let mut resolved = self.approval(&stated, principals, findings);
        self.context(&mut resolved, findings);
        if let SettingsRef::Profile(name) = settings {
            self.by_profile.insert(&name.value, resolved.clone());
        }
        resolved
    }

    fn approval(&self, stated: &Arc<Stated>, principals: &mut Principals<'d>, findings: &mut Findings) -> Resolved {
        let mut resolved = Resolved { settings: stated.settings.clone(), blocked: Vec::new() };
        let approval = &mut resolved.settings.activation.approval;
        let (Some(at), Some(references)) = (approval.at(), &stated.approvers) else { return resolved };
        let mut all = Approving::default();
        for reference in references.iter() {
            match reference {
                ApproverRef::Set(name) => {
                    if let Some(set) = self.sets.get(&*name.value) {
                        all.approvers.extend(&set.approvers);
                        all.gone.extend(set.gone.iter().cloned());
                    }
                }
                ApproverRef::Principal(reference) => all.add(reference, principals, findings),
            }
        }
        let Approving { approvers, gone } = all;
        if let Some(unresolved) = gone.first() {
            // Approval by those who are left is another rule than the declared one, and none at all would be none.
            *approval = Setting::Unmanaged;
            let detail = format!("names the approver {}, and {}", unresolved.label, unresolved.detail);
            resolved.blocked.push(BlockedSetting { field: ActivationField::Approval.into(), detail, at });
            return resolved;
        }
        // Where nobody is left, the names that were wrong have been reported.
        let nobody = self.nobody(&approvers, at);
        *approval = match Approvers::new(approvers) {
            Some(approvers) => Setting::Set { value: Approval::Required(approvers), at },
            None => Setting::Unmanaged,
        };
        findings.extend(nobody);
        resolved
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

    /// A context that the tenant does not have asks for nothing, so nothing is changed to it. One that is not published
    /// is only a warning: it may be later. Until then it does not do where a floor asks for authentication.
    fn context(&mut self, resolved: &mut Resolved, findings: &mut Findings) {
        let Setting::Set { value: Authentication::Context(id), at } = resolved.settings.activation.authentication
        else {
            return;
        };
        // A tenant file may leave them out, and it takes a permission to read them.
        let Some(contexts) = self.directory.contexts() else { return };
        let known = contexts.iter().find(|context| context.id == id);
        let first = self.warned.insert(at);
        let Some(known) = known else {
            let detail = format!("the tenant has no authentication context `{id}`");
            let field = ActivationField::Authentication.into();
            resolved.blocked.push(BlockedSetting { field, detail: detail.clone(), at });
            if first {
                let ids: Vec<String> = contexts.iter().map(|context| context.id.to_string()).collect();
                let near = nearest(&id.to_string(), ids.iter().map(String::as_str));
                let help = near.map(|near| format!("did you mean `{near}`?"));
                let finding = Finding::warning("unknown-context", detail).at(at, "not in the tenant");
                let floor = self.profiles.authentication_of_floor();
                let finding = finding.at_some(floor, "the floor asks for authentication here");
                findings.push(finding.help(help.unwrap_or_else(|| PUBLISH.to_owned())));
            }
            return;
        };
        let (message, label) = match known.available {
            Answer::Yes => return,
            Answer::No => (format!("the authentication context `{id}` is not published"), "not published"),
            Answer::NotSaid => {
                let message = format!("the service did not say whether the authentication context `{id}` is published");
                (message, "perhaps not published")
            }
        };
        if !first {
            return;
        }
        let finding = match self.profiles.authentication_of_floor() {
            Some(floor) => Finding::error("unknown-context", message)
                .at(at, label)
                .at(floor, "the floor asks for authentication here"),
            None => Finding::warning("unknown-context", message).at(at, label),
        };
        findings.push(finding.help(PUBLISH));
    }
}

const PUBLISH: &str = "create and publish it under Conditional Access";
