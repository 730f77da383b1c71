//! What the service did and nobody asked for: it is named, and what goes too far is taken back.

use futures::future::BoxFuture;
use serde_json::Value;

use super::answer::{Action, Taken};
use super::assignment::{Job, Was, has_schedule};
use super::echo::{Difference, Echo, compare, sentence};
use super::patience::Patience;
use super::route::Route;
use super::{MicrosoftExecutor, conflict};
use crate::backend::microsoft::http::{Service, path_segment};
use crate::backend::microsoft::schedules::{Reading, read};
use crate::backend::microsoft::wire;
use crate::backend::{BackendError, Executed};
use crate::model::{AssignmentKey, Condition, Duration, RoleId, Row, Target, Time, Window};

/// How far the clock of the service may be behind ours.
const SKEW: Duration = Duration::from_minutes(5);

impl<'a> Job<'a> {
    /// Fails where the service did something else than it was asked for. What this run granted too widely, it takes
    /// back.
    pub(super) async fn verify(&mut self, taken: &Taken) -> Result<(), BackendError> {
        let Some((sent, at)) = &self.sent else { return Ok(()) };
        let Echo { place, mut differences, lacks_condition } = compare(&self.route, &self.ask, sent, &taken.body, *at);
        let at = *at;
        let mut proven = true;
        if let Some(position) = differences.iter().position(|found| matches!(found, Difference::Role { .. }))
            && let Some(Difference::Role { asked, granted }) = differences.get(position)
        {
            match self.are_one_role(*asked, *granted).await {
                Some(true) => drop(differences.remove(position)),
                Some(false) => {}
                None => proven = false,
            }
        }
        // An update is read back in any case.
        if lacks_condition
            && self.ask.action == Action::Assign
            && let Ok(Some(found)) = self.look().await
            && found.row.origin.is_assigned()
            && found.row.condition.is_none()
        {
            differences.push(Difference::Condition { asked: self.ask.condition.cloned(), granted: None });
        }
        if differences.is_empty() {
            return Ok(());
        }
        let directory = self.executor.known();
        let what = sentence(self.ask.action, &differences, &directory);
        let too_wide = self.ask.action == Action::Assign && differences.iter().any(Difference::is_wider);
        match place {
            Some((target, key)) if too_wide && proven => Err(self.taken_back(what, &target, &key, taken, at).await),
            _ => Err(BackendError::Unasked { what: format!("{what}; it was left so"), help: None }),
        }
    }

    /// Takes back what was granted, and says whether that worked.
    async fn taken_back(
        &mut self,
        what: String,
        target: &Target,
        key: &AssignmentKey,
        taken: &Taken,
        at: Time,
    ) -> BackendError {
        let route = Route { target, key };
        let address = self.address();
        // Whoever stops the run meanwhile has read how to finish it.
        let yourself = format!("take it back yourself: {}", self.executor.command(&route));
        let notice = format!(
            "`{address}`: {what}; taking it back, which may take minutes; if the run is stopped first, {yourself}"
        );
        self.executor.notice(&notice);
        let executor = self.executor;
        let taken_back = tokio::select! {
            taken_back = self.take_back(&route, taken, at) => taken_back,
            () = executor.hurried() => Err(conflict("somebody stopped the run meanwhile".to_owned())),
        };
        match taken_back {
            Ok(()) => BackendError::Unasked { what: format!("{what}; it was taken back"), help: None },
            Err(error) => {
                let why = crate::diag::chain(&error);
                let what = format!("{what}; it could not be taken back: {why}");
                BackendError::Unasked { what, help: Some(yourself) }
            }
        }
    }

    async fn take_back(&mut self, route: &Route<'_>, taken: &Taken, at: Time) -> Result<(), BackendError> {
        let mut patience = Patience::lag();
        let row = loop {
            match self.executor.made_by(route, taken, at).await? {
                Maker::ThisRun(row) => break row,
                Maker::Another => return Err(conflict("it was there before".to_owned())),
                Maker::NotListed if self.wait(&mut patience).await => {}
                Maker::NotListed => return Err(conflict("it is not listed yet".to_owned())),
            }
        };
        let was = Some(Was { window: row.window, condition: row.condition.as_ref(), also: &[] });
        let ask = self.executor.removal();
        let job = self.executor.job(route.target, route.key, ask, was, self.trail);
        job.boxed().await.map(drop)
    }

    /// The same as [`Job::run`], for whoever is a part of it.
    fn boxed(self) -> BoxFuture<'a, Result<Executed, BackendError>> {
        Box::pin(self.run())
    }

    /// Whether two ids are of one role: a custom role of the directory has two (docs/service.md: directory-roles-1). Nothing
    /// where that cannot be read.
    async fn are_one_role(&self, asked: RoleId, granted: RoleId) -> Option<bool> {
        if self.route.service() == Service::Arm {
            return Some(false);
        }
        for (one, other) in [(granted, asked), (asked, granted)] {
            let path = format!("/v1.0/roleManagement/directory/roleDefinitions/{}", path_segment(&one.to_string()));
            let body = self.executor.read().get(Service::Graph, &path).await.ok()?;
            let is_other = |field| wire::field(&body, field).is_some_and(|id| id.parse() == Ok(other));
            if is_other("templateId") || is_other("id") {
                return Some(true);
            }
        }
        Some(false)
    }

    /// Looks whether an update did what it was to do. That Azure carries out updates, and updates of conditions at all,
    /// nobody has shown (docs/service.md: requests-4).
    pub(super) async fn read_back(&self) -> Result<(), BackendError> {
        if self.ask.action != Action::Update || self.route.service() == Service::Graph {
            return Ok(());
        }
        let mut patience = Patience::long();
        loop {
            let row = self.look().await?.map(|found| found.row);
            if row.as_ref().is_some_and(|row| row.origin.is_assigned() && self.is_changed(row)) {
                return Ok(());
            }
            if !self.wait(&mut patience).await {
                return Err(self.left(row.as_ref()));
            }
        }
    }

    fn is_changed(&self, row: &Row) -> bool {
        let schedule = self.ask.schedule;
        schedule.is_some_and(|schedule| has_schedule(&row.window, schedule, self.began, false))
            && row.condition.as_ref() == self.ask.condition
    }

    fn left(&self, row: Option<&Row>) -> BackendError {
        let left = match row {
            None => "the assignment is not there any more".to_owned(),
            Some(Row { window: Window { end, .. }, condition, .. }) => {
                let end = end.map_or_else(|| "without end".to_owned(), |end| format!("until {end}"));
                let condition = match condition {
                    Some(Condition(text)) => format!(" with the condition `{text}`"),
                    None if self.ask.condition.is_some() => " without a condition".to_owned(),
                    None => String::new(),
                };
                format!("the assignment is {end}{condition}")
            }
        };
        let what = format!("the service says that the change is done, but {left}");
        let help = "remove the assignment from the files and apply, then add it again and apply".to_owned();
        BackendError::Unasked { what, help: Some(help) }
    }
}

/// Who made an assignment that is listed.
enum Maker {
    ThisRun(Row),
    Another,
    NotListed,
}

impl MicrosoftExecutor {
    /// Looks who made the assignment at a place where nobody wanted one: one that was there before must stay.
    async fn made_by(&self, route: &Route<'_>, taken: &Taken, at: Time) -> Result<Maker, BackendError> {
        let listed = self.read().list(route.service(), &route.schedules()).await;
        let schedules = listed.map_err(|error| error.asked("read what was granted"))?;
        let mut other = false;
        for schedule in schedules.iter() {
            let Ok(Reading::Found(found)) = read(route.target.surface(), route.key.kind, &schedule) else { continue };
            if found.target != *route.target || found.row.key != *route.key || !found.row.origin.is_assigned() {
                continue;
            }
            let is_this = match (request_of(&schedule), taken.id.as_deref()) {
                (Some(request), Some(own)) => request.eq_ignore_ascii_case(own),
                // Only where no request is named, the time has to tell.
                _ => found.row.window.start.is_some_and(|start| start + SKEW >= at),
            };
            if is_this {
                return Ok(Maker::ThisRun(found.row));
            }
            other = true;
        }
        Ok(if other { Maker::Another } else { Maker::NotListed })
    }

    /// How anybody can remove an assignment.
    fn command(&self, route: &Route<'_>) -> String {
        let body = route.body(&self.removal(), self.now(), None).to_string().replace('\'', "'\\''");
        let (method, url) = match route.service() {
            Service::Graph => ("post", format!("{}{}", self.graph, route.requests())),
            Service::Arm => {
                let name = route.request_name(self.run, u64::MAX, 0, Action::Remove).to_string();
                ("put", format!("{}{}", self.azure, route.request(&name)))
            }
        };
        format!("`az rest --method {method} --url '{url}' --body '{body}'`")
    }
}

/// The request that made an assignment. At groups the group and the access stand before it.
fn request_of(schedule: &Value) -> Option<&str> {
    let properties = schedule.get("properties").unwrap_or(schedule);
    let fields = ["createdUsing", "roleEligibilityScheduleRequestId", "roleAssignmentScheduleRequestId"];
    fields.iter().find_map(|field| wire::field(properties, field)).and_then(|id| id.rsplit(['/', '_']).next())
}
