use http::Method;

use super::*;

fn fault(text: &str) -> Fault {
    text.parse().unwrap()
}

#[test]
fn every_documented_fault_can_be_written_and_is_named_as_documented() {
    for (usage, help) in Fault::all() {
        let name = usage.split(['[', '=']).next().unwrap();
        let text = if name == "denied" || name == "latency" { format!("{name}=7") } else { name.to_owned() };
        assert_eq!(fault(&text).name(), name);
        assert!(!help.is_empty());
    }
}

#[test]
fn values_are_read_and_nonsense_is_refused() {
    assert_eq!(fault("throttling=3"), Fault::Throttling(3));
    assert_eq!(fault("reset=after:2"), Fault::Reset(Moment::After, 2));
    assert_eq!(fault("server-error=4"), Fault::ServerError(Moment::Read, 4));
    let role = Some(uuid::Uuid::from_u128(7));
    let id = "00000000-0000-0000-0000-000000000007";
    assert_eq!(fault(&format!("two-ids={id}")), Fault::TwoIds(TwoIds { role, strict: false }));
    assert_eq!(fault(&format!("two-ids=strict:{id}")), Fault::TwoIds(TwoIds { role, strict: true }));
    assert_eq!(fault("denied=/subscriptions/x"), Fault::Denied("/subscriptions/x".to_owned()));
    for bad in [
        "nothing",
        "throttling=0",
        "throttling=x",
        "reset=during:2",
        "denied",
        "latency",
        "policy-id-changes=1",
        "two-ids=x",
    ] {
        assert!(bad.parse::<Fault>().is_err(), "{bad}");
    }
}

#[test]
fn every_nth_call_is_throttled() {
    let faults = Faults::new(vec![fault("throttling=3")]);
    let broken: Vec<bool> = (0..6).map(|_| faults.before(Call::Read).is_some()).collect();
    assert_eq!(broken, [false, false, true, false, false, true]);
}

#[test]
fn a_write_is_broken_before_or_after_it_took_effect_and_reads_are_left_alone() {
    let faults = Faults::new(vec![fault("reset=after:2")]);
    assert_eq!((faults.before(Call::Write), faults.after(Call::Write)), (None, None));
    assert_eq!((faults.before(Call::Read), faults.after(Call::Read)), (None, None));
    assert_eq!((faults.before(Call::Write), faults.after(Call::Write)), (None, Some(Broken::Reset)));
    faults.set(vec![fault("server-error=before:1")]);
    assert_eq!((faults.before(Call::Read), faults.before(Call::Write)), (None, Some(Broken::Failed(500))));
}

fn request(method: Method, target: &str) -> Request {
    Request::new(method, "http://127.0.0.1", target, Vec::new(), String::new()).unwrap()
}

fn caller() -> Caller {
    Caller {
        id: uuid::Uuid::nil(),
        name: None,
        upn: None,
        app_id: None,
        is_application: true,
        mfa: false,
        contexts: Vec::new(),
    }
}

#[test]
fn a_denied_scope_takes_what_is_below_with_it_and_nothing_else() {
    let faults = Faults::new(vec![fault("denied=/subscriptions/A")]);
    let denied = |scope: &str| faults.denies_azure(scope, "x/read", &caller()).map(|failure| failure.code);
    assert_eq!(denied("/subscriptions/a").as_deref(), Some("AuthorizationFailed"));
    assert!(denied("/Subscriptions/a/resourceGroups/x").is_some());
    assert!(denied("/subscriptions/ab").is_none());
    assert!(faults.denies_graph(&request(Method::GET, "/v1.0/users")).is_none());
}

#[test]
fn a_denied_surface_is_refused_as_pim_refuses_and_names_the_permission() {
    let faults = Faults::new(vec![fault("denied=groups")]);
    let refused = |target: &str| faults.denies_graph(&request(Method::GET, target));
    let schedules = refused("/v1.0/identityGovernance/privilegedAccess/group/eligibilitySchedules").unwrap();
    assert!(schedules.nested && schedules.message.contains("PrivilegedEligibilitySchedule.Read.AzureADGroup"));
    assert!(refused("/v1.0/policies/roleManagementPolicyAssignments?$filter=scopeType%20eq%20%27Group%27").is_some());
    assert!(refused("/v1.0/policies/roleManagementPolicyAssignments?$filter=scopeId%20eq%20'/'").is_none());
    assert!(refused("/v1.0/roleManagement/directory/roleEligibilitySchedules").is_none());
}

#[test]
fn posts_that_only_read_are_no_writes() {
    assert_eq!(Call::of(&request(Method::POST, "/v1.0/directoryObjects/getByIds")), Call::Read);
    assert_eq!(Call::of(&request(Method::POST, "/v1.0/$batch")), Call::Bundle);
    assert_eq!(Call::of(&request(Method::POST, "/v1.0/groups")), Call::Write);
}

#[test]
fn times_are_those_that_were_given() {
    let faults = Faults::new(vec![fault("latency=100"), fault("slow-pages=20")]);
    assert_eq!(faults.latency(), Some(Duration::from_millis(100)));
    assert_eq!(faults.slow_page(), Some(Duration::from_millis(20)));
    faults.set(Vec::new());
    assert_eq!((faults.latency(), faults.slow_page()), (None, None));
}

#[test]
fn a_token_expires_after_its_calls_and_another_is_fresh() {
    let faults = Faults::new(vec![fault("expired-tokens=2")]);
    assert_eq!([faults.expired("a"), faults.expired("a"), faults.expired("a")], [false, false, true]);
    assert!(!faults.expired("b"));
}
