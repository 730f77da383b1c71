//! Calls, and what a fault makes of one.

use http::Method;

use crate::emulator::wire::{Request, ServiceFailure};

/// What a call does, as far as faults care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// It reads.
    Read,
    /// It may change something.
    Write,
    /// It holds other calls, each of which counts by itself.
    Bundle,
}

impl Call {
    /// What a request does. Some POSTs of Graph and of Azure only read.
    pub(crate) fn of(request: &Request) -> Self {
        if request.method == Method::GET || request.method == Method::HEAD {
            return Self::Read;
        }
        match request.path.last().map(String::as_str) {
            Some("$batch") => Self::Bundle,
            Some(
                "getByIds"
                | "microsoft.graph.getByIds"
                | "getMemberGroups"
                | "getMemberObjects"
                | "checkMemberGroups"
                | "validate",
            ) => Self::Read,
            _ => Self::Write,
        }
    }
}

/// What a fault makes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    /// 429, to be tried again after a second.
    Throttled,
    /// A 5xx with this status.
    Failed(u16),
    /// The connection is reset.
    Reset,
}

impl Broken {
    /// The refusal that says so; nothing for a reset, which says nothing.
    pub(crate) fn failure(self) -> Option<ServiceFailure> {
        match self {
            Self::Throttled => Some(
                ServiceFailure::new(
                    429,
                    "TooManyRequests",
                    "Too many requests. Try again after the time in Retry-After.",
                )
                .with_header("Retry-After", "1"),
            ),
            Self::Failed(503) => {
                Some(ServiceFailure::new(503, "ServiceUnavailable", "The service is temporarily unavailable."))
            }
            Self::Failed(status) => Some(ServiceFailure::new(status, "InternalServerError", "An error has occurred.")),
            Self::Reset => None,
        }
    }
}
