use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::FutureExt as _;

use super::*;
use crate::apply::StepId;
use crate::backend::{BackendError, Executed, ReadQuery, ReadState, Receipt, Tenant};
use crate::model::{Directory, NameQuery, Snapshot};
use crate::plan::{Operation, samples};

/// A tenant that shows late what was done.
#[derive(Default)]
struct Late {
    waits: &'static [Duration],
    waited: Mutex<Vec<Duration>>,
    /// Asked to stop during the first wait.
    interrupts: Option<Arc<Stop>>,
}

const WAITS: &[Duration] = &[Duration::from_secs(5), Duration::from_secs(10), Duration::from_secs(20)];

#[async_trait]
impl ReadState for Late {
    async fn tenant(&self) -> Result<Tenant, BackendError> {
        unreachable!()
    }

    async fn directory(&self, _: &NameQuery) -> Result<Arc<Directory>, BackendError> {
        unreachable!()
    }

    async fn snapshot(&self, _: &ReadQuery) -> Result<Snapshot, BackendError> {
        unreachable!()
    }
}

#[async_trait]
impl Execute for Late {
    fn concurrency(&self) -> usize {
        1
    }

    async fn execute(&self, _: &Operation) -> Result<Receipt, BackendError> {
        unreachable!()
    }

    fn settling(&self) -> &'static [Duration] {
        self.waits
    }

    async fn pause(&self, length: Duration) {
        self.waited.lock().unwrap().push(length);
        if let Some(stop) = &self.interrupts {
            stop.request();
            // A wait that nobody ends by waiting.
            std::future::pending::<()>().await;
        }
    }
}

/// The sample plan, of which the steps in `failed` failed.
fn applied(failed: impl Fn(StepId) -> bool) -> (Plan, ApplyReport) {
    let plan = samples::one_of_each();
    let outcomes = plan.steps.iter().map(|step| {
        (
            step.id,
            if failed(step.id) { Outcome::Skipped { needs: step.id } } else { Outcome::Done(Executed::Done.into()) },
        )
    });
    let report = ApplyReport { outcomes: outcomes.collect() };
    (plan, report)
}

type Looks = Vec<Result<Plan, &'static str>>;

async fn run(late: &Late, stop: &Stop, applied: &(Plan, ApplyReport), looks: Looks) -> (Settled<&'static str>, usize) {
    let looks = Mutex::new(VecDeque::from(looks));
    let look = || async { looks.lock().unwrap().pop_front().unwrap() }.boxed_local();
    let settled = settle(&applied.0, &applied.1, late, stop, &look, &|_, _| {}, None).await;
    let unused = looks.lock().unwrap().len();
    (settled, unused)
}

fn left(steps: usize) -> Plan {
    let mut plan = samples::one_of_each();
    plan.steps.truncate(steps);
    plan
}

#[tokio::test]
async fn what_is_seen_at_once_is_not_waited_for() {
    let late = Late { waits: WAITS, ..Late::default() };
    let (settled, unused) = run(&late, &Stop::default(), &applied(|_| false), vec![Ok(left(0)), Ok(left(0))]).await;
    assert_eq!((settled.waited, settled.interrupted, unused), (Duration::ZERO, false, 1));
}

#[tokio::test]
async fn what_is_seen_late_is_waited_for_and_no_longer_than_it_takes() {
    let late = Late { waits: WAITS, ..Late::default() };
    let looks = vec![Ok(left(2)), Err("gone"), Ok(left(0))];
    let (settled, _) = run(&late, &Stop::default(), &applied(|_| false), looks).await;
    assert!(settled.remaining.unwrap().steps.is_empty());
    assert_eq!(*late.waited.lock().unwrap(), WAITS[..2]);
    assert_eq!(settled.waited, Duration::from_secs(15));
}

#[tokio::test]
async fn what_is_never_seen_is_named_when_the_time_is_up() {
    let late = Late { waits: WAITS, ..Late::default() };
    let looks = vec![Ok(left(2)), Ok(left(2)), Ok(left(1)), Ok(left(1))];
    let (settled, unused) = run(&late, &Stop::default(), &applied(|_| false), looks).await;
    assert_eq!(settled.remaining.unwrap().steps.len(), 1);
    assert_eq!((late.waited.lock().unwrap().len(), unused, settled.interrupted), (3, 0, false));
}

#[tokio::test]
async fn what_failed_is_not_waited_for() {
    let late = Late { waits: WAITS, ..Late::default() };
    let (settled, _) = run(&late, &Stop::default(), &applied(|_| true), vec![Ok(left(3))]).await;
    assert_eq!((settled.remaining.unwrap().steps.len(), settled.waited), (3, Duration::ZERO));
}

#[tokio::test]
async fn looks_that_fail_twice_end_it() {
    let late = Late { waits: WAITS, ..Late::default() };
    let looks = vec![Err("broken"), Err("broken still")];
    let (settled, _) = run(&late, &Stop::default(), &applied(|_| false), looks).await;
    assert_eq!((settled.remaining.unwrap_err(), settled.waited), ("broken still", WAITS[0]));
}

#[tokio::test]
async fn an_interrupt_ends_the_wait_with_what_is_known() {
    let stop = Arc::new(Stop::default());
    let late = Late { waits: WAITS, interrupts: Some(Arc::clone(&stop)), ..Late::default() };
    let (settled, _) = run(&late, &stop, &applied(|_| false), vec![Ok(left(2))]).await;
    assert!(settled.interrupted);
    assert_eq!(settled.remaining.unwrap().steps.len(), 2);
}

#[test]
fn waits_are_cut_off_or_gone_on_with() {
    let secs = |list: &[u64]| list.iter().copied().map(Duration::from_secs).collect::<Vec<_>>();
    let waits = |usual: &[Duration], longest| super::waits(usual, longest).collect::<Vec<_>>();
    assert_eq!(waits(WAITS, None), WAITS);
    assert_eq!(waits(WAITS, Some(Duration::from_secs(12))), secs(&[5, 7]));
    assert_eq!(waits(WAITS, Some(Duration::from_secs(60))), secs(&[5, 10, 20, 20, 5]));
    // A tenant that shows everything at once is not waited for.
    assert!(waits(&[], Some(Duration::from_secs(60))).is_empty());
    // However long: no wait is made before its time.
    assert_eq!(super::waits(WAITS, Some(Duration::MAX)).nth(1000), Some(Duration::from_secs(20)));
}

#[tokio::test]
async fn whoever_waits_is_told_for_what() {
    let late = Late { waits: WAITS, ..Late::default() };
    let applied = applied(|_| false);
    let looks = Mutex::new(VecDeque::from([left(2), left(0)]));
    let look = || async { Ok::<_, &str>(looks.lock().unwrap().pop_front().unwrap()) }.boxed_local();
    let told = Mutex::new(Vec::new());
    let say =
        |left: &[&str], _: Duration| told.lock().unwrap().extend(left.iter().map(|address| (*address).to_owned()));
    settle(&applied.0, &applied.1, &late, &Stop::default(), &look, &say, None).await;
    let expected: Vec<String> = left(2).steps.into_iter().map(|step| step.address).collect();
    assert_eq!(*told.lock().unwrap(), expected);
}
