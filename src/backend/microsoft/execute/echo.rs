//! Whether the service answered with what it was asked for.
//!
//! The service repeats a request in its answer, and what it repeats is what it does: it has taken a request for one
//! administrative unit as one for the whole directory (docs/service.md: requests-3). So answer and request are compared
//! field by field. What an answer leaves out says nothing.

use serde_json::{Map, Value};

use super::answer::Action;
use super::route::{Ask, Route};
use crate::backend::microsoft::{schedules, wire};
use crate::model::{
    Access, ArmScope, AssignmentKey, AssignmentScope, Condition, Directory, Duration, Ending, Kind, Names, PrincipalId,
    RoleId, Target, Time, Window,
};

/// How far apart times may be that are counted from when the service takes a request.
const TOLERANCE: Duration = Duration::from_minutes(15);

/// Something of an answer that is not as it was asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Difference {
    /// Another part of the directory.
    Part { asked: AssignmentScope, granted: AssignmentScope },
    /// Another scope of Azure.
    Scope { asked: ArmScope, granted: ArmScope },
    /// Somebody else.
    Principal { asked: PrincipalId, granted: PrincipalId },
    /// Another role.
    Role { asked: RoleId, granted: RoleId },
    /// Another group.
    Group { asked: PrincipalId, granted: PrincipalId },
    /// Member for owner, or owner for member.
    Access { asked: Access, granted: Access },
    /// Active for eligible, or eligible for active.
    Kind { asked: Kind, granted: Kind },
    /// Another beginning.
    Start { asked: Option<Time>, granted: Time },
    /// Another end.
    End { asked: Option<Time>, granted: Option<Time> },
    /// Another condition, or none.
    Condition { asked: Option<Condition>, granted: Option<Condition> },
    /// Another action.
    Action { asked: Action, granted: String },
    /// A place or a time that pimform cannot read.
    Unreadable(String),
}

/// An answer, held against its request.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Echo {
    /// Where the service says that it did it; nothing where that cannot be read.
    pub(super) place: Option<(Target, AssignmentKey)>,
    /// What is not as it was asked for.
    pub(super) differences: Vec<Difference>,
    /// True where a condition was asked for and the answer has none: only looking tells.
    pub(super) lacks_condition: bool,
}

impl Difference {
    /// True where it gives more access than was asked for, or access to something or somebody else.
    pub(super) fn is_wider(&self) -> bool {
        match self {
            Self::Part { asked, .. } => !asked.is_whole(),
            Self::Scope { asked, granted } => !is_below(granted, asked),
            Self::Principal { .. } | Self::Role { .. } | Self::Group { .. } | Self::Access { .. } => true,
            Self::Kind { granted, .. } => *granted == Kind::Active,
            Self::Start { asked, granted } => asked.is_some_and(|asked| *granted < asked),
            Self::End { asked, granted } => match (asked, granted) {
                (Some(asked), Some(granted)) => granted > asked,
                (Some(_), None) => true,
                (None, _) => false,
            },
            Self::Condition { asked, .. } => asked.is_some(),
            Self::Action { .. } | Self::Unreadable(_) => false,
        }
    }

    /// In words that follow `the service granted this`.
    pub(super) fn words(&self, directory: &Directory) -> String {
        let names = Names::new(directory);
        match self {
            Self::Part { asked, granted } => {
                format!("for {} instead of {}", part(directory, granted), part(directory, asked))
            }
            Self::Scope { asked, granted } => format!("at {} instead of {}", names.scope(granted), names.scope(asked)),
            Self::Principal { asked, granted } => {
                format!("to {} instead of {}", names.principal(*granted), names.principal(*asked))
            }
            Self::Role { asked, granted } => {
                format!("with the role {} instead of {}", role(directory, *granted), role(directory, *asked))
            }
            Self::Group { asked, granted } => {
                format!("in the group {} instead of {}", names.group(*granted), names.group(*asked))
            }
            Self::Access { asked, granted } => format!("as {granted} instead of {asked}"),
            Self::Kind { asked, granted } => format!("as {granted} instead of {asked}"),
            Self::Start { asked, granted } => match asked {
                Some(asked) => format!("from {granted} instead of {asked}"),
                None => format!("from {granted} instead of at once"),
            },
            Self::End { asked, granted } => format!("{} instead of {}", end(*granted), end(*asked)),
            Self::Condition { granted: None, .. } => "without its condition".to_owned(),
            Self::Condition { granted: Some(granted), .. } => format!("with the condition `{}`", granted.0),
            Self::Action { asked, granted } => format!("as `{granted}` instead of `{}`", asked.word()),
            Self::Unreadable(what) => format!("in a way that pimform does not know: its answer {what}"),
        }
    }
}

/// All of them in one sentence.
pub(super) fn sentence(action: Action, differences: &[Difference], directory: &Directory) -> String {
    let words: Vec<String> = differences.iter().map(|difference| difference.words(directory)).collect();
    format!("the service {} this {}", action.done(), words.join(" and "))
}

fn part(directory: &Directory, scope: &AssignmentScope) -> String {
    match scope {
        AssignmentScope::Whole => "the whole directory".to_owned(),
        AssignmentScope::AdministrativeUnit(id) => match directory.unique_administrative_unit_name(*id) {
            Some(name) => name.to_string(),
            None => format!("administrative unit {id}"),
        },
        AssignmentScope::Object(id) => format!("object {id}"),
    }
}

fn role(directory: &Directory, id: RoleId) -> String {
    let name = directory.unique_directory_role_name(id).or_else(|| directory.unique_azure_role_name(id));
    name.map_or_else(|| id.to_string(), ToString::to_string)
}

fn end(end: Option<Time>) -> String {
    end.map_or_else(|| "without end".to_owned(), |end| format!("until {end}"))
}

fn is_below(scope: &ArmScope, above: &ArmScope) -> bool {
    scope != above && scope.is_in(above)
}

/// Holds an answer against the request `sent`. `now` is about when it was sent.
pub(super) fn compare(route: &Route<'_>, ask: &Ask<'_>, sent: &Value, answer: &Value, now: Time) -> Echo {
    let surface = route.target.surface();
    let empty = Map::new();
    let inner = |body: &Value| body.get("properties").unwrap_or(body).as_object().cloned();
    let answered = inner(answer).unwrap_or_default();
    let mut echo = Echo::default();
    // What the answer leaves out is taken to be as it was asked for.
    let mut fields = inner(sent).unwrap_or(empty);
    if let Target::Azure { scope, .. } = route.target {
        fields.insert("scope".to_owned(), scope.as_str().into());
    }
    fields
        .extend(answered.clone().into_iter().filter(|(_, value)| value.as_str().is_some_and(|text| !text.is_empty())));
    match place(surface, &fields) {
        Ok((target, principal, scope)) => {
            let kind = kind(answer).unwrap_or(route.key.kind);
            let key = AssignmentKey { kind, principal, scope };
            echo.differences.extend(places(route, &target, &key));
            echo.place = Some((target, key));
        }
        Err(what) => echo.differences.push(Difference::Unreadable(what)),
    }
    let action = ["action", "requestType"].iter().find_map(|field| wire::text(&answered, field));
    if let Some(word) = action.filter(|word| !word.eq_ignore_ascii_case(ask.action.word())) {
        echo.differences.push(Difference::Action { asked: ask.action, granted: word.to_owned() });
    }
    if ask.action != Action::Remove {
        echo.differences.extend(times(ask, &answered, now));
        let granted = wire::text(&answered, "condition").and_then(Condition::said);
        match (ask.condition, granted) {
            (Some(_), None) => echo.lacks_condition = true,
            (asked, granted) if asked != granted.as_ref() => {
                echo.differences.push(Difference::Condition { asked: asked.cloned(), granted });
            }
            _ => {}
        }
    }
    echo
}

type Place = (Target, PrincipalId, AssignmentScope);

fn place(surface: crate::model::Surface, fields: &Map<String, Value>) -> Result<Place, String> {
    let principal = schedules::id(fields, "principalId").map(PrincipalId::new)?;
    let (target, scope) = schedules::place(surface, fields).map_err(|error| error.what)?;
    Ok((target, principal, scope))
}

/// What the answer is about, by its type: a request about eligible or about active assignments.
fn kind(answer: &Value) -> Option<Kind> {
    let word = wire::field(answer, "@odata.context").or_else(|| wire::field(answer, "type"))?.to_ascii_lowercase();
    let is = |text: &str| word.contains(text);
    match (is("eligibilityschedulerequest"), is("assignmentschedulerequest")) {
        (true, false) => Some(Kind::Eligible),
        (false, true) => Some(Kind::Active),
        _ => None,
    }
}

fn places(route: &Route<'_>, target: &Target, key: &AssignmentKey) -> Vec<Difference> {
    let mut found = Vec::new();
    match (route.target, target) {
        (Target::Directory { directory_role: asked }, Target::Directory { directory_role: granted })
            if asked != granted =>
        {
            found.push(Difference::Role { asked: *asked, granted: *granted });
        }
        (
            Target::Group { group: asked_group, access: asked_access },
            Target::Group { group: granted_group, access: granted_access },
        ) => {
            if asked_group != granted_group {
                found.push(Difference::Group { asked: *asked_group, granted: *granted_group });
            }
            if asked_access != granted_access {
                found.push(Difference::Access { asked: *asked_access, granted: *granted_access });
            }
        }
        (Target::Azure { scope: asked, role: asked_role }, Target::Azure { scope: granted, role: granted_role }) => {
            if asked != granted {
                found.push(Difference::Scope { asked: asked.clone(), granted: granted.clone() });
            }
            if asked_role != granted_role {
                found.push(Difference::Role { asked: *asked_role, granted: *granted_role });
            }
        }
        _ => {}
    }
    let asked = route.key;
    if asked.scope != key.scope {
        found.push(Difference::Part { asked: asked.scope, granted: key.scope });
    }
    if asked.principal != key.principal {
        found.push(Difference::Principal { asked: asked.principal, granted: key.principal });
    }
    if asked.kind != key.kind {
        found.push(Difference::Kind { asked: asked.kind, granted: key.kind });
    }
    found
}

/// What is different about beginning and end, where the answer has both.
fn times(ask: &Ask<'_>, answered: &Map<String, Value>, now: Time) -> Vec<Difference> {
    let expiration = answered.get("scheduleInfo").and_then(|info| info.get("expiration")).and_then(Value::as_object);
    let (Some(schedule), Some(expiration)) = (ask.schedule, expiration) else { return Vec::new() };
    let kind = wire::text(expiration, "type").filter(|kind| !kind.eq_ignore_ascii_case("notSpecified"));
    if kind.is_none() && wire::text(expiration, "endDateTime").is_none() {
        return Vec::new();
    }
    let Window { start, end } = match schedules::nested_window(answered) {
        Ok(window) => window,
        Err(what) => return vec![Difference::Unreadable(what)],
    };
    let near = |a: Time, b: Time| a.until(b) <= TOLERANCE && b.until(a) <= TOLERANCE;
    let begins = schedule.start.map_or(now, |start| start.max(now));
    let mut found = Vec::new();
    if let Some(granted) = start.filter(|start| !near(*start, begins) && (begins > now || *start > now)) {
        found.push(Difference::Start { asked: schedule.start.filter(|start| *start > now), granted });
    }
    let (wanted, exact) = match schedule.end {
        Ending::Permanent => (None, true),
        Ending::Until(end) => (Some(end), true),
        Ending::After(length) => (Some(begins + length), false),
    };
    let same = match (wanted, end) {
        (Some(wanted), Some(end)) if !exact => near(wanted, end),
        (wanted, end) => wanted == end,
    };
    if !same {
        found.push(Difference::End { asked: wanted, granted: end });
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Schedule;

    const NOW: Time = Time::from_unix(1_800_000_000);
    const ROLE: &str = "fdd7a751-b60b-444a-984c-02652fe8fa1c";
    const OTHER: &str = "2b5ed229-4072-478d-9504-a047ebd4b07d";
    const ADA: &str = "071cc716-8147-4397-a5ba-b2105951cc0b";
    const UNIT: &str = "0b7f8a52-6a3e-4a64-8a39-5d6f0d3a8c01";
    const GROUP_OF: &str = "/subscriptions/dfa2a084-766f-4003-8ae1-c4aeb893a99f/resourceGroups/app";

    fn key(scope: AssignmentScope) -> AssignmentKey {
        AssignmentKey { kind: Kind::Eligible, principal: ADA.parse().unwrap(), scope }
    }

    /// The request, its answer with some fields changed, and whether each difference is to the wider side.
    fn judge(target: &Target, schedule: Schedule, condition: Option<&Condition>, change: &Value) -> (Vec<bool>, Echo) {
        let unit = AssignmentScope::AdministrativeUnit(UNIT.parse().unwrap());
        let scope = if matches!(target, Target::Directory { .. }) { unit } else { AssignmentScope::Whole };
        let key = key(scope);
        let route = Route { target, key: &key };
        let ask =
            Ask { action: Action::Assign, schedule: Some(&schedule), justification: None, ticket: None, condition };
        let sent = route.body(&ask, NOW, None);
        let mut answer = sent.clone();
        let fields = match answer.get_mut("properties") {
            Some(properties) => properties,
            None => &mut answer,
        };
        for (name, value) in change.as_object().unwrap() {
            fields[name] = value.clone();
        }
        let echo = compare(&route, &ask, &sent, &answer, NOW);
        (echo.differences.iter().map(Difference::is_wider).collect(), echo)
    }

    fn directory() -> Target {
        Target::Directory { directory_role: ROLE.parse().unwrap() }
    }

    fn azure() -> Target {
        Target::Azure { scope: GROUP_OF.parse().unwrap(), role: ROLE.parse().unwrap() }
    }

    const DAY: Duration = Duration::from_days(1);

    fn for_a_day() -> Schedule {
        Schedule { start: None, end: Ending::After(DAY) }
    }

    #[test]
    fn an_answer_that_repeats_the_request_differs_in_nothing() {
        let condition = Condition("@Resource[x] StringEquals 'y'".into());
        for target in [directory(), azure(), Target::Group { group: OTHER.parse().unwrap(), access: Access::Member }] {
            for end in [Ending::Permanent, Ending::Until(NOW + DAY), Ending::After(DAY)] {
                let schedule = Schedule { start: None, end };
                assert!(judge(&target, schedule, None, &json!({})).0.is_empty(), "{target:?} {end:?}");
                let later = Schedule { start: Some(NOW + DAY), end: Ending::After(DAY) };
                assert!(judge(&target, later, None, &json!({})).0.is_empty(), "{target:?}");
            }
        }
        let same = json!({"condition": " @Resource[x] StringEquals 'y'\n", "scope": GROUP_OF.to_uppercase()});
        assert!(judge(&azure(), for_a_day(), Some(&condition), &same).0.is_empty());
        // What is left out says nothing; neither does a length that has no end yet.
        let less = json!({"principalId": null, "scheduleInfo": {"expiration": {"type": "notSpecified"}}});
        assert!(judge(&directory(), for_a_day(), None, &less).0.is_empty());
    }

    #[test]
    fn what_is_wider_is_told_from_what_only_differs() {
        let info = |kind: &str, end: Option<Time>| json!({"scheduleInfo": {"startDateTime": NOW, "expiration": {"type": kind, "endDateTime": end}}});
        let later = info("afterDateTime", Some(NOW + DAY + DAY));
        let sooner = info("afterDateTime", Some(NOW + Duration::from_hours(1)));
        for (change, wider) in [
            (json!({"directoryScopeId": "/"}), true),
            (json!({"directoryScopeId": format!("/administrativeUnits/{OTHER}")}), true),
            (json!({"principalId": OTHER}), true),
            (json!({"roleDefinitionId": OTHER}), true),
            (json!({"@odata.context": "x#roleManagement/directory/roleAssignmentScheduleRequests/$entity"}), true),
            (info("noExpiration", None), true),
            (later, true),
            (sooner, false),
            (json!({"action": "adminUpdate"}), false),
            (json!({"directoryScopeId": "/somewhere/else"}), false),
        ] {
            assert_eq!(judge(&directory(), for_a_day(), None, &change).0, [wider], "{change}");
        }
        let above = GROUP_OF.rsplit_once("/resourceGroups").unwrap().0;
        for (change, wider) in [
            (json!({"scope": above}), true),
            (json!({"scope": format!("{GROUP_OF}/providers/Microsoft.Web/sites/x")}), false),
            (json!({"scope": GROUP_OF.replace("/app", "/app2")}), true),
            (json!({"condition": "x"}), false),
        ] {
            assert_eq!(judge(&azure(), for_a_day(), None, &change).0, [wider], "{change}");
        }
        let condition = Condition("x".into());
        assert_eq!(judge(&azure(), for_a_day(), Some(&condition), &json!({"condition": "y"})).0, [true]);
        assert!(judge(&azure(), for_a_day(), Some(&condition), &json!({"condition": null})).1.lacks_condition);
        let group = Target::Group { group: OTHER.parse().unwrap(), access: Access::Member };
        assert_eq!(judge(&group, for_a_day(), None, &json!({"accessId": "owner"})).0, [true]);
        assert_eq!(judge(&group, for_a_day(), None, &json!({"groupId": ROLE})).0, [true]);
        let starts = Schedule { start: Some(NOW + DAY), end: Ending::Permanent };
        let now = info("noExpiration", None);
        assert_eq!(judge(&directory(), starts, None, &now).0, [true]);
    }
}
