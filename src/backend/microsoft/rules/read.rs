//! From rules to settings: whatever spelling the service chose today.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::approval;
use super::part::{Demands, Gathered, Said};
use super::{Part, RULES, Rule, RulesError};
use crate::backend::microsoft::wire;
use crate::model::notification::Notification;
use crate::model::settings::Unknown;
use crate::model::time::DurationError;
use crate::model::{ContextId, Current, Duration, Expiry, ExtensionId, Fact, Level, Mail, Recipients, Settings};

/// The settings that the rules of one policy mean, and notes on what was met and left alone because it is not known.
///
/// `rules` is the list as it stands in the policy, of either envelope. Case of words and order are ignored; what is
/// null, absent, empty text or an empty list is the same. Of a rule that is missing or makes no sense, the fields are not
/// known, and no others.
pub(in crate::backend::microsoft) fn read(
    rules: &[Value],
) -> Result<(Settings<Current>, BTreeSet<String>), RulesError> {
    let by_id = index(rules);
    let mut notes: BTreeSet<String> = by_id
        .values()
        .filter_map(|rule| wire::text(rule, "id"))
        .filter(|id| !RULES.iter().any(|known| known.id.eq_ignore_ascii_case(id)))
        .map(|id| format!("policies have a rule `{id}`, which pimform does not know; it is left alone"))
        .collect();
    if !RULES.iter().any(|rule| by_id.contains_key(&rule.id.to_lowercase())) {
        return Err(RulesError::None);
    }
    let mut gathered = Gathered::default();
    for rule in &RULES {
        let says = match by_id.get(&rule.id.to_lowercase()) {
            Some(value) => said(rule, value, &mut notes),
            None if matches!(rule.part, Part::Extension(_)) => Said::Extension(Fact::Known(None)),
            None => Said::unknown(rule.part, &Unknown::new(format!("is in no rule: the policy lacks `{}`", rule.id))),
        };
        gathered.take(rule.part, says);
    }
    let (settings, both) = gathered.settings();
    if both {
        notes.insert(
            "a policy asks for both multifactor authentication and an authentication context, which the service \
             forbids; it counts as asking for the context"
                .to_owned(),
        );
    }
    Ok((settings, notes))
}

/// The rules of a policy that are not known.
pub(in crate::backend::microsoft) fn unknown(rules: &[Value]) -> BTreeSet<Box<str>> {
    let ids = rules.iter().filter_map(|rule| wire::field(rule, "id"));
    ids.filter(|id| !RULES.iter().any(|known| known.id.eq_ignore_ascii_case(id))).map(Box::from).collect()
}

/// Fails where rules that were there are gone. The service can lose some when one was written without its target.
pub(in crate::backend::microsoft) fn kept(before: &[Value], after: &[Value]) -> Result<(), RulesError> {
    let (before, after) = (index(before), index(after));
    let is_lost = |rule: &&Rule| {
        let id = rule.id.to_lowercase();
        before.contains_key(&id) && !after.contains_key(&id)
    };
    let lost: Vec<&'static str> = RULES.iter().filter(is_lost).map(|rule| rule.id).collect();
    if lost.is_empty() { Ok(()) } else { Err(RulesError::Missing(lost)) }
}

/// The rules by their ids in lower case. Of two with one id the first counts.
pub(super) fn index(rules: &[Value]) -> BTreeMap<String, &Map<String, Value>> {
    let mut by_id = BTreeMap::new();
    for rule in rules.iter().filter_map(Value::as_object) {
        if let Some(id) = wire::text(rule, "id") {
            by_id.entry(id.to_lowercase()).or_insert(rule);
        }
    }
    by_id
}

/// What one rule says.
pub(super) fn said(rule: &Rule, value: &Map<String, Value>, notes: &mut BTreeSet<String>) -> Said {
    if let Some(other) = other_type(rule, value) {
        return Said::unknown(rule.part, &Unknown::new(format!("is in `{}`, which is of the type `{other}`", rule.id)));
    }
    match rule.part {
        Part::Expiry(_) => Said::Expiry(fact(expiry(value))),
        Part::ActivationLength => Said::Length(fact(longest(value))),
        Part::Demands(_) | Part::ActivationDemands => match demands(rule, value, notes) {
            Ok(demands) => Said::Demands(demands),
            Err(met) => Said::unknown(rule.part, &Unknown::new(met)),
        },
        Part::Approval => Said::Approval(fact(approval::read(value))),
        Part::Context => Said::Context(fact(context(value))),
        Part::Extension(_) => Said::Extension(fact(extension(value))),
        Part::Notification(..) => Said::Notification(notification(value)),
    }
}

fn fact<T>(read: Result<T, String>) -> Fact<T> {
    match read {
        Ok(value) => Fact::Known(value),
        Err(met) => Fact::Unknown { unknown: Unknown::new(met) },
    }
}

/// The type of a rule, where it is there and not the one that a rule with this id has.
fn other_type<'v>(rule: &Rule, value: &'v Map<String, Value>) -> Option<&'v str> {
    let kind = wire::text(value, "@odata.type").or_else(|| wire::text(value, "ruleType"))?;
    let own = format!("policy{}rule", rule.part.sort()).to_lowercase();
    (!kind.to_lowercase().ends_with(&own)).then_some(kind)
}

fn expiry(value: &Map<String, Value>) -> Result<Expiry, String> {
    if flag(value, "isExpirationRequired")? { longest(value).map(Expiry::After) } else { Ok(Expiry::Never) }
}

fn extension(value: &Map<String, Value>) -> Result<Option<ExtensionId>, String> {
    if !flag(value, "isEnabled")? {
        return Ok(None);
    }
    let id = wire::text(value, "customExtensionId").unwrap_or_default();
    id.parse().map(Some).map_err(|error| format!("asks a custom extension, but {error}"))
}

fn context(value: &Map<String, Value>) -> Result<Option<ContextId>, String> {
    if !flag(value, "isEnabled")? {
        return Ok(None);
    }
    let claim = wire::text(value, "claimValue").unwrap_or_default();
    claim.parse().map(Some).map_err(|error| format!("asks for a context, but {error}"))
}

/// Yes or no. The service leaves out what is no.
pub(super) fn flag(value: &Map<String, Value>, field: &str) -> Result<bool, String> {
    match value.get(field) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(format!("has a `{field}` that is neither true nor false")),
    }
}

fn longest(value: &Map<String, Value>) -> Result<Duration, String> {
    let text = wire::text(value, "maximumDuration").ok_or("has no `maximumDuration`")?;
    match text.parse() {
        Ok(length) => Ok(length),
        // Real policies hold a maximum of no time at all.
        Err(DurationError::Zero(_)) => Ok(Duration::default()),
        Err(error) => Err(format!("has a `maximumDuration` that cannot be read: {error}")),
    }
}

fn demands(rule: &Rule, value: &Map<String, Value>, notes: &mut BTreeSet<String>) -> Result<Demands, String> {
    let [mut mfa, mut justification, mut ticket] = [false; 3];
    for word in wire::list(value, "enabledRules")? {
        let word = word.as_str().ok_or("has `enabledRules` that are not text")?;
        let known = rule.part.demands().iter().position(|known| known.eq_ignore_ascii_case(word));
        match known {
            Some(0) => mfa = true,
            Some(1) => justification = true,
            Some(_) => ticket = true,
            None if word.is_empty() => {}
            None => {
                let id = rule.id;
                let fate = if rule.part.is_refused(word) {
                    "which the service no longer takes there; a change of the rule leaves it out"
                } else {
                    "which pimform does not know there; it is left alone"
                };
                notes.insert(format!("`{id}` demands `{word}`, {fate}"));
            }
        }
    }
    Ok(Demands { mfa: mfa.into(), justification: justification.into(), ticket: ticket.into() })
}

fn notification(value: &Map<String, Value>) -> Notification<Current> {
    Notification {
        level: fact(level(value)),
        default_recipients: fact(flag(value, "isDefaultRecipientsEnabled")),
        to: fact(recipients(value)),
    }
}

fn level(value: &Map<String, Value>) -> Result<Level, String> {
    let word = wire::text(value, "notificationLevel").ok_or("has no `notificationLevel`")?;
    [Level::None, Level::Critical, Level::All]
        .into_iter()
        .find(|level| super::part::level_word(*level).eq_ignore_ascii_case(word))
        .ok_or_else(|| format!("has the `notificationLevel` `{word}`"))
}

fn recipients(value: &Map<String, Value>) -> Result<Recipients, String> {
    let mut to = BTreeSet::new();
    for address in wire::list(value, "notificationRecipients")? {
        let mail: Mail = serde_json::from_value(address.clone())
            .map_err(|_| "has `notificationRecipients` that are not text".to_owned())?;
        if address.as_str() != Some("") {
            to.insert(mail);
        }
    }
    Ok(Recipients(to))
}
