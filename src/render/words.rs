//! Times, schedules, reasons and principals in words.

use std::borrow::Cow;

use crate::diag::Place;
use crate::model::text::same_name;
use crate::model::time::DayEdge;
use crate::model::{Approval, Authentication, Ending, Fact, Level, Names, PrincipalId, Schedule, Time, Value, Window};
use crate::plan::{PrincipalName, Reason};

use super::view::{Cell, SpanKind, Tone};

/// `2027-01-31` where a policy file would say so as well, else to the minute: `2027-01-31 18:00Z`.
pub(super) fn time(time: Time, edge: DayEdge) -> String {
    let of_day = match edge {
        DayEdge::Start => 0,
        DayEdge::End => 86_399,
    };
    if time.as_unix().rem_euclid(86_400) == of_day {
        return time.date();
    }
    let minute: String = time.to_string().chars().take(16).collect();
    minute.replace('T', " ") + "Z"
}

/// `policies/roles.yaml:12`
pub(super) fn place(place: &Place) -> String {
    format!("{}:{}", place.file, place.line)
}

/// `user:paul@contoso.example (Paul Kim)`; the display name only where the label does not hold it already. What is no
/// plain user, group or service principal is named as what it is: `device:<id> (LAPTOP-7, device)`.
pub(super) fn principal(id: PrincipalId, name: Option<&PrincipalName>) -> Cell<'_> {
    let Some(name) = name else { return Cell::name(format!("principal:{id}")) };
    let said = name.label.split_once(':').is_some_and(|(_, said)| same_name(said, &name.display_name));
    let cell = Cell::name(&*name.label);
    let shown = Some(&*name.display_name).filter(|shown| !said && !shown.is_empty());
    let cell = match (shown, &name.sort) {
        (None, None) => return cell,
        (Some(shown), None) => cell.and_words(" (").and(SpanKind::Name, Tone::Plain, shown),
        (None, Some(sort)) => cell.and_words(" (").and(SpanKind::Name, Tone::Plain, sort),
        (Some(shown), Some(sort)) => {
            let cell = cell.and_words(" (").and(SpanKind::Name, Tone::Plain, shown);
            cell.and_words(", ").and(SpanKind::Name, Tone::Plain, sort)
        }
    };
    cell.and_words(")")
}

/// `for 365d, from when it is applied`; `permanent`; `from 2026-12-01 until 2027-01-31`.
pub(super) fn schedule(schedule: &Schedule, made_at: Time) -> String {
    if let Ending::After(length) = schedule.end {
        let start = schedule.start.map_or_else(|| "when it is applied".to_owned(), |start| time(start, DayEdge::Start));
        return format!("for {length}, from {start}");
    }
    let end = match schedule.end {
        Ending::Until(end) => Some(end),
        _ => None,
    };
    window(&Window { start: schedule.start, end }, made_at)
}

/// `permanent`; `until 2026-12-03`; with the start where it is still ahead.
pub(super) fn window(window: &Window, made_at: Time) -> String {
    let start = window.start.filter(|_| window.is_ahead(made_at)).map(|start| time(start, DayEdge::Start));
    match (start, window.end.map(|end| time(end, DayEdge::End))) {
        (None, None) => "permanent".to_owned(),
        (None, Some(end)) => format!("until {end}"),
        (Some(start), None) => format!("permanent, from {start}"),
        (Some(start), Some(end)) => format!("from {start} until {end}"),
    }
}

/// Why a step is in the plan, where the line itself does not say it.
pub(super) fn reason(reason: &Reason) -> Cow<'static, str> {
    match reason {
        Reason::Missing
        | Reason::MissingAsAllowed
        | Reason::ScheduleDiffers
        | Reason::ConditionDiffers
        | Reason::SettingsDiffer => "".into(),
        Reason::Ended { at } => format!("the one before ended {}", time(*at, DayEdge::End)).into(),
        Reason::NotDeclared => "not declared".into(),
        Reason::Converted { to } => format!("declared as {to} now").into(),
        // The line itself says when it would have ended.
        Reason::Renewal { .. } => "within its renewal window".into(),
    }
}

/// A value that is no set of anybody: `8h`, `true`, `mfa`.
pub(super) fn scalar(value: &Value) -> Option<String> {
    Some(match value {
        Value::Duration(length) => length.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Expiry(expiry) => expiry.to_string(),
        Value::Authentication(Authentication::None) => "none".to_owned(),
        Value::Authentication(Authentication::Mfa) => "mfa".to_owned(),
        Value::Authentication(Authentication::Context(id)) => format!("context {id}"),
        Value::Level(Level::None) => "no mail at all".to_owned(),
        Value::Level(Level::Critical) => "true".to_owned(),
        Value::Level(Level::All) => "false".to_owned(),
        Value::Extension(extensions) => extensions.to_string(),
        Value::Approval(Approval::NotRequired) => "none".to_owned(),
        Value::Approval(Approval::DefaultApprovers) => "the service's default approvers".to_owned(),
        Value::Approval(Approval::Required(_)) | Value::Recipients(_) => return None,
    })
}

/// `1 step`, `1,234 steps`
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", thousands(number), if number == 1 { one } else { many })
}

/// `1,234`
pub(super) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (left, digit) in (1..=digits.len()).rev().zip(digits.chars()) {
        out.push(digit);
        if left > 1 && left % 3 == 1 {
            out.push(',');
        }
    }
    out
}

/// A value that the tenant has, or what was met that cannot be read.
pub(super) fn fact(fact: &Fact<Value>, names: &Names) -> String {
    match fact {
        Fact::Known(value) => of(value, names),
        Fact::Unknown { unknown } => format!("not known: {unknown}"),
    }
}

/// A settings value with every principal in it by name.
pub(super) fn of(value: &Value, names: &Names) -> String {
    let list = |items: Vec<String>| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
    match value {
        Value::Approval(Approval::Required(approvers)) => {
            list(approvers.iter().map(|approver| names.principal(approver.principal())).collect())
        }
        Value::Recipients(recipients) => list(recipients.0.iter().map(ToString::to_string).collect()),
        other => scalar(other).unwrap_or_default(),
    }
}
