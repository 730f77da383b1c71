//! A second, independent implementation of the service, on loopback: Microsoft Graph and Azure Resource Manager as far as
//! Privileged Identity Management needs them.
//!
//! It shares no types with the client, so that the one can be wrong without the other. It refuses what it does not know
//! instead of ignoring it, enforces the settings of each target, and reproduces what is unpleasant about the service:
//! schedule ids that change, times that are moved, answers that succeed and say that they failed.
//!
//! ```text
//!  server (sockets) -> wire::Request -> graph | arm | identity -> world (state, rule engine) -> wire::Reply
//! ```
//!
//! [`Emulator::start`] reads a tenant file, [`Running::tenant_file`] writes the tenant as it is by then.

pub(crate) mod arm;
pub(crate) mod fault;
pub(crate) mod graph;
pub(crate) mod identity;
pub(crate) mod odata;
pub(crate) mod server;
mod tenant_file;
pub(crate) mod wire;
pub(crate) mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use thiserror::Error;

pub use fault::{BadFault, Fault, FilteredPolicies, ListLag, Moment};
pub use server::{ServerError, Tls};

use fault::Faults;
use identity::{Audience, Identity};
use server::Server;
use wire::{Reply, Request, ServiceFailure};
use world::World;

/// How to start.
#[derive(Clone, Debug)]
pub struct Options {
    /// The text of a tenant file.
    pub tenant: String,
    /// The port to listen on; 0 for any that is free.
    pub port: u16,
    /// Plain HTTP or HTTPS.
    pub tls: Tls,
    /// The faults that are on from the start.
    pub faults: Vec<Fault>,
    /// The time that the emulator stands at, such as `2026-11-21T12:00:00Z`; without it the system's clock is used.
    pub now: Option<String>,
    /// How many entries a page of a collection has at most.
    pub page_size: usize,
    /// How long, in seconds, an active assignment must have run before it can be removed or changed; the service asks for 300.
    pub active_minimum: u32,
    /// Whether well-known roles that come with the service exist although the tenant file does not list them. They are
    /// then written to the tenant file as well.
    pub built_in_roles: bool,
    /// Whether every exchange is kept for [`Running::log`].
    pub log: bool,
}

impl Options {
    /// The service's own ways, on any free port.
    pub fn new(tenant: impl Into<String>) -> Self {
        Self {
            tenant: tenant.into(),
            port: 0,
            tls: Tls::Off,
            faults: Vec::new(),
            now: None,
            page_size: 100,
            active_minimum: 300,
            built_in_roles: false,
            log: false,
        }
    }
}

/// Why an emulator does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The tenant file cannot be used.
    #[error("the tenant file cannot be used: {0}")]
    Tenant(String),
    /// The given time is none.
    #[error("`{0}` is not a time with an offset, such as `2026-11-21T12:00:00Z`")]
    Now(String),
    /// Nothing can listen there, or a certificate cannot be used.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The system gives no random numbers for a key.
    #[error("cannot make a key to sign tokens with")]
    Key,
}

/// Starts emulators.
#[derive(Clone, Copy, Debug)]
pub struct Emulator;

impl Emulator {
    /// Reads the tenant and listens.
    pub async fn start(options: Options) -> Result<Running, StartError> {
        let shared = Arc::new(Shared::new(options)?);
        let server = Server::start(Arc::clone(&shared)).await?;
        Ok(Running { shared, server })
    }
}

/// An emulator that answers until it is stopped or dropped.
pub struct Running {
    shared: Arc<Shared>,
    server: Server,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("url", &self.url()).finish_non_exhaustive()
    }
}

impl Running {
    /// Where it can be reached, such as `http://127.0.0.1:8080`.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The certificate of the throw-away CA as PEM, with [`Tls::ThrowAway`].
    pub fn ca_pem(&self) -> Option<&str> {
        self.server.ca_pem()
    }

    /// Replaces the faults. All counting starts again.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.shared.faults.set(faults);
        self.shared.world().directives = self.shared.faults.directives();
    }

    /// The tenant as it is now, as a tenant file.
    pub fn tenant_file(&self) -> String {
        tenant_file::write(&self.shared.world())
    }

    /// Moves the clock of an emulator that was started with a time of its own. Does nothing otherwise.
    pub fn advance(&self, seconds: u64) {
        self.shared.world().clock.advance(seconds);
    }

    /// The exchanges so far, one JSON object a line: `{"m","p","b","status","rb"}`. Empty unless [`Options::log`] is set.
    pub fn log(&self) -> String {
        let log = self.shared.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.iter().flat_map(|line| [line.to_string(), "\n".to_owned()]).collect()
    }

    /// Stops listening and waits until the last answer is out.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) faults: Arc<Faults>,
    identity: Identity,
    world: Mutex<World>,
    log: Mutex<Vec<Value>>,
}

impl Shared {
    fn new(options: Options) -> Result<Self, StartError> {
        let clock = match &options.now {
            None => world::Clock::system(),
            Some(text) => world::Clock::fixed(world::Time::parse(text).ok_or_else(|| StartError::Now(text.clone()))?),
        };
        let mut world = tenant_file::read(&options.tenant, clock).map_err(StartError::Tenant)?;
        world.page_size = options.page_size.max(1);
        world.active_minimum = options.active_minimum;
        let faults = Arc::new(Faults::new(options.faults.clone()));
        world.directives = faults.directives();
        world.faults = Arc::clone(&faults);
        arm::built_in::describe(&mut world);
        if options.built_in_roles {
            arm::built_in::add(&mut world);
            graph::built_in::add(&mut world);
        }
        let identity = Identity::new(&world.tenant.id.to_string()).ok_or(StartError::Key)?;
        Ok(Self { options, faults, identity, world: Mutex::new(world), log: Mutex::new(Vec::new()) })
    }

    /// The state. One request at a time changes it.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one request and logs the exchange.
    pub(crate) fn answer(&self, request: &Request) -> Reply {
        let reply = dispatch(&mut self.world(), &self.identity, request);
        self.record(request, &reply);
        reply
    }

    /// Refuses one request because of a fault, and logs the exchange.
    pub(crate) fn broken(&self, request: &Request, failure: &ServiceFailure) -> Reply {
        let reply = fault::reply(request, failure, self.world().now());
        self.record(request, &reply);
        reply
    }

    fn record(&self, request: &Request, reply: &Reply) {
        // Secrets and tokens are never kept.
        if !self.options.log || identity::is_mine(&request.segments()) {
            return;
        }
        let body = reply.body.clone().unwrap_or(Value::Null);
        let sent = if request.text.is_empty() { Value::Null } else { Value::from(request.text.as_str()) };
        let line = json!({
            "m": request.method.as_str(), "p": request.target, "b": sent, "status": reply.status, "rb": body,
        });
        self.log.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

/// Finds who answers.
fn dispatch(world: &mut World, identity: &Identity, request: &Request) -> Reply {
    let path = request.segments();
    if identity::is_mine(&path) {
        return identity.answer(request, world);
    }
    if matches!(path.first(), Some(&("v1.0" | "beta"))) {
        let caller = identity.caller(request, Audience::Graph, world);
        let answer = caller.and_then(|caller| match world.faults.denies_graph(request) {
            Some(denied) => Err(denied),
            None => graph::answer(world, request, &caller),
        });
        let id = world.new_id("graph request").to_string();
        let client = request.header("client-request-id");
        let reply = answer.unwrap_or_else(|failure| failure.graph(&id, client, world.now()));
        return reply.with_header("request-id", id.as_str()).with_header("client-request-id", client.unwrap_or(&id));
    }
    let caller = identity.caller(request, Audience::Arm, world);
    arm::respond(world, request, caller)
}
