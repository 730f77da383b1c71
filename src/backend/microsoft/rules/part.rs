//! What one rule says, and where in the settings it stands.

use super::Part;
use crate::model::notification::Notification;
use crate::model::{
    Approval, Authentication, Changes, ContextId, Current, Duration, Expiry, Kind, Level, Recipients, Settings,
};

/// What one rule says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    Expiry(Expiry),
    Length(Duration),
    Demands(Demands),
    Approval(Approval),
    Context(Option<ContextId>),
    Notification(Notification<Current>),
}

/// What an assignment or an activation takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Demands {
    pub(super) mfa: bool,
    pub(super) justification: bool,
    pub(super) ticket: bool,
}

impl Part {
    /// What the rule must say for these settings.
    pub(super) fn of(self, settings: &Settings<Current>) -> Said {
        let activation = &settings.activation;
        match self {
            Self::Expiry(kind) => Said::Expiry(settings.assignment(kind).expire_after),
            Self::Demands(kind) => {
                let rules = settings.assignment(kind);
                Said::Demands(Demands { mfa: rules.mfa, justification: rules.justification, ticket: false })
            }
            Self::ActivationLength => Said::Length(activation.max_duration),
            Self::ActivationDemands => Said::Demands(Demands {
                mfa: activation.authentication == Authentication::Mfa,
                justification: activation.justification,
                ticket: activation.ticket,
            }),
            Self::Approval => Said::Approval(activation.approval.clone()),
            Self::Context => Said::Context(match activation.authentication {
                Authentication::Context(id) => Some(id),
                Authentication::None | Authentication::Mfa => None,
            }),
            Self::Notification(event, audience) => {
                Said::Notification(settings.notifications.get(event, audience).clone())
            }
        }
    }

    /// True when the changes are about something that the rule says.
    pub(super) fn is_touched_by(self, changes: &Settings<Changes>) -> bool {
        let activation = &changes.activation;
        match self {
            Self::Expiry(kind) => changes.assignment(kind).expire_after.is_some(),
            Self::Demands(kind) => {
                let rules = changes.assignment(kind);
                rules.mfa.is_some() || rules.justification.is_some()
            }
            Self::ActivationLength => activation.max_duration.is_some(),
            Self::ActivationDemands => {
                activation.authentication.is_some() || activation.justification.is_some() || activation.ticket.is_some()
            }
            Self::Approval => activation.approval.is_some(),
            Self::Context => activation.authentication.is_some(),
            Self::Notification(event, audience) => {
                let Notification { level, default_recipients, to } = changes.notifications.get(event, audience);
                level.is_some() || default_recipients.is_some() || to.is_some()
            }
        }
    }
}

/// What all rules say, as they are gathered.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    settings: Settings<Current>,
    mfa: bool,
    context: Option<ContextId>,
}

impl Gathered {
    /// Takes in what one rule says.
    pub(super) fn take(&mut self, part: Part, said: Said) {
        let settings = &mut self.settings;
        match (part, said) {
            (Part::Expiry(kind), Said::Expiry(expiry)) => rules_mut(settings, kind).expire_after = expiry,
            (Part::Demands(kind), Said::Demands(demands)) => {
                let rules = rules_mut(settings, kind);
                (rules.mfa, rules.justification) = (demands.mfa, demands.justification);
            }
            (Part::ActivationLength, Said::Length(length)) => settings.activation.max_duration = length,
            (Part::ActivationDemands, Said::Demands(demands)) => {
                self.mfa = demands.mfa;
                settings.activation.justification = demands.justification;
                settings.activation.ticket = demands.ticket;
            }
            (Part::Approval, Said::Approval(approval)) => settings.activation.approval = approval,
            (Part::Context, Said::Context(context)) => self.context = context,
            (Part::Notification(event, audience), Said::Notification(said)) => {
                *settings.notifications.get_mut(event, audience) = said;
            }
            // A part is always said in its own way; see `read::said`.
            _ => {}
        }
    }

    /// The settings, and whether both multifactor authentication and a context were asked for, which the service
    /// forbids but can be brought to store.
    pub(super) fn settings(self) -> (Settings<Current>, bool) {
        let Self { mut settings, mfa, context } = self;
        settings.activation.authentication = match context {
            Some(id) => Authentication::Context(id),
            None if mfa => Authentication::Mfa,
            None => Authentication::None,
        };
        (settings, mfa && context.is_some())
    }
}

fn rules_mut(settings: &mut Settings<Current>, kind: Kind) -> &mut crate::model::settings::AssignmentRules<Current> {
    match kind {
        Kind::Eligible => &mut settings.eligible_assignment,
        Kind::Active => &mut settings.active_assignment,
    }
}

/// The level, as the service calls it.
pub(super) fn level_word(level: Level) -> &'static str {
    match level {
        Level::None => "None",
        Level::Critical => "Critical",
        Level::All => "All",
    }
}

/// The addresses in their order.
pub(super) fn addresses(recipients: &Recipients) -> impl Iterator<Item = String> + '_ {
    recipients.0.iter().map(ToString::to_string)
}
