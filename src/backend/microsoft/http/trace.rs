//! The exchanges, written down as JSON lines without secrets.

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::Value;

use crate::backend::microsoft::redact;

/// Writes each exchange as one line: `{"m","p","b","status","rb"}`, which are the method, the path with its query, the
/// body of the request as text, the status, and the body of the answer as JSON. What there is not is null. Headers, and
/// with them tokens, are never written; secrets in bodies are removed.
#[derive(Clone)]
pub struct Trace(Arc<Mutex<Sink>>);

struct Sink {
    out: Box<dyn Write + Send>,
    problem: Option<String>,
}

#[derive(Serialize)]
struct Line<'a> {
    m: &'a str,
    p: &'a str,
    b: Option<&'a str>,
    status: Option<u16>,
    rb: Option<Value>,
}

impl Trace {
    /// Writes to `out`, each line at once.
    pub fn new(out: Box<dyn Write + Send>) -> Self {
        Self(Arc::new(Mutex::new(Sink { out, problem: None })))
    }

    /// Why lines are missing, if any are: the first error in writing. An exchange never fails because of it.
    pub fn problem(&self) -> Option<String> {
        self.sink().problem.clone()
    }

    /// Writes one exchange. `secrets` are removed wherever they stand.
    pub(super) fn write(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        answer: Option<(u16, &[u8])>,
        secrets: &[&str],
    ) {
        let sent = body.map(|body| {
            let mut body = body.clone();
            redact::json(&mut body, secrets);
            body.to_string()
        });
        let received = answer.filter(|(_, bytes)| !bytes.is_empty()).map(|(_, bytes)| {
            let mut value = serde_json::from_slice(bytes)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()));
            redact::json(&mut value, secrets);
            value
        });
        let path = redact::text(path, secrets);
        let line =
            Line { m: method, p: &path, b: sent.as_deref(), status: answer.map(|(status, _)| status), rb: received };
        let mut text = match serde_json::to_vec(&line) {
            Ok(text) => text,
            Err(error) => return self.failed(&error),
        };
        text.push(b'\n');
        let result = {
            let mut sink = self.sink();
            sink.out.write_all(&text).and_then(|()| sink.out.flush())
        };
        if let Err(error) = result {
            self.failed(&error);
        }
    }

    fn failed(&self, error: &dyn std::error::Error) {
        self.sink().problem.get_or_insert_with(|| error.to_string());
    }

    fn sink(&self) -> MutexGuard<'_, Sink> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trace")
    }
}
