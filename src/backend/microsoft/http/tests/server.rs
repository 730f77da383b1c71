//! A server of a few lines that answers as it is told, and remembers what it was asked.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

/// A request as it came.
#[derive(Clone, Debug)]
pub(in crate::backend::microsoft) struct Seen {
    pub(in crate::backend::microsoft) method: String,
    pub(in crate::backend::microsoft) target: String,
    pub(in crate::backend::microsoft) headers: Vec<(String, String)>,
    pub(in crate::backend::microsoft) body: String,
}

impl Seen {
    pub(in crate::backend::microsoft) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What the server does with a request.
pub(in crate::backend::microsoft) enum Act {
    Answer {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    },
    /// Closes the connection without a word.
    Hangup,
    /// Never answers.
    Silence,
}

impl Act {
    pub(in crate::backend::microsoft) fn json(status: u16, body: &str) -> Self {
        Self::Answer { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
    }

    pub(in crate::backend::microsoft) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }
}

type Play = dyn Fn(usize, &Seen) -> Act + Send + Sync;

/// A server that runs until the test ends.
pub(in crate::backend::microsoft) struct Server {
    pub(in crate::backend::microsoft) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Answers by a function of the number of the request, from 0 on, and the request.
    pub(in crate::backend::microsoft) async fn start(
        play: impl Fn(usize, &Seen) -> Act + Send + Sync + 'static,
    ) -> Self {
        let (listener, url) = listen("http").await;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (own, play): (_, Arc<Play>) = (Arc::clone(&seen), Arc::new(play));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&own), Arc::clone(&play)));
            }
        });
        Self { url, seen }
    }

    /// The same over TLS.
    pub(in crate::backend::microsoft) async fn start_tls(
        config: rustls::ServerConfig,
        play: impl Fn(usize, &Seen) -> Act + Send + Sync + 'static,
    ) -> Self {
        let (listener, url) = listen("https").await;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (own, play): (_, Arc<Play>) = (Arc::clone(&seen), Arc::new(play));
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (acceptor, own, play) = (acceptor.clone(), Arc::clone(&own), Arc::clone(&play));
                tokio::spawn(async move {
                    if let Ok(socket) = acceptor.accept(socket).await {
                        serve(socket, own, play).await;
                    }
                });
            }
        });
        Self { url, seen }
    }

    pub(in crate::backend::microsoft) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Method and target of each request.
    pub(in crate::backend::microsoft) fn lines(&self) -> Vec<String> {
        self.seen().iter().map(|seen| format!("{} {}", seen.method, seen.target)).collect()
    }
}

async fn listen(scheme: &str) -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("{scheme}://{}", listener.local_addr().unwrap());
    (listener, url)
}

/// One request on one connection.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(mut socket: S, seen: Arc<Mutex<Vec<Seen>>>, play: Arc<Play>) {
    let Some(request) = read(&mut socket).await else { return };
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.push(request.clone());
        seen.len() - 1
    };
    match play(number, &request) {
        Act::Answer { status, headers, body } => {
            let mut head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
            for (name, value) in headers {
                let _ = write!(head, "{name}: {value}\r\n");
            }
            head.push_str("\r\n");
            // Whoever asked may have gone.
            let _ = socket.write_all(head.as_bytes()).await;
            let _ = socket.write_all(&body).await;
            let _ = socket.shutdown().await;
        }
        Act::Hangup => {}
        Act::Silence => std::future::pending().await,
    }
}

async fn read<S: AsyncRead + Unpin>(socket: &mut S) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        let mut chunk = [0; 4096];
        let count = socket.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length =
        headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
    while bytes.len() < end + length {
        let mut chunk = [0; 4096];
        let count = socket.read(&mut chunk).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
    }
    let body = String::from_utf8_lossy(&bytes[end..]).into_owned();
    Some(Seen { method, target, headers, body })
}
