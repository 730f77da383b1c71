//! Narrows a plan to some addresses.

use std::collections::BTreeSet;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::{Plan, StepId};
use crate::model::text::name_key;
use crate::model::{Desired, DesiredList, DesiredMembers, Kind, Names, Relation};

/// Globs over addresses. `*` stands for one part of an address or some of it, `**` for any number of parts. A glob that
/// covers the beginning of an address covers all of it, so `directory/*` and `group/SEC-GA` need nothing at their end.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    globs: Vec<String>,
    set: Option<GlobSet>,
}

impl Filter {
    /// Reads globs; none lets everything pass.
    pub fn new(globs: Vec<String>) -> Result<Self, globset::Error> {
        if globs.is_empty() {
            return Ok(Self::default());
        }
        let mut builder = GlobSetBuilder::new();
        for glob in &globs {
            builder.add(GlobBuilder::new(&name_key(glob)).literal_separator(true).build()?);
        }
        Ok(Self { set: Some(builder.build()?), globs })
    }

    /// The globs.
    pub fn globs(&self) -> &[String] {
        &self.globs
    }

    /// True when a glob covers the address.
    pub fn covers(&self, address: &str) -> bool {
        let Some(set) = &self.set else { return true };
        beginnings(&name_key(address)).any(|beginning| set.is_match(beginning))
    }

    /// The globs that cover nothing of what is declared, nor of the whole plan: most likely slips of the keyboard.
    pub fn idle(&self, desired: &Desired, plan: &Plan) -> Vec<&str> {
        let Some(set) = &self.set else { return Vec::new() };
        let mut used = BTreeSet::new();
        let mut see = |address: &str| {
            used.extend(beginnings(&name_key(address)).flat_map(|beginning| set.matches(beginning)));
        };
        declared(desired, &mut see);
        plan.steps.iter().for_each(|step| see(&step.address));
        plan.observations.iter().for_each(|observation| see(&observation.address));
        let idle = self.globs.iter().enumerate().filter(|(at, _)| !used.contains(at));
        idle.map(|(_, glob)| glob.as_str()).collect()
    }

    /// The plan with what the globs cover, and with the steps that those steps need.
    #[must_use]
    pub fn narrow(&self, mut plan: Plan) -> Plan {
        if self.set.is_none() {
            return plan;
        }
        let mut wanted: BTreeSet<StepId> = BTreeSet::new();
        // Steps come after what they depend on, so one pass from the end finds everything.
        for step in plan.steps.iter().rev() {
            if wanted.contains(&step.id) || self.covers(&step.address) {
                wanted.insert(step.id);
                wanted.extend(&step.depends_on);
            }
        }
        plan.steps.retain(|step| wanted.contains(&step.id));
        plan.observations.retain(|observation| self.covers(&observation.address));
        plan.only.clone_from(&self.globs);
        let named: BTreeSet<_> = plan.steps.iter().flat_map(|step| step.operation.principals()).collect();
        plan.principals.retain(|id, _| named.contains(id));
        plan
    }
}

/// An address, and all that it lies in.
fn beginnings(address: &str) -> impl Iterator<Item = &str> {
    let ends = address.match_indices('/').map(|(at, _)| at).chain([address.len()]);
    ends.filter_map(|end| address.get(..end))
}

/// Shows every address that the files declare something at.
fn declared(desired: &Desired, see: &mut impl FnMut(&str)) {
    let names = Names::new(&desired.directory);
    for (target, declared) in &desired.targets {
        let name = names.target(target);
        see(&format!("{name}/settings"));
        for kind in [Kind::Eligible, Kind::Active] {
            if let DesiredList::Managed { assignments, .. } = declared.list(kind) {
                see(&format!("{name}/{kind}"));
                for assignment in assignments {
                    see(&names.assignment(&name, &assignment.key));
                }
            }
        }
    }
    for (group, declared) in &desired.groups {
        see(&format!("group/{}", names.group(*group)));
        for relation in [Relation::Member, Relation::Owner] {
            if let DesiredMembers::Managed { principals, .. } = declared.list(relation) {
                see(&names.relation(*group, relation));
                for principal in principals.keys() {
                    see(&names.membership(*group, relation, *principal));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_covers_what_lies_below_it() {
        let covers = |glob: &str, address: &str| Filter::new(vec![glob.to_owned()]).unwrap().covers(address);
        let address = "directory/Global Administrator/eligible/user:ada@contoso.example";
        for glob in ["directory/*", "directory/global administrator", "directory/*/eligible", "**/user:ada*", "**"] {
            assert!(covers(glob, address), "{glob}");
        }
        for glob in ["azure/*", "directory/Global", "directory/*/active", "*/user:ada*"] {
            assert!(!covers(glob, address), "{glob}");
        }
        assert!(covers("group/b\u{fc}ro*", "group/BU\u{308}RO Nord/member/settings"));
        assert!(covers("GROUP/[Bb]u\u{308}ro", "group/b\u{fc}ro") && !covers("group/buro", "group/b\u{fc}ro"));
    }
}
