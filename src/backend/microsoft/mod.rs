//! The live tenant, over Microsoft Graph v1.0 and Azure Resource Manager.
//!
//! The reader holds a client whose verbs cannot change anything; only the executor makes one that can.

mod assembly;
mod audit;
pub mod auth;
mod azure;
pub mod cloud;
mod directory;
mod entra;
pub mod error;
mod execute;
mod groups;
mod http;
mod makers;
pub mod permission;
mod policies;
pub mod probe;
mod reader;
mod redact;
mod rules;
mod schedules;
pub mod tls;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use cloud::{Cloud, Endpoints};
pub use error::{ErrorKind, ServiceError};
pub use execute::{MicrosoftExecutor, MicrosoftValidator};
pub use http::{Bounds, Observed, Pause, RealTime, Service, Stats, Trace, VirtualTime};
pub use reader::MicrosoftReader;

/// Is told after each exchange what was sent and received so far.
pub type Progress = Arc<dyn Fn(Stats) + Send + Sync>;

/// Is told what people should know at once.
pub type Notice = Arc<dyn Fn(&str) + Send + Sync>;

/// How to reach a tenant.
#[derive(Clone)]
pub struct Options {
    /// In which cloud it is; tokens are asked for its audiences.
    pub cloud: Cloud,
    /// Where the services answer.
    pub endpoints: Endpoints,
    /// Who asks.
    pub credential: auth::Credential,
    /// More certificates to trust, in PEM, besides those of the system: the emulator's.
    pub trusted: Option<Vec<u8>>,
    /// The clocks, and waiting.
    pub pause: Arc<dyn Pause>,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// The most that one reading of the tenant may take.
    pub bounds: Bounds,
    /// Where the exchanges are written down.
    pub trace: Option<Trace>,
    /// Who watches.
    pub progress: Option<Progress>,
    /// Who is told what people should know at once.
    pub notice: Option<Notice>,
}

impl Options {
    /// With the real clocks, and nothing special.
    pub fn new(cloud: Cloud, endpoints: Endpoints, credential: auth::Credential) -> Self {
        Self {
            cloud,
            endpoints,
            credential,
            trusted: None,
            pause: Arc::new(RealTime::default()),
            timeout: Duration::from_secs(100),
            bounds: Bounds::default(),
            trace: None,
            progress: None,
            notice: None,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("cloud", &self.cloud)
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}
