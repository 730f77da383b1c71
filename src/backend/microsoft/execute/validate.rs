//! The services' own dry runs. Whoever asks here holds a client that marks everything it sends as a question.
//!
//! That a question is one for the service, too, is known from its definitions and not from anybody who has tried, so each
//! answer is checked for it (docs/service.md: dry-run-1, dry-run-2).

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::answer::Action;
use super::fresh_name;
use super::look::look;
use super::refusal;
use super::route::{Ask, Route};
use crate::backend::microsoft::http::{Reply, Service, ValidateClient};
use crate::backend::microsoft::{ErrorKind, MicrosoftReader, ServiceError};
use crate::backend::{BackendError, Validate};
use crate::model::{AssignmentKey, Directory, Names, Target, Time, Window};
use crate::plan::{Operation, Validation};

/// How many questions are under way at once.
const CONCURRENCY: usize = 8;

/// Asks the services whether they would carry operations out.
pub struct MicrosoftValidator {
    reader: MicrosoftReader,
    client: ValidateClient,
    /// The objects, for the names in messages.
    directory: Arc<Directory>,
    /// What removals would give as their reason.
    because: Arc<str>,
}

/// A question about one assignment.
struct Question<'a> {
    route: Route<'a>,
    ask: Ask<'a>,
    /// What an update changes.
    was: Option<Window>,
}

impl MicrosoftValidator {
    /// One who asks with the sign-in of a reader.
    pub fn new(reader: MicrosoftReader, directory: Arc<Directory>, because: impl Into<Arc<str>>) -> Self {
        let client = ValidateClient::new(reader.client.clone());
        Self { reader, client, directory, because: because.into() }
    }

    /// Asks under the names that a directory role may have, as an order is sent (docs/service.md: directory-roles-2).
    async fn ask(
        &self,
        target: &Target,
        key: &AssignmentKey,
        ask: Ask<'_>,
        was: Option<Window>,
    ) -> Result<Validation, BackendError> {
        let mut last = None;
        for target in self.reader.role_ids().spellings(target) {
            let route = Route { target: &target, key };
            match self.question(&Question { route, ask, was }).await? {
                Err(error) if error.code_is("RoleNotFound") => last = Some(error),
                Err(error) => return Ok(self.in_words(error, &target, key)),
                Ok(()) => return Ok(Validation::Passed),
            }
        }
        Ok(match last {
            Some(error) => self.in_words(error, target, key),
            None => Validation::Unanswered { message: "the role has no id".to_owned(), help: None },
        })
    }

    /// The outer error: the service did what it was only asked about. The inner one: it would not do it, or did not say.
    async fn question(&self, question: &Question<'_>) -> Result<Result<(), ServiceError>, BackendError> {
        let now = Time::from_unix(self.client.read.pause().now().as_second());
        let Question { route, ask, .. } = question;
        match route.service() {
            Service::Graph => {
                let reply = self.client.graph(&route.requests(), route.body(ask, now, None)).await;
                match reply {
                    Ok(reply) if self.was_obeyed(question, &reply).await => Err(self.obeyed(question)),
                    Ok(_) => Ok(Ok(())),
                    Err(error) => Ok(Err(error)),
                }
            }
            Service::Arm => {
                let schedule = match self.schedule(question).await {
                    Ok(schedule) => schedule,
                    Err(error) => return Ok(Err(error)),
                };
                let name = fresh_name()?;
                let reply = self.client.azure(&route.question(name), route.body(ask, now, schedule.as_deref())).await;
                // Whatever it answered: a request of this name must not exist now.
                if self.client.read.get(Service::Arm, &route.request(&name.to_string())).await.is_ok() {
                    return Err(self.obeyed(question));
                }
                Ok(reply.map(|_| ()))
            }
        }
    }

    /// Whether Graph carried out what it was only asked about. An answer repeats the mark of a question; where it does not
    /// say, looking does.
    async fn was_obeyed(&self, question: &Question<'_>, reply: &Reply) -> bool {
        let mark = reply.body.as_ref().and_then(|body| body.get("isValidationOnly")).and_then(Value::as_bool);
        if let Some(was_question) = mark {
            return !was_question;
        }
        let Ok(Ok(rows)) = look(&self.reader, question.route).await else { return false };
        let mut assigned = rows.iter().filter(|found| found.row.origin.is_assigned());
        match question.ask.action {
            Action::Assign => assigned.next().is_some(),
            Action::Update => !assigned.any(|found| Some(found.row.window) == question.was),
            Action::Remove => assigned.next().is_none(),
        }
    }

    /// The schedule that an update on Azure names.
    async fn schedule(&self, question: &Question<'_>) -> Result<Option<Box<str>>, ServiceError> {
        let Some(was) = question.was.filter(|_| question.ask.action == Action::Update) else { return Ok(None) };
        let rows = look(&self.reader, question.route).await?.unwrap_or_default();
        Ok(rows.into_iter().find(|found| found.row.window == was).map(|found| found.schedule_id))
    }

    fn obeyed(&self, question: &Question<'_>) -> BackendError {
        let Route { target, key } = question.route;
        let names = Names::new(&self.directory);
        let address = names.assignment(&names.target(&self.reader.role_ids().listed_target(target)), key);
        BackendError::Unasked {
            what: format!(
                "the service was asked whether it would {} `{address}`, and did it",
                question.ask.action.verb()
            ),
            help: Some(
                "look at it in the portal and put it back by hand; until it is known why, leave `--validate` out and apply \
                 with `--no-validate`"
                    .to_owned(),
            ),
        }
    }

    fn in_words(&self, error: ServiceError, target: &Target, key: &AssignmentKey) -> Validation {
        let name = Names::new(&self.directory).target(&self.reader.role_ids().listed_target(target));
        if let Some(way_out) = refusal::way_out(&error, key.kind, &name) {
            return Validation::Refused { message: error.said(), help: Some(way_out), request_id: error.request_id };
        }
        let help = if error.kind == ErrorKind::Denied { Some(DENIED.to_owned()) } else { error.help() };
        Validation::Unanswered { message: error.said(), help }
    }
}

/// A question is sent the way an order is, so it takes the same permission.
const DENIED: &str = "a dry run needs the permissions of an apply: `pimform permissions --for apply` lists them";

#[async_trait]
impl Validate for MicrosoftValidator {
    fn concurrency(&self) -> usize {
        CONCURRENCY
    }

    async fn validate(&self, operation: &Operation) -> Result<Validation, BackendError> {
        match operation {
            Operation::Assign { target, assignment, schedule, justification, ticket, condition } => {
                let (justification, ticket) = (justification.as_deref(), ticket.as_deref());
                let ask = Ask::grant(Action::Assign, schedule, justification, ticket, condition.as_ref());
                self.ask(target, assignment, ask, None).await
            }
            Operation::Update { target, assignment, was, schedule, justification, ticket, condition, .. } => {
                let (justification, ticket) = (justification.as_deref(), ticket.as_deref());
                let ask = Ask::grant(Action::Update, schedule, justification, ticket, condition.as_ref());
                self.ask(target, assignment, ask, Some(*was)).await
            }
            Operation::Remove { target, assignment, was, .. } => {
                self.ask(target, assignment, Ask::removal(&self.because), Some(*was)).await
            }
            Operation::CreateGroup { .. }
            | Operation::AddMember { .. }
            | Operation::RemoveMember { .. }
            | Operation::UpdateSettings { .. } => Ok(Validation::NoDryRun),
        }
    }
}
