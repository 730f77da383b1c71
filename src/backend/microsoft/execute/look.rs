//! Looking what is assigned now.

use serde_json::Value;

use super::route::Route;
use crate::backend::microsoft::schedules::{Found, Reading, ScheduleError, read};
use crate::backend::microsoft::{MicrosoftReader, ServiceError};
use crate::model::{Surface, Target};

/// Every row of an assignment as it is now, those included that PIM did not assign. The inner error is a row that may be
/// one of them and cannot be understood.
pub(super) async fn look(
    reader: &MicrosoftReader,
    route: Route<'_>,
) -> Result<Result<Vec<Found>, ScheduleError>, ServiceError> {
    let Route { target, key } = route;
    let listed = reader.client.list(route.service(), &route.schedules()).await;
    let mut schedules = listed.map_err(|error| error.asked("read what is assigned"))?;
    let target = &explain(reader, target, &mut schedules).await;
    let mut found = Vec::new();
    for schedule in &schedules {
        match read(target.surface(), key.kind, schedule) {
            Ok(Reading::Found(other)) if other.target == *target && other.row.key == *key => found.push(*other),
            Ok(_) => {}
            Err(error) if !error.concern.covers(target) => {}
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(found))
}

/// Writes the target and these schedules with the id that the list of directory roles has.
async fn explain(reader: &MicrosoftReader, target: &Target, schedules: &mut Vec<Value>) -> Target {
    let mut ids = reader.role_ids();
    if target.surface() == Surface::Directory && ids.knows_roles() {
        ids.explain(&reader.client, &mut [schedules]).await;
        reader.learned(ids.clone());
    }
    ids.listed_target(target)
}
