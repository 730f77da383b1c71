//! Where things come from, for people and programs.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use super::escape::{name, visible};
use super::words;
use crate::diag::Place;
use crate::explain::{
    ExplainedAssignment, ExplainedField, ExplainedList, ExplainedMember, Explanation, Held, TenantSide,
};
use crate::model::text::same_name;
use crate::model::time::DayEdge;
use crate::model::{DesiredEnding, DesiredSchedule, Names, Origin, Ownership, Time, Window};

/// How wide text may be.
const WIDTH: usize = 80;

/// For people.
pub fn explained_text(explanation: &Explanation, names: &Names, now: Time) -> String {
    let mut out = head(explanation);
    fields(&mut out, &explanation.settings, names);
    for assignment in &explanation.assignments {
        item(&mut out, &assignment.address, &assignment_lines(assignment, &explanation.tenant, now));
    }
    for member in &explanation.members {
        item(&mut out, &member.address, &member_lines(member, &explanation.tenant));
    }
    out
}

fn item(out: &mut String, address: &str, lines: &[String]) {
    let blank = if out.is_empty() { "" } else { "\n" };
    let _ = writeln!(out, "{blank}{}", name(address));
    for line in lines {
        let _ = writeln!(out, "  {}", visible(line));
    }
}

/// What the address is. Nothing where all there is to say is said of the one thing that has this address.
fn head(explanation: &Explanation) -> String {
    let mut addresses =
        explanation.assignments.iter().map(|it| &it.address).chain(explanation.members.iter().map(|it| &it.address));
    if !matches!(explanation.tenant, TenantSide::Unknown(_))
        && addresses.any(|address| same_name(address, &explanation.address))
    {
        return String::new();
    }
    let mut out = name(&explanation.address).into_owned();
    let declared = explanation.declared_at.as_ref().map(|place| format!("declared at {}", visible(&place.to_string())));
    let _ = match declared {
        Some(declared) if width(&out) + 2 + width(&declared) > WIDTH => writeln!(out, "\n  {declared}"),
        Some(declared) => writeln!(out, "  {declared}"),
        None => writeln!(out),
    };
    match &explanation.tenant {
        TenantSide::Known => {}
        TenantSide::ToBeCreated => out += "the group does not exist yet; the plan creates it\n",
        TenantSide::Unknown(why) => {
            let _ = writeln!(out, "the tenant's side is not known: {}", visible(why));
        }
    }
    if let Some(create) = &explanation.create {
        let assignable = if create.role_assignable { "may hold directory roles" } else { "no directory roles" };
        let description = create.description.as_deref().map(|text| format!("; description: {text}"));
        let _ = writeln!(out, "created where it is missing: {assignable}{}", visible(&description.unwrap_or_default()));
    }
    out
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn fields(out: &mut String, fields: &[ExplainedField], names: &Names) {
    let tenant = |field: &ExplainedField| {
        field.tenant.as_ref().map_or_else(|| "?".to_owned(), |value| visible(&words::fact(value, names)).into_owned())
    };
    let managed = fields.iter().filter_map(|field| {
        let (value, place) = field.declared.as_ref()?;
        let declared = visible(&words::of(value, names)).into_owned();
        Some([field.field.to_string(), declared, tenant(field), visible(&place_of(place.as_ref())).into_owned()])
    });
    let managed: Vec<[String; 4]> = managed.collect();
    if !managed.is_empty() {
        out.push('\n');
        table(out, managed);
    }
    // A group of fields, and what it has.
    let mut others: Vec<(String, Vec<String>)> = Vec::new();
    for field in fields.iter().filter(|field| field.declared.is_none()) {
        let path = field.field.to_string();
        let (group, last) = path.rsplit_once('.').unwrap_or(("", &path));
        let value = format!("{last} {}", tenant(field));
        match others.last_mut().filter(|(name, _)| name == group) {
            Some((_, values)) => values.push(value),
            None => others.push((group.to_owned(), vec![value])),
        }
    }
    if others.is_empty() {
        return;
    }
    if fields.iter().all(|field| field.tenant.is_none()) {
        out.push_str("\nall other fields are unmanaged\n");
        return;
    }
    out.push_str("\nunmanaged, as the tenant has them:\n");
    for (group, values) in others {
        let mut line = format!("  {group}:");
        for (number, value) in (1..).zip(&values) {
            let comma = if number < values.len() { "," } else { "" };
            if width(&line) + 1 + width(value) + comma.len() > WIDTH {
                let _ = writeln!(out, "{line}");
                "   ".clone_into(&mut line);
            }
            let _ = write!(line, " {value}{comma}");
        }
        let _ = writeln!(out, "{line}");
    }
}

/// In columns where there is room, else each field with its sides below it.
fn table(out: &mut String, rows: Vec<[String; 4]>) {
    let headings = ["field", "declared", "tenant", "from"].map(str::to_owned);
    let mut widths = headings.each_ref().map(|heading| width(heading));
    for row in &rows {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(width(cell));
        }
    }
    if widths.iter().sum::<usize>() + 6 <= WIDTH {
        for row in std::iter::once(headings).chain(rows) {
            let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
            let _ = writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
        }
        return;
    }
    for [field, declared, tenant, place] in rows {
        let _ = writeln!(out, "{field}\n  declared: {declared}  {place}\n  tenant: {tenant}");
    }
}

/// What becomes of something that a list does not name.
fn undeclared(list: &ExplainedList, is_ours: bool) -> String {
    let at = list.at.as_ref().map(|at| format!(" at {at}")).unwrap_or_default();
    match (list.ownership, is_ours) {
        (Ownership::Complete, true) => format!("not declared; the list{at} is complete, so a plan removes it"),
        (Ownership::Additive, true) => format!("not declared; the list{at} is additive, so it is kept"),
        (Ownership::Complete, false) => format!("not declared in the list{at}, which is complete"),
        (Ownership::Additive, false) => format!("not declared in the list{at}, which is additive"),
    }
}

fn member_lines(member: &ExplainedMember, tenant: &TenantSide) -> Vec<String> {
    let declared = match (&member.list, member.is_declared) {
        (_, true) => format!("declared: {}", place_of(member.declared_at.as_ref())),
        (Some(list), false) => undeclared(list, member.held == Some(Held::Static)),
        (None, false) => "unmanaged: the files have no list of this kind here".to_owned(),
    };
    let held = match (member.held, tenant) {
        (_, TenantSide::ToBeCreated) => "the group does not exist yet".to_owned(),
        (None, _) => "not known".to_owned(),
        (Some(Held::Not), _) => "not there".to_owned(),
        (Some(Held::Static), _) => "there".to_owned(),
        (Some(Held::Elsewhere(why)), _) => format!("there, but {why}; never changed"),
        (Some(Held::ThroughPim), _) => "there through PIM, which this list does not change".to_owned(),
    };
    vec![declared, format!("tenant: {held}")]
}

fn assignment_lines(assignment: &ExplainedAssignment, tenant: &TenantSide, now: Time) -> Vec<String> {
    let mut lines = Vec::new();
    match (&assignment.declared, &assignment.list) {
        (Some((declared, place)), _) => {
            lines.push(format!("declared: {}  {}", schedule(&declared.schedule), place_of(place.as_ref())));
            lines.extend(declared.justification.iter().map(|text| format!("justification: {text}")));
            lines.extend(declared.ticket.iter().map(|ticket| format!("ticket: {}", ticket.number)));
            lines.extend(declared.condition.iter().map(|condition| format!("condition: {}", condition.0)));
        }
        (None, Some(list)) => {
            let is_ours = assignment.rows.iter().any(|row| row.origin.is_assigned() && !row.window.is_over(now));
            lines.push(undeclared(list, is_ours));
        }
        (None, None) => lines.push("unmanaged: the files have no list of this kind here".to_owned()),
    }
    if assignment.is_static {
        lines.push("tenant: there without PIM; never changed here".to_owned());
    } else if assignment.rows.is_empty() {
        let nothing = match tenant {
            TenantSide::Known => "not assigned",
            TenantSide::ToBeCreated => "the group does not exist yet",
            TenantSide::Unknown(_) => "not known",
        };
        lines.push(format!("tenant: {nothing}"));
    }
    for row in &assignment.rows {
        let over = if row.window.is_over(now) { "ended, " } else { "" };
        lines.push(format!("tenant: {over}{}{}", words::window(&row.window, now), origin(row.origin)));
        lines.extend(row.condition.iter().map(|condition| format!("  condition: {}", condition.0)));
    }
    lines
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Assigned => "",
        Origin::Activated => ", activated by the principal; never changed",
        Origin::OutsidePim => ", assigned outside PIM; never changed",
        Origin::Inherited => ", inherited from a scope above; never changed",
        Origin::ThroughGroup => ", held through a group; never changed",
    }
}

fn schedule(schedule: &DesiredSchedule) -> String {
    let from = schedule.start.map(|start| format!(", from {}", words::time(start, DayEdge::Start))).unwrap_or_default();
    let end = match schedule.end {
        DesiredEnding::Permanent => "permanent".to_owned(),
        DesiredEnding::Until(end) => format!("until {}", words::time(end, DayEdge::End)),
        DesiredEnding::For { length, renew: None } => format!("for {length}"),
        DesiredEnding::For { length, renew: Some(renew) } => {
            format!("for {length}, extended when less than {renew} remain")
        }
        DesiredEnding::AsAllowed => "as long as the settings allow".to_owned(),
    };
    end + &from
}

fn place_of(place: Option<&Place>) -> String {
    place.map(ToString::to_string).unwrap_or_default()
}

/// For programs.
pub fn explained_json(explanation: &Explanation, names: &Names, now: Time) -> Json {
    let list = |list: &Option<ExplainedList>| {
        list.as_ref().map(|list| json!({ "ownership": list.ownership, "declared_at": list.at }))
    };
    let settings = explanation.settings.iter().map(|field| {
        json!({
            "field": field.field.to_string(),
            "declared": field.declared.as_ref().map(|(value, _)| words::of(value, names)),
            "declared_at": field.declared.as_ref().and_then(|(_, place)| place.as_ref()),
            "tenant": field.tenant.as_ref().map(|value| words::fact(value, names)),
        })
    });
    let assignments = explanation.assignments.iter().map(|assignment| {
        let rows = assignment.rows.iter().map(|row| {
            let Window { start, end } = row.window;
            json!({ "origin": row.origin, "start": start, "end": end, "over": row.window.is_over(now) })
        });
        json!({
            "address": assignment.address,
            "declared": assignment.declared.as_ref().map(|(declared, _)| schedule(&declared.schedule)),
            "declared_at": assignment.declared.as_ref().and_then(|(_, place)| place.as_ref()),
            "list": list(&assignment.list),
            "static": assignment.is_static,
            "tenant": rows.collect::<Vec<Json>>(),
        })
    });
    let members = explanation.members.iter().map(|member| {
        let held = member.held.map(|held| match held {
            Held::Not => "not",
            Held::Static => "static",
            Held::Elsewhere(_) => "decided_elsewhere",
            Held::ThroughPim => "through_pim",
        });
        json!({
            "address": member.address,
            "declared": member.is_declared,
            "declared_at": member.declared_at,
            "list": list(&member.list),
            "tenant": held,
        })
    });
    let unreadable = match &explanation.tenant {
        TenantSide::Unknown(why) => Some(why),
        TenantSide::Known | TenantSide::ToBeCreated => None,
    };
    json!({
        "address": explanation.address,
        "declared_at": explanation.declared_at,
        "create": explanation.create,
        "to_be_created": explanation.tenant == TenantSide::ToBeCreated,
        "unreadable": unreadable,
        "settings": settings.collect::<Vec<Json>>(),
        "assignments": assignments.collect::<Vec<Json>>(),
        "members": members.collect::<Vec<Json>>(),
    })
}
