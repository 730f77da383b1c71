//! The settings of a target that nobody has changed.
//!
//! docs/service.md: rules-1, rules-2. Which directory roles ask for multifactor authentication from the start is not
//! published, so a tenant file states it where it matters.

use super::{Approval, Authentication, Current, Duration, Expiry, Level, Recipients, Settings, Surface};
use crate::model::notification::{Notification, Notifications};
use crate::model::settings::{Activation, AssignmentRules};

impl Settings<Current> {
    /// The service's defaults for a surface.
    pub fn service_default(surface: Surface) -> Self {
        let expire_after = |days| match surface {
            Surface::Directory => Expiry::Never,
            Surface::Groups | Surface::Azure => Expiry::After(Duration::from_days(days)),
        };
        let notification = Notification { level: Level::All, default_recipients: true, to: Recipients::default() };
        Self {
            activation: Activation {
                max_duration: Duration::from_hours(8),
                authentication: Authentication::None,
                justification: true,
                ticket: false,
                approval: Approval::NotRequired,
            },
            eligible_assignment: AssignmentRules { expire_after: expire_after(365), mfa: false, justification: false },
            active_assignment: AssignmentRules { expire_after: expire_after(180), mfa: false, justification: true },
            notifications: Notifications::from_fn(|_, _| notification.clone()),
        }
    }
}
