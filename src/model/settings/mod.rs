//! The settings of a target: what the service calls a role management policy with its 19 rules.
//!
//! There is one structure, [`Settings`], in several [`Shape`]s: what the tenant has ([`Current`]), what the files say
//! ([`Spec`]), what a tenant file says of it ([`Sparse`]) and what changes ([`Changes`]). All work on settings (merging
//! profiles, comparing, applying, listing) goes through [`Settings::zip`], the only place that names every field, so
//! that a new field cannot be forgotten anywhere.

mod field;
mod layers;
mod leaf;
mod shape;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::notification::{Audience, Event, Notification, Notifications};
use super::{Approval, Authentication, Duration, Expiry, Extensions, Kind};

pub use field::{ActivationField, AssignmentField, Field, NotificationField};
pub use layers::{FieldChange, Undecided};
pub use leaf::{Direction, Leaf, Value};
pub use shape::{Change, Changes, Current, Fact, Setting, Shape, Slot, Sparse, Spec, Unknown};

use shape::Looked;

/// The settings of one target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, bound = "")]
#[schemars(bound = "", rename = "Settings")]
pub struct Settings<S: Shape> {
    /// What an activation takes.
    #[serde(skip_serializing_if = "Activation::is_vacant")]
    pub activation: Activation<S>,
    /// What an eligible assignment takes.
    #[serde(skip_serializing_if = "AssignmentRules::is_vacant")]
    pub eligible_assignment: AssignmentRules<S>,
    /// What an active assignment takes.
    #[serde(skip_serializing_if = "AssignmentRules::is_vacant")]
    pub active_assignment: AssignmentRules<S>,
    /// Who is told.
    #[serde(skip_serializing_if = "Notifications::is_vacant")]
    pub notifications: Notifications<S>,
}

/// What an activation takes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, bound = "")]
#[schemars(bound = "", rename = "Activation")]
pub struct Activation<S: Shape> {
    /// How long it may last at most.
    #[serde(skip_serializing_if = "Slot::is_vacant")]
    pub max_duration: S::Of<Duration>,
    /// What must be proven.
    #[serde(skip_serializing_if = "Slot::is_vacant")]
    pub authentication: S::Of<Authentication>,
    /// Whether a justification is asked for.
    #[serde(skip_serializing_if = "Slot::is_vacant")]
    pub justification: S::Of<bool>,
    /// Whether a ticket is asked for.
    #[serde(skip_serializing_if = "Slot::is_vacant")]
    pub ticket: S::Of<bool>,
    /// Who must agree.
    #[serde(skip_serializing_if = "Slot::is_vacant")]
    pub approval: S::Of<Approval>,
    /// Which custom extensions are asked.
    #[serde(skip_serializing_if = "Slot::is_vacant")]
    pub extension: S::Of<Extensions>,
}

/// What an administrator's assignment takes, eligible or active. There is no ticket here: the service asks for one on
/// activation only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, bound = "")]
#[schemars(bound = "", rename = "AssignmentRules")]
pub struct AssignmentRules<S: Shape> {
    /// How long it may last at most.
    #[serde(skip_serializing_if = "Slot::is_vacant")]
    pub expire_after: S::Of<Expiry>,
    /// Whether the administrator needs multifactor authentication.
    #[serde(skip_serializing_if = "Slot::is_vacant")]
    pub mfa: S::Of<bool>,
    /// Whether a justification is asked for.
    #[serde(skip_serializing_if = "Slot::is_vacant")]
    pub justification: S::Of<bool>,
}

impl<S: Shape> Activation<S> {
    fn is_vacant(&self) -> bool {
        let Self { max_duration, authentication, justification, ticket, approval, extension } = self;
        max_duration.is_vacant()
            && authentication.is_vacant()
            && justification.is_vacant()
            && ticket.is_vacant()
            && approval.is_vacant()
            && extension.is_vacant()
    }
}

impl<S: Shape> AssignmentRules<S> {
    fn is_vacant(&self) -> bool {
        let Self { expire_after, mfa, justification } = self;
        expire_after.is_vacant() && mfa.is_vacant() && justification.is_vacant()
    }
}

/// Combines two fields of the same meaning into a third.
pub trait Zip<A: Shape, B: Shape, C: Shape> {
    /// Called once for each field, in the order of [`Settings`].
    fn field<T: Leaf>(&mut self, field: Field, a: &A::Of<T>, b: &B::Of<T>) -> C::Of<T>;
}

/// Looks at one field.
pub trait Visit<A: Shape> {
    /// Called once for each field, in the order of [`Settings`].
    fn field<T: Leaf>(&mut self, field: Field, slot: &A::Of<T>);
}

impl<A: Shape> Settings<A> {
    /// Combines two settings field by field.
    pub fn zip<B: Shape, C: Shape>(&self, other: &Settings<B>, f: &mut impl Zip<A, B, C>) -> Settings<C> {
        Settings {
            activation: self.activation.zip(&other.activation, f),
            eligible_assignment: self.eligible_assignment.zip(&other.eligible_assignment, Kind::Eligible, f),
            active_assignment: self.active_assignment.zip(&other.active_assignment, Kind::Active, f),
            notifications: self.notifications.zip(&other.notifications, f),
        }
    }

    /// Looks at every field.
    pub fn visit(&self, visitor: &mut impl Visit<A>) {
        struct Look<'v, V>(&'v mut V);
        impl<A: Shape, V: Visit<A>> Zip<A, A, Looked> for Look<'_, V> {
            fn field<T: Leaf>(&mut self, field: Field, a: &A::Of<T>, _: &A::Of<T>) {
                self.0.field(field, a);
            }
        }
        self.zip(self, &mut Look(visitor));
    }

    /// True when no field says anything.
    pub fn is_vacant(&self) -> bool {
        let Self { activation, eligible_assignment, active_assignment, notifications } = self;
        activation.is_vacant()
            && eligible_assignment.is_vacant()
            && active_assignment.is_vacant()
            && notifications.is_vacant()
    }

    /// The rules for assignments of one kind.
    pub fn assignment(&self, kind: Kind) -> &AssignmentRules<A> {
        match kind {
            Kind::Eligible => &self.eligible_assignment,
            Kind::Active => &self.active_assignment,
        }
    }
}

impl<A: Shape> Activation<A> {
    fn zip<B: Shape, C: Shape>(&self, other: &Activation<B>, f: &mut impl Zip<A, B, C>) -> Activation<C> {
        use ActivationField as F;
        Activation {
            max_duration: f.field(F::MaxDuration.into(), &self.max_duration, &other.max_duration),
            authentication: f.field(F::Authentication.into(), &self.authentication, &other.authentication),
            justification: f.field(F::Justification.into(), &self.justification, &other.justification),
            ticket: f.field(F::Ticket.into(), &self.ticket, &other.ticket),
            approval: f.field(F::Approval.into(), &self.approval, &other.approval),
            extension: f.field(F::Extension.into(), &self.extension, &other.extension),
        }
    }
}

impl<A: Shape> AssignmentRules<A> {
    fn zip<B: Shape, C: Shape>(
        &self,
        other: &AssignmentRules<B>,
        kind: Kind,
        f: &mut impl Zip<A, B, C>,
    ) -> AssignmentRules<C> {
        use AssignmentField as F;
        let field = |field| Field::Assignment(kind, field);
        AssignmentRules {
            expire_after: f.field(field(F::ExpireAfter), &self.expire_after, &other.expire_after),
            mfa: f.field(field(F::Mfa), &self.mfa, &other.mfa),
            justification: f.field(field(F::Justification), &self.justification, &other.justification),
        }
    }
}

impl<A: Shape> Notifications<A> {
    fn zip<B: Shape, C: Shape>(&self, other: &Notifications<B>, f: &mut impl Zip<A, B, C>) -> Notifications<C> {
        Notifications::from_fn(|event, audience| {
            self.get(event, audience).zip(other.get(event, audience), event, audience, f)
        })
    }
}

impl<A: Shape> Notification<A> {
    fn zip<B: Shape, C: Shape>(
        &self,
        other: &Notification<B>,
        event: Event,
        audience: Audience,
        f: &mut impl Zip<A, B, C>,
    ) -> Notification<C> {
        use NotificationField as F;
        let field = |field| Field::Notification(event, audience, field);
        Notification {
            level: f.field(field(F::Level), &self.level, &other.level),
            default_recipients: f.field(
                field(F::DefaultRecipients),
                &self.default_recipients,
                &other.default_recipients,
            ),
            to: f.field(field(F::To), &self.to, &other.to),
        }
    }
}
