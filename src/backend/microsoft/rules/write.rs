//! From changed settings to the rules that must be written.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::part::{Demands, Said, addresses, level_word};
use super::read::{index, read, said};
use super::{Part, RULES, Rule, RulesError, approval};
use crate::backend::microsoft::http::Service;
use crate::backend::microsoft::wire;
use crate::model::notification::Notification;
use crate::model::{Authentication, Changes, Current, Duration, Expiry, ExtensionId, Fact, Settings};

/// A rule that must be written: always whole, since the service takes what is left out for a wish to lose it.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::backend::microsoft) struct Patch {
    /// The id of the rule.
    pub(in crate::backend::microsoft) id: &'static str,
    /// The rule as it is, in a form that can be written to put it back.
    pub(in crate::backend::microsoft) before: Value,
    /// The rule as it must be.
    pub(in crate::backend::microsoft) after: Value,
    /// True where the policy is older than the rule: then there is nothing to put back, and the rule comes into being by
    /// a change of the whole policy only.
    pub(in crate::backend::microsoft) is_new: bool,
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
    let unknown = current.unknown();
    let met = changes.list().into_iter().find_map(|change| unknown.get(&change.field).map(|met| (change.field, met)));
    if let Some((field, unknown)) = met {
        return Err(RulesError::Unknown { field, unknown: unknown.clone() });
    }
    let wanted = current.changed(changes);
    let by_id = index(live);
    let mut patches = Vec::new();
    for rule in in_order(&wanted).filter(|rule| rule.part.is_touched_by(changes)) {
        let there = by_id.get(&rule.id.to_lowercase()).copied();
        let says = match (there, rule.part) {
            (Some(is), _) => said(rule, is, &mut BTreeSet::new()),
            (None, Part::Extension(_)) => Said::Extension(Fact::Known(None)),
            (None, _) => continue,
        };
        let empty = Map::new();
        let is = there.unwrap_or(&empty);
        let must_say = rule.part.of(&wanted).or(&says);
        if says == must_say {
            continue;
        }
        patches.push(Patch {
            id: rule.id,
            before: spelt(rule, is, &says, service),
            after: spelt(rule, is, &must_say, service),
            is_new: there.is_none(),
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
    let pair = match wanted.activation.authentication.known() {
        Some(Authentication::Context(_)) => [Part::ActivationDemands, Part::Context],
        Some(Authentication::None | Authentication::Mfa) | None => [Part::Context, Part::ActivationDemands],
    };
    let find = |part| RULES.iter().find(move |rule| rule.part == part);
    let others = RULES.iter().filter(|rule| !matches!(rule.part, Part::ActivationDemands | Part::Context));
    pair.into_iter().filter_map(find).chain(others)
}

/// A whole rule in the spelling of an envelope. What is not known stays as it is.
fn spelt(rule: &Rule, live: &Map<String, Value>, says: &Said, service: Service) -> Value {
    let mut out = live.clone();
    let sort = rule.part.sort();
    match service {
        Service::Graph => {
            out.retain(|field, _| !field.starts_with("@odata.") && !field.eq_ignore_ascii_case("ruleType"));
            insert(&mut out, "@odata.type", format!("#microsoft.graph.unifiedRoleManagementPolicy{sort}Rule"));
        }
        // What the service calls it, where it is there, is what it is called.
        Service::Arm if matches!(rule.part, Part::Extension(_)) => {}
        Service::Arm => {
            out.retain(|field, _| !field.starts_with("@odata.") && !field.eq_ignore_ascii_case("ruleType"));
            insert(&mut out, "ruleType", format!("RoleManagementPolicy{sort}Rule"));
        }
    }
    insert(&mut out, "id", rule.id);
    put(rule.part, &mut out, says, service);
    let target = target(rule.part, live.get("target"));
    out.insert("target".to_owned(), target);
    let mut out = Value::Object(out);
    if service == Service::Arm {
        without_nulls(&mut out);
    }
    out
}

/// Puts into a rule what it is to say.
fn put(part: Part, out: &mut Map<String, Value>, says: &Said, service: Service) {
    match says {
        Said::Expiry(says) => match says.known() {
            Some(Expiry::Never) => insert(out, "isExpirationRequired", false),
            Some(Expiry::After(longest)) => length(out, *longest),
            None => {}
        },
        Said::Length(says) => says.known().into_iter().for_each(|longest| length(out, *longest)),
        Said::Demands(demands) => {
            let words = words(part, demands, out);
            insert(out, "enabledRules", words);
        }
        Said::Context(says) => match says.known() {
            Some(Some(id)) => {
                insert(out, "isEnabled", true);
                insert(out, "claimValue", id.to_string());
            }
            Some(None) => {
                insert(out, "isEnabled", false);
                insert(out, "claimValue", if service == Service::Graph { Value::Null } else { "".into() });
            }
            None => {}
        },
        Said::Extension(says) => says.known().into_iter().for_each(|asked| extension(out, asked.as_ref())),
        Said::Notification(says) => notification(part, out, says),
        Said::Approval(says) => says.known().into_iter().for_each(|says| approval::write(out, says, service)),
    }
}

/// The name of an extension is read only, and that of another one.
fn extension(out: &mut Map<String, Value>, asked: Option<&ExtensionId>) {
    out.remove("displayName");
    insert(out, "isEnabled", asked.is_some());
    insert(out, "customExtensionId", asked.map_or(Value::Null, |id| id.to_string().into()));
}

fn insert(out: &mut Map<String, Value>, field: &str, value: impl Into<Value>) {
    out.insert(field.to_owned(), value.into());
}

fn length(out: &mut Map<String, Value>, longest: Duration) {
    insert(out, "isExpirationRequired", true);
    insert(out, "maximumDuration", iso(longest));
}

fn notification(part: Part, out: &mut Map<String, Value>, says: &Notification<Current>) {
    insert(out, "notificationType", "Email");
    if let Part::Notification(_, audience) = part {
        insert(out, "recipientType", Part::recipient(audience));
    }
    if let Some(level) = says.level.known() {
        insert(out, "notificationLevel", level_word(*level));
    }
    if let Some(told) = says.default_recipients.known() {
        insert(out, "isDefaultRecipientsEnabled", *told);
    }
    if let Some(to) = says.to.known() {
        insert(out, "notificationRecipients", addresses(to).collect::<Vec<_>>());
    }
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
fn words(part: Part, demands: &Demands, live: &Map<String, Value>) -> Vec<Value> {
    let known = part.demands();
    let wanted = known.iter().copied().zip(demands.list()).filter(|(_, on)| **on == true).map(|(word, _)| word);
    let there = wire::list(live, "enabledRules").unwrap_or_default().iter().filter_map(Value::as_str);
    let is_known = |word: &str| known.iter().any(|known| known.eq_ignore_ascii_case(word));
    let unknown = there.filter(|word| !word.is_empty() && !is_known(word) && !part.is_refused(word));
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
