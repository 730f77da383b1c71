//! The backend as a whole, on real files.

use std::fs;
use std::path::PathBuf;

use super::*;
use crate::model::{GroupCreation, PrincipalId};

const TENANT: &str = r#"{
  "format": "pimform-tenant", "version": 1,
  "tenant": { "id": "0f4a2a3e-0000-4000-8000-000000000001", "name": "Contoso" }
}"#;

fn now() -> Time {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

struct Folder {
    folder: tempfile::TempDir,
    file: PathBuf,
}

fn folder() -> Folder {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tenant.json");
    fs::write(&file, TENANT).unwrap();
    Folder { folder, file }
}

fn create(n: u32) -> Operation {
    Operation::CreateGroup {
        group: PrincipalId::new(uuid::Uuid::from_u128(u128::from(n))),
        create: GroupCreation { display_name: format!("G{n}").into(), description: None, role_assignable: false },
    }
}

fn groups(path: &Path) -> usize {
    TenantFile::parse("tenant.json", &fs::read(path).unwrap()).unwrap().groups.len()
}

#[tokio::test]
async fn an_operation_is_on_disk_when_it_returns() {
    let at = folder();
    let local = LocalExecutor::open(&at.file, now()).unwrap();
    let done = local.execute(&create(7)).await.unwrap();
    assert_eq!(done.executed, crate::backend::Executed::Created(PrincipalId::new(uuid::Uuid::from_u128(7))));
    assert_eq!(groups(&at.file), 1);
    assert_eq!(local.snapshot(&ReadQuery::Everything).await.unwrap().groups.len(), 1);
    let left: Vec<_> = fs::read_dir(at.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "the file and its lock: {left:?}");
    drop(local);
    assert!(!at.folder.path().join("tenant.json.lock").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_operations_at_once_are_all_on_disk() {
    let at = folder();
    let local = LocalExecutor::open(&at.file, now()).unwrap();
    let operations: Vec<_> = (1..=200).map(create).collect();
    let done = futures::future::join_all(operations.iter().map(|operation| local.execute(operation))).await;
    assert!(done.iter().all(Result::is_ok));
    assert_eq!(groups(&at.file), 200);
}

#[test]
fn a_second_apply_is_told_who_holds_the_lock() {
    let at = folder();
    let first = LocalExecutor::open(&at.file, now()).unwrap();
    let error = LocalExecutor::open(&at.file, now()).unwrap_err();
    let expected = format!(
        "another apply is running on `{}` (process {}, since 2026-11-21T12:00:00Z)",
        at.file.display(),
        std::process::id()
    );
    assert!(matches!(error, BackendError::Locked { .. }));
    assert_eq!(error.to_string(), expected);
    LocalReader::open(&at.file, now()).unwrap();
    drop(first);
    LocalExecutor::open(&at.file, now()).unwrap();
}

#[tokio::test]
async fn what_somebody_else_wrote_is_not_overwritten() {
    let at = folder();
    let local = LocalExecutor::open(&at.file, now()).unwrap();
    let other = TENANT.replace("Contoso", "Fabrikam");
    fs::write(&at.file, &other).unwrap();
    let error = local.execute(&create(1)).await.unwrap_err();
    assert_eq!(error.to_string(), format!("`{}` was changed by something else while applying", at.file.display()));
    assert_eq!(fs::read_to_string(&at.file).unwrap(), other);
    assert!(local.snapshot(&ReadQuery::Everything).await.unwrap().groups.is_empty());
}

#[tokio::test]
async fn a_vanished_folder_is_an_error_and_nothing_is_claimed() {
    let at = folder();
    let local = LocalExecutor::open(&at.file, now()).unwrap();
    at.folder.close().unwrap();
    assert!(local.execute(&create(1)).await.is_err());
    assert!(local.execute(&create(1)).await.is_err());
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_written_through_and_permissions_are_kept() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let at = folder();
    fs::set_permissions(&at.file, fs::Permissions::from_mode(0o640)).unwrap();
    let link = at.folder.path().join("link.json");
    symlink(&at.file, &link).unwrap();
    let local = LocalExecutor::open(&link, now()).unwrap();
    assert!(LocalExecutor::open(&at.file, now()).is_err(), "the lock is the same by either name");
    local.execute(&create(1)).await.unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(groups(&at.file), 1);
    assert_eq!(fs::metadata(&at.file).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_snapshot_can_be_written_where_there_is_no_file_and_where_there_is_one() {
    let at = folder();
    let file = TenantFile::parse("tenant.json", TENANT.as_bytes()).unwrap();
    let new = at.folder.path().join("new.json");
    for _ in 0..2 {
        write_tenant(&new, &file).unwrap();
        assert_eq!(TenantFile::parse("new.json", &fs::read(&new).unwrap()).unwrap(), file);
    }
    let error = write_tenant(&at.folder.path().join("no/such/folder.json"), &file).unwrap_err();
    assert!(matches!(error, BackendError::Io { action: "cannot write", .. }), "{error}");
}

#[test]
fn a_missing_file_and_a_folder_are_errors_that_name_them() {
    let at = folder();
    for path in [at.folder.path().join("missing.json"), at.folder.path().to_owned()] {
        let error = LocalReader::open(&path, now()).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot read `{}`", path.display()));
    }
}
