//! Values of faults that are more than a number.

use crate::emulator::fault::{BadFault, number};
use crate::emulator::wire::ServiceFailure;
use crate::emulator::world::{Ignored, Wider};

/// How long a removed schedule stays listed: `2`, or `200s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListLag {
    /// By so many reads.
    Reads(u32),
    /// For so many seconds of the emulator's clock.
    Seconds(u32),
}

impl ListLag {
    pub(super) fn read(text: &str) -> Result<Self, BadFault> {
        match text.strip_suffix('s') {
            Some(seconds) => number("arm-list-lag", seconds).map(Self::Seconds),
            None => number("arm-list-lag", text).map(Self::Reads),
        }
    }
}

/// What becomes of a list of policies that has a filter. docs/service.md: azure-1
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FilteredPolicies {
    /// It is answered with this status of the server's.
    Status(u16),
    /// It is empty.
    Nothing,
}

impl FilteredPolicies {
    pub(super) fn read(text: &str) -> Result<Self, BadFault> {
        match text.parse() {
            Ok(status @ 500..=599) => Ok(Self::Status(status)),
            _ if text == "nothing" => Ok(Self::Nothing),
            _ => Err(BadFault(format!(
                "`{text}` of `filtered-policies` is neither a status from 500 to 599 nor `nothing`"
            ))),
        }
    }

    /// The refusal, if it is one.
    pub(crate) fn failure(self) -> Option<ServiceFailure> {
        match self {
            Self::Nothing => None,
            Self::Status(504) => Some(ServiceFailure::new(
                504,
                "GatewayTimeout",
                "The gateway did not receive a response from 'Microsoft.Authorization' within the specified time period.",
            )),
            Self::Status(status) => Some(ServiceFailure::new(status, "InternalServerError", "An error has occurred.")),
        }
    }
}

/// What becomes wider of an assignment.
pub(super) fn wider(text: &str) -> Result<Wider, BadFault> {
    match text {
        "scope" => Ok(Wider::Scope),
        "end" => Ok(Wider::End),
        "condition" => Ok(Wider::Condition),
        _ => Err(BadFault(format!("`{text}` of `widened` is none of `scope`, `end` and `condition`"))),
    }
}

/// What an update leaves as it was.
pub(super) fn ignored(text: &str) -> Result<Ignored, BadFault> {
    match text {
        "all" => Ok(Ignored::All),
        "condition" => Ok(Ignored::Condition),
        _ => Err(BadFault(format!("`{text}` of `ignored-updates` is neither `all` nor `condition`"))),
    }
}
