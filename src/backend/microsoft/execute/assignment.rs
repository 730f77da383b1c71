//! Making, changing and removing assignments: one way for the three surfaces.
//!
//! What is written is a request, and the service's yes to it says little: its status has to be read. Where no answer
//! came, nobody knows whether it was carried out (docs/service.md: arm-2). Azure takes a request under a name that we chose, so that one can ask
//! for it; Microsoft Graph does not, so there one has to look what is assigned before anything is sent again.

use serde_json::Value;

use super::answer::{Action, Meaning, Progress, Taken};
use super::look::look;
use super::patience::Patience;
use super::route::{Ask, Route};
use super::{MicrosoftExecutor, Trail, conflict, not_found, refusal};
use crate::backend::microsoft::http::{Repeat, Service, WriteMethod, WriteRequest};
use crate::backend::microsoft::schedules::Found;
use crate::backend::microsoft::{ErrorKind, ServiceError};
use crate::backend::{BackendError, Executed};
use crate::model::{Condition, Duration, Ending, Origin, Row, Schedule, Time, Window};

/// How far the ends of two assignments of the same length may be apart: the service counts from when it takes effect.
const TOLERANCE: Duration = Duration::from_minutes(15);

/// One operation on an assignment, under way.
pub(super) struct Job<'a> {
    pub(super) executor: &'a MicrosoftExecutor,
    pub(super) route: Route<'a>,
    pub(super) ask: Ask<'a>,
    /// What the plan saw.
    pub(super) was: Option<Was<'a>>,
    pub(super) trail: &'a mut Trail,
    /// When it began.
    pub(super) began: Time,
    /// Counts the operations of a run.
    pub(super) operation: u64,
    /// Counts the requests that the service took and then did not carry out.
    pub(super) attempt: u32,
    /// Whether a request went out of which nobody knows what became.
    pub(super) lost: bool,
    /// The schedule that is changed.
    pub(super) schedule_id: Option<Box<str>>,
    /// What was sent last, and when.
    pub(super) sent: Option<(Value, Time)>,
}

/// An assignment as the plan saw it.
#[derive(Clone, Copy)]
pub(super) struct Was<'a> {
    pub(super) window: Window,
    pub(super) condition: Option<&'a Condition>,
    /// Other windows of the same, that go with it.
    pub(super) also: &'a [Window],
}

/// What looking shows.
enum Sight {
    /// It is as wanted.
    Reached,
    /// It is as the plan saw it: not there, or as it was.
    AsBefore,
    /// It is something else, which must not be overwritten.
    InTheWay(BackendError),
}

/// What became of a request that the service took.
enum Outcome {
    Done,
    Failed(ServiceError),
}

/// How much is left of the patience with each thing that passes.
struct Patiences {
    lost: Patience,
    exists: Patience,
    pending: Patience,
    too_short: Patience,
    not_there: Patience,
    failed: Patience,
}

impl Job<'_> {
    /// Carries it out.
    pub(super) async fn run(mut self) -> Result<Executed, BackendError> {
        if self.ask.action != Action::Assign
            && let Some(executed) = self.before().await?
        {
            return Ok(executed);
        }
        let fresh = self.is_fresh();
        let mut patience = Patiences {
            lost: Patience::short(),
            exists: Patience::lag(),
            pending: Patience::short(),
            too_short: Patience::minutes(),
            not_there: if fresh { Patience::long() } else { Patience::short() },
            failed: Patience::short(),
        };
        loop {
            let error = match self.send().await {
                Ok(taken) => match self.settle(taken).await? {
                    Outcome::Done => {
                        self.read_back().await?;
                        return Ok(Executed::Done);
                    }
                    // A yes that comes to nothing has been seen for objects that were made a moment ago.
                    Outcome::Failed(_) if fresh && self.wait(&mut patience.failed).await => {
                        self.attempt += 1;
                        continue;
                    }
                    Outcome::Failed(error) => return Err(error.into()),
                },
                Err(error) => error,
            };
            if let Some(executed) = self.after(error, fresh, &mut patience).await? {
                return Ok(executed);
            }
        }
    }

    /// Whether it is as the plan saw it; the outcome where nothing is left to do.
    async fn before(&mut self) -> Result<Option<Executed>, BackendError> {
        let Some(Found { row, schedule_id, .. }) = self.look().await? else {
            return match self.ask.action {
                Action::Remove => Ok(Some(Executed::AlreadySo)),
                Action::Assign | Action::Update => Err(not_found(format!("`{}`", self.address()))),
            };
        };
        self.need_assigned(&row)?;
        if self.ask.action == Action::Update && self.is_as_wanted(&row) {
            return Ok(Some(Executed::AlreadySo));
        }
        if !self.is_as_it_was(&row) {
            return Err(self.changed());
        }
        self.schedule_id = Some(schedule_id);
        Ok(None)
    }

    /// What to do after an answer that is not a yes: nothing more, with the outcome, or the same again.
    async fn after(
        &mut self,
        error: ServiceError,
        fresh: bool,
        patience: &mut Patiences,
    ) -> Result<Option<Executed>, BackendError> {
        let action = self.ask.action;
        let done = |lost: bool| Ok(Some(if lost { Executed::Done } else { Executed::AlreadySo }));
        let again = match Meaning::of(&error) {
            Meaning::RequestExists | Meaning::Lost if self.route.service() == Service::Arm => {
                self.lost = true;
                return self.after_silence_of_azure(error, patience).await;
            }
            Meaning::Lost => {
                self.lost = true;
                let waited = self.wait(&mut patience.lost).await;
                match self.sight().await? {
                    Sight::Reached => return Ok(Some(Executed::Done)),
                    Sight::InTheWay(conflict) => return Err(conflict),
                    Sight::AsBefore => waited,
                }
            }
            Meaning::Exists if action == Action::Assign => match self.sight().await? {
                Sight::Reached => return done(self.lost),
                Sight::InTheWay(conflict) => return Err(conflict),
                // Removed a moment ago, and not everywhere yet.
                Sight::AsBefore => self.wait(&mut patience.exists).await,
            },
            Meaning::DoesNotExist if action == Action::Remove => return done(self.lost),
            // A repeat may have named the schedule that the first, whose answer was lost, has replaced.
            Meaning::DoesNotExist if action == Action::Update => match self.sight().await? {
                Sight::Reached => return Ok(Some(Executed::Done)),
                Sight::InTheWay(conflict) => return Err(conflict),
                Sight::AsBefore => false,
            },
            Meaning::NotThere if action == Action::Remove && !fresh => match self.sight().await? {
                Sight::Reached => return done(self.lost),
                Sight::InTheWay(_) | Sight::AsBefore => false,
            },
            Meaning::Pending => {
                let waited = self.wait(&mut patience.pending).await;
                match self.sight().await? {
                    Sight::Reached => return done(self.lost),
                    Sight::InTheWay(conflict) => return Err(conflict),
                    Sight::AsBefore => waited,
                }
            }
            Meaning::NotForPim => {
                let name = self.name();
                return Err(conflict(format!("`{name}` cannot come under PIM: the service has no policies for it")));
            }
            Meaning::TooShort => self.wait(&mut patience.too_short).await,
            Meaning::NotThereYet => self.wait(&mut patience.not_there).await,
            Meaning::NotThere if fresh => self.wait(&mut patience.not_there).await,
            _ => false,
        };
        if again { Ok(None) } else { Err(self.in_words(error).into()) }
    }

    /// Azure knows our requests by their names, so it can be asked what became of one.
    async fn after_silence_of_azure(
        &mut self,
        error: ServiceError,
        patience: &mut Patiences,
    ) -> Result<Option<Executed>, BackendError> {
        let name = self.request_name();
        match self.executor.read().get(Service::Arm, &self.route.request(&name)).await {
            Ok(body) => match self.settle(Taken::of(&body)).await? {
                Outcome::Done => {
                    self.read_back().await?;
                    Ok(Some(Executed::Done))
                }
                Outcome::Failed(_) if self.is_fresh() && self.wait(&mut patience.failed).await => {
                    self.attempt += 1;
                    Ok(None)
                }
                Outcome::Failed(error) => Err(error.into()),
            },
            Err(unknown) if unknown.kind == ErrorKind::NotFound && self.wait(&mut patience.lost).await => Ok(None),
            Err(_) => Err(self.in_words(error).into()),
        }
    }

    /// Sends the request.
    async fn send(&mut self) -> Result<Taken, ServiceError> {
        let now = self.executor.now();
        let service = self.route.service();
        let (method, path, repeat) = match service {
            Service::Graph => (WriteMethod::Post, self.route.requests(), Repeat::OnlyIfUnsent),
            Service::Arm => (WriteMethod::Put, self.route.request(&self.request_name()), Repeat::Safe),
        };
        let body = self.route.body(&self.ask, now, self.schedule_id.as_deref());
        self.sent = Some((body.clone(), now));
        let body = Some(body);
        let reply = self.executor.send(WriteRequest { service, method, path, body, repeat }, self.trail).await?;
        Ok(Taken::of(&reply.body.unwrap_or(Value::Null)))
    }

    fn request_name(&self) -> String {
        let Self { route, executor, operation, attempt, ask, .. } = self;
        route.request_name(executor.run, *operation, *attempt, ask.action).to_string()
    }

    /// Waits for what the service makes of a request that it took.
    async fn settle(&mut self, mut taken: Taken) -> Result<Outcome, BackendError> {
        let action = self.ask.action;
        let mut patience = Patience::long();
        loop {
            let progress = taken.progress(action);
            if progress == Progress::Failed {
                return Ok(Outcome::Failed(self.not_carried_out(&taken)));
            }
            self.verify(&taken).await?;
            match progress {
                Progress::Done => return Ok(Outcome::Done),
                Progress::Granted if matches!(self.sight().await?, Sight::Reached) => return Ok(Outcome::Done),
                Progress::Granted | Progress::UnderWay if self.wait(&mut patience).await => {}
                Progress::Granted | Progress::UnderWay | Progress::Unknown | Progress::Failed => break,
            }
            let Some(id) = &taken.id else { break };
            match self.executor.read().get(self.route.service(), &self.route.request(id)).await {
                Ok(body) => taken = Taken::of(&body),
                // Requests can be read with fewer permissions than written, and go away in time.
                Err(_) => break,
            }
        }
        match self.sight().await? {
            Sight::Reached => Ok(Outcome::Done),
            Sight::AsBefore | Sight::InTheWay(_) => Ok(Outcome::Failed(self.not_carried_out(&taken))),
        }
    }

    fn not_carried_out(&self, taken: &Taken) -> ServiceError {
        let (method, path) = match self.route.service() {
            Service::Graph => ("POST", self.route.requests()),
            Service::Arm => ("PUT", self.route.request(&self.request_name())),
        };
        let message = match taken.status.as_str() {
            "" => "the service took the request and did not say what became of it".to_owned(),
            status => format!("the service took the request, and then its status was `{status}`"),
        };
        let mut error = self.in_words(ServiceError::new(method, &path, ErrorKind::Refused, message));
        error.code = Some(taken.status.clone()).filter(|status| !status.is_empty());
        error.request_id = self.trail.last().map(ToString::to_string);
        error
    }

    /// The assignment as it is now: the one assigned through PIM before others of the same key, and of several windows the
    /// one that matters most.
    pub(super) async fn look(&self) -> Result<Option<Found>, BackendError> {
        let found = look(&self.executor.reader, self.route).await?;
        let unreadable = |error| conflict(format!("`{}` could not be read: {error}", self.name()));
        let found = found.map_err(unreadable)?;
        Ok(found.into_iter().min_by_key(|found| (found.row.origin, self.rank(&found.row))))
    }

    /// Which of several windows to look at: what is as wanted shows that all is done, and before something is taken back, what
    /// the plan did not see.
    fn rank(&self, row: &Row) -> u8 {
        let (wanted, as_it_was) = (self.is_as_wanted(row), self.is_as_it_was(row));
        match self.ask.action {
            _ if row.window.is_over(self.executor.now()) => 2,
            Action::Assign | Action::Update if wanted => 0,
            Action::Update if !as_it_was => 2,
            Action::Remove if !as_it_was => 0,
            Action::Assign | Action::Update | Action::Remove => 1,
        }
    }

    /// What is to be seen of the operation.
    async fn sight(&self) -> Result<Sight, BackendError> {
        let now = self.executor.now();
        let found = self.look().await?.map(|found| found.row);
        // One that has ended does not stand in the way of a new one.
        let there = found.filter(|row| self.ask.action != Action::Assign || !row.window.is_over(now));
        Ok(match (self.ask.action, there) {
            (Action::Assign, None) => Sight::AsBefore,
            (Action::Assign, Some(row)) if row.origin.is_assigned() && self.is_as_wanted(&row) => Sight::Reached,
            (Action::Assign, Some(row)) if matches!(row.origin, Origin::Assigned | Origin::OutsidePim) => {
                Sight::InTheWay(conflict(format!("`{}` is there already, but not as planned", self.address())))
            }
            (Action::Assign, Some(_)) => Sight::AsBefore,
            (Action::Update, None) => Sight::InTheWay(not_found(format!("`{}`", self.address()))),
            (Action::Update, Some(row)) if row.origin.is_assigned() && self.is_as_wanted(&row) => Sight::Reached,
            (Action::Remove, None) => Sight::Reached,
            (Action::Remove, Some(row)) if !row.origin.is_assigned() => Sight::Reached,
            (Action::Update | Action::Remove, Some(row)) if self.is_as_it_was(&row) => Sight::AsBefore,
            (Action::Update | Action::Remove, Some(_)) => Sight::InTheWay(self.changed()),
        })
    }

    fn is_as_it_was(&self, row: &Row) -> bool {
        self.was.is_some_and(|was| {
            (was.window, was.condition) == (row.window, row.condition.as_ref()) || was.also.contains(&row.window)
        })
    }

    fn is_as_wanted(&self, row: &Row) -> bool {
        let Some(schedule) = self.ask.schedule else { return false };
        let anew = self.ask.action == Action::Update;
        has_schedule(&row.window, schedule, self.began, anew) && row.condition.as_ref() == self.ask.condition
    }

    fn need_assigned(&self, row: &Row) -> Result<(), BackendError> {
        let why = match row.origin {
            Origin::Assigned => return Ok(()),
            Origin::Activated => "is an activation of the principal's own",
            Origin::OutsidePim => "was not assigned through PIM",
            Origin::Inherited => "is inherited from a scope above",
            Origin::ThroughGroup => "is held through a group",
        };
        Err(conflict(format!("`{}` {why}", self.address())))
    }

    fn changed(&self) -> BackendError {
        conflict(format!("`{}` has changed since the plan was made", self.address()))
    }

    /// Whether what it is about was made by this run, so that the service may not know it yet everywhere.
    fn is_fresh(&self) -> bool {
        let Route { target, key } = self.route;
        let executor = self.executor;
        executor.has_created(key.principal) || target.group().is_some_and(|group| executor.has_created(group))
    }

    fn in_words(&self, error: ServiceError) -> ServiceError {
        let error = error.asked(self.ask.action.phrase());
        match refusal::way_out(&error, self.route.key.kind, &self.name()) {
            Some(way_out) => error.hint(way_out),
            None => error,
        }
    }

    pub(super) async fn wait(&self, patience: &mut Patience) -> bool {
        patience.wait(self.executor.pause()).await
    }

    fn name(&self) -> String {
        self.executor.name(self.route.target)
    }

    pub(super) fn address(&self) -> String {
        let Route { target, key } = self.route;
        self.executor.address(target, key)
    }
}

/// Whether an assignment has the times that were asked for. `anew`: what begins at once must have begun only now, where
/// else it may have begun before.
pub(super) fn has_schedule(window: &Window, schedule: &Schedule, began: Time, anew: bool) -> bool {
    let near = |a: Time, b: Time| a.until(b) <= TOLERANCE && b.until(a) <= TOLERANCE;
    let begins = match (schedule.start.filter(|start| *start > began), window.start) {
        (Some(wanted), start) => start == Some(wanted),
        (None, Some(start)) if anew => near(start, began),
        (None, _) => !window.is_ahead(began + TOLERANCE),
    };
    let start = schedule.start.map_or(began, |start| start.max(began));
    let ends = match (schedule.end, window.end) {
        (Ending::Permanent, end) => end.is_none(),
        (Ending::Until(wanted), end) => end == Some(wanted),
        (Ending::After(length), Some(end)) => near(end, start + length),
        (Ending::After(_), None) => false,
    };
    begins && ends
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_unix(1_800_000_000);

    #[test]
    fn what_was_asked_for_is_known_by_its_times() {
        let day = Duration::from_days(1);
        let later = NOW + day;
        let (bit, earlier) = (Duration::from_minutes(3), Time::from_unix(NOW.as_unix() - 86_400));
        let schedule = |start, end| Schedule { start, end };
        let window = |start: Time, end| Window { start: Some(start), end };
        let has = |window, schedule| has_schedule(&window, &schedule, NOW, false);
        assert!(has(window(NOW + bit, None), schedule(None, Ending::Permanent)));
        assert!(has(window(earlier, None), schedule(None, Ending::Permanent)));
        assert!(has(Window { start: None, end: None }, schedule(None, Ending::Permanent)));
        assert!(!has(window(later, None), schedule(None, Ending::Permanent)));
        assert!(!has(window(NOW, Some(later)), schedule(None, Ending::Permanent)));
        assert!(has(window(NOW + bit, Some(later + bit)), schedule(None, Ending::After(day))));
        assert!(!has(window(earlier, Some(NOW + bit)), schedule(None, Ending::After(day))));
        assert!(!has(window(NOW, None), schedule(None, Ending::After(day))));
        assert!(has(window(NOW, Some(later)), schedule(None, Ending::Until(later))));
        assert!(!has(window(NOW, Some(later + bit)), schedule(None, Ending::Until(later))));
        assert!(has(window(later, None), schedule(Some(later), Ending::Permanent)));
        assert!(!has(window(NOW, None), schedule(Some(later), Ending::Permanent)));
        // Once it has begun again it is known by its beginning.
        assert!(has_schedule(&window(NOW + bit, None), &schedule(None, Ending::Permanent), NOW, true));
        assert!(!has_schedule(&window(earlier, None), &schedule(None, Ending::Permanent), NOW, true));
    }
}
