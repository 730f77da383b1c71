use super::*;

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_is_made_and_replaced_and_nothing_else_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.json");
    for text in ["one", "two"] {
        write_file(&path, |writer| writer.write_all(text.as_bytes())).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    assert_eq!(names(folder.path()), ["plan.json"]);
}

#[test]
fn what_fails_halfway_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.json");
    fs::write(&path, "old").unwrap();
    let error = write_file(&path, |writer| {
        writer.write_all(b"half")?;
        Err(io::ErrorKind::StorageFull.into())
    });
    assert_eq!(error.unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(names(folder.path()), ["plan.json"]);
}

#[test]
fn an_error_is_in_words_of_the_system_only() {
    let folder = tempfile::tempdir().unwrap();
    let error = write_file(&folder.path().join("no/plan.json"), |_| Ok(())).unwrap_err();
    assert!(!error.to_string().contains(".tmp"), "{error}");
    assert!(write_file(folder.path(), |_| Ok(())).is_err());
}

#[cfg(unix)]
#[test]
fn nobody_may_read_the_new_file_who_may_not_read_the_old_one() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tenant.json");
    fs::write(&path, "old").unwrap();
    for mode in [0o600, 0o640, 0o444] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let mut meanwhile = 0;
        write_file(&path, |writer| {
            meanwhile = writer.get_ref().metadata()?.permissions().mode() & 0o777;
            Ok(())
        })
        .unwrap();
        assert_eq!(meanwhile, mode, "while it is written");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
    }
}

#[cfg(unix)]
#[test]
fn links_are_written_through_also_where_they_lead_to_nothing_yet() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("link.json");
    std::os::unix::fs::symlink("real.json", &link).unwrap();
    for text in ["one", "two"] {
        write_file(&link, |writer| writer.write_all(text.as_bytes())).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(folder.path().join("real.json")).unwrap(), text);
    }
}

#[cfg(unix)]
#[test]
fn a_device_is_written_to_and_not_replaced() {
    write_file(Path::new("/dev/null"), |writer| writer.write_all(b"gone")).unwrap();
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
}

#[cfg(unix)]
#[test]
fn what_a_killed_process_has_left_is_swept_and_what_is_being_written_is_not() {
    let folder = tempfile::tempdir().unwrap();
    for name in [".pimform-abc.tmp", "kept.tmp", ".pimform-kept.json"] {
        fs::write(folder.path().join(name), "half").unwrap();
    }
    let path = folder.path().join("tenant.json");
    write_file(&path, |writer| {
        sweep(folder.path());
        writer.write_all(b"whole")
    })
    .unwrap();
    assert_eq!(names(folder.path()), [".pimform-kept.json", "kept.tmp", "tenant.json"]);
}
