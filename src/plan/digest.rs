//! A fingerprint of what a plan does.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::io;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{GuardId, Plan};

/// `sha256:` and 64 hexadecimal digits, over the tenant, the overridden guards and the operations in their order.
///
/// What only explains (addresses, reasons, places in files, names) is left out: two plans with the same digest do the same.
/// It finds accidents and careless edits. What protects a tenant from a forged plan is that `apply` plans again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of a plan.
    pub fn of(plan: &Plan, allowed: &BTreeSet<GuardId>) -> Self {
        let mut hasher = Hasher(Sha256::new());
        hasher.add(&plan.tenant);
        hasher.add(&plan.only);
        hasher.add(allowed);
        for operation in plan.steps.iter().map(|step| &step.operation) {
            hasher.add(operation);
        }
        let mut text = "sha256:".to_owned();
        for byte in hasher.0.finalize() {
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Takes values in their JSON form, each closed by a line break, which JSON on one line cannot contain.
struct Hasher(Sha256);

impl Hasher {
    fn add(&mut self, value: &impl Serialize) {
        // Neither the values nor the hasher can fail: every key is a string and nothing is written anywhere.
        let _ = serde_json::to_writer(&mut *self, value);
        self.0.update(b"\n");
    }
}

impl io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
