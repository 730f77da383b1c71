//! A server that answers by a script, one answer for each request in order.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::backend::microsoft::auth::{AuthError, Credential, Secret, Token, TokenSource};
use crate::backend::microsoft::execute::MicrosoftExecutor;
use crate::backend::microsoft::{Cloud, Endpoints, Options, VirtualTime};

/// When all scripts play.
pub(super) const NOW: &str = "2026-11-21T00:00:00Z";

/// The reason that its removals give.
pub(super) const BECAUSE: &str = "Not in the policy files (pimform run 20261121-1)";

/// A request that came in.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// Method and path, decoded.
    pub(super) line: String,
    pub(super) body: Value,
}

enum Answer {
    Reply(u16, Value),
    /// The connection ends without one.
    None,
}

/// What is to come, and how it is answered.
#[derive(Default)]
pub(super) struct Script(VecDeque<(String, Answer)>);

impl Script {
    /// The next request begins so, and gets this answer.
    pub(super) fn on(mut self, line: impl Into<String>, status: u16, body: Value) -> Self {
        self.0.push_back((line.into(), Answer::Reply(status, body)));
        self
    }

    /// The next request begins so, and the connection breaks.
    pub(super) fn lose(mut self, line: impl Into<String>) -> Self {
        self.0.push_back((line.into(), Answer::None));
        self
    }

    /// A refusal with a code.
    pub(super) fn refuse(self, line: impl Into<String>, status: u16, code: &str) -> Self {
        self.on(line, status, json!({"error": {"code": code, "message": format!("{code} it is.")}}))
    }

    /// A list.
    pub(super) fn list(self, line: impl Into<String>, rows: &[Value]) -> Self {
        self.on(line, 200, json!({"value": rows}))
    }

    /// Starts the server, and an executor that asks it.
    pub(super) async fn play(self) -> Stage {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new((self.0, Vec::new())));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move { serve(&mut socket, &shared).await });
            }
        });
        let time = Arc::new(VirtualTime::new(NOW.parse().unwrap()));
        let credential = Credential::for_emulator(Arc::new(Anybody));
        let mut options = Options::new(Cloud::Public, Endpoints::same(&url).unwrap(), credential);
        options.pause = Arc::clone(&time) as _;
        Stage { executor: MicrosoftExecutor::new(options, BECAUSE).unwrap(), time, state }
    }
}

type State = Mutex<(VecDeque<(String, Answer)>, Vec<Seen>)>;

/// A script that is being played.
pub(super) struct Stage {
    pub(super) executor: MicrosoftExecutor,
    time: Arc<VirtualTime>,
    state: Arc<State>,
}

impl Stage {
    /// What came in. All that was to come has come.
    pub(super) fn seen(&self) -> Vec<Seen> {
        let state = self.state.lock().unwrap();
        let left: Vec<&String> = state.0.iter().map(|(line, _)| line).collect();
        assert!(left.is_empty(), "never came: {left:#?}\ncame: {:#?}", state.1);
        state.1.clone()
    }

    /// How many seconds were waited.
    pub(super) fn waited(&self) -> Vec<u64> {
        self.time.pauses().iter().map(std::time::Duration::as_secs).collect()
    }
}

async fn serve(socket: &mut TcpStream, state: &State) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let (head, start) = loop {
        let Ok(read @ 1..) = socket.read(&mut buffer).await else { return };
        bytes.extend_from_slice(&buffer[..read]);
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break (String::from_utf8(bytes[..end].to_vec()).unwrap(), end + 4);
        }
    };
    let length: usize = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok())
        .unwrap_or(0);
    while bytes.len() < start + length {
        let Ok(read @ 1..) = socket.read(&mut buffer).await else { return };
        bytes.extend_from_slice(&buffer[..read]);
    }
    let mut words = head.split(' ');
    let raw = format!("{} {}", words.next().unwrap(), words.next().unwrap());
    let line = percent_encoding::percent_decode_str(&raw).decode_utf8().unwrap().into_owned();
    let body = serde_json::from_slice(&bytes[start..]).unwrap_or(Value::Null);
    let answer = {
        let mut state = state.lock().unwrap();
        state.1.push(Seen { line: line.clone(), body });
        match state.0.pop_front() {
            Some((expected, answer)) if line.starts_with(&expected) => answer,
            other => {
                let expected = other.map(|(line, _)| line);
                // A refusal that nobody repeats or explains away, with what went wrong in it.
                let message = format!("came `{line}`, expected {expected:?}");
                Answer::Reply(418, json!({"error": {"code": "OffScript", "message": message}}))
            }
        }
    };
    let Answer::Reply(status, body) = answer else { return };
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nrequest-id: r{status}\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    let _ = socket.write_all(format!("{head}{body}").as_bytes()).await;
    let _ = socket.shutdown().await;
}

struct Anybody;

#[async_trait]
impl TokenSource for Anybody {
    async fn token(&self, _: &str) -> Result<Token, AuthError> {
        Ok(Token { secret: Secret::new("e.e30.e"), expires: Timestamp::MAX })
    }
}
