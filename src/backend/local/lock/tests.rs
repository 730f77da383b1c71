use std::fs;
use std::os::unix::fs::symlink;

use super::*;

fn now() -> Time {
    Time::from_unix(0)
}

struct Folder {
    _folder: tempfile::TempDir,
    tenant: Location,
    lock: PathBuf,
}

fn folder() -> Folder {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tenant.json");
    fs::write(&file, "{}").unwrap();
    Folder { lock: folder.path().join("tenant.json.lock"), tenant: Location::of(&file).unwrap(), _folder: folder }
}

#[test]
fn nothing_stays_behind() {
    let at = folder();
    let lock = Lock::take(&at.tenant, now()).unwrap();
    assert!(fs::read_to_string(&at.lock).unwrap().starts_with("process "));
    drop(lock);
    assert!(!at.lock.exists());
}

#[test]
fn what_a_killed_process_has_left_is_taken_over() {
    let at = folder();
    fs::write(&at.lock, "process 123456789, since a very long time ago, longer than the new text\n").unwrap();
    let lock = Lock::take(&at.tenant, now()).unwrap();
    let expected = format!("process {}, since 1970-01-01T00:00:00Z\n", std::process::id());
    assert_eq!(fs::read_to_string(&at.lock).unwrap(), expected);
    drop(lock);
    assert!(!at.lock.exists());
}

#[test]
fn a_link_is_refused_and_where_it_leads_is_left_alone() {
    let at = folder();
    let victim = at.tenant.folder().join("victim");
    symlink(&victim, &at.lock).unwrap();
    let refused = || {
        let Err(BackendError::Invalid { what, help: Some(_) }) = Lock::take(&at.tenant, now()) else { panic!() };
        assert!(what.ends_with("is a symbolic link, not a lock file"), "{what}");
    };
    refused();
    assert!(!victim.exists());
    fs::write(&victim, "precious").unwrap();
    refused();
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    assert!(fs::symlink_metadata(&at.lock).unwrap().is_symlink());
}

#[test]
fn what_is_not_a_lock_file_is_left_alone() {
    let at = folder();
    fs::write(&at.lock, "# notes\n").unwrap();
    assert!(matches!(Lock::take(&at.tenant, now()), Err(BackendError::Invalid { .. })));
    assert_eq!(fs::read_to_string(&at.lock).unwrap(), "# notes\n");
    fs::remove_file(&at.lock).unwrap();
    fs::create_dir(&at.lock).unwrap();
    assert!(matches!(Lock::take(&at.tenant, now()), Err(BackendError::Invalid { .. })));
}

#[test]
fn the_lock_of_a_file_that_is_gone_is_worth_nothing() {
    let at = folder();
    let old = open(&at.lock).unwrap().unwrap();
    let lock = Lock::take(&at.tenant, now()).unwrap();
    drop(lock);
    // Somebody who had opened the file before it was removed gets its lock, and sees that it is no longer there.
    old.try_lock().unwrap();
    assert!(!is_at(&old, &at.lock).unwrap());
    let second = Lock::take(&at.tenant, now()).unwrap();
    drop(old);
    assert!(matches!(Lock::take(&at.tenant, now()), Err(BackendError::Locked { .. })));
    drop(second);
}

#[test]
fn only_one_of_many_ever_holds_it() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let at = folder();
    let (inside, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    if let Ok(lock) = Lock::take(&at.tenant, now()) {
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        taken.fetch_add(1, Ordering::SeqCst);
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(lock);
                    }
                }
            });
        }
    });
    assert!(taken.load(Ordering::SeqCst) > 0);
    assert!(!at.lock.exists());
}
