use crate::model::{Access, Approval, Approver, Duration, Ending, Expiry, Kind, Level, Recipients};
use crate::plan::samples::*;
use crate::plan::{GuardId, ObservationKind, Operation, Plan, Reason, Verdict, Violation};

use super::*;

const PLAIN: Style = Style { color: false, width: 130 };

fn shown(plan: &Plan, width: usize) -> String {
    text(plan, &Verdict::default(), Style { width, ..PLAIN })
}

fn comment(plan: &Plan, limit: usize) -> String {
    markdown(plan, &Verdict::default(), limit)
}

fn loosening() -> Plan {
    let mut plan = empty();
    let loosen = |number| {
        settings(role(number), |changes| {
            changes.activation.max_duration = change(Duration::from_hours(1), Duration::from_hours(8));
            changes.activation.justification = change(false, true);
            changes.active_assignment.expire_after = change(Expiry::After(Duration::from_days(30)), Expiry::Never);
        })
    };
    push(&mut plan, "directory/User Administrator", loosen(2), Reason::SettingsDiffer, 12);
    push(&mut plan, "directory/Billing Administrator", loosen(3), Reason::SettingsDiffer, 12);
    let ticket = settings(role(1), |changes| changes.activation.ticket = change(false, true));
    push(&mut plan, GLOBAL_ADMINISTRATOR, ticket, Reason::SettingsDiffer, 14);
    plan
}

fn guarded() -> (Plan, Verdict) {
    let mut plan = empty();
    let gone = remove(role(1), key(Kind::Active, PAUL), Some("2026-12-03"));
    push(&mut plan, GLOBAL_ADMINISTRATOR, gone, Reason::NotDeclared, 22);
    let addresses = (1..=7).map(|number| format!("directory/Role {number}/active/user:paul@contoso.example"));
    let removals = Violation {
        guard: GuardId::Removals,
        message: "12 of 30 assignments of directory roles would be removed, more than 30 %".to_owned(),
        addresses: addresses.collect(),
    };
    let protected = Violation {
        guard: GuardId::Protected,
        message: "`user:paul@contoso.example` is protected and would lose access".to_owned(),
        addresses: plan.steps.iter().map(|step| step.address.clone()).collect(),
    };
    (plan, Verdict { violations: vec![removals, protected], allowed: [GuardId::Protected].into() })
}

fn observed() -> Plan {
    let mut plan = empty();
    for (kind, address, detail) in [
        (ObservationKind::Unmanaged, "directory/Guest Inviter", "2 assignments"),
        (ObservationKind::Blocked, "group/SEC-X/member", "may not be read: `Insufficient privileges`"),
        (ObservationKind::Kept, "directory/Reader/eligible/user:ada@contoso.example", "the list is additive"),
        (ObservationKind::OutsidePim, "azure/subscriptions/Production/Owner/active/group:SEC-GA", "permanent"),
    ] {
        observe(&mut plan, kind, address, detail);
    }
    plan
}

fn hostile() -> Plan {
    let mut plan = empty();
    let name = "x\u{1b}[31m\n``|<script>alert(1) @team \u{202e}gpj.exe\u{9b}";
    plan.tenant_name = Some(name.into());
    plan.principals.insert(id(66), name_of(&format!("user:{name}"), name));
    let add = Operation::AddMember { group: id(SEC_GA), relation: Access::Member, principal: id(66) };
    push(&mut plan, "group/SEC-GA/members", add, Reason::Missing, 5);
    observe(&mut plan, ObservationKind::Note, name, "see `https://x.example`, @team and <b>#12</b>\r\n# Approved");
    plan
}

/// Removals, loosening and grants, `number` of each.
fn large(number: u32) -> Plan {
    let mut plan = empty();
    for number in 1..=u128::from(number) {
        let user = 1_000 + number;
        plan.principals
            .insert(id(user), name_of(&format!("user:u{number}@contoso.example"), &format!("User {number}")));
        let gone = remove(role(1), key(Kind::Eligible, user), None);
        push(&mut plan, GLOBAL_ADMINISTRATOR, gone, Reason::NotDeclared, 7);
        let come = assign(role(2), key(Kind::Eligible, user), Ending::After(Duration::from_days(365)));
        push(&mut plan, "directory/User Administrator", come, Reason::Missing, 8);
        let loosen = settings(role(user), |changes| {
            changes.activation.max_duration =
                change(Duration::from_minutes(30), Duration::from_hours(user.try_into().unwrap()));
        });
        push(&mut plan, &format!("directory/Role {number}"), loosen, Reason::SettingsDiffer, 9);
    }
    plan
}

#[test]
fn no_change_says_so_in_one_line() {
    insta::assert_snapshot!(shown(&empty(), 100), @r##"
    No changes: tenant Contoso is as the policy files declare.
    "##);
    insta::assert_snapshot!(comment(&empty(), COMMENT_LIMIT), @r##"
    ### Plan for tenant `Contoso`: no changes

    No changes: tenant `Contoso` is as the policy files declare.

    <sub>0f4a2a3e-0000-4000-8000-000000000001, made 2026-11-21 21:07Z</sub>
    "##);
}

#[test]
fn every_operation_reads_like_an_access_review() {
    insta::assert_snapshot!(shown(&one_of_each(), 130), @r##"
    Plan for tenant Contoso  0f4a2a3e-0000-4000-8000-000000000001, made 2026-11-21 21:07Z

    Loses access (3)
      directory/Global Administrator
        - active  user:paul@contoso.example (Paul Kim)  was permanent  declared as eligible now  policies/roles.yaml:22
      group/SEC-GA/members
        - user:paul@contoso.example (Paul Kim)  not declared  policies/roles.yaml:9
      azure/subscriptions/Production/Owner
        - active  user:grace@contoso.example (Grace Hopper)  shortened: until 2027-06-30 -> until 2027-01-31  policies/roles.yaml:32

    Conditions that change (1)
      azure/subscriptions/Production/Owner
        ~ eligible  user:ada@contoso.example (Ada Lovelace)  condition changes  policies/roles.yaml:33
            condition: @Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals [-{8e3af657}-]
              {+{acdd72a7}+} AND @Principal[Department] StringEquals 'Platform'

    Other settings (1 target)
      directory/Global Administrator  policies/roles.yaml:20
        ~ activation.max_duration            8h -> 1h                     tightens
        ~ activation.authentication          mfa -> context c1
        ~ activation.approval                approvers change
            - user:paul@contoso.example (Paul Kim)
            + group:SEC-PIM-Approvers
        ~ eligible_assignment.expire_after   never -> 365d                tightens
        ~ notifications.activated.admins.to  none -> soc@contoso.example  tightens

    Gains access (3)
      directory/Global Administrator
        + eligible  user:grace@contoso.example (Grace Hopper)  in administrativeUnit:Sales  for 365d, from when it is applied
            policies/roles.yaml:24
        + active    user:ada@contoso.example (Ada Lovelace)  permanent, from 2026-12-01, as the settings allow  policies/roles.yaml:25
            justification: Emergency access account
            ticket: CHG-17 in ServiceNow
            condition: @Resource[x] StringEquals 'a'
      group/SEC-PIM-Approvers/members
        + user:ada@contoso.example (Ada Lovelace)  policies/roles.yaml:4

    Changes in place (1)
      azure/subscriptions/Production/Owner
        ~ eligible  user:paul@contoso.example (Paul Kim)  extended: until 2026-12-03 -> for 365d, from when it is applied
            within its renewal window  policies/roles.yaml:31

    Groups to create (1)
      + group/SEC-PIM-Approvers  may hold directory roles  policies/roles.yaml:3
          description: May approve tier-0 activations

    10 steps. Access: 2 removed, 1 shortened, 3 granted, 1 extended, 1 changed. Settings: 3 tighten, 2 neutral. Groups: 1 created.
    "##);
}

#[test]
fn sixty_columns_are_enough_and_no_name_is_broken() {
    insta::assert_snapshot!(shown(&one_of_each(), 60), @r##"
    Plan for tenant Contoso
      0f4a2a3e-0000-4000-8000-000000000001, made
      2026-11-21 21:07Z

    Loses access (3)
      directory/Global Administrator
        - active  user:paul@contoso.example (Paul Kim)
            was permanent  declared as eligible now
            policies/roles.yaml:22
      group/SEC-GA/members
        - user:paul@contoso.example (Paul Kim)  not declared
            policies/roles.yaml:9
      azure/subscriptions/Production/Owner
        - active  user:grace@contoso.example (Grace Hopper)
            shortened: until 2027-06-30 -> until 2027-01-31
            policies/roles.yaml:32

    Conditions that change (1)
      azure/subscriptions/Production/Owner
        ~ eligible  user:ada@contoso.example (Ada Lovelace)
            condition changes  policies/roles.yaml:33
            condition:
              @Resource[Microsoft.Authorization/roleAssignments:RoleDefinitionId]
              ForAnyOfAnyValues:GuidEquals [-{8e3af657}-]
              {+{acdd72a7}+} AND @Principal[Department]
              StringEquals 'Platform'

    Other settings (1 target)
      directory/Global Administrator  policies/roles.yaml:20
        ~ activation.max_duration  8h -> 1h  tightens
        ~ activation.authentication  mfa -> context c1
        ~ activation.approval  approvers change
            - user:paul@contoso.example (Paul Kim)
            + group:SEC-PIM-Approvers
        ~ eligible_assignment.expire_after
            never -> 365d  tightens
          notifications
        ~   activated.admins.to
              none -> soc@contoso.example  tightens

    Gains access (3)
      directory/Global Administrator
        + eligible  user:grace@contoso.example (Grace Hopper)
            in administrativeUnit:Sales
            for 365d, from when it is applied
            policies/roles.yaml:24
        + active  user:ada@contoso.example (Ada Lovelace)
            permanent, from 2026-12-01, as the settings allow
            policies/roles.yaml:25
            justification: Emergency access account
            ticket: CHG-17 in ServiceNow
            condition: @Resource[x] StringEquals 'a'
      group/SEC-PIM-Approvers/members
        + user:ada@contoso.example (Ada Lovelace)
            policies/roles.yaml:4

    Changes in place (1)
      azure/subscriptions/Production/Owner
        ~ eligible  user:paul@contoso.example (Paul Kim)
            extended: until 2026-12-03 -> for 365d, from when it
            is applied  within its renewal window
            policies/roles.yaml:31

    Groups to create (1)
      + group/SEC-PIM-Approvers  may hold directory roles
          policies/roles.yaml:3
          description: May approve tier-0 activations

    10 steps. Access: 2 removed, 1 shortened, 3 granted, 1
      extended, 1 changed. Settings: 3 tighten, 2 neutral.
      Groups: 1 created.
    "##);
}

#[test]
fn what_loosens_is_marked_and_targets_with_the_same_changes_are_told_once() {
    insta::assert_snapshot!(shown(&loosening(), 100), @r##"
    Plan for tenant Contoso  0f4a2a3e-0000-4000-8000-000000000001, made 2026-11-21 21:07Z

    Settings that loosen (2 targets)
      directory/Billing Administrator  policies/roles.yaml:12
      and directory/User Administrator  policies/roles.yaml:12
        ! activation.max_duration         1h -> 8h       loosens
        ! active_assignment.expire_after  30d -> never   loosens
        ~ activation.justification        false -> true  tightens

    Other settings (1 target)
      directory/Global Administrator  policies/roles.yaml:14
        ~ activation.ticket  false -> true  tightens

    3 steps. Settings: 4 fields loosen, 3 tighten.
    "##);
}

#[test]
fn guards_stand_on_top_with_the_flag_that_overrides_them() {
    let (plan, verdict) = guarded();
    insta::assert_snapshot!(text(&plan, &verdict, PLAIN), @r##"
    Plan for tenant Contoso  0f4a2a3e-0000-4000-8000-000000000001, made 2026-11-21 21:07Z

    Refused by a guard (1)
      ! removals  12 of 30 assignments of directory roles would be removed, more than 30 %
          directory/Role 1/active/user:paul@contoso.example
          directory/Role 2/active/user:paul@contoso.example
          directory/Role 3/active/user:paul@contoso.example
          directory/Role 4/active/user:paul@contoso.example
          directory/Role 5/active/user:paul@contoso.example
          … and 2 more
          to apply it all the same: --allow-removals

    Allowed in spite of a guard (1)
      ~ protected  `user:paul@contoso.example` is protected and would lose access
          directory/Global Administrator/active/user:paul@contoso.example
          allowed by --allow-protected

    Loses access (1)
      directory/Global Administrator
        - active  user:paul@contoso.example (Paul Kim)  was until 2026-12-03  not declared  policies/roles.yaml:22

    1 step. Access: 1 removed. Refused by removals.
    "##);
}

#[test]
fn what_is_not_changed_is_said_with_the_reason() {
    insta::assert_snapshot!(shown(&observed(), 120), @r##"
    Plan for tenant Contoso  0f4a2a3e-0000-4000-8000-000000000001, made 2026-11-21 21:07Z

    Blocked: nothing is planned here (1)
      group/SEC-X/member  may not be read: `Insufficient privileges`

    Held outside PIM, not changed (1)
      azure/subscriptions/Production/Owner/active/group:SEC-GA  permanent

    Not declared, but kept (1)
      directory/Reader/eligible/user:ada@contoso.example  the list is additive

    Not managed (1)
      directory/Guest Inviter  2 assignments

    No changes to what could be read of tenant Contoso. Blocked: 1.
    "##);
}

#[test]
fn foreign_text_is_shown_and_not_obeyed() {
    insta::assert_snapshot!(shown(&hostile(), 130), @r##"
    Plan for tenant x\u{1b}[31m\n``|<script>alert(1) @team \u{202e}gpj.exe\u{9b}
      0f4a2a3e-0000-4000-8000-000000000001, made 2026-11-21 21:07Z

    Gains access (1)
      group/SEC-GA/members
        + user:x\u{1b}[31m\n``|<script>alert(1) @team \u{202e}gpj.exe\u{9b}  policies/roles.yaml:5

    Notes (1)
      x\u{1b}[31m\n``|<script>alert(1) @team \u{202e}gpj.exe\u{9b}  see `https://x.example`, @team and <b>#12</b>\r\n# Approved

    1 step. Access: 1 granted.
    "##);
    insta::assert_snapshot!(comment(&hostile(), COMMENT_LIMIT), @r##"
    ### Plan for tenant ```x\u{1b}[31m\n``|<script>alert(1) @team \u{202e}gpj.exe\u{9b}```: changes

    1 step. Access: 1 granted.

    <sub>0f4a2a3e-0000-4000-8000-000000000001, made 2026-11-21 21:07Z</sub>

    #### Gains access (1)

    - `group/SEC-GA/members`
      - `+` ```user:x\u{1b}[31m\n``|<script>alert(1) @team \u{202e}gpj.exe\u{9b}``` <sub>`policies/roles.yaml:5`</sub>

    #### Notes (1)

    - ```x\u{1b}[31m\n``|<script>alert(1) @team \u{202e}gpj.exe\u{9b}```: see `https://x.example`, @&#8203;team and &lt;b&gt;#&#8203;12&lt;/b&gt;\\r\\n#&#8203; Approved
    "##);
    let json = json(&hostile(), &Verdict::default()).unwrap();
    assert!(!json.contains(|c| c != '\n' && crate::diag::is_deceptive(c)));
    assert!(crate::plan::PlanFile::parse(&json).unwrap().into_plan().unwrap().0 == hostile());
}

#[test]
fn colour_adds_nothing_that_must_be_seen() {
    let (mut plan, verdict) = guarded();
    plan.steps.extend(one_of_each().steps);
    for width in [60, 130] {
        let colored = text(&plan, &verdict, Style { color: true, width });
        assert!(colored.contains("\u{1b}[31m"));
        assert_eq!(
            anstream::adapter::strip_str(&colored).to_string(),
            text(&plan, &verdict, Style { color: false, width })
        );
    }
}

#[test]
fn a_comment_has_the_outcome_on_top() {
    insta::assert_snapshot!(comment(&one_of_each(), COMMENT_LIMIT), @r##"
    ### Plan for tenant `Contoso`: changes

    10 steps. Access: **2 removed**, **1 shortened**, 3 granted, 1 extended, 1 changed. Settings: 3 tighten, 2 neutral. Groups: 1 created.

    <sub>0f4a2a3e-0000-4000-8000-000000000001, made 2026-11-21 21:07Z</sub>

    #### Loses access (3)

    - `directory/Global Administrator`
      - `-` active `user:paul@contoso.example` (`Paul Kim`): was permanent; declared as eligible now <sub>`policies/roles.yaml:22`</sub>
    - `group/SEC-GA/members`
      - `-` `user:paul@contoso.example` (`Paul Kim`): not declared <sub>`policies/roles.yaml:9`</sub>
    - `azure/subscriptions/Production/Owner`
      - `-` active `user:grace@contoso.example` (`Grace Hopper`): **shortened**: until 2027-06-30 -&gt; until 2027-01-31 <sub>`policies/roles.yaml:32`</sub>

    #### Conditions that change (1)

    - `azure/subscriptions/Production/Owner`
      - `~` eligible `user:ada@contoso.example` (`Ada Lovelace`): condition changes <sub>`policies/roles.yaml:33`</sub>
        - condition: @&#8203;Resource\[Microsoft.Authorization/roleAssignments:RoleDefinitionId\] ForAnyOfAnyValues:GuidEquals **\[-{8e3af657}-\]** {+{acdd72a7}+} AND @&#8203;Principal\[Department\] StringEquals 'Platform'

    #### Other settings (1 target)

    - `directory/Global Administrator` <sub>`policies/roles.yaml:20`</sub>
      - `~` `activation.max_duration`: 8h -&gt; 1h; tightens
      - `~` `activation.authentication`: mfa -&gt; context c1
      - `~` `activation.approval`: approvers change
        - `-` `user:paul@contoso.example` (`Paul Kim`)
        - `+` `group:SEC-PIM-Approvers`
      - `~` `eligible_assignment.expire_after`: never -&gt; 365d; tightens
      - `~` `notifications.activated.admins.to`: none -&gt; `soc@contoso.example`; tightens

    #### Gains access (3)

    - `directory/Global Administrator`
      - `+` eligible `user:grace@contoso.example` (`Grace Hopper`) in `administrativeUnit:Sales`: for 365d, from when it is applied <sub>`policies/roles.yaml:24`</sub>
      - `+` active `user:ada@contoso.example` (`Ada Lovelace`): permanent, from 2026-12-01, as the settings allow <sub>`policies/roles.yaml:25`</sub>
        - justification: Emergency access account
        - ticket: CHG-17 in ServiceNow
        - condition: @&#8203;Resource\[x\] StringEquals 'a'
    - `group/SEC-PIM-Approvers/members`
      - `+` `user:ada@contoso.example` (`Ada Lovelace`) <sub>`policies/roles.yaml:4`</sub>

    #### Changes in place (1)

    - `azure/subscriptions/Production/Owner`
      - `~` eligible `user:paul@contoso.example` (`Paul Kim`): extended: until 2026-12-03 -&gt; for 365d, from when it is applied; within its renewal window <sub>`policies/roles.yaml:31`</sub>

    #### Groups to create (1)

    - `+` `group/SEC-PIM-Approvers`: may hold directory roles <sub>`policies/roles.yaml:3`</sub>
      - description: May approve tier-0 activations
    "##);
}

#[test]
fn a_refused_comment_begins_with_the_guards() {
    let (plan, verdict) = guarded();
    insta::assert_snapshot!(markdown(&plan, &verdict, COMMENT_LIMIT), @r##"
    ### Plan for tenant `Contoso`: refused

    1 step. Access: **1 removed**. **Refused by** `removals`.

    <sub>0f4a2a3e-0000-4000-8000-000000000001, made 2026-11-21 21:07Z</sub>

    #### Refused by a guard (1)

    - `!` `removals`: 12 of 30 assignments of directory roles would be removed, more than 30 %
      - `directory/Role 1/active/user:paul@contoso.example`
      - `directory/Role 2/active/user:paul@contoso.example`
      - `directory/Role 3/active/user:paul@contoso.example`
      - `directory/Role 4/active/user:paul@contoso.example`
      - `directory/Role 5/active/user:paul@contoso.example`
      - … and 2 more
      - to apply it all the same: `--allow-removals`

    #### Allowed in spite of a guard (1)

    - `~` `protected`: `user:paul@contoso.example` is protected and would lose access
      - `directory/Global Administrator/active/user:paul@contoso.example`
      - allowed by `--allow-protected`

    #### Loses access (1)

    - `directory/Global Administrator`
      - `-` active `user:paul@contoso.example` (`Paul Kim`): was until 2026-12-03; not declared <sub>`policies/roles.yaml:22`</sub>
    "##);
}

#[test]
fn a_comment_is_cut_where_it_is_too_long() {
    insta::assert_snapshot!(comment(&large(20), 4_300), @r##"
    ### Plan for tenant `Contoso`: changes

    60 steps. Access: **20 removed**, 20 granted. Settings: **20 fields loosen**.

    <sub>0f4a2a3e-0000-4000-8000-000000000001, made 2026-11-21 21:07Z</sub>

    #### Loses access (20)

    - `directory/Global Administrator`
      - `-` eligible `user:u10@contoso.example` (`User 10`): was permanent; not declared <sub>`policies/roles.yaml:7`</sub>
      - `-` eligible `user:u11@contoso.example` (`User 11`): was permanent; not declared <sub>`policies/roles.yaml:7`</sub>
      - `-` eligible `user:u12@contoso.example` (`User 12`): was permanent; not declared <sub>`policies/roles.yaml:7`</sub>
      - `-` eligible `user:u13@contoso.example` (`User 13`): was permanent; not declared <sub>`policies/roles.yaml:7`</sub>
      - `-` eligible `user:u14@contoso.example` (`User 14`): was permanent; not declared <sub>`policies/roles.yaml:7`</sub>
      - `-` eligible `user:u15@contoso.example` (`User 15`): was permanent; not declared <sub>`policies/roles.yaml:7`</sub>
    - … and 14 more

    #### Settings that loosen (20 targets)

    - `directory/Role 1` <sub>`policies/roles.yaml:9`</sub>
      - `!` `activation.max_duration`: 30m -&gt; 1001h; **loosens**
    - `directory/Role 10` <sub>`policies/roles.yaml:9`</sub>
      - `!` `activation.max_duration`: 30m -&gt; 1010h; **loosens**
    - `directory/Role 11` <sub>`policies/roles.yaml:9`</sub>
      - `!` `activation.max_duration`: 30m -&gt; 1011h; **loosens**
    - … and 17 more

    <details><summary><b>Gains access (20)</b></summary>

    - `directory/User Administrator`
      - `+` eligible `user:u10@contoso.example` (`User 10`): for 365d, from when it is applied <sub>`policies/roles.yaml:8`</sub>
      - `+` eligible `user:u11@contoso.example` (`User 11`): for 365d, from when it is applied <sub>`policies/roles.yaml:8`</sub>
      - `+` eligible `user:u12@contoso.example` (`User 12`): for 365d, from when it is applied <sub>`policies/roles.yaml:8`</sub>
    - … and 17 more

    </details>

    48 lines were cut to fit. `pimform plan` shows the whole plan.
    "##);
}

#[test]
fn a_comment_keeps_its_limit_and_says_what_is_missing() {
    let plan = large(3_000);
    for limit in [3_500, 10_000, COMMENT_LIMIT] {
        let comment = comment(&plan, limit);
        assert!(comment.len() <= limit, "{} of {limit}", comment.len());
        assert!(comment.len() > limit - 3_000, "{} of {limit}", comment.len());
        assert!(comment.ends_with("cut to fit. `pimform plan` shows the whole plan.\n"), "{comment}");
        assert_eq!(comment.matches("<details>").count(), comment.matches("</details>").count());
    }
}

#[test]
fn long_lists_are_folded_but_never_losses_and_loosening() {
    let comment = comment(&large(20), COMMENT_LIMIT);
    let folded: Vec<&str> = comment.lines().filter(|line| line.starts_with("<details>")).collect();
    assert_eq!(folded, ["<details><summary><b>Gains access (20)</b></summary>"]);
}

#[test]
fn a_step_in_one_line() {
    let plan = one_of_each();
    let lines: Vec<String> = plan.steps.iter().map(|step| one_line(&plan, step)).collect();
    insta::assert_snapshot!(lines.join("\n"), @r##"
    create group/SEC-PIM-Approvers
    add group/SEC-PIM-Approvers/members/user:ada@contoso.example
    remove group/SEC-GA/members/user:paul@contoso.example
    change directory/Global Administrator/settings: 5 fields
    assign directory/Global Administrator/eligible/user:grace@contoso.example/administrativeUnit:Sales: for 365d, from when it is applied
    assign directory/Global Administrator/active/user:ada@contoso.example: permanent, from 2026-12-01, as the settings allow
    change azure/subscriptions/Production/Owner/eligible/user:paul@contoso.example: extended: until 2026-12-03 -> for 365d, from when it is applied
    change azure/subscriptions/Production/Owner/active/user:grace@contoso.example: shortened: until 2027-06-30 -> until 2027-01-31
    change azure/subscriptions/Production/Owner/eligible/user:ada@contoso.example: condition changes
    remove directory/Global Administrator/active/user:paul@contoso.example: was permanent
    "##);
}

#[test]
fn only_the_edges_of_days_are_shown_as_dates() {
    use crate::model::time::DayEdge::{End, Start};
    let shown = |text, edge| words::time(time(text), edge);
    assert_eq!(shown("2027-01-31T23:59:59Z", End), "2027-01-31");
    assert_eq!(shown("2027-01-31T00:00:00Z", Start), "2027-01-31");
    assert_eq!(shown("2027-01-31T00:00:00Z", End), "2027-01-31 00:00Z");
    assert_eq!(shown("2027-01-31T18:30:15Z", End), "2027-01-31 18:30Z");
}

/// A loosening, a line with `members` as recipients, a grant with a justification of `length`, and another grant.
fn stuffed(members: usize, length: usize) -> Plan {
    let mut plan = empty();
    let mails = |prefix: &str| {
        Recipients((0..members).map(|number| format!("{prefix}{number}@contoso.example").parse().unwrap()).collect())
    };
    let many = settings(role(2), |changes| {
        changes.notifications.activated.admins.to = change(mails("old"), mails("new"));
        changes.notifications.activated.approvers.to = change(Recipients::default(), mails("other"));
    });
    push(&mut plan, "directory/A", many, Reason::SettingsDiffer, 12);
    let loosen = settings(role(3), |changes| {
        changes.activation.justification = change(false, true);
        changes.notifications.activated.admins.to = change(mails("old"), mails("new"));
        changes.notifications.activated.approvers.default_recipients = change(true, false);
    });
    push(&mut plan, "directory/B", loosen, Reason::SettingsDiffer, 13);
    for (who, text) in [(ADA, "x".repeat(length)), (PAUL, "short".to_owned())] {
        let mut grant = assign(role(2), key(Kind::Active, who), Ending::Permanent);
        if let Operation::Assign { justification, .. } = &mut grant {
            *justification = Some(text.into());
        }
        push(&mut plan, "directory/A", grant, Reason::Missing, 14);
    }
    plan
}

#[test]
fn nothing_long_hides_what_stands_below_it() {
    let comment = comment(&stuffed(2_500, 58_000), COMMENT_LIMIT);
    assert!(comment.len() < 10_000, "{}", comment.len());
    assert!(comment.contains("`notifications.activated.approvers.default_recipients`: true -&gt; false; **loosens**"));
    assert!(comment.contains("… and 2,490 more, 2,490 more that go"), "{comment}");
    assert!(comment.contains("x … and 57,015 more characters"), "{comment}");
    assert!(comment.contains("justification: short"), "{comment}");
    assert!(!comment.contains("cut to fit"), "{comment}");
}

#[test]
fn what_loosens_or_goes_is_shown_before_anything_else_where_there_is_little_room() {
    let mut plan = stuffed(40, 900);
    for (target, number) in [("directory/C", 4), ("directory/D", 5)] {
        let loosen = settings(role(number), |changes| {
            changes.activation.justification = change(true, false);
            changes.activation.max_duration =
                change(Duration::from_hours(8), Duration::from_minutes(30 * u64::try_from(number).unwrap()));
        });
        push(&mut plan, target, loosen, Reason::SettingsDiffer, 15);
    }
    let comment = comment(&plan, 3_600);
    assert_eq!(comment.matches("**loosens**").count(), 3, "{comment}");
    assert!(comment.len() <= 3_600 && comment.contains("cut to fit"), "{comment}");
}

fn conditions() -> Plan {
    let mut plan = empty();
    let condition = |text: &str| Some(crate::model::Condition(text.into()));
    for (who, before, after) in [(ADA, Some("a"), Some("b")), (GRACE, Some("a"), None), (PAUL, None, Some("b"))] {
        let mut operation =
            update(key(Kind::Active, who), crate::model::Shift::Keeps, "2027-06-30", Ending::Until(time("2027-06-30")));
        if let Operation::Update { condition_was, condition: is, .. } = &mut operation {
            (*condition_was, *is) = (before.and_then(condition), after.and_then(condition));
        }
        push(&mut plan, "azure/subscriptions/Production/Owner", operation, Reason::ConditionDiffers, 33);
    }
    plan
}

#[test]
fn a_condition_cannot_come_change_or_go_unseen() {
    insta::assert_snapshot!(shown(&conditions(), 100), @r##"
    Plan for tenant Contoso  0f4a2a3e-0000-4000-8000-000000000001, made 2026-11-21 21:07Z

    Conditions that change (3)
      azure/subscriptions/Production/Owner
        ! active  user:grace@contoso.example (Grace Hopper)  condition removed, so it reaches further
            policies/roles.yaml:33
            - condition: a
        ~ active  user:ada@contoso.example (Ada Lovelace)    condition changes  policies/roles.yaml:33
            condition: [-a-] {+b+}
        ~ active  user:paul@contoso.example (Paul Kim)       condition added  policies/roles.yaml:33
            + condition: b

    3 steps. Access: 1 loses its condition, 2 changed.
    "##);
}

#[test]
fn eighty_columns_read_like_a_table() {
    let mut plan = empty();
    let many = || {
        settings(role(2), |changes| {
            changes.activation.max_duration = change(Duration::from_hours(8), Duration::from_hours(1));
            changes.activation.approval = change(Approval::NotRequired, approvers(&[Approver::Group(id(LEADS))]));
            changes.active_assignment.expire_after = change(Expiry::Never, Expiry::After(Duration::from_days(30)));
            let soc = || change(Recipients::default(), recipients(&["soc@contoso.example"]));
            changes.notifications.eligible_assigned.admins.to = soc();
            changes.notifications.activated.admins.to = soc();
            changes.notifications.activated.assignee.level = change(Level::None, Level::Critical);
            changes.notifications.activated.approvers.level = change(Level::All, Level::Critical);
        })
    };
    push(&mut plan, "group/SEC-MG-Core-VMContrib/member", many(), Reason::SettingsDiffer, 12);
    push(&mut plan, "group/SEC-MG-Core-VMContrib/owner", many(), Reason::SettingsDiffer, 12);
    insta::assert_snapshot!(shown(&plan, 80), @r##"
    Plan for tenant Contoso
      0f4a2a3e-0000-4000-8000-000000000001, made 2026-11-21 21:07Z

    Settings that loosen (2 targets)
      group/SEC-MG-Core-VMContrib/member  policies/roles.yaml:12
      and group/SEC-MG-Core-VMContrib/owner  policies/roles.yaml:12
          notifications.activated
        !   approvers.critical_only       false -> true                    loosens
        ~ activation.max_duration         8h -> 1h                         tightens
        ~ activation.approval             none -> group:SEC-PIM-Approvers  tightens
        ~ active_assignment.expire_after  never -> 30d                     tightens
          notifications.eligible_assigned
        ~   admins.to                     none -> soc@contoso.example      tightens
          notifications.activated
        ~   admins.to                     none -> soc@contoso.example      tightens
        ~   assignee.critical_only        no mail at all -> true           tightens

    2 steps. Settings: 2 fields loosen, 12 tighten.
    "##);
    insta::assert_snapshot!(shown(&plan, 60), @r##"
    Plan for tenant Contoso
      0f4a2a3e-0000-4000-8000-000000000001, made
      2026-11-21 21:07Z

    Settings that loosen (2 targets)
      group/SEC-MG-Core-VMContrib/member  policies/roles.yaml:12
      and group/SEC-MG-Core-VMContrib/owner
            policies/roles.yaml:12
          notifications
        !   activated.approvers.critical_only
              false -> true  loosens
        ~ activation.max_duration  8h -> 1h  tightens
        ~ activation.approval
            none -> group:SEC-PIM-Approvers  tightens
        ~ active_assignment.expire_after  never -> 30d  tightens
          notifications
        ~   eligible_assigned.admins.to
              none -> soc@contoso.example  tightens
        ~   activated.admins.to
              none -> soc@contoso.example  tightens
        ~   activated.assignee.critical_only
              no mail at all -> true  tightens

    2 steps. Settings: 2 fields loosen, 12 tighten.
    "##);
    insta::assert_snapshot!(comment(&plan, COMMENT_LIMIT), @r##"
    ### Plan for tenant `Contoso`: changes

    2 steps. Settings: **2 fields loosen**, 12 tighten.

    <sub>0f4a2a3e-0000-4000-8000-000000000001, made 2026-11-21 21:07Z</sub>

    #### Settings that loosen (2 targets)

    - `group/SEC-MG-Core-VMContrib/member` and `group/SEC-MG-Core-VMContrib/owner` <sub>`policies/roles.yaml:12`</sub>
      - `!` `notifications.activated.approvers.critical_only`: false -&gt; true; **loosens**
      - `~` `activation.max_duration`: 8h -&gt; 1h; tightens
      - `~` `activation.approval`: none -&gt; `group:SEC-PIM-Approvers`; tightens
      - `~` `active_assignment.expire_after`: never -&gt; 30d; tightens
      - `~` `notifications.eligible_assigned.admins.to`: none -&gt; `soc@contoso.example`; tightens
      - `~` `notifications.activated.admins.to`: none -&gt; `soc@contoso.example`; tightens
      - `~` `notifications.activated.assignee.critical_only`: no mail at all -&gt; true; tightens
    "##);
    for width in [60, 80, 100] {
        assert!(shown(&plan, width).lines().all(|line| line.chars().count() <= width));
    }
}

#[test]
fn the_counts_are_the_last_thing_that_an_apply_says() {
    let plan = large(30);
    let report = crate::apply::ApplyReport::default();
    let told = applied_text(&plan, &report, Some(&plan), PLAIN);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.iter().filter(|line| line.starts_with("  ")).count(), 21);
    assert!(lines.contains(&"  … and 70 more"), "{told}");
    assert_eq!(lines.last(), Some(&"Applied 0 of 90 steps. A second plan still finds 90 steps."));
}

#[test]
fn what_the_service_said_when_it_was_asked_stands_above_the_steps() {
    let mut plan = one_of_each();
    for step in &mut plan.steps {
        step.validation = crate::plan::Validation::foreseen(step).or(Some(crate::plan::Validation::Passed));
    }
    plan.steps[4].validation = Some(crate::plan::Validation::Refused {
        message:
            "The following policy rules failed: [\"ExpirationRule\"] (400 RoleAssignmentRequestPolicyValidationFailed)"
                .to_owned(),
        help: Some("`eligible_assignment.expire_after` of `directory/Global Administrator` allows less".to_owned()),
        request_id: None,
    });
    let unanswered = crate::plan::Validation::Unanswered { message: "no answer in 100 s".to_owned(), help: None };
    plan.steps[6].validation = Some(unanswered.clone());
    plan.steps[7].validation = Some(unanswered);
    insta::assert_snapshot!(shown(&plan, 110));
    insta::assert_snapshot!(comment(&plan, 60_000));
}
