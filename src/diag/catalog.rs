//! Every kind of finding: what it means, and what to do about it.

/// What there is to know of one kind of finding.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its id.
    pub id: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What to do about it.
    pub advice: &'static str,
}

const fn entry(id: &'static str, meaning: &'static str, advice: &'static str) -> Entry {
    Entry { id, meaning, advice }
}

/// The kind of finding with this id.
pub fn find(id: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.id == id)
}

/// Every kind of finding, in the order of the documentation: of files, of the policy, of the tenant, of the plan.
pub const ENTRIES: &[Entry] = &[
    entry(
        "no-policy-files",
        "the directory is missing, is a file, or has no policy file",
        "check `--policies`. An empty directory never means \"remove everything\"",
    ),
    entry("not-utf8", "the file is not UTF-8", "save it as UTF-8"),
    entry(
        "unreadable-file",
        "the file is there but cannot be read",
        "check its permissions, or where it links to. It is not skipped, since it would look like one that declares nothing",
    ),
    entry("file-too-large", "the file is larger than 64 MiB", "cut it into several"),
    entry(
        "syntax",
        "not valid YAML, or aliases that multiply without end",
        "look at the place shown; often indentation or a missing quote",
    ),
    entry("version", "no file has `version: 1`, or one has another", "add it; for a later version, update pimform"),
    entry("unknown-key", "there is no such key here", "take the suggestion, or look it up in docs/policy-language.md"),
    entry("duplicate-key", "the same key twice, in one map or in two files", "keep one of the two places shown"),
    entry("missing-key", "something that is needed is not there", "add it"),
    entry("conflicting-keys", "keys that exclude each other, such as `until` and `for`", "keep one"),
    entry(
        "wrong-type",
        "text where a list is expected, and the like",
        "write what the message asks for; quotes make text",
    ),
    entry("bad-value", "the right type, but not a value of this key", "take one of the values listed"),
    entry("bad-duration", "not a duration, or outside what the field allows", "write `30m`, `8h`, `365d`"),
    entry(
        "bad-time",
        "not a date, a time without an offset, or after the year 9999",
        "write `2027-01-31` or `2027-01-31T18:00:00Z`",
    ),
    entry("unknown-profile", "no profile of this name", "take the suggestion, or declare it"),
    entry(
        "extension-on-azure",
        "how Azure Resource Manager writes a custom extension is not known",
        "set it in the portal and leave the field out",
    ),
    entry(
        "extends-cycle",
        "profiles that extend each other in a circle",
        "break the circle at one of the places shown",
    ),
    entry("unknown-approvers", "no set of approvers of this name", "declare it; for a person, write `{ user: ... }`"),
    entry(
        "approval-without-approvers",
        "approval by nobody, or by a group that has no members",
        "name somebody, or write `approval: none`",
    ),
    entry("looser-than-floor", "a field asks for less than the floor", "tighten it, or change the floor"),
    entry(
        "duplicate-assignment",
        "the same assignment twice, perhaps once by name and once by id",
        "keep one of the two places shown",
    ),
    entry("unused-profile", "warning: nothing uses this profile", "use it or remove it"),
    entry("unused-approvers", "warning: nothing uses this set", "use it or remove it"),
    entry(
        "unknown-principal",
        "warning: no such user, group or service principal any more, or a slip of the keyboard; its entries are blocked, the rest goes on, and `check` makes an error of it",
        "take the suggestion, or remove the entry; for a new group, add `create:`",
    ),
    entry(
        "unknown-role",
        "warning: no such role, so what is declared of it is blocked; an error if it is there and cannot be assigned at this scope",
        "take the suggestion",
    ),
    entry(
        "unknown-scope",
        "warning: no such management group, subscription, resource group or resource; what is declared there is blocked",
        "take the suggestion, or write the whole id",
    ),
    entry(
        "unknown-administrative-unit",
        "warning: no such administrative unit; its entries are blocked",
        "take the suggestion, or remove the entry",
    ),
    entry(
        "unknown-context",
        "the tenant has no such authentication context, so no setting is changed to it, or it is not published; an error where it is not published and the floor asks for authentication, else a warning",
        "create and publish it first; else nobody can activate",
    ),
    entry(
        "ambiguous-name",
        "several objects have this name, or one has it and another has it as its id",
        "use one of those listed",
    ),
    entry(
        "not-eligible-kind",
        "a service principal as eligible or as approver",
        "make it active, or name a user or group",
    ),
    entry(
        "group-not-role-assignable",
        "a directory role for a group that may not hold roles, or `role_assignable: true` for such a group",
        "use another group; it cannot be changed later",
    ),
    entry(
        "group-cannot-use-pim",
        "`member:`, `owner:`, `members:` or `owners:` where a rule or another directory decides",
        "use a group with assigned members",
    ),
    entry(
        "nested-group",
        "a group as active member of a role-assignable group, or as owner of a group, which the service refuses",
        "name the people, or make the group eligible",
    ),
    entry(
        "last-owner",
        "warning: a group would lose its last owner who is a person, which the service refuses; the removal is blocked, and `check` makes an error of it",
        "declare a user among the owners",
    ),
    entry(
        "mfa-of-who-assigns",
        "warning: assignments are planned where the settings ask for MFA of whoever assigns; an application may be refused",
        "apply with a token that has MFA, or set `mfa: false` there",
    ),
    entry(
        "not-allowed-by-settings",
        "permanent, or longer than `expire_after` after this plan",
        "shorten the assignment, or raise `expire_after`",
    ),
    entry("justification-needed", "the settings ask for a justification", "add `justification:` to the assignment"),
    entry("too-short", "it would last less than five minutes", "give it a longer time"),
    entry(
        "until-in-the-past",
        "the entry names an end that has passed; `plan` and `apply` go on, `check` makes an error of it",
        "remove the entry, or give it a later date",
    ),
];
