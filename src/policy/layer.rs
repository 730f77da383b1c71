//! Settings as policy files state them: a profile, or in place at a target.

use std::sync::Arc;

use schemars::JsonSchema;

use super::assignment::PrincipalRef;
use super::decode::{Decode, Decoder, Gone, Loc, document, duration};
use super::node::{Node, NodeValue};
use crate::diag::{Finding, Span};
use crate::model::extension::ExtensionIdError;
use crate::model::notification::{Audiences, Notification, Notifications};
use crate::model::settings::{Activation, AssignmentRules};
use crate::model::time::DurationError;
use crate::model::values::{ContextIdError, MailError};
use crate::model::{
    Approval, Authentication, ContextId, Duration, Expiry, ExtensionId, Extensions, Level, Mail, Recipients, Setting,
    Settings, Spec,
};

document! {
    /// Settings. What is left out stays as the tenant has it.
    pub struct LayerKeys titled "Settings" {
        /// The profile that these settings are laid over.
        extends: Option<Loc<Arc<str>>>;
        /// What an activation takes.
        activation: Option<ActivationKeys>;
        /// What an eligible assignment takes.
        eligible_assignment: Option<AssignmentRulesKeys>;
        /// What an active assignment takes.
        active_assignment: Option<AssignmentRulesKeys>;
        /// Who is told.
        notifications: Option<NotificationsKeys>;
    }
}

document! {
    /// What an activation takes.
    pub struct ActivationKeys titled "Activation" {
        /// How long it may last at most: 30m to 24h in half hours.
        max_duration: Option<Loc<ActivationLength>>, example "8h";
        /// What must be proven besides the sign-in: `none`, `mfa` or `{ context: c1 }`.
        authentication: Option<Loc<Authentication>>, example "mfa";
        /// Whether a justification is asked for.
        justification: Option<Loc<bool>>;
        /// Whether a ticket is asked for.
        ticket: Option<Loc<bool>>;
        /// Who must agree: `none`, or `{ by: [approver set or principal, ...] }`.
        approval: Option<Loc<ApprovalRef>>, example "none";
        /// Which custom extensions are asked: `none`, or `{ before_approval: ID, after_approval: ID }` with at least one
        /// of the two.
        extension: Option<Loc<Extensions>>, example "none";
    }
}

document! {
    /// What an administrator's assignment takes.
    pub struct AssignmentRulesKeys titled "AssignmentRules" without TICKET {
        /// How long it may last at most, or `never`.
        expire_after: Option<Loc<ExpireAfter>>, example "365d";
        /// Whether the administrator needs multifactor authentication.
        mfa: Option<Loc<bool>>;
        /// Whether a justification is asked for.
        justification: Option<Loc<bool>>;
    }
}

/// Earlier versions had it, and the service refuses every change of a rule that names it. docs/service.md: policies-1
const TICKET: Gone = Gone {
    key: "ticket",
    why: "the service asks for no ticket when somebody is assigned, only for `mfa` and `justification`",
    instead: "remove it; `activation.ticket` asks for a ticket on activation",
};

document! {
    /// Who is told.
    pub struct NotificationsKeys titled "Notifications" {
        /// When somebody is made eligible.
        eligible_assigned: Option<AudiencesKeys>;
        /// When somebody is made active.
        active_assigned: Option<AudiencesKeys>;
        /// When somebody activates.
        activated: Option<AudiencesKeys>;
    }
}

document! {
    /// Who is told of one event.
    pub struct AudiencesKeys titled "Audiences" {
        /// The administrators.
        admins: Option<NotificationKeys>;
        /// Who was assigned or activates.
        assignee: Option<NotificationKeys>;
        /// The approvers.
        approvers: Option<NotificationKeys>;
    }
}

document! {
    /// One notification.
    pub struct NotificationKeys titled "Notification" {
        /// Mail addresses besides the service's own recipients; `[]` for none.
        to: Option<Loc<Vec<Mail>>>;
        /// Only for critical events.
        critical_only: Option<Loc<bool>>;
        /// Whether the service's own recipients are told.
        default_recipients: Option<Loc<bool>>;
    }
}

document! {
    /// An authentication context.
    pub struct ContextKeys titled "AuthenticationContext" {
        /// Its id.
        context: ContextId, example "c1";
    }
}

document! {
    /// Custom extensions.
    pub struct ExtensionKeys titled "Extensions" {
        /// The id of the one that is asked before anybody approves.
        before_approval: Option<ExtensionId>;
        /// The id of the one that is asked after somebody has approved.
        after_approval: Option<ExtensionId>;
    }
}

document! {
    /// Approvers.
    pub struct ApprovalKeys titled "ApprovalBy" {
        /// Names of approver sets, and principals.
        by: Vec<ApproverRef>;
    }
}

/// Settings as stated in one place, approvers still by name.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The profile that they are laid over.
    pub extends: Option<Loc<Arc<str>>>,
    /// What they state themselves.
    pub stated: Stated,
}

/// Stated settings, of one layer or of several merged.
#[derive(Clone, Debug, Default)]
pub struct Stated {
    /// The settings. Where approvers are named, approval is [`Approval::DefaultApprovers`] until they are resolved.
    pub settings: Settings<Spec>,
    /// The named approvers, if there are any.
    pub approvers: Option<Arc<[ApproverRef]>>,
}

/// Whom an approval names.
#[derive(Clone, Debug)]
pub enum ApproverRef {
    /// An approver set.
    Set(Loc<Arc<str>>),
    /// A user or group.
    Principal(PrincipalRef),
}

/// Who must agree to an activation.
#[derive(Clone, Debug)]
pub enum ApprovalRef {
    /// Nobody.
    None,
    /// One of these.
    By(Vec<ApproverRef>),
}

/// How long an activation may last (docs/service.md: rules-11).
#[derive(Clone, Copy, Debug)]
pub struct ActivationLength(Duration);

/// How long an assignment may last (docs/service.md: rules-12).
#[derive(Clone, Copy, Debug)]
pub struct ExpireAfter(Expiry);

impl Stated {
    /// `self` laid over `base`.
    #[must_use]
    pub fn over(&self, base: &Self) -> Self {
        let above = self.settings.activation.approval.value().is_some();
        let approvers = if above { &self.approvers } else { &base.approvers };
        Self { settings: self.settings.over(&base.settings), approvers: approvers.clone() }
    }
}

impl Decode for Layer {
    type Schema = LayerKeys;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let keys = LayerKeys::decode(node, decoder)?;
        let (activation, approvers) = keys.activation.map(activation).unwrap_or_default();
        let settings = Settings {
            activation,
            eligible_assignment: keys.eligible_assignment.as_ref().map(assignment_rules).unwrap_or_default(),
            active_assignment: keys.active_assignment.as_ref().map(assignment_rules).unwrap_or_default(),
            notifications: keys.notifications.map(notifications).unwrap_or_default(),
        };
        Some(Self { extends: keys.extends, stated: Stated { settings, approvers } })
    }
}

fn set<T, U>(value: Option<Loc<T>>, convert: impl FnOnce(T) -> U) -> Setting<U> {
    value.map_or(Setting::Unmanaged, |Loc { value, at }| Setting::Set { value: convert(value), at })
}

fn same<T>(value: Option<Loc<T>>) -> Setting<T> {
    set(value, |value| value)
}

fn activation(keys: ActivationKeys) -> (Activation<Spec>, Option<Arc<[ApproverRef]>>) {
    let ActivationKeys { max_duration, authentication, justification, ticket, approval, extension } = keys;
    let mut approvers = None;
    let approval = set(approval, |approval| match approval {
        ApprovalRef::None => Approval::NotRequired,
        ApprovalRef::By(list) => {
            approvers = Some(Arc::from(list));
            Approval::DefaultApprovers
        }
    });
    let activation = Activation {
        max_duration: set(max_duration, |length| length.0),
        authentication: same(authentication),
        justification: same(justification),
        ticket: same(ticket),
        approval,
        extension: same(extension),
    };
    (activation, approvers)
}

fn assignment_rules(keys: &AssignmentRulesKeys) -> AssignmentRules<Spec> {
    let &AssignmentRulesKeys { expire_after, mfa, justification } = keys;
    AssignmentRules {
        expire_after: set(expire_after, |expiry| expiry.0),
        mfa: same(mfa),
        justification: same(justification),
    }
}

fn notifications(keys: NotificationsKeys) -> Notifications<Spec> {
    let NotificationsKeys { eligible_assigned, active_assigned, activated } = keys;
    Notifications {
        eligible_assigned: eligible_assigned.map(audiences).unwrap_or_default(),
        active_assigned: active_assigned.map(audiences).unwrap_or_default(),
        activated: activated.map(audiences).unwrap_or_default(),
    }
}

fn audiences(keys: AudiencesKeys) -> Audiences<Spec> {
    let AudiencesKeys { admins, assignee, approvers } = keys;
    Audiences {
        admins: admins.map(notification).unwrap_or_default(),
        assignee: assignee.map(notification).unwrap_or_default(),
        approvers: approvers.map(notification).unwrap_or_default(),
    }
}

fn notification(keys: NotificationKeys) -> Notification<Spec> {
    let NotificationKeys { to, critical_only, default_recipients } = keys;
    Notification {
        level: set(critical_only, |critical| if critical { Level::Critical } else { Level::All }),
        default_recipients: same(default_recipients),
        to: set(to, |list| Recipients(list.into_iter().collect())),
    }
}

impl Decode for ActivationLength {
    type Schema = Duration;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let half_hour = Duration::from_minutes(30);
        decoder.parse(node, "a duration", DurationError::HELP, |text| {
            let length = duration(text)?;
            let steps = length.as_secs() / half_hour.as_secs();
            if length.as_secs().is_multiple_of(half_hour.as_secs()) && (1..=48).contains(&steps) {
                return Ok(Self(length));
            }
            Err(Finding::error("bad-duration", format!("an activation cannot last up to `{text}`"))
                .at(Span::default(), "not 30m to 24h in half hours")
                .help("the service accepts 30m to 24h in half hours"))
        })
    }
}

impl Decode for ExpireAfter {
    type Schema = Expiry;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        decoder.parse(node, "`never` or a duration", "write 1d to 3650d, or `never`", |text| {
            if text == "never" {
                return Ok(Self(Expiry::Never));
            }
            let length = duration(text)?;
            if (Duration::from_days(1)..=Duration::from_days(3650)).contains(&length) {
                return Ok(Self(Expiry::After(length)));
            }
            Err(Finding::error("bad-duration", format!("assignments cannot expire after `{text}`"))
                .at(Span::default(), "not 1d to 3650d")
                .help("write 1d to 3650d, or `never`"))
        })
    }
}

impl Decode for Mail {
    type Schema = Self;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let help = "write one address, such as `soc@contoso.example`";
        decoder.parse(node, "a mail address", help, |text| {
            text.parse().map_err(|error: MailError| Finding::error("bad-value", error.to_string()).help(help))
        })
    }
}

impl Decode for ContextId {
    type Schema = Self;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let help = "write its id, `c1` to `c99`";
        decoder.parse(node, "the id of an authentication context", help, |text| {
            text.parse().map_err(|error: ContextIdError| Finding::error("bad-value", error.to_string()).help(help))
        })
    }
}

impl Decode for Authentication {
    type Schema = AuthenticationSchema;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let help = "write `none`, `mfa` or `{ context: c1 }`";
        match &node.value {
            NodeValue::Text(text) if text == "none" => Some(Self::None),
            NodeValue::Text(text) if text == "mfa" => Some(Self::Mfa),
            NodeValue::Map(entries) if mentions_mfa(entries.iter().map(|(key, _)| key)) => both(node, decoder),
            NodeValue::List(items) if mentions_mfa(items.iter()) && items.len() > 1 => both(node, decoder),
            NodeValue::Map(_) => ContextKeys::decode(node, decoder).map(|keys| Self::Context(keys.context)),
            NodeValue::Text(text) => {
                let finding = Finding::error("bad-value", format!("`{text}` is not a way to authenticate"));
                decoder.refuse(finding.at(decoder.span(node), "not known").help(help))
            }
            _ => decoder.wrong_type(node, "`none`, `mfa` or a map", help),
        }
    }
}

fn mentions_mfa<'n, 't: 'n>(nodes: impl IntoIterator<Item = &'n Node<'t>>) -> bool {
    nodes.into_iter().any(|node| matches!(&node.value, NodeValue::Text(text) if text == "mfa"))
}

fn both<T>(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<T> {
    let message = "multifactor authentication and an authentication context cannot both be asked for";
    let finding = Finding::error("conflicting-keys", message).at(decoder.span(node), "asks for both");
    decoder.refuse(
        finding.help("write `mfa` or `{ context: c1 }`; the context itself can ask for multifactor authentication"),
    )
}

impl Decode for ExtensionId {
    type Schema = Self;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let help = "write its id; its name can be changed, and the service does not tell the names of all";
        decoder.parse(node, "the id of a custom extension", help, |text| {
            text.parse().map_err(|error: ExtensionIdError| Finding::error("bad-value", error.to_string()).help(help))
        })
    }
}

impl Decode for Extensions {
    type Schema = ExtensionsSchema;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        let help = "write `none`, or `{ before_approval: ID }`, `{ after_approval: ID }` or both in one";
        match &node.value {
            NodeValue::Text(text) if text == "none" => Some(Self::default()),
            NodeValue::Map(_) => {
                let ExtensionKeys { before_approval, after_approval } = ExtensionKeys::decode(node, decoder)?;
                let extensions = Self { before_approval, after_approval };
                if extensions.is_none() {
                    let finding = Finding::error("missing-key", "no extension is named");
                    return decoder.refuse(finding.at(decoder.span(node), "which one?").help(help));
                }
                Some(extensions)
            }
            _ => decoder.wrong_type(node, "`none` or a map", help),
        }
    }
}

impl Decode for ApproverRef {
    type Schema = ApproverSchema;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        if let NodeValue::Map(_) = node.value {
            return PrincipalRef::decode(node, decoder).map(Self::Principal);
        }
        let value = decoder.name(node, "the name of an approver set, or a principal")?;
        Some(Self::Set(Loc { value, at: decoder.span(node) }))
    }
}

impl Decode for ApprovalRef {
    type Schema = ApprovalSchema;

    fn decode(node: &Node<'_>, decoder: &mut Decoder<'_>) -> Option<Self> {
        match &node.value {
            NodeValue::Text(text) if text == "none" => Some(Self::None),
            NodeValue::Map(_) => {
                let by = ApprovalKeys::decode(node, decoder)?.by;
                if by.is_empty() {
                    return decoder.refuse(without_approvers(decoder.span(node)));
                }
                Some(Self::By(by))
            }
            _ => {
                let help = "write `none`, or `{ by: [...] }` with approver sets or principals";
                decoder.wrong_type(node, "`none` or a map", help)
            }
        }
    }
}

/// Approval that nobody can give.
pub fn without_approvers(at: Span) -> Finding {
    Finding::error("approval-without-approvers", "approval is asked for, but no approver is named")
        .at(at, "by whom?")
        .help("name an approver set, a user or a group, or write `approval: none`")
}

macro_rules! either {
    ($(#[$doc:meta])* $name:ident titled $title:literal: $generator:ident => [$($form:expr),+]) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $title.into()
            }

            fn json_schema($generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "anyOf": [$($form),+] })
            }
        }
    };
}

either!(
    /// How [`Authentication`] looks in the schema.
    AuthenticationSchema titled "Authentication": generator => [
        serde_json::json!({ "enum": ["none", "mfa"] }),
        generator.subschema_for::<ContextKeys>()
    ]
);
either!(
    /// How [`Extensions`] look in the schema.
    ExtensionsSchema titled "Extension": generator => [
        serde_json::json!({ "const": "none" }),
        generator.subschema_for::<ExtensionKeys>()
    ]
);
either!(
    /// How [`ApproverRef`] looks in the schema.
    ApproverSchema titled "Approver": generator => [
        serde_json::json!({ "type": "string", "description": "The name of an approver set." }),
        generator.subschema_for::<<PrincipalRef as Decode>::Schema>()
    ]
);
either!(
    /// How [`ApprovalRef`] looks in the schema.
    ApprovalSchema titled "Approval": generator => [
        serde_json::json!({ "const": "none" }),
        generator.subschema_for::<ApprovalKeys>()
    ]
);
