//! The rules as Azure Resource Manager writes them, and back. Their shapes: docs/service.md: rules-7.

use serde_json::{Map, Value, json};

use crate::emulator::arm::body::{self, invalid};
use crate::emulator::arm::shape::without_nulls;
use crate::emulator::wire::ServiceFailure;
use crate::emulator::world::{
    Approval, Approver, ApproverKind, AuthenticationContext, CustomExtension, Enablement, Expiration, Level,
    Notification, Principal, Rule, RuleId, Rules, World,
};

/// All rules of a policy.
pub(super) fn show_all(world: &World, rules: &Rules) -> Vec<Value> {
    rules.ids().map(|id| show(world, id, &rules.get(id))).collect()
}

fn show(world: &World, id: RuleId, rule: &Rule) -> Value {
    let mut shown = match rule {
        Rule::Expiration(rule) => {
            json!({ "isExpirationRequired": rule.required, "maximumDuration": rule.maximum })
        }
        Rule::Enablement(rule) => {
            json!({ "enabledRules": needs(*rule) })
        }
        Rule::Approval(rule) => json!({ "setting": setting(world, rule) }),
        Rule::AuthenticationContext(rule) => {
            json!({ "isEnabled": rule.enabled, "claimValue": rule.claim })
        }
        Rule::CustomExtension(rule) => json!({ "isEnabled": rule.enabled, "customExtensionId": rule.id }),
        Rule::Notification(rule) => {
            let RuleId::Notification(recipient, _) = id else { return Value::Null };
            json!({
                "notificationType": "Email",
                "recipientType": recipient.as_str(),
                "isDefaultRecipientsEnabled": rule.default_recipients,
                "notificationLevel": rule.level.as_str(),
                // An empty list is left out.
                "notificationRecipients": (!rule.recipients.is_empty()).then_some(&rule.recipients),
            })
        }
    };
    let place = id.place();
    let target = json!({ "caller": place.caller(), "operations": ["All"], "level": place.level() });
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("id".to_owned(), json!(id.to_string()));
        fields.insert("ruleType".to_owned(), json!(rule_type(id)));
        fields.insert("target".to_owned(), target);
    }
    without_nulls(shown)
}

fn rule_type(id: RuleId) -> String {
    format!("RoleManagementPolicy{}Rule", id.kind())
}

/// The words of an enablement rule.
fn needs(rule: Enablement) -> Vec<&'static str> {
    let words =
        [(rule.mfa, "MultiFactorAuthentication"), (rule.justification, "Justification"), (rule.ticketing, "Ticketing")];
    words.into_iter().filter(|(needed, _)| *needed).map(|(_, word)| word).collect()
}

fn setting(world: &World, rule: &Approval) -> Value {
    let approver = |approver: &Approver| {
        let name = world.principal(approver.id).map(Principal::name);
        json!({ "id": approver.id.to_string(), "description": name, "isBackup": false, "userType": user_type(approver.kind) })
    };
    let approvers: Vec<Value> = rule.approvers.iter().map(approver).collect();
    json!({
        "isApprovalRequired": rule.required,
        "isApprovalRequiredForExtension": rule.required_for_extension,
        "isRequestorJustificationRequired": rule.requestor_justification,
        "approvalMode": rule.mode,
        "approvalStages": [{
            "approvalStageTimeOutInDays": rule.timeout_days,
            "isApproverJustificationRequired": rule.approver_justification,
            "escalationTimeInMinutes": rule.escalation_minutes,
            "primaryApprovers": (!approvers.is_empty()).then_some(approvers),
            "isEscalationEnabled": rule.escalation,
        }],
    })
}

fn user_type(kind: ApproverKind) -> &'static str {
    match kind {
        ApproverKind::User => "User",
        ApproverKind::Group => "Group",
    }
}

/// Reads the rules of a body. What a rule does not mention stays as it is.
pub(super) fn read_all(values: &[Value], rules: &Rules) -> Result<Vec<(RuleId, Rule)>, ServiceFailure> {
    let mut read: Vec<(RuleId, Rule)> = Vec::new();
    for value in values {
        let fields = value.as_object().ok_or_else(|| invalid("a rule is not an object."))?;
        let name = body::needed(fields, "id")?;
        // What this service calls a rule on extensions is not known, so it takes none that it does not have.
        let id = RuleId::parse(name).filter(|id| rules.has(*id)).ok_or_else(|| {
            ServiceFailure::new(400, "InvalidPolicyRule", format!("The policy rule id {name} is invalid."))
        })?;
        if read.iter().any(|(other, _)| *other == id) {
            return Err(invalid(format!("the rule '{id}' occurs twice.")));
        }
        read.push((id, read_one(id, value, &rules.get(id))?));
    }
    Ok(read)
}

const COMMON: [&str; 3] = ["id", "ruleType", "target"];

fn read_one(id: RuleId, value: &Value, now: &Rule) -> Result<Rule, ServiceFailure> {
    let known = |own: &[&'static str]| COMMON.iter().chain(own).copied().collect::<Vec<_>>();
    let name = id.to_string();
    let fields = |own: &[&'static str]| body::object(value, &name, &known(own));
    let rule = match now {
        Rule::Expiration(now) => {
            let fields = fields(&["isExpirationRequired", "maximumDuration"])?;
            let maximum = body::text(fields, "maximumDuration")?.map(str::to_owned);
            Rule::Expiration(Expiration {
                required: body::truth(fields, "isExpirationRequired")?.unwrap_or(now.required),
                maximum: maximum.or_else(|| now.maximum.clone()),
            })
        }
        Rule::Enablement(now) => {
            let words = body::texts(fields(&["enabledRules"])?, "enabledRules")?;
            Rule::Enablement(words.map_or(Ok(*now), |words| enablement(&words))?)
        }
        Rule::Approval(now) => {
            let fields = fields(&["setting"])?;
            match fields.get("setting") {
                None | Some(Value::Null) => Rule::Approval(now.clone()),
                Some(setting) => Rule::Approval(approval(setting, now)?),
            }
        }
        Rule::AuthenticationContext(now) => {
            let fields = fields(&["isEnabled", "claimValue"])?;
            let enabled = body::truth(fields, "isEnabled")?.unwrap_or(now.enabled);
            let sent = body::text(fields, "claimValue")?.map(str::to_owned);
            let claim = sent.or_else(|| now.claim.clone()).filter(|claim| enabled && !claim.is_empty());
            Rule::AuthenticationContext(AuthenticationContext { enabled, claim })
        }
        Rule::CustomExtension(now) => {
            let fields = fields(&["isEnabled", "customExtensionId"])?;
            let enabled = body::truth(fields, "isEnabled")?.unwrap_or(now.enabled);
            let sent = body::text(fields, "customExtensionId")?.map(str::to_owned);
            let id = sent.or_else(|| now.id.clone()).filter(|_| enabled);
            Rule::CustomExtension(CustomExtension { enabled, id })
        }
        Rule::Notification(now) => {
            let own = [
                "notificationType",
                "recipientType",
                "isDefaultRecipientsEnabled",
                "notificationLevel",
                "notificationRecipients",
            ];
            Rule::Notification(notification(id, fields(&own)?, now)?)
        }
    };
    let fields = value.as_object().ok_or_else(|| invalid("a rule is not an object."))?;
    if body::needed(fields, "ruleType")? != rule_type(id) {
        return Err(wrong(id, "its ruleType does not fit its id"));
    }
    check_target(id, fields)?;
    Ok(rule)
}

fn wrong(id: RuleId, why: &str) -> ServiceFailure {
    ServiceFailure::new(400, "InvalidPolicyRule", format!("The policy rule {id} is invalid: {why}."))
}

/// A target may be left out. What it says must be the rule's own: on the service an empty one is accepted and breaks the
/// policy.
fn check_target(id: RuleId, fields: &Map<String, Value>) -> Result<(), ServiceFailure> {
    let Some(target) = fields.get("target").filter(|target| !target.is_null()) else { return Ok(()) };
    let known = ["caller", "operations", "level", "targetObjects", "inheritableSettings", "enforcedSettings"];
    let target = body::object(target, "target", &known)?;
    let place = id.place();
    let (caller, level) = (body::text(target, "caller")?, body::text(target, "level")?);
    let operations = body::texts(target, "operations")?;
    let is_empty = caller.is_none() && level.is_none() && operations.is_none();
    let fits = caller.is_none_or(|caller| caller == place.caller())
        && level.is_none_or(|level| level == place.level())
        && operations.is_none_or(|all| matches!(all.as_slice(), [all] if all.eq_ignore_ascii_case("All")));
    if fits && !is_empty { Ok(()) } else { Err(wrong(id, "its target is not that of the rule")) }
}

/// The words count with their case.
fn enablement(words: &[String]) -> Result<Enablement, ServiceFailure> {
    let mut rule = Enablement::default();
    for word in words {
        match word.as_str() {
            "MultiFactorAuthentication" => rule.mfa = true,
            "Justification" => rule.justification = true,
            "Ticketing" => rule.ticketing = true,
            _ => {
                let message = format!("The policy rule is invalid: '{word}' is none of its enabled rules.");
                return Err(ServiceFailure::new(400, "InvalidPolicyRule", message));
            }
        }
    }
    Ok(rule)
}

fn approval(setting: &Value, now: &Approval) -> Result<Approval, ServiceFailure> {
    let known = [
        "isApprovalRequired",
        "isApprovalRequiredForExtension",
        "isRequestorJustificationRequired",
        "approvalMode",
        "approvalStages",
    ];
    let fields = body::object(setting, "setting", &known)?;
    let mut rule = now.clone();
    rule.required = body::truth(fields, "isApprovalRequired")?.unwrap_or(now.required);
    rule.required_for_extension =
        body::truth(fields, "isApprovalRequiredForExtension")?.unwrap_or(now.required_for_extension);
    rule.requestor_justification =
        body::truth(fields, "isRequestorJustificationRequired")?.unwrap_or(now.requestor_justification);
    if let Some(mode) = body::text(fields, "approvalMode")? {
        if !["SingleStage", "Serial", "Parallel", "NoApproval"].contains(&mode) {
            return Err(wrong(RuleId::Approval, &format!("'{mode}' is no approval mode")));
        }
        mode.clone_into(&mut rule.mode);
    }
    match body::list(fields, "approvalStages")? {
        None => {}
        Some([stage]) => approval_stage(stage, &mut rule)?,
        Some([]) => rule.approvers = Vec::new(),
        Some(_) => return Err(wrong(RuleId::Approval, "there can be one stage only")),
    }
    Ok(rule)
}

fn approval_stage(stage: &Value, rule: &mut Approval) -> Result<(), ServiceFailure> {
    let known = [
        "approvalStageTimeOutInDays",
        "isApproverJustificationRequired",
        "escalationTimeInMinutes",
        "primaryApprovers",
        "isEscalationEnabled",
        // Accepted and not kept, docs/service.md: rules-10.
        "escalationApprovers",
    ];
    let fields = body::object(stage, "approvalStages", &known)?;
    rule.timeout_days = body::number(fields, "approvalStageTimeOutInDays")?.unwrap_or(rule.timeout_days);
    rule.approver_justification =
        body::truth(fields, "isApproverJustificationRequired")?.unwrap_or(rule.approver_justification);
    rule.escalation_minutes = body::number(fields, "escalationTimeInMinutes")?.unwrap_or(rule.escalation_minutes);
    rule.escalation = body::truth(fields, "isEscalationEnabled")?.unwrap_or(rule.escalation);
    let approvers = body::list(fields, "primaryApprovers")?.unwrap_or_default();
    rule.approvers = approvers.iter().map(approver).collect::<Result<_, _>>()?;
    Ok(())
}

fn approver(value: &Value) -> Result<Approver, ServiceFailure> {
    let fields = body::object(value, "primaryApprovers", &["id", "userType", "description", "isBackup"])?;
    let kind = match body::needed(fields, "userType")? {
        "User" => ApproverKind::User,
        "Group" => ApproverKind::Group,
        other => return Err(wrong(RuleId::Approval, &format!("'{other}' is no user type"))),
    };
    Ok(Approver { kind, id: body::guid(body::needed(fields, "id")?, "id")? })
}

fn notification(id: RuleId, fields: &Map<String, Value>, now: &Notification) -> Result<Notification, ServiceFailure> {
    let RuleId::Notification(recipient, _) = id else { return Err(wrong(id, "it is no notification")) };
    if body::text(fields, "notificationType")?.is_some_and(|kind| kind != "Email") {
        return Err(wrong(id, "its notificationType is not Email"));
    }
    if body::text(fields, "recipientType")?.is_some_and(|kind| kind != recipient.as_str()) {
        return Err(wrong(id, "its recipientType does not fit its id"));
    }
    let level = match body::text(fields, "notificationLevel")? {
        None => now.level,
        Some(level) => {
            let known = [Level::None, Level::Critical, Level::All].into_iter().find(|known| known.as_str() == level);
            known.ok_or_else(|| wrong(id, &format!("'{level}' is no notificationLevel")))?
        }
    };
    Ok(Notification {
        level,
        default_recipients: body::truth(fields, "isDefaultRecipientsEnabled")?.unwrap_or(now.default_recipients),
        recipients: body::texts(fields, "notificationRecipients")?.unwrap_or_else(|| now.recipients.clone()),
    })
}
