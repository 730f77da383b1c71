//! What an import leaves out, and why.

use serde::Serialize;

/// One thing that was left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LeftOut {
    /// Where: an address, or the path of a key in a file that was imported.
    pub address: String,
    /// The id of the reason, which does not change between versions.
    pub reason: &'static str,
    /// In words: lower case, no final period.
    pub detail: String,
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])* $name:ident = $id:literal, $words:literal;)*) => {
        /// Why something was left out.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Why {
            $($(#[doc = $doc])* $name,)*
        }

        impl Why {
            /// The id.
            pub(super) fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// In words.
            pub(super) fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }
        }

        /// What the reason with this id means, in words; the id itself if it is not known.
        pub fn reason(id: &str) -> &str {
            match id { $($id => $words,)* other => other }
        }
    };
}

reasons! {
    /// Something that the backend met and does not know.
    NotUnderstood = "not-understood", "it is not known to this version; no plan touches it";
    /// A setting with a value that this version cannot read.
    UnknownValue = "unknown-value", "a value that is not known to this version; it is left alone";
    /// The target or group could not be read.
    Unreadable = "unreadable", "could not be read";
    /// The principal is gone.
    UnknownPrincipal = "unknown-principal", "the principal has been deleted, so no file can name it";
    /// Neither user nor group nor service principal.
    OtherKind = "other-kind", "it is no user, group or service principal, so no file can name it";
    /// Nothing is known of the principal.
    NotLookedUp = "not-looked-up", "the principal could not be looked up, so no file can name it";
    /// Nothing is known of the role.
    UnknownRole = "unknown-role", "the role has been deleted or cannot be read, so no file can name it";
    /// The role is there, but not for this scope.
    RoleNotHere = "role-not-here", "the role cannot be assigned at this scope any more";
    /// Nothing is known of the scope.
    UnknownScope = "unknown-scope", "the scope has been deleted or cannot be read, so no file can name it";
    /// Nothing is known of the administrative unit.
    UnknownUnit = "unknown-administrative-unit", "the administrative unit has been deleted or cannot be read";
    /// An assignment over one object.
    OneObject = "one-object", "it is over a single object, which cannot be declared; no plan touches it";
    /// The same assignment at other times.
    OtherWindow = "other-window", "it is assigned more than once, and only one of them can be declared; no plan touches the others";
    /// Held outside PIM.
    OutsidePim = "outside-pim", "it was made outside PIM; no plan touches it";
    /// Held by activation, from above or through a group.
    NotOurs = "not-assigned-here", "activations, inherited rows, and what is held through a group; no plan touches them";
    /// The end has been reached.
    Ended = "ended", "it has ended";
    /// Eligible service principal.
    EligibleService = "service-principal-eligible", "a service principal cannot be eligible";
    /// Group that may not hold directory roles.
    NotRoleAssignable = "group-not-role-assignable", "the group may not hold directory roles";
    /// The group in itself.
    InItself = "group-in-itself", "a group cannot be in itself";
    /// A schedule that cannot be written.
    OddTimes = "odd-times", "it ends before it begins, or after the year 9999";
    /// A condition where there is none.
    OddCondition = "odd-condition", "its condition cannot be declared";
    /// Dynamic or synchronized.
    DecidedElsewhere = "decided-elsewhere", "a rule or another directory decides who is in the group";
    /// A value that cannot be declared.
    OddValue = "odd-value", "a value that cannot be declared";
    /// An extension that asks about an activation of a role of Azure.
    ExtensionOnAzure = "extension-on-azure", "a custom extension cannot be declared for a role of Azure";
    /// Approval by nobody in particular.
    DefaultApprovers = "default-approvers", "approval is asked for and no approver is named, which cannot be declared";
    /// An approver that cannot be named.
    UnknownApprover = "unknown-approver", "an approver has been deleted or is none that can approve";
    /// Notification for no event.
    NoNotification = "notification-for-nothing", "notification for no event at all cannot be declared";
    /// Approvers, but none.
    NobodyApproves = "nobody-approves", "nobody is in the group, but it approves; a list without members is an error";
    /// A key that nobody knows.
    UnknownKey = "unknown-key", "this key is not known";
    /// A key that means nothing here.
    NoCounterpart = "no-counterpart", "there is nothing like it here";
    /// Text where an object is expected, and the like.
    WrongType = "wrong-type", "it is of another type than expected";
    /// A key that is needed.
    MissingKey = "missing-key", "something that is needed is not there";
    /// Stated, but switched off by something else.
    NotInForce = "not-in-force", "something beside it makes it meaningless";
    /// The same again.
    Twice = "declared-twice", "it was declared before";
    /// A template that is not there.
    UnknownTemplate = "unknown-template", "there is no such template";
    /// Not an id.
    NoId = "no-id", "it is not an id";
    /// A principal of unknown kind.
    AssumedUser = "assumed-user",
        "no `principalType`: taken for a user; with `--backend` it is looked up";
    /// An assignment whose end is not known.
    NoSchedule = "no-readable-schedule",
        "when it begins or ends cannot be read, so the assignment is not written: nobody gets access by it";
    /// An assignment that something narrows that is not known.
    Narrowed = "narrowed-unknown",
        "something may narrow it that is not known, so the assignment is not written: nobody gets access by it";
    /// An eligible assignment without what should protect its activation.
    Unprotected = "activation-unprotected",
        "activating would take less than its settings ask for, so the assignment is not written: nobody gets access by it";
    /// An assignment that the settings beside it refuse.
    BeyondSettings = "beyond-settings",
        "it lasts longer than the settings beside it allow, so the assignment is not written: nobody gets access by it";
    /// A setting with a value that cannot be declared, and none that is as tight.
    LimitLost = "limit-lost",
        "it cannot be declared, and the tenant keeps what it has, which may ask for less or allow more";
    /// A setting of a template that stays, since what stands over it cannot be declared.
    TemplateKept = "template-kept", "it cannot be declared, and what the template says stays in force";
    /// A value written tighter than it is stated.
    Tightened = "tightened", "it cannot be declared as it is; the nearest value that allows less is written";
    /// A length that nobody states.
    AssumedLength = "assumed-length",
        "no length is stated; written is what the tool asks for where the service has its own settings";
    /// Two things that may be one.
    MaybeOne = "maybe-one", "two of them may be one; with `--backend` they are looked up and joined";
    /// Something that a check of the written files refuses.
    Refused = "refused-by-check", "a check refuses it, so it is not written";
    /// Members of groups that anybody may manage.
    StaticMembers = "static-members", "who is in groups that are not role-assignable is left to others; `--full` takes it in";
}

/// Collects what is left out.
#[derive(Clone, Debug, Default)]
pub(super) struct Leaving(pub(super) Vec<LeftOut>);

impl Leaving {
    /// Notes something, in the words of its reason.
    pub(super) fn add(&mut self, address: impl Into<String>, why: Why) {
        self.say(address, why, why.words());
    }

    /// Notes something in words of its own.
    pub(super) fn say(&mut self, address: impl Into<String>, why: Why, detail: impl Into<String>) {
        self.0.push(LeftOut { address: address.into(), reason: why.id(), detail: detail.into() });
    }
}
