//! The rules in the JSON of Graph, both ways.

use serde_json::{Value, json};
use uuid::Uuid;

use super::body::{Fields, invalid, merge};
use crate::emulator::wire::ServiceFailure;
use crate::emulator::world::{
    Approval, Approver, ApproverKind, AuthenticationContext, CustomExtension, Enablement, Expiration, Level,
    Notification, Rule, RuleId, Surface, Target, World,
};

const TYPE_PREFIX: &str = "#microsoft.graph.unifiedRoleManagementPolicy";

/// A rule as it is read.
pub(super) fn print(world: &World, surface: Surface, id: RuleId, rule: &Rule) -> Value {
    let mut value = match rule {
        Rule::Expiration(rule) => {
            json!({ "isExpirationRequired": rule.required, "maximumDuration": rule.maximum })
        }
        Rule::Enablement(rule) => json!({ "enabledRules": enabled(*rule) }),
        Rule::Approval(rule) => json!({ "setting": setting(world, rule) }),
        Rule::AuthenticationContext(rule) => {
            let off = if surface == Surface::Directory { Value::Null } else { Value::from("") };
            let claim = rule.claim.clone().map_or(off, Value::from);
            json!({ "isEnabled": rule.enabled, "claimValue": claim })
        }
        Rule::CustomExtension(rule) => json!({
            "isEnabled": rule.enabled,
            "customExtensionId": rule.id,
            "displayName": null,
            "customAttributes": [],
        }),
        Rule::Notification(rule) => {
            let recipient = match id {
                RuleId::Notification(recipient, _) => recipient.as_str(),
                _ => "Admin",
            };
            json!({
                "notificationType": "Email",
                "recipientType": recipient,
                "notificationLevel": rule.level.as_str(),
                "isDefaultRecipientsEnabled": rule.default_recipients,
                "notificationRecipients": rule.recipients,
            })
        }
    };
    if let Value::Object(object) = &mut value {
        object.insert("@odata.type".to_owned(), format!("{TYPE_PREFIX}{}Rule", id.kind()).into());
        object.insert("id".to_owned(), id.to_string().into());
        let target = json!({
            "caller": id.place().caller(),
            // docs/service.md: habits-1
            "operations": ["all"],
            "level": id.place().level(),
            "inheritableSettings": [],
            "enforcedSettings": [],
        });
        object.insert("target".to_owned(), target);
    }
    value
}

fn enabled(rule: Enablement) -> Vec<&'static str> {
    let all =
        [(rule.mfa, "MultiFactorAuthentication"), (rule.justification, "Justification"), (rule.ticketing, "Ticketing")];
    all.into_iter().filter(|(enabled, _)| *enabled).map(|(_, name)| name).collect()
}

fn setting(world: &World, rule: &Approval) -> Value {
    let approver = |approver: &Approver| {
        let name = world.principal(approver.id).map(|principal| principal.name().to_owned());
        match approver.kind {
            ApproverKind::User => {
                json!({ "@odata.type": "#microsoft.graph.singleUser", "userId": approver.id, "description": name })
            }
            ApproverKind::Group => {
                json!({ "@odata.type": "#microsoft.graph.groupMembers", "groupId": approver.id, "description": name })
            }
        }
    };
    json!({
        "isApprovalRequired": rule.required,
        "isApprovalRequiredForExtension": rule.required_for_extension,
        "isRequestorJustificationRequired": rule.requestor_justification,
        "approvalMode": rule.mode,
        "approvalStages": [{
            "approvalStageTimeOutInDays": rule.timeout_days,
            "isApproverJustificationRequired": rule.approver_justification,
            "escalationTimeInMinutes": rule.escalation_minutes,
            "isEscalationEnabled": rule.escalation,
            "primaryApprovers": rule.approvers.iter().map(approver).collect::<Vec<_>>(),
            "escalationApprovers": [],
        }],
    })
}

fn invalid_rule(id: &str) -> ServiceFailure {
    ServiceFailure::new(400, "InvalidPolicyRule", format!("The policy rule id {id} is invalid."))
}

/// A change of a rule, with what it leaves out as it is now. What says which rule is meant must be in the change itself.
pub(super) fn complete(world: &World, of: &Target, change: Value, id: Option<RuleId>) -> Value {
    let id = id.or_else(|| change.get("id").and_then(Value::as_str).and_then(RuleId::parse));
    let Some(id) = id else { return change };
    let mut whole = print(world, of.surface(), id, &world.policy(of).rules.get(id));
    if let Value::Object(whole) = &mut whole {
        for name in ["@odata.type", "id", "target"] {
            whole.remove(name);
        }
    }
    merge(&mut whole, change);
    whole
}

/// A rule as it is written. `id` is that of the path, where there is one.
pub(super) fn read(value: Value, id: Option<RuleId>) -> Result<(RuleId, Rule), ServiceFailure> {
    let kind = value.get("@odata.type").and_then(Value::as_str).map(str::to_owned);
    let kind =
        kind.ok_or_else(|| invalid("The rule has no '@odata.type', so nobody knows what kind of rule it is."))?;
    let mut fields = Fields::new("unifiedRoleManagementPolicyRule", value)?;
    let written = fields.text("id")?;
    let id = match (&written, id) {
        (None, None) => return Err(invalid("The rule has no id.")),
        (None, Some(id)) => id,
        (Some(text), expected) => {
            let id = RuleId::parse(text).ok_or_else(|| invalid_rule(text))?;
            if expected.is_some_and(|expected| expected != id) {
                return Err(invalid(format!("The id '{text}' of the rule is not the one in the path.")));
            }
            id
        }
    };
    if kind.trim_start_matches('#') != format!("{TYPE_PREFIX}{}Rule", id.kind()).trim_start_matches('#') {
        return Err(invalid_rule(&id.to_string()));
    }
    target(&mut fields, id)?;
    let rule = content(&mut fields, id)?;
    fields.finish()?;
    Ok((id, rule))
}

/// The service answers 204 to a rule with an empty target and has a broken policy from then on. That is said here instead.
fn target(fields: &mut Fields, id: RuleId) -> Result<(), ServiceFailure> {
    let incomplete = || {
        let message = format!(
            "The target of rule {id} is missing or incomplete. The service would accept this and corrupt the policy; send \
             caller, operations and level every time."
        );
        ServiceFailure::new(400, "InvalidPolicyRule", message)
    };
    let mut target = fields.object("target", "unifiedRoleManagementPolicyRuleTarget")?.ok_or_else(incomplete)?;
    let caller = target.text("caller")?.ok_or_else(incomplete)?;
    let level = target.text("level")?.ok_or_else(incomplete)?;
    let operations = target.texts("operations")?.filter(|list| !list.is_empty()).ok_or_else(incomplete)?;
    for name in ["inheritableSettings", "enforcedSettings"] {
        if target.texts(name)?.is_some_and(|list| !list.is_empty()) {
            return Err(ServiceFailure::not_implemented(format!("`{name}` of a rule's target")));
        }
    }
    target.texts("targetObjects")?;
    target.finish()?;
    let place = id.place();
    let fits = caller.eq_ignore_ascii_case(place.caller()) && level.eq_ignore_ascii_case(place.level());
    let known = ["all", "activate", "deactivate", "assign", "update", "remove", "extend", "renew"];
    let all_known = operations.iter().all(|it| known.iter().any(|known| known.eq_ignore_ascii_case(it)));
    if fits && all_known {
        return Ok(());
    }
    Err(ServiceFailure::new(400, "InvalidPolicyRule", format!("The target does not fit rule {id}.")))
}

fn content(fields: &mut Fields, id: RuleId) -> Result<Rule, ServiceFailure> {
    match id {
        RuleId::Expiration(_) => Ok(Rule::Expiration(Expiration {
            required: fields.flag("isExpirationRequired")?.unwrap_or(false),
            maximum: fields.text("maximumDuration")?,
        })),
        RuleId::Enablement(_) => enablement(fields).map(Rule::Enablement),
        RuleId::Approval => approval(fields).map(Rule::Approval),
        RuleId::AuthenticationContext => Ok(Rule::AuthenticationContext(AuthenticationContext {
            enabled: fields.flag("isEnabled")?.unwrap_or(false),
            claim: fields.text("claimValue")?.filter(|text| !text.is_empty()),
        })),
        RuleId::CustomExtension(_) => {
            // Read only.
            fields.take("displayName");
            if fields.list("customAttributes")?.is_some_and(|list| !list.is_empty()) {
                return Err(ServiceFailure::not_implemented("`customAttributes` of a custom extension".to_owned()));
            }
            Ok(Rule::CustomExtension(CustomExtension {
                enabled: fields.flag("isEnabled")?.unwrap_or(false),
                id: fields.text("customExtensionId")?.filter(|text| !text.is_empty()),
            }))
        }
        RuleId::Notification(recipient, _) => {
            if fields.text("notificationType")?.is_some_and(|kind| !kind.eq_ignore_ascii_case("Email")) {
                return Err(invalid("'notificationType' is always 'Email'."));
            }
            if fields.text("recipientType")?.is_none_or(|kind| !kind.eq_ignore_ascii_case(recipient.as_str())) {
                return Err(invalid(format!("'recipientType' does not fit rule {id}.")));
            }
            let level = fields.required("notificationLevel")?;
            Ok(Rule::Notification(Notification {
                level: Level::parse(&level).ok_or_else(|| invalid(format!("'{level}' is no notification level.")))?,
                default_recipients: fields.flag("isDefaultRecipientsEnabled")?.unwrap_or(true),
                recipients: fields.texts("notificationRecipients")?.unwrap_or_default(),
            }))
        }
    }
}

fn enablement(fields: &mut Fields) -> Result<Enablement, ServiceFailure> {
    let mut rule = Enablement::default();
    for name in fields.texts("enabledRules")?.unwrap_or_default() {
        // Case matters here.
        match name.as_str() {
            "MultiFactorAuthentication" => rule.mfa = true,
            "Justification" => rule.justification = true,
            "Ticketing" => rule.ticketing = true,
            other => {
                let message = format!("'{other}' is not one of MultiFactorAuthentication, Justification, Ticketing.");
                return Err(ServiceFailure::new(400, "InvalidPolicyRule", message));
            }
        }
    }
    Ok(rule)
}

fn approval(fields: &mut Fields) -> Result<Approval, ServiceFailure> {
    let missing = || invalid("An approval rule needs its 'setting'.");
    let mut setting = fields.object("setting", "approvalSettings")?.ok_or_else(missing)?;
    let mode = setting.text("approvalMode")?.unwrap_or_else(|| "SingleStage".to_owned());
    if !["SingleStage", "Serial", "Parallel", "NoApproval"].contains(&mode.as_str()) {
        return Err(invalid(format!("'{mode}' is no approval mode.")));
    }
    let mut rule = Approval {
        required: setting.flag("isApprovalRequired")?.unwrap_or(false),
        required_for_extension: setting.flag("isApprovalRequiredForExtension")?.unwrap_or(false),
        requestor_justification: setting.flag("isRequestorJustificationRequired")?.unwrap_or(true),
        mode,
        timeout_days: 1,
        approver_justification: true,
        escalation_minutes: 0,
        escalation: false,
        approvers: Vec::new(),
    };
    let stages = setting.list("approvalStages")?.unwrap_or_default();
    setting.finish()?;
    if stages.len() > 1 {
        return Err(ServiceFailure::new(400, "InvalidPolicyRule", "PIM has one approval stage."));
    }
    for stage in stages {
        self::stage(&mut rule, stage)?;
    }
    Ok(rule)
}

fn stage(rule: &mut Approval, stage: Value) -> Result<(), ServiceFailure> {
    let mut stage = Fields::new("unifiedApprovalStage", stage)?;
    rule.timeout_days = stage.number("approvalStageTimeOutInDays")?.unwrap_or(1);
    rule.approver_justification = stage.flag("isApproverJustificationRequired")?.unwrap_or(true);
    rule.escalation_minutes = stage.number("escalationTimeInMinutes")?.unwrap_or(0);
    rule.escalation = stage.flag("isEscalationEnabled")?.unwrap_or(false);
    for approver in stage.list("primaryApprovers")?.unwrap_or_default() {
        rule.approvers.push(self::approver(approver)?);
    }
    // The service takes them and does not store them.
    for approver in stage.list("escalationApprovers")?.unwrap_or_default() {
        self::approver(approver)?;
    }
    stage.finish()
}

fn approver(value: Value) -> Result<Approver, ServiceFailure> {
    let kind = value.get("@odata.type").and_then(Value::as_str).unwrap_or_default().trim_start_matches('#').to_owned();
    let mut fields = Fields::new("subjectSet", value)?;
    let (kind, name) = match kind.as_str() {
        "microsoft.graph.singleUser" => (ApproverKind::User, "userId"),
        "microsoft.graph.groupMembers" => (ApproverKind::Group, "groupId"),
        other => return Err(invalid(format!("'{other}' cannot approve: only singleUser and groupMembers can."))),
    };
    // The documentation's example for groups sends `id` instead, and `isBackup`.
    let (own, plain): (Option<Uuid>, Option<Uuid>) = (fields.guid(name)?, fields.guid("id")?);
    fields.text("description")?;
    fields.flag("isBackup")?;
    fields.finish()?;
    let id = own.or(plain).ok_or_else(|| invalid(format!("An approver needs '{name}'.")))?;
    Ok(Approver { kind, id })
}
