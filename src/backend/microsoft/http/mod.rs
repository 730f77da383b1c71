//! The way to the services: sending, repeating, throttling, pages and batches.

mod batch;
mod budget;
mod connect;
mod effort;
mod encode;
mod exchange;
mod headers;
mod limiter;
mod observed;
mod paging;
mod pause;
mod reading;
mod rows;
mod stats;
mod trace;
mod transport;
mod walk;

use std::sync::Arc;

use serde_json::{Value, json};

use self::budget::Budget;
use self::reading::Reading;
use super::Options;
use super::directory;
use super::error::ServiceError;
use crate::model::PrincipalId;

pub use budget::Bounds;
pub(super) use budget::Spent;
pub(super) use connect::Connection;
pub(super) use encode::{odata_literal, path_segment, query_value};
pub use observed::Observed;
pub(super) use paging::First;
pub use pause::{Pause, RealTime, VirtualTime};
pub(super) use rows::Rows;
pub use stats::Stats;
pub use trace::Trace;
pub(super) use transport::Transport;

/// At most this many ids go into one `getByIds` (docs/service.md: lists-5).
const IDS_AT_ONCE: usize = 1000;

/// Objects of every type by their ids.
const BY_IDS: &str = "/v1.0/directoryObjects/getByIds";

/// Which service answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Microsoft Graph.
    Graph,
    /// Azure Resource Manager.
    Arm,
}

impl Service {
    /// Its name, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Graph => "Microsoft Graph",
            Self::Arm => "Azure Resource Manager",
        }
    }
}

/// Asks the services. It has no way to change anything: its only verbs are GET, a `$batch` of GETs, and the two POSTs
/// that only look.
#[derive(Clone)]
pub(super) struct ReadClient {
    transport: Arc<Transport>,
    /// Of the reading that it is for, if it is for one.
    budget: Option<Arc<Budget>>,
}

impl ReadClient {
    /// A client over a transport.
    pub(super) fn new(transport: Arc<Transport>) -> Self {
        Self { transport, budget: None }
    }

    /// The same, for one reading of the tenant, which may take so much and no more. `before` is what a part of the same
    /// reading took that went before.
    pub(super) fn bounded(&self, before: Spent) -> Self {
        let budget = Budget::new(self.transport.bounds, before, self.transport.pause.elapsed());
        Self { transport: Arc::clone(&self.transport), budget: Some(Arc::new(budget)) }
    }

    /// What the reading took, unless it was refused more than it may take.
    pub(super) fn spent(&self) -> Result<Spent, ServiceError> {
        let Some(budget) = &self.budget else { return Ok(Spent::default()) };
        budget.within()?;
        Ok(budget.spent(self.transport.pause.elapsed()))
    }

    fn reading(&self) -> Reading<'_> {
        Reading { transport: &self.transport, budget: self.budget.as_deref() }
    }

    /// A client by these options.
    pub(super) fn of(options: Options) -> Result<Self, ServiceError> {
        Ok(Self::new(Arc::new(Transport::new(options)?)))
    }

    /// One object. `path` starts with `/` and has its query already encoded: `/v1.0/users/x?$select=id` or
    /// `/subscriptions?api-version=2022-12-01`.
    pub(super) async fn get(&self, service: Service, path: &str) -> Result<Value, ServiceError> {
        self.reading().get(service, path).await?.object()
    }

    /// Every page of a collection.
    pub(super) async fn list(&self, service: Service, path: &str) -> Result<Rows, ServiceError> {
        paging::list(self.reading(), service, path).await
    }

    /// The first pages of a collection, at most so many.
    pub(super) async fn first(&self, service: Service, path: &str, most: usize) -> Result<First, ServiceError> {
        paging::first(self.reading(), service, path, most).await
    }

    /// Collections of Graph, in batches, each with all its pages. One result for each path, in order.
    pub(super) async fn batch_list(&self, paths: &[String]) -> Vec<Result<Rows, ServiceError>> {
        batch::list(self.reading(), paths).await
    }

    /// The objects with these ids, of every type: one that is not asked for would pass for deleted. Those that do not exist
    /// are missing in the answer. (docs/service.md: principals-5)
    pub(super) async fn get_by_ids(&self, ids: &[PrincipalId]) -> Result<Rows, ServiceError> {
        let chunks = ids.chunks(IDS_AT_ONCE).map(|chunk| async move {
            let path = format!("{BY_IDS}?$select={}", directory::PROPERTIES_OF_ALL);
            let found = paging::post(self.reading(), &path, &json!({ "ids": chunk })).await?;
            if found.iter().all(|object| directory::id(&object).is_some()) {
                Ok(found)
            } else {
                Err(ServiceError::unexpected(BY_IDS, "an object in it has no id, so nobody can say who is missing"))
            }
        });
        let found = futures::future::try_join_all(chunks).await?;
        let mut all = Rows::default();
        for rows in found {
            all.append(rows);
        }
        Ok(all)
    }

    /// The groups that a principal is in, through other groups too.
    pub(super) async fn member_groups(&self, principal: PrincipalId) -> Result<Vec<PrincipalId>, ServiceError> {
        let path = format!("/v1.0/directoryObjects/{principal}/getMemberGroups");
        let found = paging::post(self.reading(), &path, &json!({ "securityEnabledOnly": false })).await?;
        Ok(found.iter().filter_map(|id| id.as_str()?.parse().ok()).collect())
    }

    /// Who the run is, by the token for Graph.
    pub(super) async fn claims(&self) -> Result<super::auth::Claims, ServiceError> {
        self.claims_for(Service::Graph).await
    }

    /// Who the run is, by the token for a service.
    pub(super) async fn claims_for(&self, service: Service) -> Result<super::auth::Claims, ServiceError> {
        self.transport.claims(service).await
    }

    /// What the answers of a service said of its clock and limits.
    pub(super) fn observed(&self, service: Service) -> Observed {
        self.transport.observed(service)
    }

    /// What was sent and received so far.
    pub(super) fn stats(&self) -> Stats {
        self.transport.stats()
    }

    /// The clocks, and waiting.
    pub(super) fn pause(&self) -> &Arc<dyn Pause> {
        &self.transport.pause
    }
}

/// Changes things.
#[derive(Clone)]
pub(super) struct WriteClient {
    /// For looking before and after.
    pub(super) read: ReadClient,
}

impl WriteClient {
    /// A client that may change things. Only the executor makes one.
    pub(super) fn new(read: ReadClient) -> Self {
        Self { read }
    }

    /// Sends a change.
    pub(super) async fn send(&self, request: WriteRequest) -> Result<Reply, ServiceError> {
        self.read.transport.write(request).await
    }
}

/// Asks the services whether they would take a request. What it sends is marked as a question, whatever it is given.
#[derive(Clone)]
pub(super) struct ValidateClient {
    /// For looking.
    pub(super) read: ReadClient,
}

impl ValidateClient {
    /// A client that only asks.
    pub(super) fn new(read: ReadClient) -> Self {
        Self { read }
    }

    /// Asks Microsoft Graph about a request to a collection of requests (docs/service.md: dry-run-1).
    pub(super) async fn graph(&self, collection: &str, mut body: Value) -> Result<Reply, ServiceError> {
        let Some(fields) = body.as_object_mut() else {
            return Err(ServiceError::unexpected(collection, "a request that is no object"));
        };
        fields.insert("isValidationOnly".to_owned(), true.into());
        self.ask(Service::Graph, collection.to_owned(), body).await
    }

    /// Asks Azure about a request. `path` is that of the question, version included (docs/service.md: dry-run-2).
    pub(super) async fn azure(&self, path: &str, body: Value) -> Result<Reply, ServiceError> {
        if !path.split('?').next().is_some_and(|path| path.ends_with("/validate")) {
            return Err(ServiceError::unexpected(path, "this is an order and not a question"));
        }
        self.ask(Service::Arm, path.to_owned(), body).await
    }

    async fn ask(&self, service: Service, path: String, body: Value) -> Result<Reply, ServiceError> {
        // Who answers late may have taken it for an order, so nothing is asked twice that may have arrived.
        let (method, repeat) = (WriteMethod::Post, Repeat::OnlyIfUnsent);
        self.read.transport.write(WriteRequest { service, method, path, body: Some(body), repeat }).await
    }
}

/// A change to send.
#[derive(Clone, Debug)]
pub(super) struct WriteRequest {
    /// To whom.
    pub(super) service: Service,
    /// How.
    pub(super) method: WriteMethod,
    /// Where: starts with `/`, query included, already encoded.
    pub(super) path: String,
    /// What.
    pub(super) body: Option<Value>,
    /// Whether it may be sent again.
    pub(super) repeat: Repeat,
}

/// The verbs that change things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WriteMethod {
    /// Creates, or asks for something to be done.
    Post,
    /// Changes the parts that are given.
    Patch,
    /// Creates or replaces under a name that we chose.
    Put,
    /// Removes.
    Delete,
}

/// Whether a change may be sent again when it is not known whether it was carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Twice comes to the same as once: a PUT with a GUID of our own, a PATCH, a DELETE.
    Safe,
    /// Only when it surely was not carried out: refused for throttling, or never sent. A POST.
    OnlyIfUnsent,
}

/// The answer to a change.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    /// The body, if there was one.
    pub(super) body: Option<Value>,
    /// The id by which Microsoft finds the request.
    pub(super) request_id: Option<String>,
}

#[cfg(test)]
pub(super) mod tests;
