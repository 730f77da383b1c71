//! Who is notified of what, as the tool says it.

use std::collections::BTreeSet;

use super::json::{Json, Object};
use crate::import::left::{Leaving, Why};
use crate::model::notification::{Audience, Event, Notification};
use crate::model::{Level, Mail, Recipients, Settings, Sparse};

const EVENTS: [(Event, &str, &str); 3] = [
    (Event::EligibleAssigned, "Eligibility", "EligibleAssignment"),
    (Event::ActiveAssigned, "Active", "ActiveAssignment"),
    (Event::Activated, "Activation", "Activation"),
];
const AUDIENCES: [(Audience, &str, &str); 3] = [
    (Audience::Admins, "Alert", "Alert"),
    (Audience::Assignee, "Assignee", "Assignee"),
    (Audience::Approvers, "Approvers", "Approver"),
];

/// Nested under `Notifications`, or flat as `Notification_EligibleAssignment_Alert`.
pub(super) fn notifications(object: &mut Object, settings: &mut Settings<Sparse>, left: &mut Leaving) {
    let mut found: Vec<(Event, Audience, String, Json)> = Vec::new();
    for (event, _, flat_event) in EVENTS {
        for (audience, _, flat_audience) in AUDIENCES {
            let key = format!("Notification_{flat_event}_{flat_audience}");
            found.extend(object.take(&[&key]).map(|(path, value)| (event, audience, path, value)));
        }
    }
    if let Some((path, value)) = object.take(&["Notifications"])
        && let Some(mut events) = Object::new(value, path, left)
    {
        for (event, name, other) in EVENTS {
            let Some((path, value)) = events.take(&[name, other]) else { continue };
            let Some(mut audiences) = Object::new(value, path, left) else { continue };
            for (audience, name, other) in AUDIENCES {
                found.extend(audiences.take(&[name, other]).map(|(path, value)| (event, audience, path, value)));
            }
            audiences.finish(left);
        }
        events.finish(left);
    }
    let mut rules: Vec<(Event, Audience, Notification<Sparse>)> = Vec::new();
    for (event, audience, path, value) in found {
        let Some(mut object) = Object::new(value, path, left) else { continue };
        let rule = notification(&mut object, left);
        object.finish(left);
        rules.push((event, audience, rule));
    }
    settings.notifications = crate::model::notification::Notifications::from_fn(|event, audience| {
        let rule = rules.iter().find(|(e, a, _)| (*e, *a) == (event, audience));
        rule.map(|(_, _, rule)| rule.clone()).unwrap_or_default()
    });
}

fn notification(object: &mut Object, left: &mut Leaving) -> Notification<Sparse> {
    let default_recipients = object.flag(&["isDefaultRecipientEnabled"], left);
    let path = object.at("NotificationLevel");
    let level = object.text(&["NotificationLevel"], left).and_then(|level| match level.as_str() {
        level if level.eq_ignore_ascii_case("All") => Some(Level::All),
        level if level.eq_ignore_ascii_case("Critical") => Some(Level::Critical),
        level if level.eq_ignore_ascii_case("None") => {
            left.add(&path, Why::NoNotification);
            None
        }
        other => {
            left.say(&path, Why::OddValue, format!("`{other}` is not a level of notifications"));
            None
        }
    });
    let to = match recipients(object, left) {
        Named::Nobody => None,
        Named::Read(recipients) => Some(recipients),
        // Whoever is meant must not lose a mail, so it stays as the tenant has it.
        Named::Unreadable => return Notification { level, ..Notification::default() },
    };
    Notification { level, default_recipients, to }
}

/// Who is to be notified.
enum Named {
    Nobody,
    Read(Recipients),
    Unreadable,
}

/// A list, or addresses with `;` or `,` between, with or without the names of those they belong to.
fn recipients(object: &mut Object, left: &mut Leaving) -> Named {
    let Some((path, value)) = object.take(&["Recipients"]).filter(|(_, value)| *value != Json::Null) else {
        return Named::Nobody;
    };
    let (mut mails, mut readable) = (BTreeSet::new(), true);
    for item in value.items() {
        let Json::Text(text) = &item else {
            left.say(&path, Why::WrongType, format!("expected text, found {}", item.shown()));
            readable = false;
            continue;
        };
        for one in addresses(text) {
            match one.parse::<Mail>() {
                Ok(mail) => drop(mails.insert(mail)),
                Err(error) => {
                    left.say(&path, Why::OddValue, format!("{error}; the recipients stay as the tenant has them"));
                    readable = false;
                }
            }
        }
    }
    if readable { Named::Read(Recipients(mails)) } else { Named::Unreadable }
}

/// The addresses in a text: a name before one, as in `SOC <soc@contoso.example>`, is put aside.
fn addresses(text: &str) -> Vec<&str> {
    let (mut quoted, mut within) = (false, false);
    let apart = |c: char| {
        match c {
            '"' => quoted = !quoted,
            '<' => within = !quoted,
            '>' => within = false,
            _ => {}
        }
        !quoted && !within && matches!(c, ';' | ',')
    };
    let pieces = text.split(apart).map(str::trim).filter(|piece| !piece.is_empty());
    let bare = |piece| match str::rsplit_once(piece, '<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or(piece).trim(),
        None => piece,
    };
    pieces.map(bare).collect()
}

#[cfg(test)]
mod tests {
    use super::addresses;

    #[test]
    fn addresses_stand_apart_in_any_form() {
        for (text, expected) in [
            ("soc@contoso.example", &["soc@contoso.example"][..]),
            ("soc@contoso.example;it@contoso.example", &["soc@contoso.example", "it@contoso.example"]),
            ("soc@contoso.example, it@contoso.example ,", &["soc@contoso.example", "it@contoso.example"]),
            ("SOC Team <soc@contoso.example>", &["soc@contoso.example"]),
            (
                "\"Team, SOC\" <soc@contoso.example>; <it@contoso.example>",
                &["soc@contoso.example", "it@contoso.example"],
            ),
            ("SOC <soc@contoso.example", &["SOC <soc@contoso.example"]),
            (" ", &[]),
        ] {
            assert_eq!(addresses(text), expected, "{text}");
        }
    }
}
