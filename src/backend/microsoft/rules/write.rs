//! From changed settings to the rules that must be written.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::part::{Demands, Said, addresses, level_word};
use super::read::{index, read, said};
use super::{Part, RULES, Rule, RulesError, approval};
use crate::backend::microsoft::http::Service;
use crate::backend::microsoft::wire;
use crate::model::{Authentication, Changes, Current, Duration, Expiry, Settings};

/// A rule that must be written: always whole, since the service takes what is left out for a wish to lose it.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::microsoft) struct Patch {
    /// The id of the rule.
    pub(in crate::backend::microsoft) id: &'static str,
    /// The rule as it is, in a form that can be written to put it back.
    pub(in crate::backend::microsoft) before: Value,
    /// The rule as it must be.
    pub(in crate::backend::microsoft) after: Value,
    /// True for the first of two that must both be written, in this order, or neither: multifactor authentication and
    /// an authentication context exclude each other.
    pub(in crate::backend::microsoft) bound_to_next: bool,
}

/// The rules that differ, in the order in which they must be written. `live` are the rules as read just now; what the
/// changes are not about stays as it is there, unknown fields included. Nothing when all is as wanted already.
pub(in crate::backend::microsoft) fn patches(
    service: Service,
    live: &[Value],
    changes: &Settings<Changes>,
) -> Result<Vec<Patch>, RulesError> {
    let (current, _) = read(live)?;
    let wanted = current.changed(changes);
    let by_id = index(live);
    let mut patches = Vec::new();
    for rule in in_order(&wanted).filter(|rule| rule.part.is_touched_by(changes)) {
        let Some(is) = by_id.get(&rule.id.to_lowercase()) else { continue };
        let must_say = rule.part.of(&wanted);
        let says = said(rule, is, &mut BTreeSet::new())?;
        if says == must_say {
            continue;
        }
        patches.push(Patch {
            id: rule.id,
            before: spelt(rule, is, &says, service),
            after: spelt(rule, is, &must_say, service),
            bound_to_next: false,
        });
    }
    // The pair comes first; see `in_order`.
    let pair = ["Enablement_EndUser_Assignment", "AuthenticationContext_EndUser_Assignment"];
    if let [first, second, ..] = patches.as_mut_slice() {
        first.bound_to_next =
            changes.activation.authentication.is_some() && pair.contains(&first.id) && pair.contains(&second.id);
    }
    Ok(patches)
}

/// The rules on what an activation must prove come first, each before the other as the service wants it: it refuses
/// multifactor authentication while a context is on, and stores both, though it forbids both, the other way round.
fn in_order(wanted: &Settings<Current>) -> impl Iterator<Item = &'static Rule> {
    let pair = match wanted.activation.authentication {
        Authentication::Context(_) => [Part::ActivationDemands, Part::Context],
        Authentication::None | Authentication::Mfa => [Part::Context, Part::ActivationDemands],
    };
    let find = |part| RULES.iter().find(move |rule| rule.part == part);
    let others = RULES.iter().filter(|rule| !matches!(rule.part, Part::ActivationDemands | Part::Context));
    pair.into_iter().filter_map(find).chain(others)
}

/// A whole rule in the spelling of an envelope.
fn spelt(rule: &Rule, live: &Map<String, Value>, says: &Said, service: Service) -> Value {
    let mut out = live.clone();
    out.retain(|field, _| !field.starts_with("@odata.") && !field.eq_ignore_ascii_case("ruleType"));
    let sort = rule.part.sort();
    match service {
        Service::Graph => {
            let kind = format!("#microsoft.graph.unifiedRoleManagementPolicy{sort}Rule");
            out.insert("@odata.type".to_owned(), kind.into());
        }
        Service::Arm => drop(out.insert("ruleType".to_owned(), format!("RoleManagementPolicy{sort}Rule").into())),
    }
    out.insert("id".to_owned(), rule.id.into());
    let mut put = |field: &str, value: Value| drop(out.insert(field.to_owned(), value));
    match (rule.part, says) {
        (_, Said::Expiry(Expiry::Never)) => put("isExpirationRequired", false.into()),
        (_, Said::Expiry(Expiry::After(length)) | Said::Length(length)) => {
            put("isExpirationRequired", true.into());
            put("maximumDuration", iso(*length).into());
        }
        (_, Said::Demands(demands)) => put("enabledRules", words(rule.part, *demands, live).into()),
        (_, Said::Context(Some(id))) => {
            put("isEnabled", true.into());
            put("claimValue", id.to_string().into());
        }
        (_, Said::Context(None)) => {
            put("isEnabled", false.into());
            put("claimValue", if service == Service::Graph { Value::Null } else { "".into() });
        }
        (part, Said::Notification(says)) => {
            put("notificationType", "Email".into());
            if let Part::Notification(_, audience) = part {
                put("recipientType", Part::recipient(audience).into());
            }
            put("notificationLevel", level_word(says.level).into());
            put("isDefaultRecipientsEnabled", says.default_recipients.into());
            put("notificationRecipients", addresses(&says.to).collect::<Vec<_>>().into());
        }
        (_, Said::Approval(approval)) => approval::write(&mut out, approval, service),
    }
    let target = target(rule.part, live.get("target"));
    out.insert("target".to_owned(), target);
    let mut out = Value::Object(out);
    if service == Service::Arm {
        without_nulls(&mut out);
    }
    out
}

/// The complete target. The service accepts a rule without it, and then loses rules (docs/service.md: rules-8).
fn target(part: Part, live: Option<&Value>) -> Value {
    let mut target = live.and_then(Value::as_object).cloned().unwrap_or_default();
    target.insert("caller".to_owned(), part.caller().into());
    target.insert("operations".to_owned(), json!(["All"]));
    target.insert("level".to_owned(), part.level().into());
    for list in ["inheritableSettings", "enforcedSettings"] {
        if !target.get(list).is_some_and(Value::is_array) {
            target.insert(list.to_owned(), json!([]));
        }
    }
    target.retain(|_, value| !value.is_null());
    target.into()
}

/// The demands in the spelling that the service insists on, and those that are there and not known.
fn words(part: Part, demands: Demands, live: &Map<String, Value>) -> Vec<Value> {
    let Demands { mfa, justification, ticket } = demands;
    let known = part.demands();
    let wanted = known.iter().copied().zip([mfa, justification, ticket]).filter(|(_, on)| *on).map(|(word, _)| word);
    let there = wire::list(live, "enabledRules").unwrap_or_default().iter().filter_map(Value::as_str);
    let unknown = there.filter(|word| !word.is_empty() && !known.iter().any(|known| known.eq_ignore_ascii_case(word)));
    wanted.chain(unknown).map(Value::from).collect()
}

/// A length in ISO 8601, in days and less: the service refuses months and years. A day is `P1D`, as its own lists have it.
pub(in crate::backend::microsoft) fn iso(length: Duration) -> String {
    let seconds = length.as_secs();
    let amount = |amount: u64, unit: &str| if amount == 0 { String::new() } else { format!("{amount}{unit}") };
    let days = amount(seconds / 86_400, "D");
    let time = amount(seconds / 3600 % 24, "H") + &amount(seconds / 60 % 60, "M") + &amount(seconds % 60, "S");
    match (seconds, time.as_str()) {
        (0, _) => "PT0S".to_owned(),
        (_, "") => format!("P{days}"),
        _ => format!("P{days}T{time}"),
    }
}

/// Azure Resource Manager writes no nulls, and its definitions allow none.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}
