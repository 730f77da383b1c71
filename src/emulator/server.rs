#![expect(
    clippy::disallowed_methods,
    reason = "this is the shell: a certificate is read, and that of the throw-away CA is written"
)]
//! Sockets: loopback only, plain or with TLS, one handler for every path, and connections that are reset on demand.

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::task::Context;
use std::task::Poll;

use axum::body::Body as HttpBody;
use axum::extract::ConnectInfo;
use axum::extract::State;
use axum::extract::connect_info::Connected;
use axum::handler::Handler as _;
use axum::serve::IncomingStream;
use axum::serve::Listener;
use http::Response;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::io::ReadBuf;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::emulator::Shared;
use crate::emulator::fault::{Broken, Call};
use crate::emulator::identity;
use crate::emulator::wire::{Reply, Request, ServiceFailure};

/// The largest body of a request that is read, in bytes. A batch of 20 requests is far below.
const LARGEST_BODY: usize = 4 * 1024 * 1024;

/// How connections are secured.
#[derive(Debug, Clone, Default)]
pub enum Tls {
    /// Plain HTTP.
    #[default]
    Off,
    /// HTTPS with a certificate of a CA that is made at the start and forgotten at the end.
    ThrowAway {
        /// Where the certificate of that CA is written as PEM, for clients to trust.
        ca_file: Option<PathBuf>,
    },
    /// HTTPS with a certificate of the user.
    Given {
        /// PEM file with the certificate, and those it leads to.
        certificate: PathBuf,
        /// PEM file with the private key.
        key: PathBuf,
    },
}

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The port is taken, or may not be used.
    #[error("cannot listen on 127.0.0.1 port {port}: {why}")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the system says.
        why: io::Error,
    },
    /// A certificate or key file cannot be used.
    #[error("cannot use `{file}`: {why}")]
    Certificate {
        /// The file.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// The certificate of the throw-away CA could not be made or written.
    #[error("cannot make a certificate: {0}")]
    Make(String),
}

/// A server that runs until it is stopped or dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    secure: bool,
    ca_pem: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Listens on 127.0.0.1. Port 0 takes a free one.
    pub(crate) async fn start(shared: Arc<Shared>) -> Result<Self, ServerError> {
        let (port, tls) = (shared.options.port, &shared.options.tls);
        let (acceptor, ca_pem) = acceptor(tls)?;
        let secure = acceptor.is_some();
        let listen = |why| ServerError::Listen { port, why };
        let sockets = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(listen)?;
        let address = sockets.local_addr().map_err(listen)?;
        let (stop, stopped) = oneshot::channel();
        let doors = Doors::open(sockets, acceptor, address);
        let base = base(secure, address.port());
        let service = handle.with_state((shared, base)).into_make_service_with_connect_info::<Trigger>();
        let task = tokio::spawn(async move {
            let until = async {
                // An error is the sender being dropped, which means the same.
                let _ = stopped.await;
            };
            // It cannot fail: `Doors::accept` never gives up.
            let _ = axum::serve(doors, service).with_graceful_shutdown(until).await;
        });
        Ok(Self { address, secure, ca_pem, stop: Some(stop), task })
    }

    /// The address to give to clients, without a slash at the end. A certificate names `localhost`, and so does this.
    pub(crate) fn url(&self) -> String {
        base(self.secure, self.address.port())
    }

    /// The certificate of the throw-away CA, where there is one.
    pub(crate) fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// Answers what has come in, takes nothing more, and ends.
    pub(crate) async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // The receiver is gone when the task has ended already.
            let _ = stop.send(());
        }
        // A connection that a client keeps open without asking anything is closed by the graceful shutdown.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.stop.is_some() {
            self.task.abort();
        }
    }
}

fn base(secure: bool, port: u16) -> String {
    if secure { format!("https://localhost:{port}") } else { format!("http://127.0.0.1:{port}") }
}

/// What becomes of a request.
enum Outcome {
    Reply(Reply),
    Reset,
}

async fn handle(
    State((shared, base)): State<(Arc<Shared>, String)>,
    ConnectInfo(trigger): ConnectInfo<Trigger>,
    request: axum::extract::Request,
) -> Response<HttpBody> {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LARGEST_BODY).await else {
        return response(ServiceFailure::new(413, "RequestEntityTooLarge", "The request is too large.").arm());
    };
    let headers: Vec<(String, String)> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let base = seen_as(&base, &headers);
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let text = String::from_utf8_lossy(&body).into_owned();
    let request = match Request::new(parts.method, &base, target, headers, text) {
        Ok(request) => request,
        Err(failure) => return response(failure.arm()),
    };
    match outcome(&shared, &request).await {
        Outcome::Reply(reply) => response(dated(reply, &shared)),
        Outcome::Reset => {
            trigger.pull();
            // Nobody will see it: the connection refuses to write.
            response(Reply::empty(500))
        }
    }
}

/// Where the client sees this server, for the links in answers: what it put into `Host`, which may be another name of
/// loopback or that of a proxy.
fn seen_as(base: &str, headers: &[(String, String)]) -> String {
    let host = headers.iter().find(|(name, _)| name == "host").map(|(_, host)| host.as_str()).unwrap_or_default();
    match (base.split_once("://"), host.parse::<http::uri::Authority>()) {
        (Some((scheme, _)), Ok(host)) => format!("{scheme}://{host}"),
        _ => base.to_owned(),
    }
}

/// Answers, with the faults that are switched on.
async fn outcome(shared: &Shared, request: &Request) -> Outcome {
    let faults = &shared.faults;
    if let Some(time) = faults.latency() {
        tokio::time::sleep(time).await;
    }
    // Clients that cannot sign in have nothing to be robust against.
    if identity::is_mine(&request.segments()) {
        return Outcome::Reply(shared.answer(request));
    }
    if request.option("$skiptoken").is_some()
        && let Some(time) = faults.slow_page()
    {
        tokio::time::sleep(time).await;
    }
    let call = Call::of(request);
    let broken = |broken: Broken| match broken.failure() {
        None => Outcome::Reset,
        Some(failure) => Outcome::Reply(shared.broken(request, &failure)),
    };
    if let Some(fault) = faults.before(call) {
        return broken(fault);
    }
    let reply = shared.answer(request);
    match faults.after(call) {
        Some(fault) => broken(fault),
        None => Outcome::Reply(reply),
    }
}

/// With the time of the emulator's own clock, by which its windows are counted.
fn dated(reply: Reply, shared: &Shared) -> Reply {
    let unix = u64::try_from(shared.world().now().unix()).unwrap_or_default();
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(unix);
    reply.with_header("date", httpdate::fmt_http_date(time))
}

fn response(reply: Reply) -> Response<HttpBody> {
    let mut builder = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        builder = builder.header(name, value);
    }
    let body = match reply.body {
        None => HttpBody::empty(),
        Some(value) => {
            builder = builder.header("content-type", "application/json; charset=utf-8");
            HttpBody::from(value.to_string())
        }
    };
    builder.body(body).unwrap_or_default()
}

/// Accepts connections, and does the TLS handshakes beside each other, so that a slow client holds up nobody.
struct Doors {
    ready: mpsc::Receiver<(Connection, SocketAddr)>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Doors {
    fn open(sockets: TcpListener, acceptor: Option<TlsAcceptor>, address: SocketAddr) -> Self {
        let (send, ready) = mpsc::channel(64);
        let task = tokio::spawn(async move {
            loop {
                let Ok((socket, peer)) = sockets.accept().await else {
                    // Out of file descriptors, or the client has gone: let others run, and go on.
                    tokio::task::yield_now().await;
                    continue;
                };
                // Answers are small; a client that waits for one must not wait for more to be sent with it.
                let _ = socket.set_nodelay(true);
                match &acceptor {
                    None => {
                        if send.send((Connection::new(Stream::Plain(socket)), peer)).await.is_err() {
                            return;
                        }
                    }
                    Some(acceptor) => {
                        let (acceptor, send) = (acceptor.clone(), send.clone());
                        tokio::spawn(async move {
                            // A client that does not trust the certificate hangs up here. That is its own affair.
                            if let Ok(stream) = acceptor.accept(socket).await {
                                let _ = send.send((Connection::new(Stream::Tls(Box::new(stream))), peer)).await;
                            }
                        });
                    }
                }
            }
        });
        Self { ready, address, task }
    }
}

impl Drop for Doors {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Listener for Doors {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // The task that accepts runs as long as this does.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// Says that a connection has to be reset.
#[derive(Debug, Clone)]
struct Trigger(Arc<AtomicBool>);

impl Trigger {
    fn pull(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_pulled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Connected<IncomingStream<'_, Doors>> for Trigger {
    fn connect_info(stream: IncomingStream<'_, Doors>) -> Self {
        stream.io().trigger.clone()
    }
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }
}

struct Connection {
    stream: Stream,
    trigger: Trigger,
}

impl Connection {
    fn new(stream: Stream) -> Self {
        Self { stream, trigger: Trigger(Arc::new(AtomicBool::new(false))) }
    }

    /// Whether the trigger was pulled. Then nothing more goes out, and closing sends a reset.
    fn is_reset(&self) -> bool {
        let pulled = self.trigger.is_pulled();
        if pulled {
            // Without lingering, closing a socket resets its connection.
            let _ = self.stream.socket().set_zero_linger();
        }
        pulled
    }
}

fn reset<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_reset() {
            return reset();
        }
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_reset() {
            return reset();
        }
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_reset() {
            return reset();
        }
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Connection").finish_non_exhaustive()
    }
}

fn acceptor(tls: &Tls) -> Result<(Option<TlsAcceptor>, Option<String>), ServerError> {
    let (chain, key, ca_pem) = match tls {
        Tls::Off => return Ok((None, None)),
        Tls::ThrowAway { ca_file } => {
            let made = make_certificate().map_err(|why| ServerError::Make(why.to_string()))?;
            if let Some(file) = ca_file {
                std::fs::write(file, &made.ca_pem)
                    .map_err(|why| ServerError::Make(format!("`{}`: {why}", file.display())))?;
            }
            (made.chain, made.key, Some(made.ca_pem))
        }
        Tls::Given { certificate, key } => {
            let bad = |file: &Path, why: &dyn fmt::Display| ServerError::Certificate {
                file: file.display().to_string(),
                why: why.to_string(),
            };
            let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
                .and_then(Iterator::collect)
                .map_err(|why| bad(certificate, &why))?;
            if chain.is_empty() {
                return Err(bad(certificate, &"no certificate in it"));
            }
            (chain, PrivateKeyDer::from_pem_file(key).map_err(|why| bad(key, &why))?, None)
        }
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|why| ServerError::Make(why.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((Some(TlsAcceptor::from(Arc::new(config))), ca_pem))
}

struct Made {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    ca_pem: String,
}

/// The names that the certificate is good for: loopback, and those of the public cloud, which some clients insist on and
/// reach through a hosts file or a proxy.
const NAMES: &[&str] =
    &["localhost", "127.0.0.1", "::1", "graph.microsoft.com", "login.microsoftonline.com", "management.azure.com"];

/// A certificate for the server by a CA whose key is dropped here, so that nobody can ever sign anything else with it.
fn make_certificate() -> Result<Made, rcgen::Error> {
    let mut ca = rcgen::CertificateParams::new(Vec::new())?;
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
    ca.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign, rcgen::KeyUsagePurpose::CrlSign];
    ca.distinguished_name = rcgen::DistinguishedName::new();
    ca.distinguished_name.push(rcgen::DnType::CommonName, "pimform emulator, throw-away CA");
    let ca_key = rcgen::KeyPair::generate()?;
    let ca_certificate = ca.self_signed(&ca_key)?;
    let issuer = rcgen::Issuer::new(ca, ca_key);

    let names: Vec<String> = NAMES.iter().map(|&name| name.to_owned()).collect();
    let mut leaf = rcgen::CertificateParams::new(names)?;
    leaf.distinguished_name = rcgen::DistinguishedName::new();
    leaf.distinguished_name.push(rcgen::DnType::CommonName, "localhost");
    leaf.use_authority_key_identifier_extension = true;
    leaf.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let leaf_key = rcgen::KeyPair::generate()?;
    let leaf = leaf.signed_by(&leaf_key, &issuer)?;
    Ok(Made {
        chain: vec![leaf.der().clone(), ca_certificate.der().clone()],
        key: PrivateKeyDer::Pkcs8(leaf_key.serialize_der().into()),
        ca_pem: ca_certificate.pem(),
    })
}
