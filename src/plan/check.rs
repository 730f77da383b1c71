//! Refuses at plan time what the service would refuse at apply time.
//!
//! Every request for an assignment is held against the settings of its target as they will be after the plan.

use crate::diag::{Finding, Findings, Span};
use crate::diff::{AssignmentDiff, Compared, Left, LeftReason, Wanted, exceeds};
use crate::model::{
    Current, DesiredAssignment, DesiredTarget, Directory, Duration, Ending, Expiry, Kind, PrincipalId, Relation,
    Settings, Time,
};

/// What a check looks at.
pub(super) struct Check<'a> {
    pub(super) declared: &'a DesiredTarget,
    pub(super) compared: &'a Compared<'a>,
    pub(super) now: Time,
}

impl Check<'_> {
    /// Checks the request that a difference leads to.
    pub(super) fn difference(&self, difference: &AssignmentDiff, address: &str, findings: &mut Findings) {
        match difference {
            AssignmentDiff::Missing { declared, wanted, .. } | AssignmentDiff::Differs { declared, wanted, .. } => {
                self.length(declared, wanted, address, findings);
                self.evidence(declared, address, findings);
            }
            AssignmentDiff::Undeclared { .. } => {}
        }
    }

    /// Checks what was left as it is.
    pub(super) fn left(&self, left: &Left, address: &str, findings: &mut Findings) {
        let Some(declared) = left.declared else { return };
        match left.reason {
            LeftReason::EndReached(end) => findings.push(
                Finding::warning("until-in-the-past", format!("`{address}` ended on {}", end.date()))
                    .at(declared.at, "ended")
                    .help("remove the entry, or give it a later end to assign it anew"),
            ),
            LeftReason::EndReachedButRunning { declared: end, runs_until } => {
                let runs = match runs_until {
                    Some(until) => format!("runs until {}", until.date()),
                    None => "is permanent".to_owned(),
                };
                findings.push(
                    Finding::warning(
                        "until-in-the-past",
                        format!("`{address}` is declared until {}, which has passed, but {runs}", end.date()),
                    )
                    .at(declared.at, "declared until then")
                    .help("remove the entry to end the assignment, or give it a later `until:`"),
                );
            }
            // Only where this very plan makes the settings and the assignment contradict each other.
            LeftReason::BeyondSettings(allowed) | LeftReason::RenewalBeyondSettings { allowed, .. }
                if self.compared.changes.assignment(declared.key.kind).expire_after.is_some() =>
            {
                self.beyond(declared, allowed, address, findings);
            }
            LeftReason::BeyondSettings(_)
            | LeftReason::RenewalBeyondSettings { .. }
            | LeftReason::LengthUnknown
            | LeftReason::Additive
            | LeftReason::OutsidePim
            | LeftReason::OutsidePimOtherwise
            | LeftReason::OneObject
            | LeftReason::OtherWindow { .. }
            | LeftReason::MayBeMeant => {}
        }
    }

    fn length(&self, declared: &DesiredAssignment, wanted: &Wanted, address: &str, findings: &mut Findings) {
        // What the settings allow may not be known; then the service judges.
        if let Some(allowed) = self.rules(declared.key.kind).expire_after.known()
            && exceeds(wanted, *allowed, self.now)
        {
            self.beyond(declared, *allowed, address, findings);
        }
        let length = match wanted.schedule.end {
            Ending::Permanent => return,
            Ending::After(length) => length,
            Ending::Until(end) => wanted.schedule.start.unwrap_or(self.now).until(end),
        };
        if length < Duration::SHORTEST_ASSIGNMENT {
            let message = if wanted.as_allowed {
                format!("the settings allow no {} assignment `{address}` of any length", declared.key.kind)
            } else {
                let shortest = Duration::SHORTEST_ASSIGNMENT;
                format!("`{address}` would last for {length}, and the service refuses less than {shortest}")
            };
            findings.push(
                self.with_settings(
                    Finding::error("too-short", message).at(declared.at, "declared here"),
                    declared.key.kind,
                )
                .help("give it a longer time"),
            );
        }
    }

    fn beyond(&self, declared: &DesiredAssignment, allowed: Expiry, address: &str, findings: &mut Findings) {
        let asked = match declared.schedule.end {
            crate::model::DesiredEnding::Permanent => "is permanent".to_owned(),
            crate::model::DesiredEnding::Until(end) => format!("runs until {}", end.date()),
            crate::model::DesiredEnding::For { length, .. } => format!("runs for {length}"),
            crate::model::DesiredEnding::AsAllowed => "has no end".to_owned(),
        };
        let kind = declared.key.kind;
        let finding = Finding::error(
            "not-allowed-by-settings",
            format!("`{address}` {asked}, but its settings allow {kind} assignments for at most {allowed}"),
        )
        .at(declared.at, "declared here");
        findings.push(self.with_settings(finding, kind).help(format!(
            "shorten the assignment with `for:` or `until:`, or raise `{kind}_assignment.expire_after` of the settings"
        )));
    }

    fn evidence(&self, declared: &DesiredAssignment, address: &str, findings: &mut Findings) {
        let kind = declared.key.kind;
        let rules = self.rules(kind);
        let spec = self.declared.settings.assignment(kind);
        let mut missing = |id, what: &str, key: &str, at| {
            findings.push(
                Finding::error(id, format!("`{address}` has no {what}, which its settings ask of {kind} assignments"))
                    .at(declared.at, format!("no `{key}:`"))
                    .at_some(at, "asked for here")
                    .help(format!("add `{key}:` to the assignment, or set `{kind}_assignment.{key}: false`")),
            );
        };
        if rules.justification == true && declared.justification.is_none() {
            missing("justification-needed", "justification", "justification", spec.justification.at());
        }
    }

    fn rules(&self, kind: Kind) -> &crate::model::settings::AssignmentRules<Current> {
        let settings: &Settings<Current> = &self.compared.settings_after;
        settings.assignment(kind)
    }

    fn with_settings(&self, finding: Finding, kind: Kind) -> Finding {
        finding.at_some(self.declared.settings.assignment(kind).expire_after.at(), "allowed here")
    }
}

/// Somebody who is to be on the list of members or owners of a group, statically or through PIM.
pub(super) struct Joining<'a> {
    pub(super) directory: &'a Directory,
    pub(super) group: PrincipalId,
    pub(super) relation: Relation,
    pub(super) principal: PrincipalId,
}

impl Joining<'_> {
    /// The directory takes no group into one that is role-assignable, and none as an owner. An eligible group is on no
    /// list, so it is taken.
    pub(super) fn check(&self, address: &str, at: Span, findings: &mut Findings) {
        let facts = |id| self.directory.principal(id).and_then(|principal| principal.group());
        let (Some(_), Some(group)) = (facts(self.principal), facts(self.group)) else { return };
        // docs/service.md: groups-1, groups-3
        let (message, help) = match self.relation {
            Relation::Member if group.role_assignable.is_yes() => (
                format!("`{address}`: the service takes no group as a member of a role-assignable group"),
                "name the people, or make the group eligible under `member:`",
            ),
            Relation::Owner => {
                (format!("`{address}`: the service takes no group as an owner of a group"), "name the people")
            }
            Relation::Member => return,
        };
        findings.push(Finding::error("nested-group", message).at(at, "a group").help(help));
    }
}
