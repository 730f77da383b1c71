//! What a look at a live tenant found, a line for each thing, and what it means.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use super::escape::visible;
use super::json::harmless_json;
use super::words::{count, thousands};
use crate::backend::microsoft::permission::Area;
use crate::backend::microsoft::probe::write::{Act, Played};
use crate::backend::microsoft::probe::{Fact, Granted, MOST_SCOPES, Place, Seen, SignedIn};
use crate::backend::microsoft::{Observed, Service, ServiceError};
use crate::doctor::{Answer, Check, Diagnosis, Held, Level, Observation};
use crate::permissions::Purpose;

/// The JSON form of `pimform doctor`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "Doctor", description = "The JSON form of `pimform doctor`.")]
pub struct DoctorFile {
    /// The version of this form.
    version: u32,
    /// The id of the tenant that answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<String>,
    /// The worst of all checks.
    worst: Level,
    /// Everything that was looked at.
    checks: Vec<CheckFile>,
}

/// One thing that was looked at.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CheckFile {
    /// How it stands.
    level: Level,
    /// What was looked at.
    about: String,
    /// What was found.
    found: String,
    /// What that means.
    means: String,
}

/// The JSON Schema of [`DoctorFile`].
pub fn doctor_schema() -> serde_json::Value {
    schemars::schema_for!(DoctorFile).to_value()
}

/// For programs.
pub fn doctor_json(diagnosis: &Diagnosis) -> serde_json::Result<String> {
    let checks = diagnosis.checks.iter().map(|check| {
        let [about, found, means] = words(&check.observation, check.level);
        CheckFile { level: check.level, about, found, means }
    });
    let tenant = diagnosis.tenant.map(|tenant| tenant.to_string());
    let file = DoctorFile { version: 1, tenant, worst: diagnosis.worst(), checks: checks.collect() };
    Ok(harmless_json(serde_json::to_string_pretty(&file)? + "\n"))
}

/// For people: a line for each thing, and how many are not as they should be.
pub fn doctor_text(diagnosis: &Diagnosis) -> String {
    let mut out = String::new();
    for check in &diagnosis.checks {
        let [about, found, means] = words(&check.observation, check.level);
        let line = format!("{:<8} {about}: {found}; {means}", level(check.level));
        let _ = writeln!(out, "{}", visible(&line));
    }
    let of = |wanted| diagnosis.checks.iter().filter(|Check { level, .. }| *level == wanted).count();
    let (problems, warnings, notes) = (of(Level::Problem), of(Level::Warning), of(Level::Note));
    let all = count(diagnosis.checks.len(), "thing", "things");
    let _ = match (problems, warnings, notes) {
        (0, 0, 0) => writeln!(out, "\n{all} looked at, all as they should be"),
        (0, 0, _) => writeln!(out, "\n{all} looked at, nothing to mend, {}", count(notes, "note", "notes")),
        _ => writeln!(
            out,
            "\n{all} looked at: {}, {}",
            count(problems, "problem", "problems"),
            count(warnings, "warning", "warnings")
        ),
    };
    out
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Good => "ok",
        Level::Note => "note",
        Level::Warning => "warning",
        Level::Problem => "problem",
    }
}

/// What was looked at, what was found, and what it means.
fn words(observation: &Observation, level: Level) -> [String; 3] {
    let three = |about: &str, found: String, means: &str| [about.to_owned(), found, means.to_owned()];
    match observation {
        Observation::Fact(fact) => fact_words(fact, level),
        Observation::OtherTenant { declared, found } => three(
            "tenant",
            format!("`{found}` answers, and the policy files are for `{declared}`"),
            "every plan will be refused; sign in to the other tenant",
        ),
        Observation::Permissions(purpose, held) => permission_words(*purpose, held),
        Observation::AzureActions(actions) => three(
            "actions of Azure to apply",
            format!("{} needed", count(*actions, "action", "actions")),
            "only an apply shows whether they are allowed; `pimform permissions` lists them with their scopes",
        ),
        Observation::Licence(answer) => three(
            "licence",
            match answer {
                Answer::Yes => "PIM answers".to_owned(),
                Answer::No => "the service says that it is missing".to_owned(),
                Answer::Unknown => "nothing of PIM answered".to_owned(),
            },
            match answer {
                Answer::Yes => "the tenant has one that PIM accepts",
                Answer::No => "Microsoft Entra ID P2 or Microsoft Entra ID Governance is needed",
                Answer::Unknown => "mend the problems below first, then look again",
            },
        ),
        Observation::Opened(answer) => three(
            "PIM in this tenant",
            match answer {
                Answer::Yes => "set up".to_owned(),
                Answer::No => "never opened".to_owned(),
                Answer::Unknown => "nothing of PIM answered".to_owned(),
            },
            match answer {
                Answer::Yes => "nobody needs to open it in the portal first",
                Answer::No => "open Privileged Identity Management once in the portal, as an administrator",
                Answer::Unknown => "mend the problems below first, then look again",
            },
        ),
        Observation::Paging(0) => three(
            "paging",
            "no collection had more than one page".to_owned(),
            "whether later pages can be read was not seen",
        ),
        Observation::Paging(several) => three(
            "paging",
            format!("{} had a second page, and it was read", count(*several, "collection", "collections")),
            "long lists are read whole",
        ),
        Observation::NoFiles => three(
            "policy files",
            "none could be read".to_owned(),
            "what they would need is not known, so only what fails for everybody is a problem",
        ),
    }
}

fn permission_words(purpose: Purpose, held: &Held) -> [String; 3] {
    let (what, without) = match purpose {
        Purpose::Plan => ("plan", "a plan cannot read what they are for, and will be incomplete"),
        Purpose::Apply => ("apply", "an apply cannot change what they are for, and will fail there"),
    };
    let about = format!("permissions of Microsoft Graph to {what}");
    match held {
        Held::All(all) => [about, format!("all {} there", thousands(*all)), format!("enough to {what} these files")],
        Held::Without(names) => [about, format!("missing: `{}`", names.join("`, `")), without.to_owned()],
        Held::NotSaid => [
            about,
            "the token does not name any".to_owned(),
            "what the collections below answer shows what may be read".to_owned(),
        ],
    }
}

fn fact_words(fact: &Fact, level: Level) -> [String; 3] {
    match fact {
        Fact::SignIn(service, Ok(signed_in)) => {
            [format!("sign-in to {}", service.name()), who(signed_in), "requests are made as this identity".to_owned()]
        }
        Fact::SignIn(service, Err(error)) => failed(format!("sign-in to {}", service.name()), error, level),
        Fact::Collection(area, place, Ok(seen)) => seen_words(subject(*area, place), seen),
        Fact::Collection(area, place, Err(error)) => failed(subject(*area, place), error, level),
        Fact::Rules { policies, unknown } if unknown.is_empty() => [
            "rules of policies".to_owned(),
            format!("{} seen, every rule in them known", count(*policies, "policy", "policies")),
            "all of their settings can be compared and changed".to_owned(),
        ],
        Fact::Rules { policies, unknown } => [
            "rules of policies".to_owned(),
            format!(
                "{} seen; not known: {}",
                count(*policies, "policy", "policies"),
                quoted(unknown.iter().map(|id| &**id))
            ),
            "these are left alone: they are neither compared nor changed".to_owned(),
        ],
        Fact::OtherRoleIds(ids) if ids.is_empty() => [
            "ids of directory roles".to_owned(),
            "assignments and definitions use the same".to_owned(),
            "each assignment belongs to a known role".to_owned(),
        ],
        Fact::OtherRoleIds(ids) => [
            "ids of directory roles".to_owned(),
            format!("assignments name {} that no definition has", count(ids.len(), "id", "ids")),
            "custom roles have a second id there, which is looked up for each plan".to_owned(),
        ],
        Fact::NotLookedAt(area) => [
            area.what().to_owned(),
            "not looked at".to_owned(),
            "there is no group in the tenant to look at it in".to_owned(),
        ],
        Fact::ScopesLeft(left) => [
            "scopes of Azure".to_owned(),
            format!("{} not looked at", count(*left, "more scope", "more scopes")),
            format!("the first {MOST_SCOPES} stand for all; a plan reads every one"),
        ],
        Fact::Observed(service, observed) => observed_words(*service, *observed),
    }
}

fn subject(area: Area, place: &Place) -> String {
    match place {
        Place::Tenant => area.what().to_owned(),
        Place::Group(group) => format!("{}, at group `{group}`", area.what()),
        Place::Scope(scope) => format!("{}, at `{scope}`", area.what()),
    }
}

fn who(signed_in: &SignedIn) -> String {
    let kind = match signed_in.granted {
        Some(Granted::ByUser(_)) => "user",
        Some(Granted::ToApplication(_)) => "service principal",
        None => "object",
    };
    let tenant = signed_in.tenant.map_or_else(|| "a tenant that it does not name".to_owned(), |id| format!("`{id}`"));
    let object = signed_in.object.map_or_else(String::new, |id| format!(" as {kind} `{id}`"));
    let application = signed_in.application.as_ref().map_or_else(String::new, |id| format!(" of application `{id}`"));
    format!("a token for {tenant}{object}{application}")
}

fn failed(about: String, error: &ServiceError, level: Level) -> [String; 3] {
    let help = error.help();
    let means = match (level, help) {
        (Level::Note, _) => "these policy files do not need it".to_owned(),
        (_, Some(help)) => help,
        (_, None) => "what depends on it is blocked in a plan".to_owned(),
    };
    [about, error.to_string(), means]
}

fn seen_words(about: String, seen: &Seen) -> [String; 3] {
    let more = if seen.more { ", and there are more" } else { "" };
    let rows = format!("{} on {}{more}", count(seen.rows, "row", "rows"), count(seen.pages, "page", "pages"));
    if !seen.lacking.is_empty() {
        let lacking = seen.lacking.iter().map(|(name, rows)| format!("`{name}` ({})", thousands(*rows)));
        let lacking: Vec<String> = lacking.collect();
        let means = "what is judged by these counts as unknown: plans block or get stricter there";
        return [about, format!("{rows}, of which some lack {}", lacking.join(", ")), means.to_owned()];
    }
    if !seen.strange.is_empty() {
        let strange: Vec<&str> = seen.strange.iter().map(String::as_str).collect();
        let means = "a plan leaves these alone and says so, or blocks what they concern";
        return [about, format!("{rows}; {}", strange.join("; ")), means.to_owned()];
    }
    let means =
        if seen.rows == 0 { "it may be read, and nothing is there" } else { "it can be read, and all is known" };
    [about, rows, means.to_owned()]
}

fn observed_words(service: Service, observed: Observed) -> [String; 3] {
    let about = format!("clock and limits of {}", service.name());
    let clock = match observed.ahead {
        None => "it does not say the time".to_owned(),
        Some(0) => "its clock agrees with this machine's".to_owned(),
        Some(ahead) if ahead > 0 => format!("its clock is {} s ahead of this machine's", thousands_of(ahead)),
        Some(behind) => format!("its clock is {} s behind this machine's", thousands_of(behind)),
    };
    let limits = match (observed.remaining, observed.used) {
        (None, None) => "it names no limit that is near".to_owned(),
        (Some(left), _) => format!("{left} requests left in its scarcest bucket"),
        (None, Some(used)) => format!("{:.0} % of a limit used", used * 100.0),
    };
    let means = match observed.ahead.map_or(0, i64::unsigned_abs) {
        0..=59 => "times in plans are those of the service, and requests slow down by themselves near a limit",
        _ => "set this machine's clock: windows of assignments are counted by the service's",
    };
    [about, format!("{clock}; {limits}"), means.to_owned()]
}

fn thousands_of(seconds: i64) -> String {
    thousands(usize::try_from(seconds.unsigned_abs()).unwrap_or(usize::MAX))
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    format!("`{}`", names.join("`, `"))
}

/// The JSON form of `pimform doctor --write-probe`.
#[derive(Debug, Serialize)]
struct PlayedFile {
    act: &'static str,
    done: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// For programs: what became of each act of a play, and of those that it did not come to.
pub fn write_probe_json(played: &[Played]) -> serde_json::Result<String> {
    let acts: Vec<PlayedFile> = Act::ALL
        .into_iter()
        .map(|act| {
            let [_, why] = outcome(played, act);
            let done = played.iter().any(|one| one.act == act && one.outcome.is_ok());
            PlayedFile { act: act_words(act), done, why: (!done).then_some(why) }
        })
        .collect();
    Ok(harmless_json(serde_json::to_string_pretty(&acts)? + "\n"))
}

/// For people: a line for each act of a play.
pub fn write_probe_text(played: &[Played]) -> String {
    let mut out = String::new();
    for act in Act::ALL {
        let [level, found] = outcome(played, act);
        let line = format!("{level:<8} {}{found}", act_words(act));
        let _ = writeln!(out, "{}", visible(&line));
    }
    out
}

/// How an act stands, and what is to be said of it.
fn outcome(played: &[Played], act: Act) -> [String; 2] {
    let one = played.iter().find(|one| one.act == act);
    let [level, found] = match one.map(|one| &one.outcome) {
        Some(Ok(())) => ["ok", ""].map(str::to_owned),
        Some(Err(error)) => ["problem".to_owned(), format!(": {}", crate::diag::chain(error))],
        None => ["note", ": it did not come to that"].map(str::to_owned),
    };
    [level, found]
}

fn act_words(act: Act) -> &'static str {
    match act {
        Act::CreateGroup => "create a group",
        Act::CreateHolder => "create the group that becomes eligible for it",
        Act::Assign => "make it eligible for 30 days",
        Act::FindAssigned => "find the assignment listed",
        Act::Update => "shorten it to 20 days",
        Act::FindUpdated => "find it listed with its new end",
        Act::Remove => "remove it",
        Act::FindRemoved => "find it listed no longer",
        Act::DeleteGroup => "delete the group",
        Act::DeleteHolder => "delete the group that was eligible",
    }
}
