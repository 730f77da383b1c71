//! Which settings of a tenant can be declared.

use std::collections::BTreeSet;

use super::draft::{Layer, Who};
use super::left::{Leaving, Why};
use super::names::Names;
use crate::model::settings::{Leaf, Visit};
use crate::model::{
    Approval, Approver, Duration, Expiry, Field, Level, Mail, PrincipalId, PrincipalKind, Settings, Sparse, Surface,
    Value,
};

/// The fields that the language has words for, and the principals who approve. What it has none for is noted.
pub(super) fn declarable(
    stated: &Settings<Sparse>,
    surface: Surface,
    names: &Names<'_>,
    address: &str,
    left: &mut Leaving,
) -> (Layer, BTreeSet<PrincipalId>) {
    struct Look<'l>(Vec<(Field, Value)>, &'l mut dyn FnMut(Field, &Value) -> bool);
    impl Visit<Sparse> for Look<'_> {
        fn field<T: Leaf>(&mut self, field: Field, slot: &Option<T>) {
            if let Some(value) = slot.as_ref().map(Leaf::value)
                && (self.1)(field, &value)
            {
                self.0.push((field, value));
            }
        }
    }
    let mut by: Vec<Who> = Vec::new();
    let mut approving = BTreeSet::new();
    let mut keep = |field: Field, value: &Value| {
        let problem = match value {
            Value::Approval(Approval::Required(approvers)) => {
                let all: Result<Vec<Who>, Why> = approvers.iter().map(|approver| named(approver, names)).collect();
                all.map(|all| {
                    by = all;
                    approving.extend(approvers.iter().map(Approver::principal));
                })
                .err()
            }
            Value::Extension(asked) if surface == Surface::Azure && !asked.is_none() => Some(Why::ExtensionOnAzure),
            other => odd(other),
        };
        let Some(why) = problem else { return true };
        left.say(format!("{address}/settings"), why, format!("`{field}`: {}", why.words()));
        false
    };
    let mut look = Look(Vec::new(), &mut keep);
    stated.visit(&mut look);
    let fields = look.0;
    let by = by.into_iter().map(super::draft::Approvers::One).collect();
    (Layer { fields, by }, approving)
}

fn named(approver: Approver, names: &Names<'_>) -> Result<Who, Why> {
    let who = names.who(approver.principal()).map_err(|_| Why::UnknownApprover)?;
    let kind = match approver {
        Approver::Group(_) => PrincipalKind::Group,
        Approver::User(_) => PrincipalKind::User,
    };
    if who.kind == kind { Ok(who) } else { Err(Why::UnknownApprover) }
}

/// Why a value cannot be declared, if it cannot. The limits are those of the policy language.
fn odd(value: &Value) -> Option<Why> {
    let half_hour = Duration::from_minutes(30).as_secs();
    match value {
        Value::Duration(length) => {
            let seconds = length.as_secs();
            let fits = seconds.is_multiple_of(half_hour) && (1..=48).contains(&(seconds / half_hour));
            (!fits).then_some(Why::OddValue)
        }
        Value::Expiry(Expiry::After(length)) => {
            let fits = (Duration::from_days(1)..=Duration::from_days(3650)).contains(length);
            (!fits).then_some(Why::OddValue)
        }
        Value::Level(Level::None) => Some(Why::NoNotification),
        Value::Approval(Approval::DefaultApprovers) => Some(Why::DefaultApprovers),
        Value::Recipients(recipients) => {
            let fits = |mail: &Mail| mail.to_string().parse().is_ok_and(|same: Mail| same == *mail);
            (!recipients.0.iter().all(fits)).then_some(Why::OddValue)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Directory, Extensions};

    #[test]
    fn an_extension_is_taken_over_where_it_can_be_declared() {
        let id = "7d0f3c1a-4a3e-4d0e-9a42-0d5a4f6f0c11".parse().unwrap();
        let mut stated = Settings::<Sparse>::default();
        stated.activation.extension = Some(Extensions { before_approval: Some(id), after_approval: None });
        stated.activation.justification = Some(false);
        let directory = Directory::default();
        for (surface, fields, noted) in [(Surface::Directory, 2, 0), (Surface::Groups, 2, 0), (Surface::Azure, 1, 1)] {
            let mut left = Leaving::default();
            let (layer, _) = declarable(&stated, surface, &Names::new(&directory), "here", &mut left);
            assert_eq!((layer.fields.len(), left.0.len()), (fields, noted), "{surface:?}");
        }
    }
}
