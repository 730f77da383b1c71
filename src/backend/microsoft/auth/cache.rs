//! One token for each service, kept while it is good.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::{AuthError, Credential, Token};
use crate::backend::microsoft::cloud::Cloud;
use crate::backend::microsoft::http::{Pause, Service};

/// How long before its end a token is replaced, so that it does not end under way.
const EARLY: SignedDuration = SignedDuration::from_mins(5);
/// How long a failure to get a token is believed, so that many requests do not all try.
const BELIEVED: Duration = Duration::from_secs(30);

/// The tokens of a run.
pub(in super::super) struct Tokens {
    cloud: Cloud,
    credential: Credential,
    pause: Arc<dyn Pause>,
    graph: Mutex<Slot>,
    arm: Mutex<Slot>,
}

/// What is known of one service's token.
#[derive(Default)]
enum Slot {
    #[default]
    Nothing,
    /// A token, and when to replace it.
    Have { token: Token, replace: Timestamp },
    /// The last try failed, at this time of [`Pause::elapsed`].
    Failed { error: AuthError, at: Duration },
}

impl Tokens {
    pub(in super::super) fn new(cloud: Cloud, credential: Credential, pause: Arc<dyn Pause>) -> Self {
        Self { cloud, credential, pause, graph: Mutex::default(), arm: Mutex::default() }
    }

    /// The token for a service. Those who ask while one is being fetched wait for it.
    pub(in super::super) async fn get(&self, service: Service) -> Result<Token, AuthError> {
        let mut slot = self.slot(service).lock().await;
        let now = self.pause.now();
        let old = match &*slot {
            Slot::Have { token, replace } if now < *replace => return Ok(token.clone()),
            Slot::Have { token, .. } if now < token.expires => Some(token.clone()),
            Slot::Failed { error, at } if self.pause.elapsed().saturating_sub(*at) < BELIEVED => {
                return Err(error.clone());
            }
            _ => None,
        };
        let audience = match service {
            Service::Graph => self.cloud.graph(),
            Service::Arm => self.cloud.arm(),
        };
        match self.credential.token(audience).await {
            Ok(token) => {
                // Half of its life at most, for a token that lives shorter than the margin.
                let margin = EARLY.min(token.expires.duration_since(now) / 2);
                let replace = token.expires.checked_sub(margin).unwrap_or(token.expires);
                *slot = Slot::Have { token: token.clone(), replace };
                Ok(token)
            }
            // The old one is still good for a while.
            Err(error) => old.ok_or_else(|| {
                *slot = Slot::Failed { error: error.clone(), at: self.pause.elapsed() };
                error
            }),
        }
    }

    /// The service does not accept this token: the next request gets a new one. Does nothing if that has come already.
    pub(in super::super) async fn forget(&self, service: Service, refused: &Token) {
        let mut slot = self.slot(service).lock().await;
        if matches!(&*slot, Slot::Have { token, .. } if token.secret == refused.secret) {
            *slot = Slot::Nothing;
        }
    }

    fn slot(&self, service: Service) -> &Mutex<Slot> {
        match service {
            Service::Graph => &self.graph,
            Service::Arm => &self.arm,
        }
    }
}
