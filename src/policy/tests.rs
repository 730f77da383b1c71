//! Every finding of the policy language, by the words that a user sees.

use std::fmt::Write as _;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::diag::{FileId, Findings, SourceFile, SourceMap, report};
use crate::model::directory::DirectoryParts;
use crate::model::*;

/// Reads files named `a.yaml`, `b.yaml`, ... as `load` would.
fn read(texts: &[&str]) -> (Documents, SourceMap, Findings) {
    let (mut sources, mut findings, mut documents) = (SourceMap::default(), Findings::default(), Vec::new());
    for (text, name) in texts.iter().zip('a'..) {
        let id = sources.add(SourceFile::new(&format!("{name}.yaml"), (*text).to_owned()));
        let (document, problems) = load::decode(id, text);
        documents.extend(document);
        findings.extend(problems);
    }
    let (documents, problems) = merge::merge(documents, texts.len());
    findings.extend(problems);
    (documents, sources, findings)
}

fn show(findings: &Findings, sources: &SourceMap) -> String {
    let mut out = String::new();
    for finding in findings.sorted() {
        let _ = writeln!(out, "{}: {}", finding.id, finding.message);
        for label in &finding.labels {
            let _ =
                writeln!(out, "  {} {} <{}>", sources.place(label.span).unwrap(), label.text, sources.text(label.span));
        }
        let _ = writeln!(out, "  help: {}", finding.help.as_deref().unwrap_or("NONE"));
    }
    out
}

/// What is wrong with the files in themselves, `version: 1` put in front of the first.
fn problems(texts: &[&str]) -> String {
    let first = format!("version: 1\n{}", texts[0]);
    let mut all = vec![&*first];
    all.extend(&texts[1..]);
    let (documents, sources, mut findings) = read(&all);
    if findings.is_empty() {
        findings.extend(check_offline(&documents));
    }
    show(&findings, &sources)
}

fn guid(n: u32) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

fn principal(n: u32, name: &str, detail: PrincipalDetail) -> Principal {
    Principal { id: guid(n).parse().unwrap(), display_name: name.into(), detail }
}

fn user(n: u32, name: &str) -> Principal {
    let user_principal_name = format!("{}@contoso.example", name.to_lowercase()).into();
    principal(n, name, PrincipalDetail::User { user_principal_name, enabled: Answer::Yes, sort: None })
}

fn service(app: &str) -> PrincipalDetail {
    PrincipalDetail::ServicePrincipal { app_id: Some(app.parse().unwrap()), enabled: Answer::Yes, sort: None }
}

fn group(n: u32, name: &str, role_assignable: bool, membership: GroupMembership) -> Principal {
    let facts =
        GroupFacts { role_assignable: role_assignable.into(), membership, onboarded: Answer::No, planned: false };
    principal(n, name, PrincipalDetail::Group(facts))
}

const SUBSCRIPTION: &str = "/subscriptions/7a3c0d7e-0000-4000-8000-000000000001";

fn role(n: u32, name: &str, scopes: &[&str]) -> Role {
    let assignable_scopes = scopes.iter().map(|scope| scope.parse().unwrap()).collect();
    Role { id: guid(n).parse().unwrap(), name: name.into(), assignable_scopes }
}

fn place(scope: &str, name: Option<&str>) -> ArmPlace {
    ArmPlace { scope: scope.parse().unwrap(), name: name.map(Into::into) }
}

fn directory() -> Arc<Directory> {
    let resource_group = format!("{SUBSCRIPTION}/resourceGroups/App");
    Arc::new(Directory::new(DirectoryParts {
        principals: vec![
            user(1, "Ada"),
            user(2, "Grace"),
            user(3, "Paul"),
            group(11, "SEC-GA", true, GroupMembership::Assigned),
            group(12, "SEC-Plain", false, GroupMembership::Assigned),
            group(13, "Twin", true, GroupMembership::Assigned),
            group(14, "twin", true, GroupMembership::Assigned),
            group(15, "Everyone", false, GroupMembership::Dynamic),
            principal(21, "Deploy", service(&guid(99))),
        ],
        directory_roles: vec![
            role(101, "Global Administrator", &[]),
            role(102, "User Administrator", &[]),
            role(103, "Reader", &[]),
        ],
        azure_roles: vec![
            role(201, "Owner", &[]),
            role(202, "Reader", &[]),
            role(203, "App Operator", &[&resource_group]),
            role(204, "App operator", &[SUBSCRIPTION]),
        ],
        administrative_units: vec![AdministrativeUnit { id: guid(301).parse().unwrap(), name: "Sales".into() }],
        contexts: Some(vec![AuthenticationContext {
            id: "c1".parse().unwrap(),
            name: "Strong".into(),
            available: Answer::Yes,
        }]),
        places: vec![
            place("/providers/Microsoft.Management/managementGroups/core", Some("Core Platform")),
            place(SUBSCRIPTION, Some("Production")),
            place(&resource_group, None),
        ],
    }))
}

fn resolved(text: &str) -> (Option<Desired>, SourceMap, Findings) {
    let (documents, sources, findings) = read(&[&format!("version: 1\n{text}")]);
    assert!(findings.is_empty(), "{}", show(&findings, &sources));
    let (desired, findings) = resolve(&documents, &directory(), &Known::default());
    (desired, sources, findings)
}

/// What is wrong with a file in this tenant.
fn unresolved(text: &str) -> String {
    let (desired, sources, findings) = resolved(text);
    assert_eq!(desired.is_none(), findings.has_errors());
    show(&findings, &sources)
}

#[test]
fn keys_that_are_unknown_twice_missing_or_of_the_wrong_type() {
    insta::assert_snapshot!(problems(&["
profils: {}
protected:
  - { user: ada@contoso.example, user: x }
  - {}
  - { user: a, group: b }
  - 5
groups:
azure: {}
5: x
tenant: { cloud: pubic }
ownership: [x]
directory_roles:
  Reader: { eligible: { user: x }, settings: 5 }
"]), @r#"
    unknown-key: unknown key `profils`
      a.yaml:3:1 not a key here <profils>
      help: did you mean `profiles`?
    duplicate-key: `user` is declared twice
      a.yaml:5:34 declared again here <user>
      a.yaml:5:7 first declared here <user>
      help: keep one of the two
    missing-key: no principal is named
      a.yaml:6:5 who? <{}>
      help: add `user:`, `group:` or `service_principal:`
    conflicting-keys: more than one principal is named
      a.yaml:7:13 named here <a>
      a.yaml:7:23 named here <b>
      help: write one entry for each principal
    wrong-type: expected a map, found a number
      a.yaml:8:5 not a map <5>
      help: the keys here are `user`, `group` and `service_principal`
    wrong-type: expected a map, found nothing
      a.yaml:9:7 not a map <>
      help: write `name: ...` for each entry, or leave the key out
    wrong-type: expected a list, found a map
      a.yaml:10:8 not a list <{}>
      help: begin each entry with `- `
    unknown-key: unknown key `5`
      a.yaml:11:1 not a key here <5>
      help: the keys here are `version`, `backend`, `store`, `tenant`, `floor`, `ownership`, `profiles`, `approvers`, `groups`, `directory_roles`, `azure` and `protected`
    missing-key: the key `id` is missing
      a.yaml:12:9 has no `id` <{ cloud: pubic }>
      help: add `id:`
    bad-value: `pubic` is not one of `public`, `usgov` and `china`
      a.yaml:12:18 not one of `public`, `usgov` and `china` <pubic>
      help: did you mean `public`?
    wrong-type: expected one of `complete` and `additive`, found a list
      a.yaml:13:12 not one of `complete` and `additive` <[x]>
      help: write one of `complete` and `additive`
    wrong-type: expected a list, found a map
      a.yaml:15:23 not a list <{ user: x }>
      help: begin each entry with `- `
    wrong-type: expected the name of a profile, or settings, found a number
      a.yaml:15:46 not the name of a profile, or settings <5>
      help: write it in quotes: `"5"`
    "#);
}

#[test]
fn settings_with_bad_values() {
    insta::assert_snapshot!(problems(&["
profiles:
  p:
    activation:
      max_duration: P8H
      authentication: { mfa: true, context: c1 }
      justification: yes
      approval: { by: [] }
    eligible_assignment: { expire_after: 5h }
    active_assignment: { expire_after: 1 year }
    notifications: { activated: { admins: { to: [soc], critical_only: 1 } } }
  q: { activation: { max_duration: 25h, authentication: { context: c100 }, approval: some } }
  r: { activation: { max_duration: 45m, authentication: strong } }
  s: { activation: { max_duration: PT0S, authentication: [mfa, { context: c1 }] } }
"]), @r#"
    bad-duration: `P8H` is not a duration
      a.yaml:6:21 not a duration <P8H>
      help: write a number and a unit, such as `30m`, `8h`, `1h30m`, `365d`
    conflicting-keys: multifactor authentication and an authentication context cannot both be asked for
      a.yaml:7:23 asks for both <{ mfa: true, context: c1 }>
      help: write `mfa` or `{ context: c1 }`; the context itself can ask for multifactor authentication
    wrong-type: expected `true` or `false`, found text
      a.yaml:8:22 not `true` or `false` <yes>
      help: write `true` or `false`, without quotes
    approval-without-approvers: approval is asked for, but no approver is named
      a.yaml:9:17 by whom? <{ by: [] }>
      help: name an approver set, a user or a group, or write `approval: none`
    bad-duration: assignments cannot expire after `5h`
      a.yaml:10:42 not 1d to 3650d <5h>
      help: write 1d to 3650d, or `never`
    bad-duration: `1 year` counts in months or years, which have no fixed length
      a.yaml:11:40 how many days? <1 year>
      help: write a number and a unit, such as `30m`, `8h`, `1h30m`, `365d`
    bad-value: `soc` is not a mail address
      a.yaml:12:50 not a mail address <soc>
      help: write one address, such as `soc@contoso.example`
    wrong-type: expected `true` or `false`, found a number
      a.yaml:12:71 not `true` or `false` <1>
      help: write `true` or `false`, without quotes
    bad-duration: an activation cannot last up to `25h`
      a.yaml:13:36 not 30m to 24h in half hours <25h>
      help: the service accepts 30m to 24h in half hours
    bad-value: `c100` is not the id of an authentication context
      a.yaml:13:68 not the id of an authentication context <c100>
      help: write its id, `c1` to `c99`
    wrong-type: expected `none` or a map, found text
      a.yaml:13:86 not `none` or a map <some>
      help: write `none`, or `{ by: [...] }` with approver sets or principals
    bad-duration: an activation cannot last up to `45m`
      a.yaml:14:36 not 30m to 24h in half hours <45m>
      help: the service accepts 30m to 24h in half hours
    bad-value: `strong` is not a way to authenticate
      a.yaml:14:57 not known <strong>
      help: write `none`, `mfa` or `{ context: c1 }`
    bad-duration: `PT0S` is no time at all
      a.yaml:15:36 too short <PT0S>
      help: write a number and a unit, such as `30m`, `8h`, `1h30m`, `365d`
    conflicting-keys: multifactor authentication and an authentication context cannot both be asked for
      a.yaml:15:58 asks for both <[mfa, { context: c1 }]>
      help: write `mfa` or `{ context: c1 }`; the context itself can ask for multifactor authentication
    "#);
}

#[test]
fn schedules_that_make_no_sense() {
    insta::assert_snapshot!(problems(&["
directory_roles:
  Reader:
    eligible:
      - { user: a, permanent: true, until: 2027-01-01 }
      - { user: b, permanent: false }
      - { user: c, renew: 30d }
      - { user: d, for: 30d, renew: 30d }
      - { user: e, from: 2027-01-02, until: 2027-01-01 }
      - { user: f, until: 2027-01-01T10:00:00 }
      - { user: g, until: tomorrow }
      - { user: h, for: P6M }
      - { user: i, for: 5 }
      - { user: j, for: 1m }
      - { for: 5d }
      - { user: k, ticket: { system: x } }
"]), @r#"
    conflicting-keys: the assignment says more than once when it ends
      a.yaml:6:31 said here <true>
      a.yaml:6:44 said here <2027-01-01>
      help: keep one of `permanent`, `until` and `for`
    bad-value: `permanent: false` does not say when the assignment ends
      a.yaml:7:31 can only be `true` <false>
      help: leave it out, or say `until` or `for`
    conflicting-keys: `renew` needs `for`
      a.yaml:8:27 renewed for how long? <30d>
      help: say `for` as well, such as `for: 365d`
    bad-duration: `renew` is not shorter than `for`
      a.yaml:9:37 would always be due <30d>
      a.yaml:9:25 lasts this long <30d>
      help: let `renew` be a part of `for`, such as `for: 365d, renew: 30d`
    bad-time: the assignment ends before it begins
      a.yaml:10:45 ends here <2027-01-01>
      a.yaml:10:26 begins here <2027-01-02>
      help: let `from` be before `until`
    bad-time: `2027-01-01T10:00:00` has no offset from UTC
      a.yaml:11:27 has no offset <2027-01-01T10:00:00>
      help: write a date such as `2027-01-31`, or a time with its offset such as `2027-01-31T18:00:00Z`
    bad-time: `tomorrow` is not a date
      a.yaml:12:27 not a date <tomorrow>
      help: write a date such as `2027-01-31`, or a time with its offset such as `2027-01-31T18:00:00Z`
    bad-duration: `P6M` counts in months or years, which have no fixed length
      a.yaml:13:25 how many days? <P6M>
      help: write a number and a unit, such as `30m`, `8h`, `1h30m`, `365d`
    wrong-type: expected a duration, found a number
      a.yaml:14:25 not a duration <5>
      help: write a number and a unit, such as `30m`, `8h`, `1h30m`, `365d`
    bad-duration: an assignment cannot last `1m`
      a.yaml:15:25 too short <1m>
      help: the service accepts 5m and more
    missing-key: no principal is named
      a.yaml:16:9 who? <{ for: 5d }>
      help: add `user:`, `group:` or `service_principal:`
    missing-key: the key `number` is missing
      a.yaml:17:28 has no `number` <{ system: x }>
      help: add `number:`
    "#);
}

#[test]
fn files_that_declare_the_same() {
    insta::assert_snapshot!(problems(&[
        "profiles: { p: {} }\nfloor: p\ndirectory_roles: { Reader: { settings: p } }\n",
        "profiles: { p: {} }\nfloor: p\ndirectory_roles: { Reader: {} }\nprofiles: {}\n",
    ]), @r#"
    duplicate-key: `p` is declared twice
      b.yaml:1:13 declared again here <p>
      a.yaml:2:13 first declared here <p>
      help: keep one of the two
    duplicate-key: `floor` is declared twice
      b.yaml:2:8 declared again here <p>
      a.yaml:3:8 first declared here <p>
      help: keep one of the two
    duplicate-key: `Reader` is declared twice
      b.yaml:3:20 declared again here <Reader>
      a.yaml:4:20 first declared here <Reader>
      help: keep one of the two
    duplicate-key: `profiles` is declared twice
      b.yaml:4:1 declared again here <profiles>
      b.yaml:1:1 first declared here <profiles>
      help: keep one of the two
    "#);
}

#[test]
fn the_version_must_be_known_and_somewhere() {
    let (_, sources, findings) = read(&["floor: x\n", "\n"]);
    insta::assert_snapshot!(show(&findings, &sources), @r#"
    version: no policy file says which version of the policy language it is in
      help: add `version: 1` at the top of a file
    "#);
    let (_, sources, findings) = read(&["version: 2\n"]);
    insta::assert_snapshot!(show(&findings, &sources), @r#"
    version: this version of the policy language is not known
      a.yaml:1:10 not `1` <2>
      help: write `version: 1`; files of a later version need a newer pimform
    "#);
}

#[test]
fn profiles_that_are_unknown_unused_circular_or_below_the_floor() {
    insta::assert_snapshot!(problems(&["
floor: minimum
profiles:
  minimum: { activation: { max_duration: 8h, authentication: mfa, approval: { by: [leads] } } }
  a: { extends: b }
  b: { extends: c }
  c: { extends: b }
  loose: { extends: minimum, activation: { max_duration: 12h, approval: none } }
  idle: { extends: minimun }
approvers: { leads: [{ user: a }], others: [{ user: b }] }
directory_roles:
  X: { settings: loose }
  Y: { settings: loose }
  Z: { settings: { extends: mnimum, activation: { authentication: none } } }
  V: { settings: { activation: { authentication: none } } }
  W: { settings: a }
"]), @r#"
    extends-cycle: profiles extend each other in a circle: `b` -> `c` -> `b`
      a.yaml:7:17 `b` extends `c` <c>
      a.yaml:8:17 `c` extends `b` <b>
      help: take one `extends` out
    looser-than-floor: `activation.max_duration` is looser than the floor `minimum`
      a.yaml:9:58 looser <12h>
      a.yaml:5:42 than the floor here <8h>
      help: make it as strict as the floor, or change the floor for all
    looser-than-floor: `activation.approval` is looser than the floor `minimum`
      a.yaml:9:73 looser <none>
      a.yaml:5:77 than the floor here <{ by: [leads] }>
      help: make it as strict as the floor, or change the floor for all
    unknown-profile: there is no profile `minimun`
      a.yaml:10:20 no such profile <minimun>
      help: did you mean `minimum`?
    unknown-profile: there is no profile `mnimum`
      a.yaml:15:29 no such profile <mnimum>
      help: did you mean `minimum`?
    looser-than-floor: `activation.authentication` is looser than the floor `minimum`
      a.yaml:16:50 looser <none>
      a.yaml:5:62 than the floor here <mfa>
      help: make it as strict as the floor, or change the floor for all
    "#);
}

#[test]
fn approval_that_nobody_can_give() {
    insta::assert_snapshot!(problems(&["
approvers: { none: [], robots: [{ service_principal: r }] }
directory_roles:
  X: { settings: { activation: { approval: { by: [none] } } } }
  Y: { settings: { activation: { approval: { by: [non, robots, { service_principal: s }] } } } }
"]), @r#"
    not-eligible-kind: a service principal cannot approve
      a.yaml:3:54 a service principal <r>
      help: name a user or a group
    approval-without-approvers: approval is asked for, but no approver is named
      a.yaml:5:44 by whom? <{ by: [none] }>
      a.yaml:3:14 this set is empty <none>
      help: name an approver set, a user or a group, or write `approval: none`
    unknown-approvers: there is no approver set `non`
      a.yaml:6:51 no such approver set <non>
      help: did you mean `none`?
    not-eligible-kind: a service principal cannot approve
      a.yaml:6:85 a service principal <s>
      help: name a user or a group
    "#);
}

#[test]
fn what_does_not_fit_its_surroundings() {
    insta::assert_snapshot!(problems(&["
directory_roles:
  \"*\": { eligible: [] }
  X: { eligible: [{ service_principal: s, condition: c }] }
groups:
  G:
    members: []
    member: { active: [{ user: u, administrative_unit: a }] }
azure:
  - { roles: {} }
  - { scope: /subscriptions/x, roles: {} }
  - { resource_group: app, roles: {} }
  - { management_group: a, subscription: b, roles: {} }
  - { management_group: a }
"]), @r#"
    missing-key: the entry names no scope
      a.yaml:11:5 which scope? <{ roles: {} }>
      help: add `management_group:`, `subscription:`, `resource_group:`, `resource:` or `scope:`
    bad-value: `/subscriptions/x` is not an Azure scope
      a.yaml:12:14 not the id of an Azure scope </subscriptions/x>
      help: write the whole id, such as `/subscriptions/<id>/resourceGroups/<name>`
    bad-value: `app` is not the id of a resource group
      a.yaml:13:23 in which subscription? <app>
      help: write the whole id, or add `subscription:`
    conflicting-keys: the entry names more than one scope
      a.yaml:14:25 named here <a>
      a.yaml:14:42 named here <b>
      help: write one entry for each scope
    missing-key: the key `roles` is missing
      a.yaml:15:5 has no `roles` <{ management_group: a }>
      help: add `roles:`
    "#);
    insta::assert_snapshot!(problems(&["
directory_roles:
  \"*\": { eligible: [] }
  X: { eligible: [{ service_principal: s, condition: c }] }
groups:
  G:
    members: []
    member: { active: [{ user: u, administrative_unit: a }, { user: U }, { user: u, administrative_unit: A }] }
"]), @r#"
    conflicting-keys: `*` gives settings only, no assignments
      a.yaml:4:20 for which role? <[]>
      help: declare the assignments under the name of each role
    not-eligible-kind: a service principal cannot be eligible
      a.yaml:5:40 a service principal <s>
      help: nobody could activate for it; declare it under `active:`
    conflicting-keys: `condition` is for roles of Azure only
      a.yaml:5:54 does not fit here <c>
      help: take `condition` out
    conflicting-keys: `members` and `member` cannot both be declared
      a.yaml:8:14 `members` here <[]>
      a.yaml:9:13 `member` here <{ active: [{ user: u, administrative_unit: a }, { user: U }, { user: u, administrative_unit: A }] }>
      help: declare them as `active` with `permanent: true` under `member`
    conflicting-keys: `administrative_unit` is for directory roles only
      a.yaml:9:56 does not fit here <a>
      help: take `administrative_unit` out
    duplicate-assignment: the assignment of `u` is declared twice
      a.yaml:9:74 declared again here <{ user: u, administrative_unit: A }>
      a.yaml:9:24 first declared here <{ user: u, administrative_unit: a }>
      help: keep one of the two
    conflicting-keys: `administrative_unit` is for directory roles only
      a.yaml:9:106 does not fit here <A>
      help: take `administrative_unit` out
    "#);
}

#[test]
fn names_that_match_nothing_or_several() {
    insta::assert_snapshot!(unresolved("
directory_roles:
  Global Administrater: {}
  User Administrator:
    eligible:
      - { user: adda@contoso.example }
      - { group: Twin }
      - { user: SEC-GA }
      - { user: 00000000-0000-4000-8000-000000000011 }
      - { service_principal: 00000000-0000-4000-8000-000000000077, administrative_unit: Sale }
      - { group: nothing like it }
groups:
  SEC-GB: { members: [] }
  SEC-Missing-And-Far: { members: [] }
protected: [{ user: nobody }]
"), @r#"
    unknown-principal: the tenant has none of the 7 principals that the files name
      help: are the files for another tenant? `tenant: { id: ... }` in a file says which
    unknown-role: there is no role `Global Administrater` here
      a.yaml:4:3 no such role <Global Administrater>
      help: did you mean `Global Administrator`?
    unknown-principal: there is no user `adda@contoso.example`
      a.yaml:7:17 no such user <adda@contoso.example>
      help: did you mean `ada@contoso.example`?
    ambiguous-name: 2 groups have the name `Twin`
      a.yaml:8:18 which one? <Twin>
      help: write the id of the one you mean: `00000000-0000-4000-8000-000000000013`, `00000000-0000-4000-8000-000000000014`
    unknown-principal: there is no user `SEC-GA`
      a.yaml:9:17 no such user <SEC-GA>
      help: there is a group of this name; write `group: SEC-GA`
    unknown-principal: `00000000-0000-4000-8000-000000000011` is the group `SEC-GA`, not a user
      a.yaml:10:17 not a user <00000000-0000-4000-8000-000000000011>
      help: write `group: 00000000-0000-4000-8000-000000000011`
    not-eligible-kind: a service principal cannot be eligible
      a.yaml:11:30 a service principal <00000000-0000-4000-8000-000000000077>
      help: nobody could activate for it; declare it under `active:`
    unknown-principal: there is no service principal with the id `00000000-0000-4000-8000-000000000077`
      a.yaml:11:30 no such service principal <00000000-0000-4000-8000-000000000077>
      help: check the id; is it from another tenant?
    unknown-administrative-unit: there is no administrative unit `Sale`
      a.yaml:11:89 no such administrative unit <Sale>
      help: did you mean `Sales`?
    unknown-principal: there is no group `nothing like it`
      a.yaml:12:18 no such group <nothing like it>
      help: check the spelling, or declare the group under `groups:` with `create:`
    unknown-principal: there is no group `SEC-GB`
      a.yaml:14:3 no such group <SEC-GB>
      help: did you mean `SEC-GA`?
    unknown-principal: there is no group `SEC-Missing-And-Far`
      a.yaml:15:3 no such group <SEC-Missing-And-Far>
      help: check the spelling, or declare the group under `groups:` with `create:`
    unknown-principal: there is no user `nobody`
      a.yaml:16:21 no such user <nobody>
      help: check the spelling, or write the id
    "#);
}

#[test]
fn azure_names_that_match_nothing_or_several() {
    insta::assert_snapshot!(unresolved("
azure:
  - { management_group: cor, roles: {} }
  - { subscription: Production, resource_group: aps, roles: {} }
  - { subscription: Staging, resource_group: app, roles: {} }
  - { management_group: Core Platform, roles: { App Operator: {}, Ownr: {}, Owner: {} } }
  - { scope: /providers/Microsoft.Management/managementGroups/CORE, roles: { owner: {} } }
  - { subscription: Production, roles: { App Operator: {}, 00000000-0000-4000-8000-000000000203: {} } }
  - { subscription: production, resource_group: app, roles: { App Operator: {} } }
"), @r#"
    unknown-scope: there is no management group `cor`
      a.yaml:4:25 no such management group <cor>
      help: did you mean `core`?
    unknown-scope: there is no resource group `/subscriptions/7a3c0d7e-0000-4000-8000-000000000001/resourceGroups/aps`
      a.yaml:5:49 no such resource group <aps>
      help: did you mean `/subscriptions/7a3c0d7e-0000-4000-8000-000000000001/resourceGroups/App`?
    unknown-scope: there is no subscription `Staging`
      a.yaml:6:21 no such subscription <Staging>
      help: check the spelling, and that the tenant has it
    unknown-role: there is no role `App Operator` here
      a.yaml:7:49 no such role <App Operator>
      help: there is a role of this name, but it cannot be assigned at this scope
    unknown-role: there is no role `Ownr` here
      a.yaml:7:67 no such role <Ownr>
      help: did you mean `Owner`?
    duplicate-key: `Owner` is declared twice
      a.yaml:8:78 declared again here <owner>
      a.yaml:7:77 first declared here <Owner>
      help: keep one of the two
    unknown-role: there is no role `00000000-0000-4000-8000-000000000203` here
      a.yaml:9:60 no such role <00000000-0000-4000-8000-000000000203>
      help: there is a role of this name, but it cannot be assigned at this scope
    ambiguous-name: 2 roles have the name `App Operator`
      a.yaml:10:63 which one? <App Operator>
      help: write the id of the one you mean: `00000000-0000-4000-8000-000000000203`, `00000000-0000-4000-8000-000000000204`
    "#);
}

#[test]
fn the_same_thing_under_two_names() {
    insta::assert_snapshot!(unresolved("
directory_roles:
  Reader:
    eligible:
      - { user: ada@contoso.example }
      - { user: 00000000-0000-4000-8000-000000000001, for: 5d }
      - { user: ada@contoso.example, administrative_unit: Sales }
  00000000-0000-4000-8000-000000000101: {}
  global administrator: {}
groups:
  SEC-GA: { members: [{ user: ada@contoso.example }, { user: ADA@contoso.example }] }
  sec-ga: {}
protected: [{ user: ada@contoso.example }, { user: ADA@contoso.example }]
"), @r#"
    duplicate-assignment: the assignment of `ada@contoso.example` is declared twice
      a.yaml:7:9 declared again here <{ user: 00000000-0000-4000-8000-000000000001, for: 5d }>
      a.yaml:6:9 first declared here <{ user: ada@contoso.example }>
      help: keep one of the two
    duplicate-key: `Global Administrator` is declared twice
      a.yaml:10:3 declared again here <global administrator>
      a.yaml:9:3 first declared here <00000000-0000-4000-8000-000000000101>
      help: keep one of the two
    duplicate-assignment: `ada@contoso.example` is in the list twice
      a.yaml:12:62 named again here <ADA@contoso.example>
      a.yaml:12:31 first named here <ada@contoso.example>
      help: keep one of the two
    duplicate-key: `SEC-GA` is declared twice
      a.yaml:13:3 declared again here <sec-ga>
      a.yaml:12:3 first declared here <SEC-GA>
      help: keep one of the two
    "#);
}

#[test]
fn groups_that_cannot_do_what_is_declared() {
    insta::assert_snapshot!(unresolved("
groups:
  SEC-Plain: { create: { role_assignable: true } }
  Everyone: { member: { eligible: [] } }
  New: { create: {} }
directory_roles:
  Reader: { active: [{ group: SEC-Plain }, { group: New }], settings: { activation: { authentication: { context: c2 } } } }
"), @r#"
    group-not-role-assignable: the group `SEC-Plain` exists and is not role-assignable
      a.yaml:4:43 declared as role-assignable <true>
      help: this is fixed when a group is created; declare a group of another name
    group-cannot-use-pim: the group `Everyone` cannot come under PIM: a rule decides who its members are
      a.yaml:5:23 needs a group with assigned members <{ eligible: [] }>
      help: use a group whose members are assigned in the cloud
    group-not-role-assignable: the group `SEC-Plain` may not hold directory roles
      a.yaml:8:31 not role-assignable <SEC-Plain>
      help: this is fixed when a group is created; use a role-assignable group
    group-not-role-assignable: the group `New` may not hold directory roles
      a.yaml:8:53 not role-assignable <New>
      help: write `create: { role_assignable: true }` where it is declared
    unknown-context: the tenant has no authentication context `c2`
      a.yaml:8:103 not in the tenant <{ context: c2 }>
      help: create and publish it under Conditional Access
    "#);
}

/// The same tenant with more in it.
fn unresolved_with(more: Vec<Principal>, text: &str) -> String {
    let (documents, sources, findings) = read(&[&format!("version: 1\n{text}")]);
    assert!(findings.is_empty(), "{}", show(&findings, &sources));
    let directory = Directory::clone(&directory()).with_principals(more);
    show(&resolve(&documents, &Arc::new(directory), &Known::default()).1, &sources)
}

#[test]
fn nobody_takes_over_a_reference_by_a_name_that_is_an_id() {
    let named = |n: u32, id: u32| group(n, &guid(id), true, GroupMembership::Assigned);
    let service = |n: u32, name: &str, app: u32| principal(n, name, service(&guid(app)));
    let of = |text: &str| {
        unresolved_with(vec![named(31, 11), named(32, 500), service(33, &guid(99), 98), named(34, 1)], text)
    };
    for text in [
        format!("protected: [{{ group: {} }}]\n", guid(11)),
        format!("groups: {{ {}: {{ members: [] }} }}\n", guid(11)),
        format!("protected: [{{ service_principal: {} }}]\n", guid(99)),
    ] {
        assert_eq!(of(&text), "", "{text}");
    }
    // The id of a user is no name of a group either.
    let shown = of(&format!("protected: [{{ group: {} }}]\n", guid(1)));
    assert!(shown.contains("is the user"), "{shown}");
    // What it comes to is the object with that id.
    let (documents, ..) = read(&[&format!("version: 1\nprotected: [{{ group: {} }}]\n", guid(11))]);
    let directory = Arc::new(Directory::clone(&directory()).with_principals(vec![named(31, 11)]));
    let desired = resolve(&documents, &directory, &Known::default()).0.unwrap();
    assert_eq!(desired.protected.keys().map(ToString::to_string).collect::<Vec<_>>(), [guid(11)]);
    // Without another object of this id it is only a strange name.
    assert_eq!(of(&format!("protected: [{{ group: {} }}]\n", guid(500))), "");
    assert_eq!(of(&format!("protected: [{{ service_principal: {} }}]\n", guid(98))), "");
}

#[test]
fn everybody_else_is_no_place_for_ownership() {
    let shown = problems(&["directory_roles: { \"*\": { ownership: complete } }\n"]);
    assert!(shown.starts_with("conflicting-keys: `*` gives settings only, no `ownership`\n  a.yaml:2:38 "), "{shown}");
}

#[test]
fn a_planned_group_takes_no_id_that_is_taken() {
    let text = "version: 1\ngroups: { New: { create: {} } }\n";
    let planned = |directory: &Arc<Directory>| {
        let desired = resolve(&read(&[text]).0, directory, &Known::default()).0.unwrap();
        let id = *desired.groups.keys().next().unwrap();
        assert_eq!(&*desired.directory.principal(id).unwrap().display_name, "New");
        id
    };
    let first = planned(&directory());
    let renamed = Principal { id: first, ..group(0, "Renamed", false, GroupMembership::Assigned) };
    let directory = Arc::new(Directory::clone(&directory()).with_principals(vec![renamed]));
    assert_ne!(planned(&directory), first);
    assert_eq!(planned(&directory), planned(&directory));
}

#[test]
fn nothing_ends_after_the_year_9999() {
    let entry =
        |keys: &str| problems(&[&format!("directory_roles: {{ X: {{ eligible: [{{ user: a, {keys} }}] }} }}\n")]);
    for keys in ["until: 9999-12-31", "from: 9999-12-31", "from: 9999-12-30, for: 1d", "from: 2027-01-01, for: 20000d"]
    {
        assert_eq!(entry(keys), "", "{keys}");
    }
    for keys in ["until: 10000-01-01", "from: 9999-12-31, for: 2d", "from: 9000-01-01, for: 500000d, renew: 1d"] {
        let shown = entry(keys);
        assert!(shown.starts_with("bad-time: ") && shown.contains("after 9999-12-31"), "{keys}: {shown}");
    }
}

#[test]
fn a_floor_of_recipients_must_be_contained() {
    let with = |to: &str| {
        problems(&[&format!(
            "floor: f\nprofiles: {{ f: {{ notifications: {{ activated: {{ admins: {{ to: [soc@x.example] }} }} }} }} }}\n\
             directory_roles: {{ X: {{ settings: {{ notifications: {{ activated: {{ admins: {{ to: [{to}] }} }} }} }} }} }}\n"
        )])
    };
    assert_eq!(with("SOC@x.example, lead@x.example"), "");
    for to in ["", "lead@x.example"] {
        assert!(with(to).starts_with("looser-than-floor: `notifications.activated.admins.to` is"), "{to}");
    }
}

#[test]
fn a_context_that_asks_for_nothing_is_below_a_floor() {
    let with = |id: &str| {
        unresolved(&format!(
            "floor: f\nprofiles: {{ f: {{ activation: {{ authentication: mfa }} }} }}\n\
             directory_roles: {{ Reader: {{ settings: {{ activation: {{ authentication: {{ context: {id} }} }} }} }} }}\n"
        ))
    };
    assert_eq!(with("c1"), "");
    let shown = with("c2");
    assert!(shown.starts_with("unknown-context: ") && shown.contains("the floor asks for authentication"), "{shown}");
}

#[test]
fn approval_by_a_group_that_nobody_is_in() {
    let with = |group: &str, by: &str| {
        unresolved(&format!(
            "groups: {{ {group} }}\n\
             directory_roles: {{ Reader: {{ settings: {{ activation: {{ approval: {{ by: [{by}] }} }} }} }} }}\n"
        ))
    };
    for group in [
        "SEC-GA: { members: [] }",
        "New: { create: {} }",
        "New: { create: {}, members: [] }",
        "New: { create: {}, member: { eligible: [], active: [] } }",
    ] {
        let by = format!("{{ group: {} }}", group.split(':').next().unwrap());
        let shown = with(group, &by);
        assert!(shown.starts_with("approval-without-approvers: "), "{group}: {shown}");
        assert!(shown.contains("nobody is in this group"), "{group}: {shown}");
        assert_eq!(with(group, &format!("{by}, {{ user: ada@contoso.example }}")), "", "{group}");
    }
    for group in [
        "SEC-GA: { members: [], ownership: additive }",
        "SEC-GA: { owners: [] }",
        "SEC-GA: { create: {} }",
        "SEC-GA: { member: { eligible: [] } }",
        "SEC-GA: { members: [{ user: ada@contoso.example }] }",
    ] {
        assert_eq!(with(group, "{ group: SEC-GA }"), "", "{group}");
    }
    assert_eq!(
        with("New: { create: {}, member: { eligible: [{ user: ada@contoso.example }] } }", "{ group: New }"),
        ""
    );
}

#[test]
fn lists_that_something_else_decides_cannot_be_declared() {
    let shown = unresolved("groups: { Everyone: { members: [], owners: [] } }\n");
    assert!(shown.starts_with("group-cannot-use-pim: `members` of the group `Everyone` cannot"), "{shown}");
    assert_eq!(shown.matches("group-cannot-use-pim").count(), 1, "{shown}");
}

#[test]
fn help_fits_what_was_found() {
    for (text, help) in [
        ("protected: leads\n", "write `[leads]`"),
        ("protected: { user: a }\n", "begin each entry with `- `"),
        ("protected:\n", "write `[]` for an empty list, or leave the key out"),
        ("protected: [{ user: 4711 }]\n", "write it in quotes: `\"4711\"`"),
        ("profiles: { p: { activation: { max_duration: 8 } } }\n", "expected a duration, found a number"),
    ] {
        let shown = problems(&[text]);
        assert!(shown.contains(help), "{text}{shown}");
    }
    let (_, sources, findings) = read(&["version: \"1\"\n"]);
    assert!(show(&findings, &sources).contains("without quotes"));
    let shown = unresolved("protected: [{ user: ada }]\ndirectory_roles: { Global Admin: {} }\n");
    assert!(shown.contains("did you mean `ada@contoso.example`?"), "{shown}");
    assert!(shown.contains("did you mean `Global Administrator`?"), "{shown}");
}

const SAMPLE: &str = include_str!("sample.yaml");

#[test]
fn the_sample_of_the_language_resolves() {
    let (desired, sources, findings) = resolved(SAMPLE);
    assert_eq!(show(&findings, &sources), "");
    let desired = desired.unwrap();
    let names = Names::new(&desired.directory);
    let mut out = String::new();
    for (target, declared) in &desired.targets {
        let address = names.target(target);
        let duration = &declared.settings.activation.max_duration;
        let place = duration.at().and_then(|at| sources.place(at)).map(|place| place.to_string());
        let _ =
            writeln!(out, "{address} {:?} {}", duration.value().map(ToString::to_string), place.unwrap_or_default());
        for kind in Kind::ALL {
            if let DesiredList::Managed { ownership, .. } = declared.list(kind) {
                let _ = writeln!(out, "  {kind} {ownership:?}");
            }
            for assignment in declared.list(kind).assignments() {
                let schedule = &assignment.schedule;
                let _ = writeln!(out, "  {} {:?}", names.assignment(&address, &assignment.key), schedule);
            }
        }
    }
    for (id, group) in &desired.groups {
        let _ = writeln!(
            out,
            "{} {:?} {}",
            names.group(*id),
            group.create.is_some(),
            matches!(group.members, DesiredMembers::Managed { .. })
        );
    }
    insta::assert_snapshot!(out, @r#"
    directory/Global Administrator Some("1h") a.yaml:16:33
      eligible Complete
      directory/Global Administrator/eligible/group:SEC-GA DesiredSchedule { start: None, end: AsAllowed }
      directory/Global Administrator/eligible/group:SEC-New DesiredSchedule { start: Some(Time(1798761600)), end: Until(Time(1799625600)) }
      active Complete
      directory/Global Administrator/active/user:ada@contoso.example DesiredSchedule { start: None, end: Permanent }
    directory/User Administrator Some("8h") a.yaml:8:33
    directory/Reader Some("8h") a.yaml:8:33
      eligible Additive
      directory/Reader/eligible/user:ada@contoso.example/administrativeUnit:Sales DesiredSchedule { start: None, end: Until(Time(1801439999)) }
      directory/Reader/eligible/user:paul@contoso.example DesiredSchedule { start: None, end: AsAllowed }
    group/SEC-GA/member Some("8h") a.yaml:8:33
      eligible Complete
      group/SEC-GA/member/eligible/user:paul@contoso.example DesiredSchedule { start: None, end: For { length: Duration(31536000), renew: Some(Duration(2592000)) } }
    azure/managementGroups/core/Owner Some("4h") a.yaml:48:68
      active Complete
      azure/managementGroups/core/Owner/active/servicePrincipal:Deploy DesiredSchedule { start: None, end: AsAllowed }
    azure/subscriptions/Production/resourceGroups/App/Owner Some("12h") a.yaml:6:42
    azure/subscriptions/Production/resourceGroups/App/Reader Some("12h") a.yaml:6:42
    azure/subscriptions/Production/resourceGroups/App/00000000-0000-4000-8000-000000000203 Some("12h") a.yaml:6:42
    azure/subscriptions/Production/resourceGroups/App/00000000-0000-4000-8000-000000000204 Some("12h") a.yaml:6:42
    SEC-GA false false
    SEC-New true true
    "#);
    let query = names_of_sample();
    assert!(query.names.contains(&(PrincipalKind::User, "paul@contoso.example".into())));
    let core = &query.places[&PlaceQuery::ManagementGroup("core".into())];
    assert!(!core.all && core.names.contains("Owner"), "{core:?}");
}

fn names_of_sample() -> crate::model::NameQuery {
    names(&read(&[SAMPLE]).0)
}

#[test]
fn approvers_resolve_through_sets_and_profiles() {
    let (desired, _, _) = resolved(SAMPLE);
    let desired = desired.unwrap();
    let target = Target::Directory { directory_role: guid(101).parse().unwrap() };
    let approval = desired.targets[&target].settings.activation.approval.value();
    let Some(Approval::Required(approvers)) = approval else { panic!("{approval:?}") };
    assert_eq!(approvers.iter().count(), 2);
}

#[test]
fn the_backend_is_relative_to_the_file_that_names_it() {
    let mut sources = SourceMap::default();
    let id = sources.add(SourceFile::new("policies/base/a.yaml", "version: 1\nbackend: local:x.json\n".to_owned()));
    let (document, _) = load::decode(id, "version: 1\nbackend: local:x.json\n");
    let (documents, _) = merge::merge(document.into_iter().collect(), 1);
    assert_eq!(documents.backend_directory(&sources), Some("policies/base".into()));
}

#[test]
fn directories_are_read_in_order_and_what_is_not_a_policy_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, bytes: &[u8]| {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    assert!(matches!(load(&dir.path().join("absent")), Err(LoadError::NoPolicyFiles(_))));
    write("README.md", b"no");
    write(".git/x.yaml", b"nonsense: 1");
    assert!(matches!(load(dir.path()), Err(LoadError::NoPolicyFiles(_))));
    write("b/x.yml", b"floor: p\r\nprofiles: { p: {} }\r\n");
    write("a.yaml", b"\xef\xbb\xbfversion: 1\n");
    write("c.yaml", b"");
    #[cfg(unix)]
    std::os::unix::fs::symlink(dir.path(), dir.path().join("b/loop")).unwrap();
    let loaded = load(dir.path()).unwrap();
    let paths: Vec<&str> = loaded.sources.files().iter().map(SourceFile::path).collect();
    let shown = dir.path().display().to_string();
    assert_eq!(paths, [format!("{shown}/a.yaml"), format!("{shown}/b/x.yml"), format!("{shown}/c.yaml")]);
    assert_eq!(loaded.documents.files, 3);
    write("D.YAML", b"floor: q\n");
    let Err(LoadError::Invalid { findings, .. }) = load(dir.path()) else { panic!("skipped") };
    assert!(findings.sorted().iter().any(|finding| finding.id == "duplicate-key"));
    std::fs::remove_file(dir.path().join("D.YAML")).unwrap();
    let Err(LoadError::NoPolicyFiles(finding)) = load(&dir.path().join("a.yaml")) else { panic!("read") };
    assert_eq!(finding.help, Some(format!("it is a file; name its directory: `--policies {shown}`")));
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("not-there", dir.path().join("teams")).unwrap();
        let Err(LoadError::Invalid { findings, .. }) = load(dir.path()) else { panic!("skipped") };
        assert_eq!(findings.sorted()[0].id, "unreadable-file");
        std::fs::remove_file(dir.path().join("teams")).unwrap();
    }
    write("d.yaml", b"a: \xff\n");
    write("e.yaml", b"floor: \x00\n");
    write("f.yaml", b"a: [1\nb: 2\n");
    let Err(LoadError::Invalid { findings, sources }) = load(dir.path()) else { panic!("accepted") };
    insta::assert_snapshot!(show(&findings, &sources).replace(&shown, "DIR").replace(char::from(0), "NUL"), @r#"
    not-utf8: byte 3 (0xFF) is not UTF-8
      DIR/d.yaml:1:4 not UTF-8 <�>
      help: save the file as UTF-8
    syntax: unexpected character: `\u{0}'
      DIR/e.yaml:1:8 here <NUL>
      help: check quotes, brackets and indentation
    syntax: illegal placement of ':' indicator
      DIR/f.yaml:2:2 here <:>
      help: check quotes, brackets and indentation
    "#);
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(dir.path().join("a.yaml")).unwrap();
    file.set_len(load::MAX_FILE_SIZE + 1).unwrap();
    let Err(LoadError::Invalid { findings, .. }) = load(dir.path()) else { panic!("accepted") };
    let ids: Vec<&str> = findings.sorted().iter().map(|finding| finding.id).collect();
    assert_eq!(ids, ["file-too-large"]);
}

#[test]
fn the_schema_knows_every_key_and_refuses_others() {
    let schema = policy_schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(schema["additionalProperties"], false);
    assert!(schema["properties"]["floor"]["description"].is_string());
    assert_eq!(schema["$defs"]["Assignment"]["properties"]["for"]["examples"][0], "365d");
    assert_eq!(schema["$defs"]["Ticket"]["required"], serde_json::json!(["number"]));
    assert!(!schema.to_string().contains("null"), "keys cannot be empty");
}

fn all_of(text: &str) -> String {
    let (documents, sources, mut findings) = read(&[text]);
    findings.extend(check_offline(&documents));
    findings.extend(resolve(&documents, &directory(), &Known::default()).1);
    report::render(&findings, &sources, report::Options { color: true, width: 80 })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_text_makes_it_panic(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..12, ".{0,6}|[\\[\\]{}:,&*!|>'\"#\\-\n\t ]{1,4}"), 1..6)
    ) {
        let mut text = SAMPLE.to_owned();
        for (at, remove, insert) in edits {
            let mut chars: Vec<char> = text.chars().collect();
            let at = at.index(chars.len() + 1);
            let end = (at + remove).min(chars.len());
            chars.splice(at..end, insert.chars());
            text = chars.into_iter().collect();
        }
        all_of(&text);
    }
}

#[test]
fn places_survive_in_files_given_later() {
    let (_, sources, findings) = read(&["version: 1\n", "flor: x\n"]);
    let finding = findings.sorted()[0].span().unwrap();
    assert_eq!(finding.file, FileId(1));
    assert_eq!(sources.place(finding).unwrap().to_string(), "b.yaml:1:1");
}

#[test]
fn a_new_name_that_nobody_may_see_is_not_shown_as_none() {
    let text =
        "version: 1\ndirectory_roles: { Reader: { eligible: [{ user: old@contoso.example, permanent: true }] } }";
    let (documents, sources, _) = read(&[text]);
    let hidden = PrincipalDetail::User { user_principal_name: "".into(), enabled: Answer::NotSaid, sort: None };
    let directory = Arc::new(Directory::clone(&directory()).with_principals(vec![principal(900, "", hidden)]));
    let known = Known::new([("user:old@contoso.example", guid(900).parse().unwrap())], "2026-11-01".to_owned());
    let shown = show(&resolve(&documents, &directory, &known).1, &sources);
    assert!(shown.contains("has another name now, which cannot be read"), "{shown}");
    assert!(shown.contains(&guid(900)) && !shown.contains("``"), "{shown}");
}
