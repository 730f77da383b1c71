//! What the service's answers to a request mean.

use serde_json::Value;

use crate::backend::microsoft::wire;
use crate::backend::microsoft::{ErrorKind, ServiceError};

/// What is asked to be done with an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::backend::microsoft) enum Action {
    Assign,
    Update,
    Remove,
}

impl Action {
    /// As the services call it; Microsoft Graph begins it with a small letter.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Assign => "AdminAssign",
            Self::Update => "AdminUpdate",
            Self::Remove => "AdminRemove",
        }
    }

    /// What the service did of it, for messages.
    pub(super) fn done(self) -> &'static str {
        match self {
            Self::Assign => "granted",
            Self::Update => "changed",
            Self::Remove => "removed",
        }
    }

    /// What is asked with an assignment, for messages.
    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Assign => "make",
            Self::Update => "change",
            Self::Remove => "remove",
        }
    }

    /// What was asked, for messages.
    pub(super) fn phrase(self) -> &'static str {
        match self {
            Self::Assign => "make the assignment",
            Self::Update => "change the assignment",
            Self::Remove => "remove the assignment",
        }
    }
}

/// A request that the service took. That it took it does not say that it carried it out.
#[derive(Clone, Debug)]
pub(in crate::backend::microsoft) struct Taken {
    /// Its id.
    pub(super) id: Option<String>,
    /// The word that says how far it is.
    pub(in crate::backend::microsoft) status: String,
    /// All that the service said.
    pub(super) body: Value,
}

impl Taken {
    /// Reads the request as either service answers with it.
    pub(in crate::backend::microsoft) fn of(body: &Value) -> Self {
        let properties = body.get("properties").unwrap_or(body);
        let id = wire::field(body, "name").or_else(|| wire::field(body, "id"));
        let status = wire::field(properties, "status").unwrap_or_default();
        Self { id: id.map(str::to_owned), status: status.to_owned(), body: body.clone() }
    }

    /// How far the request is (docs/service.md: requests-1).
    pub(in crate::backend::microsoft) fn progress(&self, action: Action) -> Progress {
        let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(&self.status));
        if is(&["Revoked"]) {
            return if action == Action::Remove { Progress::Done } else { Progress::Failed };
        }
        if is(&["Provisioned", "ScheduleCreated", "AdminApproved"]) {
            return Progress::Done;
        }
        if is(&["Granted"]) {
            return Progress::Granted;
        }
        if is(&[
            "Accepted",
            "PendingEvaluation",
            "PendingProvisioning",
            "PendingScheduleCreation",
            "PendingExternalProvisioning",
            "PendingRevocation",
            "ProvisioningStarted",
        ]) {
            return Progress::UnderWay;
        }
        // The last three wait for a person. An administrator's request never should, and nobody could answer it here.
        if is(&[
            "Failed",
            "FailedAsResourceIsLocked",
            "Denied",
            "AdminDenied",
            "Canceled",
            "TimedOut",
            "Invalid",
            "PendingApproval",
            "PendingApprovalProvisioning",
            "PendingAdminDecision",
        ]) {
            return Progress::Failed;
        }
        Progress::Unknown
    }
}

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::backend::microsoft) enum Progress {
    /// Carried out.
    Done,
    /// Carried out when its time comes, or stuck: the service takes requests that it never carries out, such as a
    /// directory role for a group that no role can be assigned to. Only looking tells.
    Granted,
    /// The service works on it.
    UnderWay,
    /// It will not be carried out.
    Failed,
    /// The word is not known: only looking tells.
    Unknown,
}

/// What a refusal of a request means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Nobody knows whether it was carried out.
    Lost,
    /// There is such an assignment already.
    Exists,
    /// There is no such assignment.
    DoesNotExist,
    /// Another request about the same assignment is under way.
    Pending,
    /// The assignment began less than five minutes ago.
    TooShort,
    /// Somebody or something is not known here yet, by a code that says nothing else.
    NotThereYet,
    /// The same, if it was made only just now; else it does not exist.
    NotThere,
    /// Azure has a request with this GUID already.
    RequestExists,
    /// PIM can do nothing with this group.
    NotForPim,
    /// What it says.
    Refused,
}

impl Meaning {
    /// What an error means (docs/service.md: failures-2, failures-3).
    pub(super) fn of(error: &ServiceError) -> Self {
        const CODES: [(&str, Meaning); 11] = [
            ("RoleAssignmentExists", Meaning::Exists),
            ("RoleAssignmentDoesNotExist", Meaning::DoesNotExist),
            ("PendingRoleAssignmentRequest", Meaning::Pending),
            ("ActiveDurationTooShort", Meaning::TooShort),
            ("SubjectNotFound", Meaning::NotThereYet),
            ("PrincipalNotFound", Meaning::NotThereYet),
            ("RoleNotFound", Meaning::NotThere),
            ("ResourceNotFound", Meaning::NotThere),
            ("Request_ResourceNotFound", Meaning::NotThere),
            ("RoleAssignmentRequestExists", Meaning::RequestExists),
            ("ResourceTypeNotSupported", Meaning::NotForPim),
        ];
        if let Some((_, meaning)) = CODES.iter().find(|(code, _)| error.code_is(code)) {
            return *meaning;
        }
        match error.kind {
            ErrorKind::TimedOut | ErrorKind::Transport | ErrorKind::Unavailable => Self::Lost,
            _ => Self::Refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_accepted_request_is_not_yet_a_done_one() {
        let progress = |status: &str, action| Taken::of(&json!({"id": "x", "status": status})).progress(action);
        for status in ["Provisioned", "scheduleCreated"] {
            assert_eq!(progress(status, Action::Assign), Progress::Done);
        }
        assert_eq!(progress("granted", Action::Assign), Progress::Granted);
        assert_eq!(progress("Revoked", Action::Remove), Progress::Done);
        assert_eq!(progress("Revoked", Action::Update), Progress::Failed);
        assert_eq!(progress("PendingProvisioning", Action::Assign), Progress::UnderWay);
        assert_eq!(progress("Failed", Action::Assign), Progress::Failed);
        assert_eq!(progress("PendingApproval", Action::Assign), Progress::Failed);
        assert_eq!(progress("Enthroned", Action::Assign), Progress::Unknown);
        assert_eq!(progress("", Action::Assign), Progress::Unknown);
        let arm = Taken::of(&json!({"id": "/x/y", "name": "y", "properties": {"status": "Provisioned"}}));
        assert_eq!((arm.id.as_deref(), arm.status.as_str()), (Some("y"), "Provisioned"));
    }
}
