//! Looking at a live tenant without changing it: who signed in, whether each collection answers and with what, and what
//! the answers say of clocks and limits.
//!
//! Only facts leave here; what they mean is decided in `doctor`.

mod collection;
pub mod write;

use std::collections::BTreeSet;

use super::directory;
use super::http::{Observed, ReadClient, Rows, Service, Spent};
use super::permission::Area;
use super::rules;
use super::{Options, ServiceError, azure};
use crate::backend::BackendError;
use crate::model::{ArmScope, NameQuery, PrincipalId, TenantId};

use collection::Collection;

/// At most this many scopes of Azure are looked at: each takes four requests.
pub const MOST_SCOPES: usize = 10;

/// Looks at a live tenant.
#[derive(Clone)]
pub struct Prober {
    client: ReadClient,
}

/// Who signed in, as the token says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignedIn {
    /// The tenant that the token is for.
    pub tenant: Option<TenantId>,
    /// The object id of the user or service principal.
    pub object: Option<PrincipalId>,
    /// The application that signed in.
    pub application: Option<Box<str>>,
    /// The permissions in the token; nothing where it names none.
    pub granted: Option<Granted>,
}

/// The permissions that a token names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Granted {
    /// Given to the application itself.
    ToApplication(BTreeSet<Box<str>>),
    /// Given to the application by the user who signed in: it can do what both may.
    ByUser(BTreeSet<Box<str>>),
}

/// Where a collection was looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the whole tenant.
    Tenant,
    /// At a group.
    Group(PrincipalId),
    /// At a scope of Azure.
    Scope(ArmScope),
}

/// What the first pages of a collection had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// How many rows were read.
    pub rows: usize,
    /// How many pages were read.
    pub pages: usize,
    /// Whether there are more pages.
    pub more: bool,
    /// Properties that something judges and that a row lacked, with the number of rows.
    pub lacking: Vec<(&'static str, usize)>,
    /// What a row said that is not known, in the words that a plan would use for it.
    pub strange: BTreeSet<String>,
}

/// One thing that was found out.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// Whether there is a token for a service, and for whom.
    SignIn(Service, Result<SignedIn, ServiceError>),
    /// Whether a collection answers, and with what.
    Collection(Area, Place, Result<Seen, ServiceError>),
    /// What the policies that were seen are made of.
    Rules {
        /// How many policies were seen.
        policies: usize,
        /// Rules that are not known.
        unknown: BTreeSet<Box<str>>,
    },
    /// Role ids of assignments that no role definition has (docs/service.md: directory-roles-1).
    OtherRoleIds(BTreeSet<Box<str>>),
    /// Nothing was looked at, because there is nothing to look at it in.
    NotLookedAt(Area),
    /// Scopes of Azure that the files name and that were not looked at.
    ScopesLeft(usize),
    /// What the answers of a service said of its clock and limits.
    Observed(Service, Observed),
}

impl Prober {
    /// A prober. Nothing is asked yet.
    pub fn new(options: Options) -> Result<Self, BackendError> {
        Ok(Self { client: ReadClient::of(options)?.bounded(Spent::default()) })
    }

    /// Looks at everything, in an order that reads well. `names` is what the policy files mention.
    pub async fn look(&self, names: &NameQuery) -> Vec<Fact> {
        let mut facts = Vec::new();
        for service in [Service::Graph, Service::Arm] {
            facts.push(Fact::SignIn(service, self.signed_in(service).await));
        }
        let can = |service| facts.iter().any(|fact| matches!(fact, Fact::SignIn(of, Ok(_)) if *of == service));
        let (graph, arm) = (can(Service::Graph), can(Service::Arm));
        if graph {
            facts.extend(self.directory().await);
            facts.push(Fact::Observed(Service::Graph, self.client.observed(Service::Graph)));
        }
        if arm {
            facts.extend(self.azure(names).await);
            facts.push(Fact::Observed(Service::Arm, self.client.observed(Service::Arm)));
        }
        facts
    }

    async fn signed_in(&self, service: Service) -> Result<SignedIn, ServiceError> {
        let claims = self.client.claims_for(service).await?;
        let by_user = claims.scopes.map(|scopes| scopes.split_whitespace().map(Box::from).collect());
        Ok(SignedIn {
            tenant: claims.tenant,
            object: claims.object,
            application: claims.application.map(Box::from),
            granted: claims.roles.map(Granted::ToApplication).or(by_user.map(Granted::ByUser)),
        })
    }

    async fn collection(&self, area: Area, place: Place) -> Looked {
        let Some(collection) = Collection::of(area, &place) else {
            return Looked { fact: Fact::NotLookedAt(area), rows: Rows::default() };
        };
        collection.look(&self.client, area, place).await
    }

    async fn directory(&self) -> Vec<Fact> {
        let tenant_wide = [
            Area::DirectoryRoles,
            Area::DirectoryPolicies,
            Area::DirectoryEligible,
            Area::DirectoryActive,
            Area::GroupsUnderPim,
            Area::Users,
            Area::Groups,
            Area::ServicePrincipals,
            Area::AdministrativeUnits,
            Area::AuthenticationContexts,
            Area::Audit,
        ];
        let looks = tenant_wide.map(|area| self.collection(area, Place::Tenant));
        let mut all = futures::future::join_all(looks).await;
        // One group stands for all: the first under PIM, else any.
        let groups = [rows(&all, Area::GroupsUnderPim), rows(&all, Area::Groups)].concat();
        let sample = groups.iter().find_map(|rows| rows.each(directory::id).next());
        let of_group =
            [Area::GroupPolicies, Area::GroupEligible, Area::GroupActive, Area::GroupMembers, Area::GroupOwners];
        let place = sample.map_or(Place::Tenant, Place::Group);
        all.extend(futures::future::join_all(of_group.map(|area| self.collection(area, place.clone()))).await);
        let schedules = [rows(&all, Area::DirectoryEligible), rows(&all, Area::DirectoryActive)].concat();
        let others = other_ids(&all, &rows(&all, Area::DirectoryRoles), &schedules);
        let policies = [rows(&all, Area::DirectoryPolicies), rows(&all, Area::GroupPolicies)].concat();
        let rules = rules_of(&policies);
        let mut facts: Vec<Fact> = all.into_iter().map(|looked| looked.fact).collect();
        facts.extend(others.map(Fact::OtherRoleIds));
        facts.push(rules);
        facts
    }

    async fn azure(&self, names: &NameQuery) -> Vec<Fact> {
        let general = [Area::Subscriptions, Area::ManagementGroups];
        let looks = general.map(|area| self.collection(area, Place::Tenant));
        let mut all = futures::future::join_all(looks).await;
        let asked = NameQuery {
            places: names
                .places
                .iter()
                .take(MOST_SCOPES)
                .map(|(place, roles)| (place.clone(), roles.clone()))
                .collect(),
            ..NameQuery::default()
        };
        // A place that cannot be found is told by the lists above, or by the plan.
        let scopes = azure::find(&self.client, &asked).await.map(|found| found.policies).unwrap_or_default();
        let at_scope = [Area::AzureRoles, Area::AzurePolicies, Area::AzureEligible, Area::AzureActive];
        let looks = scopes
            .into_keys()
            .flat_map(|scope| at_scope.map(|area| self.collection(area, Place::Scope(scope.clone()))));
        all.extend(futures::future::join_all(looks).await);
        let policies = rows(&all, Area::AzurePolicies);
        let rules = policies.iter().any(|rows| !rows.is_empty()).then(|| rules_of(&policies));
        let mut facts: Vec<Fact> = all.into_iter().map(|looked| looked.fact).collect();
        facts.extend(rules);
        if names.places.len() > MOST_SCOPES {
            facts.push(Fact::ScopesLeft(names.places.len() - MOST_SCOPES));
        }
        facts
    }
}

/// What was looked at, with the rows that came.
struct Looked {
    fact: Fact,
    rows: Rows,
}

impl Looked {
    fn is_of(&self, wanted: Area) -> bool {
        matches!(&self.fact, Fact::Collection(area, _, _) if *area == wanted)
    }

    fn has_more(&self) -> bool {
        matches!(&self.fact, Fact::Collection(_, _, Ok(seen)) if seen.more)
    }
}

/// The ids of roles that no definition has. Of a list with more pages than were read nobody can say what it lacks.
fn other_ids(all: &[Looked], definitions: &[&Rows], schedules: &[&Rows]) -> Option<BTreeSet<Box<str>>> {
    let is_cut_off = all.iter().any(|looked| looked.is_of(Area::DirectoryRoles) && looked.has_more());
    (!is_cut_off).then(|| collection::other_role_ids(definitions, schedules))
}

/// The rows of each collection of an area.
fn rows(all: &[Looked], area: Area) -> Vec<&Rows> {
    all.iter().filter(|looked| looked.is_of(area)).map(|looked| &looked.rows).collect()
}

fn rules_of(policies: &[&Rows]) -> Fact {
    let items = policies.iter().flat_map(|rows| rows.iter());
    let unknown = items.flat_map(|item| rules::unknown(collection::rules(&item))).collect();
    Fact::Rules { policies: policies.iter().map(|rows| rows.len()).sum(), unknown }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_a_list_that_was_not_read_to_its_end_nothing_is_missing() {
        let looked = |more| Looked {
            fact: Fact::Collection(Area::DirectoryRoles, Place::Tenant, Ok(Seen { more, ..Seen::default() })),
            rows: Rows::default(),
        };
        let (definitions, schedules) =
            (Rows::of(&[json!({ "id": "a" })]), Rows::of(&[json!({ "roleDefinitionId": "b" })]));
        assert_eq!(other_ids(&[looked(true)], &[&definitions], &[&schedules]), None);
        let found = other_ids(&[looked(false)], &[&definitions], &[&schedules]);
        assert_eq!(found, Some(BTreeSet::from([Box::from("b")])));
    }
}
