//! A plan as JSON.

use std::fmt::Write as _;

use crate::diag::is_deceptive;
use crate::plan::{Plan, PlanFile, Verdict};

/// The file form of a plan, indented.
pub fn json(plan: &Plan, verdict: &Verdict) -> serde_json::Result<String> {
    Ok(harmless_json(serde_json::to_string_pretty(&PlanFile::new(plan, verdict))? + "\n"))
}

/// JSON in which everything that a terminal would act on, or that cannot be seen, is written as `\u202e`. It says the
/// same to programs: outside its strings JSON has no such characters but line breaks.
pub fn harmless_json(text: String) -> String {
    // Below 0x20 there are only the line breaks of the serializer.
    let plain = text.bytes().all(|byte| byte < 0x7f);
    if plain || !text.contains(foreign) { text } else { escaped(&text) }
}

/// What the serializer leaves as it is although a terminal would act on it. The line breaks here are its own.
fn foreign(c: char) -> bool {
    c != '\n' && is_deceptive(c)
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    for c in text.chars() {
        if foreign(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}
