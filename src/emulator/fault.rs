//! Faults that can be switched on by name, so that everybody can see what a client makes of a bad day of the service.
//!
//! Every fault is deterministic: it counts calls and knows no chance. The counters start again when the faults are set.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{Caller, Directives, Ignored, Lingering, Wider};

mod call;
mod values;

pub(crate) use call::{Broken, Call};
pub use values::{FilteredPolicies, ListLag};

/// When a broken write is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Only calls that read are hit.
    Read,
    /// A write is hit before it took effect.
    Before,
    /// A write is hit after it took effect, so that only the answer is lost.
    After,
}

/// One fault, as `--fault NAME[=VALUE]` names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Every so many calls are answered with 429 and `Retry-After: 1`, also single calls of a `$batch`.
    Throttling(u32),
    /// Every so many calls of that kind are answered with a 5xx.
    ServerError(Moment, u32),
    /// Every page but the first takes that long.
    SlowPages(Duration),
    /// The connection of every so many calls of that kind is reset.
    Reset(Moment, u32),
    /// What was written is unknown to that many reads of its kind.
    LateVisibility(u32),
    /// The first so many requests of PIM answer 201 with the status `Failed`.
    FailedRequests(u32),
    /// Calls about a surface (`directory`, `groups`, `azure`) or below an ARM scope, about an object id, or with a part of a
    /// path of Graph (`group/resources`) are refused.
    Denied(String),
    /// A token is refused once it was used for so many calls.
    ExpiredTokens(u32),
    /// Every call takes at least that long.
    Latency(Duration),
    /// A schedule removed on ARM stays listed for that many reads, or for that many seconds.
    ArmListLag(ListLag),
    /// A list of policies on ARM that has a filter fails, or finds nothing, where the whole list works.
    FilteredPolicies(FilteredPolicies),
    /// The rule `MfaRule` of ARM and Graph holds for applications as well.
    MfaOfApplications,
    /// The id of a policy changes each time it is updated.
    PolicyIdChanges,
    /// What is assigned is wider than it was asked for, and the answer says so.
    Widened(Wider),
    /// An update on ARM is answered as done, and leaves something as it was.
    IgnoredUpdates(Ignored),
    /// A dry run is carried out.
    ObeyedQuestions,
    /// Custom directory roles have another id in what PIM says of them.
    TwoIds(TwoIds),
}

/// Which directory roles have two ids, and what requests make of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct TwoIds {
    /// Also this role of the tenant file, which cannot say that a role is a custom one.
    pub role: Option<uuid::Uuid>,
    /// Whether requests with the id of the list are refused.
    pub strict: bool,
}

/// Why the text of a fault could not be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadFault(String);

impl fmt::Display for BadFault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

impl std::error::Error for BadFault {}

impl Fault {
    /// Every fault: how it is written, and one line that says what it does.
    pub const fn all() -> &'static [(&'static str, &'static str)] {
        &[
            (
                "throttling[=N]",
                "every Nth call (5) is answered with 429 and `Retry-After: 1`, also single calls of a batch",
            ),
            (
                "server-error[=[read|before|after:]N]",
                "every Nth read (read, the default) or write is answered with a 5xx, before or after the write took effect",
            ),
            ("slow-pages[=MS]", "every page but the first takes MS milliseconds (200)"),
            (
                "reset[=[read|before|after:]N]",
                "the connection of every Nth read or write is reset, before or after the write took effect",
            ),
            (
                "late-visibility[=N]",
                "what was assigned is unknown to the next N reads of its kind (2), what was removed stays listed, and PIM does not know new principals that the directory knows",
            ),
            ("failed-requests[=N]", "the first N requests of PIM (1) are answered with 201 and the status Failed"),
            (
                "denied=WHAT",
                "calls about `directory`, `groups`, `azure`, an ARM scope, an object id or a path of Graph such as `group/resources` are refused with 403",
            ),
            ("expired-tokens[=N]", "a token is refused with 401 once it was used for N calls (10)"),
            ("latency=MS", "every call takes at least MS milliseconds"),
            (
                "arm-list-lag[=N|Ns]",
                "a schedule removed on ARM stays listed for N reads (2), or for N seconds of the emulator's clock",
            ),
            (
                "filtered-policies[=STATUS|nothing]",
                "a list of policies on ARM that has a filter is answered with STATUS (500, or 504 for a time-out), or finds \
                 nothing; without a filter it works",
            ),
            (
                "mfa-of-applications",
                "where an assignment needs multi-factor authentication, applications are refused, too",
            ),
            ("policy-id-changes", "the id of a policy changes each time it is updated"),
            (
                "widened[=scope|end|condition]",
                "an assignment is wider than it was asked for, and the answer says so: for the whole directory, as owner or at \
                 the ARM scope above (scope, the default), without end, or without its condition",
            ),
            (
                "ignored-updates[=all|condition]",
                "an update on ARM is answered as done, and leaves everything (all, the default) or the condition as it was",
            ),
            ("obeyed-questions", "what is only asked (`isValidationOnly`, `validate`) is carried out"),
            (
                "two-ids[=[strict:]ROLE]",
                "custom directory roles, and the one with that id, have another id in schedules and requests; `strict:` \
                 refuses requests with the first",
            ),
        ]
    }

    /// The name, without a value.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Throttling(_) => "throttling",
            Self::ServerError(..) => "server-error",
            Self::SlowPages(_) => "slow-pages",
            Self::Reset(..) => "reset",
            Self::LateVisibility(_) => "late-visibility",
            Self::FailedRequests(_) => "failed-requests",
            Self::Denied(_) => "denied",
            Self::ExpiredTokens(_) => "expired-tokens",
            Self::Latency(_) => "latency",
            Self::ArmListLag(_) => "arm-list-lag",
            Self::FilteredPolicies(_) => "filtered-policies",
            Self::MfaOfApplications => "mfa-of-applications",
            Self::PolicyIdChanges => "policy-id-changes",
            Self::TwoIds(_) => "two-ids",
            Self::Widened(_) => "widened",
            Self::IgnoredUpdates(_) => "ignored-updates",
            Self::ObeyedQuestions => "obeyed-questions",
        }
    }
}

impl FromStr for Fault {
    type Err = BadFault;

    fn from_str(text: &str) -> Result<Self, BadFault> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let count = |usual: u32| value.map_or(Ok(usual), |value| number(name, value));
        let moment = || match value {
            None => Ok((Moment::Read, 5)),
            Some(value) => moment(name, value),
        };
        Ok(match name {
            "throttling" => Self::Throttling(count(5)?),
            "server-error" => moment().map(|(when, every)| Self::ServerError(when, every))?,
            "slow-pages" => Self::SlowPages(Duration::from_millis(count(200)?.into())),
            "reset" => moment().map(|(when, every)| Self::Reset(when, every))?,
            "late-visibility" => Self::LateVisibility(count(2)?),
            "failed-requests" => Self::FailedRequests(count(1)?),
            "denied" => match value {
                Some(what) if !what.is_empty() => Self::Denied(what.to_owned()),
                _ => {
                    return Err(BadFault(
                        "`denied` needs a surface, a scope or an object id: `denied=azure`".to_owned(),
                    ));
                }
            },
            "expired-tokens" => Self::ExpiredTokens(count(10)?),
            "latency" => match value {
                Some(value) => Self::Latency(Duration::from_millis(number(name, value)?.into())),
                None => return Err(BadFault("`latency` needs milliseconds: `latency=100`".to_owned())),
            },
            "arm-list-lag" => Self::ArmListLag(value.map_or(Ok(ListLag::Reads(2)), ListLag::read)?),
            "filtered-policies" => {
                let value = value.map_or(Ok(FilteredPolicies::Status(500)), FilteredPolicies::read);
                Self::FilteredPolicies(value?)
            }
            "policy-id-changes" | "mfa-of-applications" | "obeyed-questions" if value.is_some() => {
                return Err(BadFault(format!("`{name}` takes no value")));
            }
            "policy-id-changes" => Self::PolicyIdChanges,
            "widened" => Self::Widened(value.map_or(Ok(Wider::Scope), values::wider)?),
            "ignored-updates" => Self::IgnoredUpdates(value.map_or(Ok(Ignored::All), values::ignored)?),
            "mfa-of-applications" => Self::MfaOfApplications,
            "obeyed-questions" => Self::ObeyedQuestions,
            "two-ids" => Self::TwoIds(value.map_or(Ok(TwoIds::default()), two_ids)?),
            _ => return Err(BadFault(format!("there is no fault `{name}`"))),
        })
    }
}

fn two_ids(value: &str) -> Result<TwoIds, BadFault> {
    let (strict, role) = match value.strip_prefix("strict:") {
        Some(role) => (true, role),
        None => (false, value),
    };
    match role.parse() {
        Ok(role) => Ok(TwoIds { role: Some(role), strict }),
        Err(_) => Err(BadFault(format!("`{role}` of `two-ids` is not the id of a role"))),
    }
}

fn number(name: &str, value: &str) -> Result<u32, BadFault> {
    match value.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(BadFault(format!("`{value}` of `{name}` is not a whole number above 0"))),
    }
}

fn moment(name: &str, value: &str) -> Result<(Moment, u32), BadFault> {
    let (when, every) = value.split_once(':').unwrap_or(("read", value));
    let when = match when {
        "read" => Moment::Read,
        "before" => Moment::Before,
        "after" => Moment::After,
        _ => return Err(BadFault(format!("`{when}` of `{name}` is none of `read`, `before` and `after`"))),
    };
    Ok((when, number(name, every)?))
}

/// The faults that are on, and what they have counted.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    faults: Vec<Fault>,
    calls: u32,
    reads: u32,
    writes: u32,
    tokens: BTreeMap<String, u32>,
}

impl Faults {
    /// These faults, with nothing counted yet.
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        Self { inner: Mutex::new(Inner { faults, ..Inner::default() }) }
    }

    /// Replaces the faults. All counting starts again.
    pub(crate) fn set(&self, faults: Vec<Fault>) {
        self.with(|inner| *inner = Inner { faults, ..Inner::default() });
    }

    fn with<T>(&self, look: impl FnOnce(&mut Inner) -> T) -> T {
        look(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn find<T>(&self, pick: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        self.with(|inner| inner.faults.iter().find_map(pick))
    }

    /// How long a call has to take at least.
    pub(crate) fn latency(&self) -> Option<Duration> {
        self.find(|fault| match fault {
            Fault::Latency(time) => Some(*time),
            _ => None,
        })
    }

    /// How long a page that is not the first has to take.
    pub(crate) fn slow_page(&self) -> Option<Duration> {
        self.find(|fault| match fault {
            Fault::SlowPages(time) => Some(*time),
            _ => None,
        })
    }

    /// Counts a call and says whether it is broken before anything was done.
    pub(crate) fn before(&self, call: Call) -> Option<Broken> {
        let writes = match call {
            Call::Read => false,
            Call::Write => true,
            Call::Bundle => return None,
        };
        self.with(|inner| {
            inner.calls = inner.calls.wrapping_add(1);
            let count = if writes { &mut inner.writes } else { &mut inner.reads };
            *count = count.wrapping_add(1);
            let count = *count;
            let calls = inner.calls;
            let hits = |moment: Moment, every: u32| {
                let now = if writes { Moment::Before } else { Moment::Read };
                moment == now && count.is_multiple_of(every)
            };
            inner.faults.iter().find_map(|fault| match fault {
                Fault::Throttling(every) if calls.is_multiple_of(*every) => Some(Broken::Throttled),
                Fault::ServerError(when, every) if hits(*when, *every) => {
                    Some(Broken::Failed(if writes { 500 } else { 503 }))
                }
                Fault::Reset(when, every) if hits(*when, *every) => Some(Broken::Reset),
                _ => None,
            })
        })
    }

    /// Whether the answer to the write that was counted last is lost although the write took effect.
    pub(crate) fn after(&self, call: Call) -> Option<Broken> {
        if call != Call::Write {
            return None;
        }
        self.with(|inner| {
            let count = inner.writes;
            inner.faults.iter().find_map(|fault| match fault {
                Fault::ServerError(Moment::After, every) if count.is_multiple_of(*every) => Some(Broken::Failed(500)),
                Fault::Reset(Moment::After, every) if count.is_multiple_of(*every) => Some(Broken::Reset),
                _ => None,
            })
        })
    }

    /// Counts a call with this token and says whether the token counts as expired.
    pub(crate) fn expired(&self, token: &str) -> bool {
        self.with(|inner| {
            let limit = inner.faults.iter().find_map(|fault| match fault {
                Fault::ExpiredTokens(calls) => Some(*calls),
                _ => None,
            });
            limit.is_some_and(|limit| {
                let used = inner.tokens.entry(token.to_owned()).or_default();
                *used = used.saturating_add(1);
                *used > limit
            })
        })
    }

    /// What calls are refused about: surfaces, ARM scopes, object ids, in lower case.
    fn denied(&self) -> Vec<String> {
        self.with(|inner| {
            let denied = inner.faults.iter().filter_map(|fault| match fault {
                Fault::Denied(what) => Some(what.trim_end_matches('/').to_ascii_lowercase()),
                _ => None,
            });
            denied.collect()
        })
    }

    /// The refusal of a call to Graph whose surface or object is denied.
    pub(crate) fn denies_graph(&self, request: &Request) -> Option<ServiceFailure> {
        let denied = self.denied();
        if denied.is_empty() {
            return None;
        }
        let target = request.decoded().to_ascii_lowercase();
        let policy = target.contains("/policies/rolemanagementpolic");
        let of_groups = target.contains("privilegedaccess/") || (policy && target.contains("group"));
        let surface = match () {
            () if of_groups => Some("groups"),
            () if policy || target.contains("rolemanagement/directory") => Some("directory"),
            () => None,
        };
        let is_part = |what: &str| what.len() == 36 || (what.contains('/') && !what.starts_with('/'));
        let hit = denied
            .iter()
            .any(|what| Some(what.as_str()) == surface || (is_part(what) && target.contains(what.as_str())));
        hit.then(|| match surface {
            None => ServiceFailure::new(
                403,
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
            ),
            Some(surface) => {
                let scopes = permissions(surface, policy, &target, Call::of(request));
                let text = format!("Authorization failed due to missing permission scope {scopes}.");
                ServiceFailure::new(403, "PermissionScopeNotGranted", text).nested()
            }
        })
    }

    /// The refusal of a call to Azure Resource Manager about this scope, if it is denied.
    pub(crate) fn denies_azure(&self, scope: &str, action: &str, caller: &Caller) -> Option<ServiceFailure> {
        let below = format!("{}/", scope.trim_end_matches('/')).to_ascii_lowercase();
        let hit = self
            .denied()
            .iter()
            .any(|what| what == "azure" || (what.starts_with('/') && below.starts_with(&format!("{what}/"))));
        hit.then(|| {
            let id = caller.id;
            ServiceFailure::new(
                403,
                "AuthorizationFailed",
                format!(
                    "The client '{id}' with object id '{id}' does not have authorization to perform action '{action}' over \
                     scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials."
                ),
            )
        })
    }

    /// What the faults make the rule engine do.
    pub(crate) fn directives(&self) -> Directives {
        let mut directives = Directives::default();
        self.with(|inner| {
            for fault in &inner.faults {
                match fault {
                    Fault::FailedRequests(count) => directives.fail_after_accepting = *count,
                    Fault::LateVisibility(reads) => {
                        directives.unseen_calls = *reads;
                        directives.shown_after_removal = Lingering::Lists(*reads);
                    }
                    Fault::ArmListLag(ListLag::Reads(reads)) => {
                        directives.shown_after_removal_on_arm = Lingering::Lists(*reads);
                    }
                    Fault::ArmListLag(ListLag::Seconds(seconds)) => {
                        directives.shown_after_removal_on_arm = Lingering::Seconds(*seconds);
                    }
                    Fault::Widened(wider) => directives.wider = Some(*wider),
                    Fault::IgnoredUpdates(ignored) => directives.ignored = Some(*ignored),
                    Fault::ObeyedQuestions => directives.obeys_questions = true,
                    Fault::MfaOfApplications => directives.mfa_of_applications = true,
                    _ => {}
                }
            }
        });
        directives
    }

    /// What becomes of a list of policies on ARM that has a filter, if it does not go well.
    pub(crate) fn filtered_policies(&self) -> Option<FilteredPolicies> {
        self.find(|fault| match fault {
            Fault::FilteredPolicies(outcome) => Some(*outcome),
            _ => None,
        })
    }

    /// Which directory roles have two ids, if any have.
    pub(crate) fn two_ids(&self) -> Option<TwoIds> {
        self.find(|fault| match fault {
            Fault::TwoIds(two_ids) => Some(*two_ids),
            _ => None,
        })
    }

    /// Whether a policy gets a new id each time it is updated.
    pub(crate) fn policy_id_changes(&self) -> bool {
        self.find(|fault| (*fault == Fault::PolicyIdChanges).then_some(())).is_some()
    }
}

/// The permissions that a refused call of PIM on Graph names.
fn permissions(surface: &str, policy: bool, target: &str, call: Call) -> String {
    let what = match (surface, policy) {
        (_, true) => "RoleManagementPolicy",
        ("groups", false) if target.contains("eligibility") => "PrivilegedEligibilitySchedule",
        ("groups", false) => "PrivilegedAssignmentSchedule",
        (_, false) if target.contains("roleeligibility") => "RoleEligibilitySchedule",
        (_, false) if target.contains("roleassignment") => "RoleAssignmentSchedule",
        (_, false) => "RoleManagement",
    };
    let of = if surface == "groups" { "AzureADGroup" } else { "Directory" };
    let write = format!("{what}.ReadWrite.{of}");
    if call == Call::Write { write } else { format!("{what}.Read.{of},{write}") }
}

/// The answer that replaces one of the service, in the form that fits the path.
pub(crate) fn reply(request: &Request, failure: &ServiceFailure, now: crate::emulator::world::Time) -> Reply {
    match request.path.first().map(String::as_str) {
        Some("v1.0" | "beta") => {
            failure.graph("00000000-0000-0000-0000-000000000000", request.header("client-request-id"), now)
        }
        _ => failure.arm(),
    }
}

#[cfg(test)]
mod tests;
