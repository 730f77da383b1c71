use super::*;
use crate::backend::microsoft::probe::{Place, Seen, SignedIn};
use crate::backend::microsoft::{Observed, Service, ServiceError};

const TENANT: &str = "3f1c0c5e-0000-4000-8000-000000000001";

fn signed_in(granted: &[&str]) -> Fact {
    let granted =
        (!granted.is_empty()).then(|| Granted::ToApplication(granted.iter().map(|it| Box::from(*it)).collect()));
    Fact::SignIn(Service::Graph, Ok(SignedIn { tenant: TENANT.parse().ok(), granted, ..SignedIn::default() }))
}

fn refused(kind: ErrorKind) -> ServiceError {
    ServiceError::new("GET", "/v1.0/x", kind, "no")
}

fn collection(area: Area, answer: Result<Seen, ServiceError>) -> Fact {
    Fact::Collection(area, Place::Tenant, answer)
}

fn level(fact: &Fact, wanted: &Wanted) -> Level {
    Diagnosis::of(vec![fact.clone()], wanted)
        .checks
        .into_iter()
        .find(|check| matches!(&check.observation, Observation::Fact(found) if found == fact))
        .map(|check| check.level)
        .unwrap()
}

#[test]
fn what_the_files_do_not_need_may_fail() {
    let wanted = Wanted { read: BTreeSet::from([Area::DirectoryEligible]), ..Wanted::default() };
    let denied = |area| collection(area, Err(refused(ErrorKind::Denied)));
    assert_eq!(level(&denied(Area::DirectoryEligible), &wanted), Level::Problem);
    assert_eq!(level(&denied(Area::GroupEligible), &wanted), Level::Note);
    // A missing licence concerns everything.
    let unlicensed = collection(Area::GroupEligible, Err(refused(ErrorKind::Unlicensed)));
    assert_eq!(level(&unlicensed, &wanted), Level::Problem);
}

#[test]
fn names_are_looked_up_among_all_kinds_of_principals() {
    let wanted = Wanted { read: BTreeSet::from([Area::Objects]), ..Wanted::default() };
    for area in [Area::Users, Area::Groups, Area::ServicePrincipals] {
        assert_eq!(level(&collection(area, Err(refused(ErrorKind::Denied))), &wanted), Level::Problem);
    }
}

#[test]
fn a_property_that_is_missing_is_worse_than_a_word_that_is_not_known() {
    let seen = |lacking: &[(&'static str, usize)], strange: &[&str]| {
        let strange = strange.iter().map(|text| (*text).to_owned()).collect();
        collection(Area::Users, Ok(Seen { lacking: lacking.to_vec(), strange, ..Seen::default() }))
    };
    let wanted = Wanted::default();
    assert_eq!(level(&seen(&[], &[]), &wanted), Level::Good);
    assert_eq!(level(&seen(&[], &["x"]), &wanted), Level::Warning);
    assert_eq!(level(&seen(&[("accountEnabled", 1)], &["x"]), &wanted), Level::Problem);
}

#[test]
fn clocks_may_be_a_little_off() {
    let observed = |ahead| Fact::Observed(Service::Graph, Observed { ahead: Some(ahead), ..Observed::default() });
    let wanted = Wanted::default();
    let levels = [-59, 60, -299, 300, -300].map(|ahead| level(&observed(ahead), &wanted));
    assert_eq!(levels, [Level::Good, Level::Warning, Level::Warning, Level::Problem, Level::Problem]);
}

#[test]
fn limits_that_are_near_are_told() {
    let arm = |remaining| Fact::Observed(Service::Arm, Observed { remaining: Some(remaining), ..Observed::default() });
    assert_eq!(level(&arm(20), &Wanted::default()), Level::Good);
    assert_eq!(level(&arm(19), &Wanted::default()), Level::Warning);
}

#[test]
fn another_tenant_is_a_problem() {
    let other = "3f1c0c5e-0000-4000-8000-000000000002";
    let wanted = Wanted { tenant: other.parse().ok(), ..Wanted::default() };
    assert_eq!(Diagnosis::of(vec![signed_in(&[])], &wanted).worst(), Level::Problem);
    let wanted = Wanted { tenant: TENANT.parse().ok(), ..Wanted::default() };
    assert!(Diagnosis::of(vec![signed_in(&[])], &wanted).worst() < Level::Problem);
}

#[test]
fn the_licence_is_known_from_what_pim_answers() {
    let answer = |facts: &[Fact]| match licence(facts) {
        Observation::Licence(answer) => answer,
        other => panic!("{other:?}"),
    };
    let good = collection(Area::GroupActive, Ok(Seen::default()));
    let unlicensed = collection(Area::AzureActive, Err(refused(ErrorKind::Unlicensed)));
    // Users can be listed without any licence.
    let users = collection(Area::Users, Ok(Seen::default()));
    assert_eq!(answer(&[users]), Answer::Unknown);
    assert_eq!(answer(std::slice::from_ref(&good)), Answer::Yes);
    assert_eq!(answer(&[good, unlicensed]), Answer::No);
}

#[test]
fn a_permission_is_held_by_name_or_by_one_that_covers_it() {
    let names = |names: &[&str]| names.iter().map(|name| Box::from(*name)).collect::<BTreeSet<Box<str>>>();
    let held = names(&["RoleManagement.ReadWrite.Directory", "Directory.ReadWrite.All"]);
    assert!(holds(&held, "RoleManagement.Read.Directory"));
    assert!(holds(&held, "RoleEligibilitySchedule.ReadWrite.Directory"));
    assert!(holds(&held, "Directory.Read.All"));
    assert!(!holds(&held, "AuditLog.Read.All"));
    assert!(!holds(&names(&["RoleManagement.Read.Directory"]), "RoleManagement.ReadWrite.Directory"));
}

#[test]
fn whoever_cannot_sign_in_at_all_is_shut_out() {
    let shut = |service| Fact::SignIn(service, Err(refused(ErrorKind::Unauthenticated)));
    let diagnosis = Diagnosis::of(vec![shut(Service::Graph), shut(Service::Arm)], &Wanted::default());
    assert!(diagnosis.is_shut_out());
    assert_eq!(diagnosis.worst(), Level::Problem);
    assert!(!Diagnosis::of(vec![signed_in(&[]), shut(Service::Arm)], &Wanted::default()).is_shut_out());
}
