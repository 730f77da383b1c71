//! The words of the domain. No input or output, no names of the wire, no clock.

pub mod address;
pub mod answer;
pub mod assignment;
pub mod audit;
pub mod defaults;
pub mod desired;
pub mod directory;
pub mod extension;
pub mod ids;
pub mod notification;
pub mod principal;
pub mod scope;
pub mod settings;
pub mod snapshot;
pub mod target;
pub mod text;
pub mod time;
pub mod unresolved;
pub mod values;

pub use address::Names;
pub use answer::Answer;
pub use assignment::{
    AssignmentKey, AssignmentScope, Condition, Ending, Kind, Origin, Row, Schedule, Shift, Ticket, Window,
};
pub use desired::{
    Desired, DesiredAssignment, DesiredEnding, DesiredGroup, DesiredList, DesiredMembers, DesiredSchedule,
    DesiredTarget, GroupCreation, Mention, Ownership,
};
pub use directory::{
    AdministrativeUnit, ArmPlace, AuthenticationContext, Directory, NameQuery, PlaceQuery, Role, RoleQuery,
};
pub use extension::{ExtensionId, Extensions, Moment};
pub use ids::{AdministrativeUnitId, PrincipalId, RoleId, TenantId};
pub use principal::{GroupFacts, GroupMembership, Principal, PrincipalDetail, PrincipalKind, Sort};
pub use scope::ArmScope;
pub use settings::{
    Change, Changes, Current, Direction, Fact, Field, Leaf, Setting, Settings, Shape, Slot, Sparse, Spec, Value, Zip,
};
pub use snapshot::{GroupRead, GroupState, Makers, RequestList, Snapshot, TargetRead, TargetState, through_pim};
pub use target::{Access, Relation, Surface, Target};
pub use time::{Duration, Time};
pub use unresolved::{BlockedEntry, BlockedSetting, Known, Missing, Unresolved};
pub use values::{Approval, Approver, Approvers, Authentication, ContextId, Expiry, Level, Mail, Recipients};
