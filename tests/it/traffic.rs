//! Keeps what the emulators of the tests were asked and what they answered, for `.ci/contract`.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use pimform::emulator::Running;
use serde_json::Value;

/// Writes the exchanges of an emulator into the folder that `PIMFORM_TEST_TRAFFIC` names; does nothing without it. The
/// emulator must have been started with `log`.
pub(crate) fn keep(emulator: &Running) {
    write(|| emulator.log());
}

/// The types of `getByIds` that the definitions of Graph at hand name; the service takes all that are derived from
/// `directoryObject`.
const TYPES: [&str; 11] = [
    "user",
    "group",
    "servicePrincipal",
    "application",
    "device",
    "directoryRole",
    "administrativeUnit",
    "orgContact",
    "contact",
    "directoryObject",
    "unifiedGroup",
];

/// What the service has and the definitions at hand do not: the one property of the beta version that a client asks for
/// there, casts of single rules, and further types of objects.
fn is_beyond_definitions(line: &str) -> bool {
    let exchange: Value = serde_json::from_str(line).unwrap();
    let path = exchange["p"].as_str().unwrap_or_default();
    let body: Value = serde_json::from_str(exchange["b"].as_str().unwrap_or_default()).unwrap_or_default();
    let types = body["types"].as_array().into_iter().flatten().filter_map(Value::as_str);
    (path.starts_with("/beta/") && path.contains("samlMetadataUrl"))
        || (path.contains("/rules/") && path.contains("/microsoft.graph."))
        || (path.contains("/getByIds") && types.into_iter().any(|one| !TYPES.contains(&one)))
}

/// The same for a client that sends back what it has read, with the fields that only the service may set. Azure ignores
/// them in requests, but its definitions do not allow them there, so they are left out here. Nothing else is.
pub(crate) fn keep_without_read_only(emulator: &Running) {
    write(|| emulator.log().lines().map(|line| without_read_only(line).to_string() + "\n").collect());
}

fn write(log: impl FnOnce() -> String) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let Some(folder) = std::env::var_os("PIMFORM_TEST_TRAFFIC").map(PathBuf::from) else { return };
    std::fs::create_dir_all(&folder).unwrap();
    let name = format!("{}-{}.jsonl", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let kept: String =
        log().lines().filter(|line| !is_beyond_definitions(line)).map(|line| line.to_owned() + "\n").collect();
    std::fs::write(folder.join(name), kept).unwrap();
}

fn without_read_only(line: &str) -> Value {
    let mut exchange: Value = serde_json::from_str(line).unwrap();
    let resource = exchange["p"].as_str().unwrap().contains("/providers/Microsoft.Authorization/");
    if let (true, Some(sent)) = (resource, exchange["b"].as_str()) {
        let mut body: Value = serde_json::from_str(sent).unwrap();
        for name in ["id", "name", "type"] {
            body.as_object_mut().unwrap().remove(name);
        }
        if let Some(properties) = body["properties"].as_object_mut() {
            properties.remove("scope");
        }
        exchange["b"] = body.to_string().into();
    }
    exchange
}
