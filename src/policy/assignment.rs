//! Principals and assignments as policy files state them.

use std::sync::Arc;

use schemars::JsonSchema;

use super::decode::{Decode, Decoder, Loc, QUOTE, document, duration};
use super::node::Node;
use crate::diag::{Finding, Span};
use crate::model::time::{DayEdge, DurationError, TimeError};
use crate::model::{Condition, DesiredEnding, DesiredSchedule, Duration, PrincipalKind, Ticket, Time};

document! {
    /// A principal: one of the three keys.
    pub struct PrincipalKeys titled "Principal" {
        /// A user, by user principal name or id.
        user: Option<Loc<Arc<str>>>, example "ada@contoso.example";
        /// A group, by display name or id.
        group: Option<Loc<Arc<str>>>;
        /// A service principal, by display name, application id or object id.
        service_principal: Option<Loc<Arc<str>>>;
    }
}

document! {
    /// An assignment: a principal, and when it begins and ends. Without `permanent`, `until` and `for` it lasts as long
    /// as the settings allow.
    pub struct AssignmentKeys titled "Assignment" {
        /// A user, by user principal name or id.
        user: Option<Loc<Arc<str>>>, example "ada@contoso.example";
        /// A group, by display name or id.
        group: Option<Loc<Arc<str>>>;
        /// A service principal, by display name, application id or object id.
        service_principal: Option<Loc<Arc<str>>>;
        /// Only over the members of this administrative unit, by name or id. For directory roles.
        administrative_unit: Option<Loc<Arc<str>>>;
        /// It never ends.
        permanent: Option<Loc<True>>;
        /// It ends then. A date includes its day.
        until: Option<Loc<Until>>;
        /// It lasts this long.
        length as "for": Option<Loc<Length>>, example "365d";
        /// It is extended when less than this remains.
        renew: Option<Loc<Length>>, example "30d";
        /// It begins then.
        from: Option<Loc<From>>;
        /// Sent with the request.
        justification: Option<Arc<str>>;
        /// Sent with the request.
        ticket: Option<TicketKeys>;
        /// A condition of attribute-based access control. For Azure.
        condition: Option<Loc<Condition>>;
    }
}

document! {
    /// A ticket of a change or incident.
    pub struct TicketKeys titled "Ticket" {
        /// Its number.
        number: Arc<str>;
        /// The system that it is in.
        system: Option<Arc<str>>;
    }
}

/// A principal as files name it.
#[derive(Clone, Debug)]
pub struct PrincipalRef {
    /// What kind of principal it must be.
    pub kind: PrincipalKind,
    /// Its name or id.
    pub name: Arc<str>,
    /// Where the name stands.
    pub at: Span,
}

/// An assignment with its principal still by name.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// Who.
    pub principal: PrincipalRef,
    /// Over which administrative unit, by name or id.
    pub administrative_unit: Option<Loc<Arc<str>>>,
    /// When it begins and ends.
    pub schedule: DesiredSchedule,
    /// Sent with the request.
    pub justification: Option<Arc<str>>,
    /// Sent with the request.
    pub ticket: Option<Arc<Ticket>>,
    /// The condition, for Azure.
    pub condition: Option<Loc<Condition>>,
    /// Where it stands.
    pub at: Span,
}

/// `true` and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct True;

/// A time whose date includes its day.
#[derive(Clone, Copy, Debug)]
pub struct Until(Time);

/// A time whose date begins its day.
#[derive(Clone, Copy, Debug)]
pub struct From(Time);

/// How long an assignment lasts.
#[derive(Clone, Copy, Debug)]
pub struct Length(Duration);

impl Decode for True {
    type Schema = Self;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        if bool::decode(node, decoder)? {
            return Some(Self);
        }
        let finding = Finding::error("bad-value", "`permanent: false` does not say when the assignment ends");
        decoder
            .refuse(finding.at(decoder.span(node), "can only be `true`").help("leave it out, or say `until` or `for`"))
    }
}

impl JsonSchema for True {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "True".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "const": true })
    }
}

fn time(node: &Node<'_>, decoder: &mut Decoder<'_>, edge: DayEdge) -> Option<Time> {
    decoder.parse(node, "a date", TimeError::HELP, |text| {
        Time::parse(text, edge).map_err(|error| {
            Finding::error("bad-time", error.to_string()).at(Span::default(), error.label()).help(TimeError::HELP)
        })
    })
}

impl Decode for Until {
    type Schema = Time;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        time(node, decoder, DayEdge::End).map(Self)
    }
}

impl Decode for From {
    type Schema = Time;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        time(node, decoder, DayEdge::Start).map(Self)
    }
}

impl Decode for Length {
    type Schema = Duration;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        decoder.parse(node, "a duration", DurationError::HELP, duration).map(Self)
    }
}

impl Decode for PrincipalRef {
    type Schema = PrincipalKeys;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let PrincipalKeys { user, group, service_principal } = PrincipalKeys::decode(node, decoder)?;
        principal(user, group, service_principal, node, decoder)
    }
}

/// The one principal that a map names.
fn principal(
    user: Option<Loc<Arc<str>>>,
    group: Option<Loc<Arc<str>>>,
    service_principal: Option<Loc<Arc<str>>>,
    map: &Node<'_>,
    decoder: &mut Decoder<'_>,
) -> Option<PrincipalRef> {
    let (kind, name) = match (user, group, service_principal) {
        (Some(name), None, None) => (PrincipalKind::User, name),
        (None, Some(name), None) => (PrincipalKind::Group, name),
        (None, None, Some(name)) => (PrincipalKind::ServicePrincipal, name),
        (None, None, None) => {
            let finding = Finding::error("missing-key", "no principal is named").at(decoder.span(map), "who?");
            return decoder.refuse(finding.help("add `user:`, `group:` or `service_principal:`"));
        }
        (user, group, service_principal) => {
            let finding = Finding::error("conflicting-keys", "more than one principal is named");
            let named = [user, group, service_principal].into_iter().flatten();
            let finding = named.fold(finding, |finding, name| finding.at(name.at, "named here"));
            return decoder.refuse(finding.help("write one entry for each principal"));
        }
    };
    Some(PrincipalRef { kind, name: name.value, at: name.at })
}

impl Decode for Condition {
    type Schema = String;

    /// As it is written: its letters may be data.
    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        decoder.text(node, "text", QUOTE).map(|text| Self(text.into()))
    }
}

impl Decode for Assignment {
    type Schema = AssignmentKeys;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let keys = AssignmentKeys::decode(node, decoder)?;
        let schedule = schedule(&keys).map_err(|finding| decoder.refuse::<()>(finding)).ok();
        let principal = principal(keys.user, keys.group, keys.service_principal, node, decoder)?;
        let ticket = |keys: TicketKeys| {
            Arc::new(Ticket { number: Box::from(&*keys.number), system: keys.system.as_deref().map(Box::from) })
        };
        Some(Self {
            principal,
            administrative_unit: keys.administrative_unit,
            schedule: schedule?,
            justification: keys.justification,
            ticket: keys.ticket.map(ticket),
            condition: keys.condition,
            at: decoder.span(node),
        })
    }
}

/// When an assignment begins and ends, if its keys agree.
fn schedule(keys: &AssignmentKeys) -> Result<DesiredSchedule, Finding> {
    let start = keys.from.map(|from| from.value.0);
    let end = match (keys.permanent, keys.until, keys.length) {
        (None, None, None) => DesiredEnding::AsAllowed,
        (Some(_), None, None) => DesiredEnding::Permanent,
        (None, Some(until), None) => DesiredEnding::Until(until.value.0),
        (None, None, Some(length)) => ending(length, keys)?,
        (permanent, until, length) => {
            let named = [permanent.map(|p| p.at), until.map(|u| u.at), length.map(|l| l.at)].into_iter().flatten();
            let finding = Finding::error("conflicting-keys", "the assignment says more than once when it ends");
            return Err(named
                .fold(finding, |finding, at| finding.at(at, "said here"))
                .help("keep one of `permanent`, `until` and `for`"));
        }
    };
    if let (Some(renew), None) = (keys.renew, keys.length) {
        return Err(Finding::error("conflicting-keys", "`renew` needs `for`")
            .at(renew.at, "renewed for how long?")
            .help("say `for` as well, such as `for: 365d`"));
    }
    if let (Some(from), Some(until)) = (keys.from, keys.until)
        && from.value.0 >= until.value.0
    {
        return Err(Finding::error("bad-time", "the assignment ends before it begins")
            .at(until.at, "ends here")
            .at(from.at, "begins here")
            .help("let `from` be before `until`"));
    }
    Ok(DesiredSchedule { start, end })
}

fn ending(length: Loc<Length>, keys: &AssignmentKeys) -> Result<DesiredEnding, Finding> {
    if length.value.0 < Duration::SHORTEST_ASSIGNMENT {
        return Err(Finding::error("bad-duration", format!("an assignment cannot last `{}`", length.value.0))
            .at(length.at, "too short")
            .help("the service accepts 5m and more"));
    }
    if let Some(from) = keys.from
        && from.value.0.until(Time::LATEST) < length.value.0
    {
        return Err(Finding::error("bad-time", "the assignment ends after 9999-12-31, the latest date there is")
            .at(length.at, "too long")
            .at(from.at, "counted from here")
            .help("let it end earlier, or write `permanent: true`"));
    }
    match (keys.from, keys.renew) {
        // Counted from a fixed start the end is fixed as well, so it does not move when the plan is applied later.
        (Some(from), None) => Ok(DesiredEnding::Until(from.value.0 + length.value.0)),
        (_, Some(renew)) if renew.value.0 >= length.value.0 => {
            Err(Finding::error("bad-duration", "`renew` is not shorter than `for`")
                .at(renew.at, "would always be due")
                .at(length.at, "lasts this long")
                .help("let `renew` be a part of `for`, such as `for: 365d, renew: 30d`"))
        }
        (_, renew) => Ok(DesiredEnding::For { length: length.value.0, renew: renew.map(|renew| renew.value.0) }),
    }
}
