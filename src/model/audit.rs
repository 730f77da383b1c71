//! What the tenant's own log says about who changed what.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{PrincipalId, Time};

/// One entry of the directory's audit log that concerns PIM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// When it happened.
    pub at: Time,
    /// Who did it: a user principal name, or the name of an application.
    pub who: Arc<str>,
    /// Who did it, by object id.
    pub by: Option<PrincipalId>,
    /// What was done, in the service's words.
    pub activity: Arc<str>,
    /// The ids of all objects that it concerns, in lower case.
    pub objects: BTreeSet<Box<str>>,
    /// The justification that was given.
    pub reason: Option<Arc<str>>,
}
