//! Asking the service, before anything is changed, whether it would take the steps of a plan.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, TryStreamExt as _};

use crate::backend::{BackendError, Validate};
use crate::model::{Kind, Surface};
use crate::plan::{Plan, Step, StepId, Validation};

/// Asks for each step that can be asked for. It fails where the service did what it was only asked about.
///
/// The first question of each sort goes alone, so that a service that takes a question for an order does so once only.
pub async fn validate(plan: &Plan, backend: &dyn Validate) -> Result<BTreeMap<StepId, Validation>, BackendError> {
    let mut results = BTreeMap::new();
    let (mut first, mut rest) = (Vec::new(), Vec::new());
    let mut sorts: BTreeSet<(Surface, Option<Kind>)> = BTreeSet::new();
    for step in &plan.steps {
        let sort = (step.operation.surface(), step.operation.assignment().map(|key| key.kind));
        match Validation::foreseen(step) {
            Some(foreseen) => drop(results.insert(step.id, foreseen)),
            None if sorts.insert(sort) => first.push(step),
            None => rest.push(step),
        }
    }
    for step in first {
        let (id, answer) = ask(step, backend).await?;
        results.insert(id, answer);
    }
    let rest: Vec<_> = futures::stream::iter(rest.into_iter().map(|step| ask(step, backend)))
        .buffer_unordered(backend.concurrency().max(1))
        .try_collect()
        .await?;
    results.extend(rest);
    Ok(results)
}

async fn ask(step: &Step, backend: &dyn Validate) -> Result<(StepId, Validation), BackendError> {
    Ok((step.id, backend.validate(&step.operation).await?))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;

    use super::*;
    use crate::plan::{Operation, samples};

    /// Writes down what it is asked, and takes the question with this number for an order.
    struct Service {
        asked: Mutex<Vec<Operation>>,
        obeys: Option<usize>,
    }

    #[async_trait]
    impl Validate for Service {
        fn concurrency(&self) -> usize {
            4
        }

        async fn validate(&self, operation: &Operation) -> Result<Validation, BackendError> {
            let mut asked = self.asked.lock().unwrap();
            asked.push(operation.clone());
            match self.obeys {
                Some(number) if number == asked.len() => {
                    Err(BackendError::Unasked { what: "it did it".to_owned(), help: None })
                }
                _ => Ok(Validation::Passed),
            }
        }
    }

    fn ask_all(plan: &Plan, obeys: Option<usize>) -> (Result<BTreeMap<StepId, Validation>, BackendError>, usize) {
        let service = Service { asked: Mutex::default(), obeys };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let results = runtime.block_on(validate(plan, &service));
        let asked = service.asked.lock().unwrap().len();
        (results, asked)
    }

    #[test]
    fn only_assignments_that_wait_for_nothing_are_asked_about() {
        let mut plan = samples::one_of_each();
        let assignments: Vec<usize> = (0..plan.steps.len())
            .filter(|at| plan.steps[*at].operation.assignment().is_some() && plan.steps[*at].depends_on.is_empty())
            .collect();
        let waiting = *assignments.last().unwrap();
        plan.steps[waiting].depends_on = vec![plan.steps[0].id];
        let (results, asked) = ask_all(&plan, None);
        let results = results.unwrap();
        assert_eq!(asked, assignments.len() - 1);
        assert_eq!(results.len(), plan.steps.len(), "each step has a result");
        assert_eq!(results[&plan.steps[waiting].id], Validation::After { step: plan.steps[0].id });
        for step in plan.steps.iter().filter(|step| step.operation.assignment().is_none()) {
            assert_eq!(results[&step.id], Validation::NoDryRun);
        }
    }

    #[test]
    fn a_service_that_obeys_is_asked_nothing_more() {
        let (results, asked) = ask_all(&samples::one_of_each(), Some(1));
        assert!(matches!(results, Err(BackendError::Unasked { .. })));
        assert_eq!(asked, 1);
    }
}
