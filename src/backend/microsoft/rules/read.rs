//! From rules to settings: whatever spelling the service chose today.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::approval;
use super::part::{Demands, Gathered, Said};
use super::{Part, RULES, Rule, RulesError};
use crate::backend::microsoft::wire;
use crate::model::notification::Notification;
use crate::model::time::DurationError;
use crate::model::{Current, Duration, Expiry, Level, Mail, Recipients, Settings};

/// The settings that the rules of one policy mean, and notes on what was met and left alone because it is not known.
///
/// `rules` is the list as it stands in the policy, of either envelope. Case of words and order are ignored; what is
/// null, absent, empty text or an empty list is the same. A rule that is missing or makes no sense is an error: then the
/// settings are not known, and the target is to count as unreadable.
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
    let missing: Vec<&'static str> =
        RULES.iter().filter(|rule| !by_id.contains_key(&rule.id.to_lowercase())).map(|rule| rule.id).collect();
    if !missing.is_empty() {
        return Err(RulesError::Missing(missing));
    }
    let mut gathered = Gathered::default();
    for rule in &RULES {
        if let Some(value) = by_id.get(&rule.id.to_lowercase()) {
            gathered.take(rule.part, said(rule, value, &mut notes)?);
        }
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
pub(super) fn said(rule: &Rule, value: &Map<String, Value>, notes: &mut BTreeSet<String>) -> Result<Said, RulesError> {
    let malformed = |what: String| RulesError::Malformed { rule: rule.id, what };
    match rule.part {
        Part::Expiry(_) => {
            let required = flag(value, "isExpirationRequired").map_err(malformed)?;
            if !required {
                return Ok(Said::Expiry(Expiry::Never));
            }
            longest(value).map(|length| Said::Expiry(Expiry::After(length))).map_err(malformed)
        }
        Part::ActivationLength => longest(value).map(Said::Length).map_err(malformed),
        Part::Demands(_) | Part::ActivationDemands => demands(rule, value, notes).map(Said::Demands).map_err(malformed),
        Part::Approval => approval::read(value, notes).map(Said::Approval).map_err(malformed),
        Part::Context => {
            if !flag(value, "isEnabled").map_err(malformed)? {
                return Ok(Said::Context(None));
            }
            let claim = wire::text(value, "claimValue").unwrap_or_default();
            let id = claim.parse().map_err(|error| malformed(format!("is on, but {error}")))?;
            Ok(Said::Context(Some(id)))
        }
        Part::Notification(..) => notification(value).map(Said::Notification).map_err(malformed),
    }
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
    let mut demands = Demands::default();
    for word in wire::list(value, "enabledRules")? {
        let word = word.as_str().ok_or("has `enabledRules` that are not text")?;
        let known = rule.part.demands().iter().position(|known| known.eq_ignore_ascii_case(word));
        match known {
            Some(0) => demands.mfa = true,
            Some(1) => demands.justification = true,
            Some(_) => demands.ticket = true,
            None if word.is_empty() => {}
            None => {
                let id = rule.id;
                notes.insert(format!("`{id}` demands `{word}`, which pimform does not know there; it is left alone"));
            }
        }
    }
    Ok(demands)
}

fn notification(value: &Map<String, Value>) -> Result<Notification<Current>, String> {
    let word = wire::text(value, "notificationLevel").ok_or("has no `notificationLevel`")?;
    let level = [Level::None, Level::Critical, Level::All]
        .into_iter()
        .find(|level| super::part::level_word(*level).eq_ignore_ascii_case(word))
        .ok_or_else(|| format!("has the unknown `notificationLevel` `{word}`"))?;
    let mut to = BTreeSet::new();
    for address in wire::list(value, "notificationRecipients")? {
        let mail: Mail = serde_json::from_value(address.clone())
            .map_err(|_| "has `notificationRecipients` that are not text".to_owned())?;
        if address.as_str() != Some("") {
            to.insert(mail);
        }
    }
    Ok(Notification { level, default_recipients: flag(value, "isDefaultRecipientsEnabled")?, to: Recipients(to) })
}
