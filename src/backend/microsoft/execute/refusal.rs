//! What a refusal by the settings of a target means in the words of the policy files.

use crate::backend::microsoft::ServiceError;
use crate::model::Kind;

/// A rule that the service names when it refuses. It writes a list of names (`["MfaRule"]`), or, Azure since 2026, names
/// with a sentence each (docs/service.md: requests-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Mfa,
    Justification,
    Ticketing,
    Expiration,
}

impl Rule {
    const NAMES: [(&'static str, Self); 4] = [
        ("MfaRule", Self::Mfa),
        ("JustificationRule", Self::Justification),
        ("TicketingRule", Self::Ticketing),
        ("ExpirationRule", Self::Expiration),
    ];

    /// What asks for it, and how to go on. `settings` is the part of the settings that is meant.
    fn way_out(self, settings: &str, target: &str) -> String {
        match self {
            Self::Mfa => format!(
                "`{settings}.mfa` of `{target}` asks whoever assigns for a sign-in with multifactor authentication: apply \
                 with one, or turn it off with `{settings}: {{ mfa: false }}` (the portal cannot)"
            ),
            Self::Justification => format!(
                "`{settings}.justification` of `{target}` asks for a reason: add `justification:` to the assignment, or \
                 turn it off with `{settings}: {{ justification: false }}`"
            ),
            Self::Ticketing => format!(
                "the settings of `{target}` ask for a ticket, which policy files cannot turn off here: add `ticket:` to the \
                 assignment"
            ),
            Self::Expiration => format!(
                "`{settings}.expire_after` of `{target}` allows less: let the assignment end sooner, or allow more there"
            ),
        }
    }
}

/// A way out of a refusal by the settings of a target; nothing where it is another one. Who is asked for multifactor
/// authentication may be an application, too (docs/service.md: requests-2).
pub(super) fn way_out(error: &ServiceError, kind: Kind, target: &str) -> Option<String> {
    let settings = match kind {
        Kind::Eligible => "eligible_assignment",
        Kind::Active => "active_assignment",
    };
    let ways: Vec<String> = rules(error)?
        .into_iter()
        .map(|name| match Rule::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            Some((_, rule)) => rule.way_out(settings, target),
            None => format!(
                "the service names `{name}`, for which pimform knows no setting: look at the role in the portal"
            ),
        })
        .collect();
    (!ways.is_empty()).then(|| ways.join("; "))
}

/// The names of the rules that failed; nothing where no rule did.
fn rules(error: &ServiceError) -> Option<Vec<String>> {
    const PHRASE: &str = "policy rules failed";
    let lower = error.message.to_ascii_lowercase();
    let said = lower.contains(PHRASE);
    if !said && !error.code_is("RoleAssignmentRequestPolicyValidationFailed") {
        return None;
    }
    let words = error.message.split(|c: char| !c.is_ascii_alphanumeric());
    let mut names: Vec<String> = Vec::new();
    for word in words.filter(|word| word.len() > "Rule".len() && word.ends_with("Rule")) {
        if !names.iter().any(|known| known == word) {
            names.push(word.to_owned());
        }
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(code: &str, message: &str) -> Option<String> {
        let body = json!({"error": {"code": code, "message": message}});
        way_out(&ServiceError::answered("POST", "/x", 400, Some(&body), None), Kind::Eligible, "directory/Owner")
    }

    #[test]
    fn each_rule_leads_to_the_setting_that_asks_for_it() {
        let code = "RoleAssignmentRequestPolicyValidationFailed";
        let mfa = refused(code, "The following policy rules failed: [\"MfaRule\"]").unwrap();
        assert!(mfa.contains("`eligible_assignment: { mfa: false }`") && mfa.contains("`directory/Owner`"), "{mfa}");
        let text = "The following policy rules failed: JustificationRule - Justification is required, TicketingRule - \
                    Ticket information is required";
        let both = refused(code, text).unwrap();
        assert!(both.contains("eligible_assignment.justification") && both.contains("add `ticket:`"), "{both}");
        // Azure gives other codes for the same now and then.
        assert!(refused("BadRequest", text).is_some());
        assert!(
            refused(code, "The following policy rules failed: [\"ExpirationRule\"]").unwrap().contains("expire_after")
        );
        assert!(refused(code, "The following policy rules failed: [\"NewRule\"]").unwrap().contains("`NewRule`"));
        assert_eq!(refused("InvalidPolicyRule", "The policy rule is invalid."), None);
    }
}
