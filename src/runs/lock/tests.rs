use super::*;
use crate::runs::Location;

fn store(folder: &std::path::Path) -> Store {
    Store::open(&Location::Folder(folder.to_path_buf()), []).unwrap()
}

fn holder(run: &str) -> Holder {
    Holder {
        run: run.parse().unwrap(),
        token: uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, run.as_bytes()),
        runner: Runner { who: "ada".to_owned(), ..Runner::default() },
        tenant: None,
        since: Time::from_unix(1_800_000_000),
    }
}

#[tokio::test]
async fn one_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let Locked::Ours(lock) = Lock::take(&store, &holder("a")).await.unwrap() else { panic!() };
    let Locked::Theirs(Some(other)) = Lock::take(&store, &holder("b")).await.unwrap() else { panic!() };
    assert_eq!(*other, holder("a"));
    assert!(lock.release().await.unwrap());
    assert!(matches!(Lock::take(&store, &holder("b")).await.unwrap(), Locked::Ours(_)));
}

#[tokio::test]
async fn a_lock_that_was_taken_away_is_not_released_twice() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let Locked::Ours(lock) = Lock::take(&store, &holder("a")).await.unwrap() else { panic!() };
    assert!(!Lock::take_away(&store, &"b".parse().unwrap()).await.unwrap());
    assert!(Lock::take_away(&store, &"a".parse().unwrap()).await.unwrap());
    assert!(!lock.release().await.unwrap(), "somebody took it away");
}

#[tokio::test]
async fn the_lock_of_a_process_that_is_gone_is_taken_over_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let Locked::Ours(lock) = Lock::take(&store, &holder("a")).await.unwrap() else { panic!() };
    // As when the process is killed: the file lock goes, the object stays.
    drop(lock);
    assert_eq!(Lock::holder(&store).await.unwrap(), Some(holder("a")));
    let Locked::Ours(lock) = Lock::take(&store, &holder("b")).await.unwrap() else { panic!() };
    assert_eq!(lock.crashed(), Some(&holder("a")));
    assert!(lock.release().await.unwrap());
}

#[tokio::test]
async fn of_many_at_once_one_gets_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let tries = (0..16).map(|n| {
        let store = store.clone();
        async move { Lock::take(&store, &holder(&format!("run-{n}"))).await }
    });
    let results = futures::future::join_all(tries).await;
    let ours = results.iter().filter(|result| matches!(result, Ok(Locked::Ours(_)))).count();
    assert_eq!(ours, 1);
}

#[test]
fn an_id_is_never_a_path() {
    for bad in ["", "../x", "a/b", "a.b", "a b"] {
        assert!(bad.parse::<RunId>().is_err(), "{bad}");
    }
}
