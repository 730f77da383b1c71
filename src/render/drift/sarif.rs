//! Drift as SARIF 2.1.0, for the code scanning of a code host: each difference at the place that declares otherwise.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::super::{harmless_json, visible};
use super::{difference, field, id, is_unknown, who};
use crate::diag::Place;
use crate::drift::{Drift, Item, ItemKind};
use crate::model::{Direction, Names};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// What must not stand in a path as it is.
const PATH: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Json; 1],
}

/// For code scanning. What the files declare and is not applied yet is left out: it is no finding.
pub fn drift_sarif(drift: &Drift, names: &Names) -> serde_json::Result<String> {
    let rules: Vec<Json> = ItemKind::ALL
        .into_iter()
        .filter(|kind| *kind != ItemKind::RenewalDue)
        .map(|kind| {
            json!({
                "id": id(kind),
                "shortDescription": { "text": sentence(kind) },
                "help": { "text": "Apply the files again, or change them if the tenant is right." },
            })
        })
        .collect();
    let results: Vec<Json> = drift.drifted().map(|item| result(item, names)).collect();
    let run = json!({
        "tool": { "driver": {
            "name": "pimform",
            "version": env!("CARGO_PKG_VERSION"),
            "rules": rules,
        } },
        "columnKind": "unicodeCodePoints",
        "results": results,
    });
    let log = Log { schema: SCHEMA, version: "2.1.0", runs: [run] };
    Ok(harmless_json(serde_json::to_string_pretty(&log)? + "\n"))
}

fn result(item: &Item, names: &Names) -> Json {
    let mut text = format!("{}: {}", item.address, difference(item));
    for drifted in &item.fields {
        let _ = write!(text, "; {}", field(drifted, names));
    }
    if let Some(by) = &item.by {
        let _ = write!(text, " (by {})", who(by));
    }
    let mut location = json!({ "logicalLocations": [{ "fullyQualifiedName": visible(&item.address) }] });
    if let (Some(place), Some(location)) = (&item.declared_at, location.as_object_mut()) {
        location.insert("physicalLocation".to_owned(), physical(place));
    }
    json!({
        "ruleId": id(item.kind),
        "level": level(item),
        "message": { "text": visible(&text) },
        "locations": [location],
        "partialFingerprints": { "address/v1": fingerprint(item) },
    })
}

fn physical(place: &Place) -> Json {
    json!({
        "artifactLocation": { "uri": uri(&place.file) },
        "region": { "startLine": place.line, "startColumn": place.column },
    })
}

/// A path as a relative reference: what would end or break it is percent-encoded.
fn uri(path: &str) -> String {
    percent_encoding::utf8_percent_encode(path, PATH).to_string()
}

/// Somebody who gained access, or settings that got looser, matter most.
fn level(item: &Item) -> &'static str {
    let loosens = item.fields.iter().any(|field| field.direction == Direction::Loosens);
    match item.kind {
        _ if is_unknown(item) => "warning",
        ItemKind::AddedOutside | ItemKind::OutsidePim => "error",
        ItemKind::Changed if loosens => "error",
        ItemKind::Changed | ItemKind::RemovedOutside => "warning",
        ItemKind::Expired | ItemKind::RenewalDue => "note",
    }
}

fn fingerprint(item: &Item) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(format!("{}\n{}", id(item.kind), item.address)).iter().take(16) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn sentence(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Changed => "Settings or an assignment are other ones than declared",
        ItemKind::AddedOutside => "There is access that the files do not declare",
        ItemKind::RemovedOutside => "Access that the files declare is gone",
        ItemKind::Expired => "Access that the files declare has ended",
        ItemKind::OutsidePim => "There is access that was given without PIM",
        ItemKind::RenewalDue => "Access is to be extended",
    }
}
