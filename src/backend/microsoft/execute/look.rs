//! Looking what is assigned now.

use super::route::Route;
use crate::backend::microsoft::entra::role_ids::{RoleIds, named_role};
use crate::backend::microsoft::http::Rows;
use crate::backend::microsoft::schedules::{Found, Reading, ScheduleError, read};
use crate::backend::microsoft::{MicrosoftReader, ServiceError};
use crate::model::Surface;

/// Every row of an assignment as it is now, those included that PIM did not assign. The inner error is a row that may be
/// one of them and cannot be understood.
pub(super) async fn look(
    reader: &MicrosoftReader,
    route: Route<'_>,
) -> Result<Result<Vec<Found>, ScheduleError>, ServiceError> {
    let listed = reader.client.list(route.service(), &route.schedules()).await;
    let listed = listed.map_err(|error| error.asked("read what is assigned"))?;
    let mut ids = reader.role_ids();
    if route.target.surface() != Surface::Directory || !ids.knows_roles() {
        return Ok(own(&listed, route, &mut RoleIds::default()));
    }
    ids.find_out(&reader.client, listed.each(named_role).collect()).await;
    let found = own(&listed, route, &mut ids);
    reader.learned(ids);
    Ok(found)
}

/// The rows of the assignment. Target and rows are compared with the id that the list of directory roles has, as far as
/// there is one.
fn own(listed: &Rows, route: Route<'_>, ids: &mut RoleIds) -> Result<Vec<Found>, ScheduleError> {
    let target = &ids.listed_target(route.target);
    let mut found = Vec::new();
    for mut schedule in listed.iter() {
        if ids.knows_roles() && ids.explain(&mut schedule).is_err() {
            continue;
        }
        match read(target.surface(), route.key.kind, &schedule) {
            Ok(Reading::Found(other)) if other.target == *target && other.row.key == *route.key => found.push(*other),
            Ok(_) => {}
            Err(error) if !error.concern.covers(target) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}
