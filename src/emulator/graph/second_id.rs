//! The second id of custom directory roles: with the fault `two-ids`, schedules and requests of PIM call a role otherwise
//! than the list of roles and the policies do, and the definition under that id names the first as its template.

use http::Method;
use serde_json::Value;
use uuid::Uuid;

use crate::emulator::fault::TwoIds;
use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::World;

/// A role's id in the list, and in what PIM says.
type Pair = (String, String);

/// Answers a request as `answer` does, with the ids that the service would use.
pub(super) fn around(
    world: &mut World,
    request: &Request,
    fault: TwoIds,
    answer: impl FnOnce(&mut World, &Request) -> Result<Reply, ServiceFailure>,
) -> Result<Reply, ServiceFailure> {
    let pairs = pairs(world, fault);
    let path = request.path.iter().map(|segment| segment.to_lowercase()).collect::<Vec<_>>();
    let of_pim = path
        .iter()
        .any(|segment| segment.starts_with("roleeligibilityschedule") || segment.starts_with("roleassignmentschedule"));
    if of_pim {
        let text = request.text.to_lowercase();
        if fault.strict
            && request.method == Method::POST
            && pairs.iter().any(|(first, _)| text.contains(first.as_str()))
        {
            return Err(ServiceFailure::new(404, "RoleNotFound", "The role is not found."));
        }
        let mut reply = answer(world, &translated(request, &pairs))?;
        if let Some(body) = &mut reply.body {
            for pair in &pairs {
                in_pim(body, pair);
            }
        }
        return Ok(reply);
    }
    let second = pairs.iter().find(|(_, second)| path.iter().any(|segment| segment == second));
    let mut reply = match second {
        Some((first, second)) => answer(world, &swapped(request, second, first))?,
        None => answer(world, request)?,
    };
    if path.iter().any(|segment| segment == "roledefinitions")
        && let Some(body) = &mut reply.body
    {
        for pair in &pairs {
            custom(body, pair, second.is_some());
        }
    }
    Ok(reply)
}

fn pairs(world: &World, fault: TwoIds) -> Vec<Pair> {
    let roles = world.directory_roles.values().filter(|role| role.custom || fault.role == Some(role.id));
    roles.map(|role| (role.id.to_string(), world.id_of(&format!("second id/{}", role.id)).to_string())).collect()
}

/// A request as the emulator's own tables understand it. A filter by the first id finds nothing, as in the service.
fn translated(request: &Request, pairs: &[Pair]) -> Request {
    pairs.iter().fold(request.clone(), |mut request, (first, second)| {
        let nobody = Uuid::nil().to_string();
        for (_, value) in &mut request.query {
            *value = swap(value, first, &nobody);
        }
        swapped(&request, second, first)
    })
}

fn swapped(request: &Request, from: &str, to: &str) -> Request {
    let mut request = request.clone();
    request.target = swap(&request.target, from, to);
    request.path.iter_mut().for_each(|segment| *segment = swap(segment, from, to));
    request.query.iter_mut().for_each(|(_, value)| *value = swap(value, from, to));
    request.text = swap(&request.text, from, to);
    request
}

/// Replaces an id however it is spelled.
fn swap(text: &str, from: &str, to: &str) -> String {
    text.replace(from, to).replace(&from.to_uppercase(), to)
}

/// Writes the second id everywhere but where the first is the template's.
fn in_pim(value: &mut Value, pair: &Pair) {
    match value {
        Value::String(text) => *text = text.replace(&pair.0, &pair.1),
        Value::Array(items) => items.iter_mut().for_each(|item| in_pim(item, pair)),
        Value::Object(fields) => {
            fields.iter_mut().filter(|(name, _)| *name != "templateId").for_each(|(_, value)| in_pim(value, pair));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A definition of a role that has two ids is one that does not come with the service.
fn custom(value: &mut Value, pair: &Pair, by_second: bool) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| custom(item, pair, by_second)),
        Value::Object(fields) => {
            let is_it = fields.get("id").and_then(Value::as_str) == Some(pair.0.as_str());
            if is_it && let Some(built_in) = fields.get_mut("isBuiltIn") {
                *built_in = false.into();
            }
            if is_it && by_second {
                fields.insert("id".to_owned(), pair.1.clone().into());
            }
            if let Some(list) = fields.get_mut("value") {
                custom(list, pair, by_second);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
