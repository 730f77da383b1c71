//! What a look at a live tenant means for planning and applying these policy files: which of the facts are good, which
//! need attention, and which will make a plan incomplete or an apply fail.

mod anonymous;
mod level;

use std::collections::BTreeSet;

use crate::backend::microsoft::ErrorKind;
use crate::backend::microsoft::permission::Area;
use crate::backend::microsoft::probe::{Fact, Granted};
use crate::model::TenantId;
use crate::permissions::{Permissions, Purpose};

pub use anonymous::anonymous;
pub use level::Level;

/// What was looked at and what it means, in an order that reads well.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// The tenant that answered, if one did.
    pub tenant: Option<TenantId>,
    /// Everything that was looked at.
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
pub struct Check {
    /// How it stands.
    pub level: Level,
    /// What was found.
    pub observation: Observation,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// A fact as it was found.
    Fact(Fact),
    /// The files name another tenant than the one that answers.
    OtherTenant {
        /// As the files have it.
        declared: TenantId,
        /// Which one answers.
        found: TenantId,
    },
    /// Whether the identity has the permissions of Microsoft Graph that the files need for a purpose.
    Permissions(Purpose, Held),
    /// The actions of Azure that an apply needs. Whether the identity may do them shows only when it does.
    AzureActions(usize),
    /// Whether the tenant has the licence that PIM needs.
    Licence(Answer),
    /// Whether PIM was ever opened in the tenant.
    Opened(Answer),
    /// How many collections had more than one page.
    Paging(usize),
    /// There are no policy files that say what is needed.
    NoFiles,
}

/// What is known of permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// So many are needed, and all are there.
    All(usize),
    /// These are not there.
    Without(Vec<&'static str>),
    /// The token does not say.
    NotSaid,
}

/// A yes, a no, or neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is so.
    Yes,
    /// It is not so.
    No,
    /// Nothing that was asked says so.
    Unknown,
}

/// What the policy files ask for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The tenant that they are for.
    pub tenant: Option<TenantId>,
    /// What a plan of them reads.
    pub read: BTreeSet<Area>,
    /// What they need for each purpose.
    pub permissions: Option<Permissions>,
}

impl Diagnosis {
    /// What these facts mean for these files.
    pub fn of(facts: Vec<Fact>, wanted: &Wanted) -> Self {
        let tenant = facts.iter().find_map(tenant);
        let mut observations = Vec::new();
        if wanted.permissions.is_none() {
            observations.push(Observation::NoFiles);
        }
        if let (Some(declared), Some(found)) = (wanted.tenant, tenant)
            && declared != found
        {
            observations.push(Observation::OtherTenant { declared, found });
        }
        let granted = facts.iter().find_map(granted);
        let more = [licence(&facts), opened(&facts), paging(&facts)];
        let (sign_ins, others): (Vec<Fact>, Vec<Fact>) =
            facts.into_iter().partition(|fact| matches!(fact, Fact::SignIn(..)));
        let signed_in = sign_ins.iter().any(|fact| matches!(fact, Fact::SignIn(_, Ok(_))));
        observations.splice(0..0, sign_ins.into_iter().map(Observation::Fact));
        if signed_in {
            observations.extend(wanted.permissions.iter().flat_map(|needed| permissions(needed, granted.as_ref())));
            observations.extend(more);
        }
        observations.extend(others.into_iter().map(Observation::Fact));
        let checks = observations
            .into_iter()
            .map(|observation| Check { level: level::of(&observation, wanted), observation })
            .collect();
        Self { tenant, checks }
    }

    /// The worst of all.
    pub fn worst(&self) -> Level {
        self.checks.iter().map(|check| check.level).max().unwrap_or(Level::Good)
    }

    /// Whether nobody could sign in at all.
    pub fn is_shut_out(&self) -> bool {
        !self.checks.iter().any(|check| matches!(&check.observation, Observation::Fact(Fact::SignIn(_, Ok(_)))))
    }
}

fn tenant(fact: &Fact) -> Option<TenantId> {
    match fact {
        Fact::SignIn(_, Ok(signed_in)) => signed_in.tenant,
        _ => None,
    }
}

fn granted(fact: &Fact) -> Option<Granted> {
    match fact {
        Fact::SignIn(_, Ok(signed_in)) => signed_in.granted.clone(),
        _ => None,
    }
}

fn permissions(needed: &Permissions, granted: Option<&Granted>) -> Vec<Observation> {
    let mut found = Vec::new();
    for required in &needed.required {
        let held = match granted {
            None => Held::NotSaid,
            Some(Granted::ToApplication(names) | Granted::ByUser(names)) => {
                let lacks = required.graph.iter().map(|one| one.permission).filter(|name| !holds(names, name));
                let lacks: Vec<&'static str> = lacks.collect();
                if lacks.is_empty() { Held::All(required.graph.len()) } else { Held::Without(lacks) }
            }
        };
        if !required.graph.is_empty() {
            found.push(Observation::Permissions(required.purpose, held));
        }
        let actions: BTreeSet<&str> =
            required.azure.iter().flat_map(|role| role.actions.iter().map(|action| action.action)).collect();
        if required.purpose == Purpose::Apply && !actions.is_empty() {
            found.push(Observation::AzureActions(actions.len()));
        }
    }
    found
}

/// Whether a permission is among these, or one that covers it. One to read and write covers the one to read.
fn holds(names: &BTreeSet<Box<str>>, wanted: &str) -> bool {
    let write = wanted.replacen(".Read.", ".ReadWrite.", 1);
    names.iter().any(|name| {
        name.eq_ignore_ascii_case(wanted)
            || name.eq_ignore_ascii_case(&write)
            || crate::backend::microsoft::permission::covers(name, wanted)
    })
}

/// What PIM itself answers for: it does so in a licensed tenant only.
const PIM: [Area; 9] = [
    Area::DirectoryPolicies,
    Area::DirectoryEligible,
    Area::DirectoryActive,
    Area::GroupPolicies,
    Area::GroupEligible,
    Area::GroupActive,
    Area::AzurePolicies,
    Area::AzureEligible,
    Area::AzureActive,
];

fn licence(facts: &[Fact]) -> Observation {
    Observation::Licence(unless(facts, ErrorKind::Unlicensed))
}

fn opened(facts: &[Fact]) -> Observation {
    Observation::Opened(unless(facts, ErrorKind::NeverOpened))
}

/// No where something of PIM failed for this reason, yes where something of it answered.
fn unless(facts: &[Fact], reason: ErrorKind) -> Answer {
    let answers = || {
        facts.iter().filter_map(|fact| match fact {
            Fact::Collection(area, _, answer) if PIM.contains(area) => Some(answer),
            _ => None,
        })
    };
    if answers().any(|answer| answer.as_ref().is_err_and(|error| error.kind == reason)) {
        Answer::No
    } else if answers().any(Result::is_ok) {
        Answer::Yes
    } else {
        Answer::Unknown
    }
}

fn paging(facts: &[Fact]) -> Observation {
    let several = facts.iter().filter(|fact| matches!(fact, Fact::Collection(_, _, Ok(seen)) if seen.pages > 1));
    Observation::Paging(several.count())
}

#[cfg(test)]
mod tests;
