//! The settings of a target that nobody has changed.
//!
//! docs/service.md: rules-1, rules-2. Which directory roles ask for multifactor authentication from the start is not
//! published, so a tenant file states it where it matters.

use super::{Approval, Authentication, Current, Duration, Expiry, Extensions, Level, Recipients, Settings, Surface};
use crate::model::notification::{Notification, Notifications};
use crate::model::settings::{Activation, AssignmentRules};

impl Settings<Current> {
    /// The service's defaults for a surface.
    pub fn service_default(surface: Surface) -> Self {
        let expire_after = |days| match surface {
            Surface::Directory => Expiry::Never,
            Surface::Groups | Surface::Azure => Expiry::After(Duration::from_days(days)),
        };
        let notification = Notification {
            level: Level::All.into(),
            default_recipients: true.into(),
            to: Recipients::default().into(),
        };
        let assignment = |days, justification: bool| AssignmentRules {
            expire_after: expire_after(days).into(),
            mfa: false.into(),
            justification: justification.into(),
        };
        Self {
            activation: Activation {
                max_duration: Duration::from_hours(8).into(),
                authentication: Authentication::None.into(),
                justification: true.into(),
                ticket: false.into(),
                approval: Approval::NotRequired.into(),
                extension: Extensions::default().into(),
            },
            eligible_assignment: assignment(365, false),
            active_assignment: assignment(180, true),
            notifications: Notifications::from_fn(|_, _| notification.clone()),
        }
    }
}
