use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use uuid::Uuid;

use super::*;
use crate::backend::local::TenantFile;
use crate::backend::local::file::TenantEntry;
use crate::model::{GroupCreation, PrincipalId, TenantId};

fn tenant() -> Arc<Tenant> {
    let entry = TenantEntry { id: TenantId::new(Uuid::from_u128(1)), name: None };
    Arc::new(Tenant::from_file("tenant.json", TenantFile::empty(entry)).unwrap())
}

fn create(n: u128) -> Operation {
    Operation::CreateGroup {
        group: PrincipalId::new(Uuid::from_u128(n)),
        create: GroupCreation { display_name: format!("G{n}").into(), description: None, role_assignable: false },
    }
}

fn now() -> Time {
    Time::from_unix(0)
}

fn full_disk() -> Failure {
    Failure::io("tenant.json", &std::io::ErrorKind::StorageFull.into(), false)
}

#[tokio::test]
async fn operations_that_gather_during_a_write_share_the_next() {
    let writes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&writes);
    let (begun, has_begun) = tokio::sync::oneshot::channel::<()>();
    let (let_go, wait) = mpsc::channel::<()>();
    let mut begun = Some(begun);
    let commit = Arc::new(GroupCommit::new(
        tenant(),
        Box::new(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            if let Some(begun) = begun.take() {
                begun.send(()).unwrap();
                wait.recv().unwrap();
            }
            Ok(())
        }),
    ));
    let operations: Vec<_> = (2..=100).map(create).collect();
    let alone = create(1);
    let others = async {
        has_begun.await.unwrap();
        let executing = futures::future::join_all(operations.iter().map(|operation| commit.execute(operation, now())));
        // The others are all polled once, and gather behind the first write, before it is let go.
        futures::future::join(executing, async { let_go.send(()).unwrap() }).await.0
    };
    let (first, results) = futures::future::join(commit.execute(&alone, now()), others).await;
    assert!(first.is_ok());
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(writes.load(Ordering::SeqCst), 2);
    assert_eq!(commit.durable().groups.len(), 100);
}

#[tokio::test]
async fn a_failed_write_fails_every_operation_that_it_carried_and_takes_them_back() {
    let broken = Arc::new(AtomicBool::new(true));
    let fault = Arc::clone(&broken);
    let commit = Arc::new(GroupCommit::new(
        tenant(),
        Box::new(move |_| if fault.load(Ordering::SeqCst) { Err(full_disk()) } else { Ok(()) }),
    ));
    let operations: Vec<_> = (1..=10).map(create).collect();
    let results = futures::future::join_all(operations.iter().map(|operation| commit.execute(operation, now()))).await;
    for result in results {
        assert!(matches!(result, Err(BackendError::Io { action: "cannot write", .. })));
    }
    assert!(commit.durable().groups.is_empty());
    broken.store(false, Ordering::SeqCst);
    // It is not "so already": the first attempt was lost.
    assert!(matches!(commit.execute(&create(1), now()).await, Ok(Executed::Created(_))));
    assert_eq!(commit.durable().groups.len(), 1);
}

#[tokio::test]
async fn what_is_so_by_a_change_that_is_not_on_disk_waits_for_it() {
    let (let_go, wait) = mpsc::channel::<()>();
    let commit = Arc::new(GroupCommit::new(
        tenant(),
        Box::new(move |_| wait.recv().map_err(|_| full_disk()).and(Err(full_disk()))),
    ));
    let group = PrincipalId::new(Uuid::from_u128(1));
    commit.state().current.apply(&create(1), now()).unwrap();
    let current = commit.state().current.clone();
    commit.state().durable = Arc::new(current);
    let add = Operation::AddMember { group, relation: crate::model::Relation::Member, principal: group };
    let release = async { let_go.send(()).unwrap() };
    let (first, second, ()) =
        futures::future::join3(commit.execute(&add, now()), commit.execute(&add, now()), release).await;
    assert!(first.is_err() && second.is_err());
}

#[tokio::test]
async fn a_write_that_nobody_waits_for_goes_on_to_its_end() {
    let (let_go, wait) = mpsc::channel::<()>();
    let commit = Arc::new(GroupCommit::new(
        tenant(),
        Box::new(move |_| {
            wait.recv().unwrap();
            Ok(())
        }),
    ));
    let operation = create(1);
    let mut abandoned = Box::pin(commit.execute(&operation, now()));
    assert!(futures::poll!(&mut abandoned).is_pending());
    drop(abandoned);
    let_go.send(()).unwrap();
    let_go.send(()).unwrap();
    commit.execute(&create(2), now()).await.unwrap();
    assert_eq!(commit.durable().groups.len(), 2);
}

#[tokio::test]
async fn a_file_that_stands_but_may_not_outlive_a_crash_is_a_failure_and_is_what_is_read() {
    let commit = Arc::new(GroupCommit::new(
        tenant(),
        Box::new(|_| Err(Failure::io("tenant.json", &std::io::ErrorKind::Other.into(), true))),
    ));
    assert!(commit.execute(&create(1), now()).await.is_err());
    assert_eq!(commit.durable().groups.len(), 1);
}

#[tokio::test]
async fn what_is_so_already_costs_no_write() {
    let commit = Arc::new(GroupCommit::new(tenant(), Box::new(|_| Err(full_disk()))));
    commit.state().current.apply(&create(1), now()).unwrap();
    let group = PrincipalId::new(Uuid::from_u128(1));
    let remove = Operation::RemoveMember { group, relation: crate::model::Relation::Owner, principal: group };
    assert_eq!(commit.execute(&remove, now()).await.unwrap(), Executed::AlreadySo);
}
