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

/// The one property that only the beta version has and that a client asks for there: the definitions of Graph at hand are
/// those of v1.0.
fn is_beyond_definitions(line: &str) -> bool {
    let exchange: Value = serde_json::from_str(line).unwrap();
    exchange["p"].as_str().is_some_and(|path| path.starts_with("/beta/") && path.contains("samlMetadataUrl"))
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
