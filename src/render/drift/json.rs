//! Drift as JSON.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::super::{harmless_json, words};
use crate::diag::Place;
use crate::drift::{Attribution, Drift, Expiring, Item, ItemKind, Since};
use crate::model::{Direction, Names, TenantId, Time};
use crate::runs::Standing;

/// What `pimform drift --format json` prints.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DriftFile {
    /// Version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// True when somebody changed the tenant, or may have.
    pub drift: bool,
    /// True when the files have changes that are not applied yet.
    pub not_applied: bool,
    /// False when something could not be read.
    pub complete: bool,
    /// How many differences there are of each kind.
    pub counts: BTreeMap<String, usize>,
    /// The tenant.
    pub tenant: TenantId,
    /// When it was read.
    pub read_at: Time,
    /// When the tenant last was as the files say; null if no apply is recorded.
    pub since: Option<Since>,
    /// The differences.
    pub items: Vec<DriftItem>,
    /// What ends soon, if it was asked for.
    pub expiring: Vec<Expiring>,
    /// What could not be read.
    pub unread: Vec<Unread>,
    /// What else there is to know.
    pub notes: Vec<String>,
}

/// One difference.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DriftItem {
    /// What it is about.
    pub address: String,
    /// What happened.
    pub kind: ItemKind,
    /// Whose doing it is.
    pub standing: Standing,
    /// What the files declare, in words. Empty for settings, whose fields say it.
    pub declared: String,
    /// What is there, in words. Empty for settings, whose fields say it.
    pub found: String,
    /// The settings that differ.
    pub fields: Vec<DriftField>,
    /// Where it is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declared_at: Option<Place>,
    /// Who did it and when. Best effort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Attribution>,
}

/// One setting that differs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DriftField {
    /// Which.
    pub field: String,
    /// As the files declare it.
    pub declared: String,
    /// As the tenant has it.
    pub found: String,
    /// What that does to the security of the target.
    pub direction: Direction,
}

/// What could not be read.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Unread {
    /// What.
    pub address: String,
    /// Why.
    pub reason: String,
}

/// For programs.
pub fn drift_json(drift: &Drift, names: &Names) -> serde_json::Result<String> {
    let file = DriftFile::of(drift, names);
    Ok(harmless_json(serde_json::to_string_pretty(&file)? + "\n"))
}

/// The JSON Schema (2020-12) of what `drift --format json` prints.
pub fn drift_schema() -> serde_json::Value {
    schemars::schema_for!(DriftFile).to_value()
}

impl DriftFile {
    fn of(drift: &Drift, names: &Names) -> Self {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for item in &drift.items {
            *counts.entry(super::id(item.kind).replace('-', "_")).or_default() += 1;
        }
        let unread = drift.unread.iter();
        Self {
            version: 1,
            drift: drift.drifted().next().is_some(),
            not_applied: drift.not_applied().next().is_some(),
            complete: drift.unread.is_empty(),
            counts,
            tenant: drift.tenant,
            read_at: drift.read_at,
            since: drift.since.clone(),
            items: drift.items.iter().map(|item| DriftItem::of(item, names)).collect(),
            expiring: drift.expiring.clone(),
            unread: unread.map(|(address, why)| Unread { address: address.clone(), reason: why.clone() }).collect(),
            notes: drift.notes.clone(),
        }
    }
}

impl DriftItem {
    fn of(item: &Item, names: &Names) -> Self {
        let fields = item.fields.iter().map(|field| DriftField {
            field: field.field.clone(),
            declared: words::of(&field.declared, names),
            found: words::of(&field.found, names),
            direction: field.direction,
        });
        Self {
            address: item.address.clone(),
            kind: item.kind,
            standing: item.standing,
            declared: item.declared.clone(),
            found: item.found.clone(),
            fields: fields.collect(),
            declared_at: item.declared_at.clone(),
            by: item.by.clone(),
        }
    }
}
