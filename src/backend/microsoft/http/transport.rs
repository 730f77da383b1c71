//! From a request to an answer that counts: tokens, turns, repeats.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use url::Url;
use uuid::Uuid;

use super::budget::Bounds;
use super::connect::Connection;
use super::effort::{Effort, Setback};
use super::exchange::{Answer, Ask, LARGEST, own_id};
use super::headers::Signs;
use super::limiter::Limiter;
use super::observed::Observed;
use super::{Pause, Reply, Service, Stats, Trace, WriteMethod, WriteRequest};
use crate::backend::microsoft::auth::{Claims, Token, Tokens};
use crate::backend::microsoft::cloud::Endpoints;
use crate::backend::microsoft::error::{ErrorKind, ServiceError};
use crate::backend::microsoft::{Options, Progress};

/// Sends requests to both services.
pub(in super::super) struct Transport {
    pub(super) client: reqwest::Client,
    pub(super) timeout: Duration,
    pub(super) pause: Arc<dyn Pause>,
    pub(super) trace: Option<Trace>,
    /// The most that a reading may take.
    pub(super) bounds: Bounds,
    /// The largest body of an answer.
    pub(super) largest: usize,
    endpoints: Endpoints,
    tokens: Tokens,
    graph: Limiter,
    arm: Limiter,
    progress: Option<Progress>,
    stats: Mutex<Stats>,
    observed: Mutex<[Observed; 2]>,
    run: u128,
    sent: AtomicU64,
}

impl Transport {
    /// A transport by these options. Nothing is sent yet.
    pub(in super::super) fn new(options: Options) -> Result<Self, ServiceError> {
        let refused = |message: &str, hint: &str| {
            Err(ServiceError::new("GET", "/", ErrorKind::Transport, message).asked("reach the services").hint(hint))
        };
        let plain = options.endpoints.any_plain();
        let loopback = options.endpoints.are_loopback();
        if plain && !options.credential.is_for_emulator() {
            return refused(
                "a token of a real identity never goes over an unencrypted connection",
                "use an endpoint with `https`; for the emulator, `--auth emulator`",
            );
        }
        if options.credential.is_for_emulator() && !loopback {
            return refused(
                "the emulator's credential is good for endpoints on this machine only",
                "give the emulator's address for both services, or choose another `--auth`",
            );
        }
        let trusted = options.trusted.as_deref();
        let connection = Connection { trusted, loopback, plain, timeout: options.timeout };
        let client = connection.client().map_err(|message| {
            ServiceError::new("GET", "/", ErrorKind::Transport, message).asked("reach the services")
        })?;
        let run = u128::try_from(options.pause.now().as_nanosecond()).unwrap_or_default();
        Ok(Self {
            client,
            timeout: options.timeout,
            trace: options.trace,
            bounds: options.bounds,
            largest: LARGEST,
            endpoints: options.endpoints,
            tokens: Tokens::new(options.cloud, options.credential, Arc::clone(&options.pause)),
            graph: Limiter::new(Arc::clone(&options.pause)),
            arm: Limiter::new(Arc::clone(&options.pause)),
            pause: options.pause,
            progress: options.progress,
            stats: Mutex::default(),
            observed: Mutex::default(),
            run,
            sent: AtomicU64::new(0),
        })
    }

    pub(super) fn stats(&self) -> Stats {
        *self.numbers()
    }

    pub(super) fn limiter(&self, service: Service) -> &Limiter {
        match service {
            Service::Graph => &self.graph,
            Service::Arm => &self.arm,
        }
    }

    pub(super) async fn claims(&self, service: Service) -> Result<Claims, ServiceError> {
        Ok(Claims::of(&self.token(service).await?))
    }

    /// Counts an exchange, and tells who watches.
    pub(super) fn count(&self, bytes: usize) {
        let stats = {
            let mut stats = self.numbers();
            stats.calls += 1;
            stats.bytes += bytes as u64;
            *stats
        };
        if let Some(progress) = &self.progress {
            progress(stats);
        }
    }

    /// Keeps what an answer says of the service's clock and limits.
    pub(super) fn observe(&self, service: Service, signs: &Signs, now: Timestamp) {
        let mut observed = self.observed.lock().unwrap_or_else(PoisonError::into_inner);
        let [graph, arm] = &mut *observed;
        let one = match service {
            Service::Graph => graph,
            Service::Arm => arm,
        };
        one.take(signs, now);
    }

    /// What the answers of a service said of its clock and limits.
    pub(super) fn observed(&self, service: Service) -> Observed {
        let observed = self.observed.lock().unwrap_or_else(PoisonError::into_inner);
        let [graph, arm] = *observed;
        match service {
            Service::Graph => graph,
            Service::Arm => arm,
        }
    }

    /// Counts a setback that is followed by another attempt.
    pub(super) fn count_repeat(&self) {
        self.numbers().repeated += 1;
    }

    /// Counts an answer that asks to slow down.
    pub(super) fn count_throttled(&self) {
        self.numbers().throttled += 1;
    }

    /// The id of the next request.
    pub(super) fn next_id(&self) -> Uuid {
        own_id(self.run, self.sent.fetch_add(1, Ordering::Relaxed))
    }

    fn numbers(&self) -> MutexGuard<'_, Stats> {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn token(&self, service: Service) -> Result<Token, ServiceError> {
        self.tokens.get(service).await.map_err(|error| {
            let mut told = ServiceError::new("GET", "/", ErrorKind::Unauthenticated, error.what)
                .asked(format!("get a token for {}", service.name()));
            told.hint = error.help;
            told
        })
    }

    /// A change.
    pub(super) async fn write(&self, request: WriteRequest) -> Result<Reply, ServiceError> {
        let method = match request.method {
            WriteMethod::Post => Method::POST,
            WriteMethod::Patch => Method::PATCH,
            WriteMethod::Put => Method::PUT,
            WriteMethod::Delete => Method::DELETE,
        };
        let url = self.address(request.service, &request.path)?;
        let answer = self
            .send(Ask {
                service: request.service,
                method: &method,
                url: &url,
                path: &request.path,
                body: request.body.as_ref(),
                repeat: request.repeat,
                budget: None,
            })
            .await?;
        let body = serde_json::from_slice(&answer.bytes).ok();
        Ok(Reply { body, request_id: answer.signs.request_id })
    }

    pub(super) fn address(&self, service: Service, path: &str) -> Result<Url, ServiceError> {
        let base = match service {
            Service::Graph => &self.endpoints.graph,
            Service::Arm => &self.endpoints.arm,
        };
        let text = format!("{}{path}", base.as_str().trim_end_matches('/'));
        Url::parse(&text)
            .ok()
            // What comes of a name must not lead to another host.
            .filter(|url| path.starts_with('/') && url.origin() == base.origin())
            .ok_or_else(|| ServiceError::unexpected(path, "it is no address"))
    }

    /// Sends a request until there is an answer that counts: 2xx, or an error.
    pub(super) async fn send(&self, ask: Ask<'_>) -> Result<Answer, ServiceError> {
        let limiter = self.limiter(ask.service);
        let mut effort = Effort::default();
        let mut renewed = false;
        loop {
            ask.may_go(self)?;
            let permit = limiter.enter().await.map_err(|wait| ask.not_now(wait))?;
            ask.may_go(self)?;
            let token = self.token(ask.service).await?;
            let (setback, error) = match ask.once(self, &token).await {
                Ok(answer) if matches!(answer.status, 200..=299) => {
                    permit.went_well(&answer.signs);
                    return Ok(answer);
                }
                // Not carried out, so it may go again whatever it is.
                Ok(answer) if answer.status == 401 && !renewed => {
                    renewed = true;
                    self.tokens.forget(ask.service, &token).await;
                    self.count_repeat();
                    continue;
                }
                Ok(answer) => {
                    let setback = Setback::of(answer.status, answer.signs.retry_after);
                    match setback {
                        Some(Setback::Throttled(wait)) => {
                            self.count_throttled();
                            permit.was_throttled(wait);
                        }
                        // Overloaded, though it does not say so.
                        Some(_) if matches!(answer.status, 503 | 504) => permit.was_throttled(None),
                        // A failure of one thing says nothing about the others.
                        Some(_) => {}
                        None => permit.went_well(&answer.signs),
                    }
                    (setback, ask.refused(&answer))
                }
                Err(lost) => (lost.setback, lost.error),
            };
            drop(permit);
            match setback.and_then(|setback| effort.again(setback, ask.repeat)) {
                Some(wait) => {
                    self.count_repeat();
                    let left = ask.budget.map(|budget| budget.left(self.pause.elapsed()));
                    self.pause.pause(left.map_or(wait, |left| wait.min(left))).await;
                }
                None => return Err(error),
            }
        }
    }
}
