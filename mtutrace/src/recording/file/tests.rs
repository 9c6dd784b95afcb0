use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};

use std::path::PathBuf;

use super::*;
use crate::testing::identity::TempDir;

fn plan(path: PathBuf) -> Plan {
    Plan { path, count: None, max_size: None }
}

#[test]
fn what_is_written_is_there_for_its_owner_alone() {
    let folder = TempDir::new();
    let path = folder.path().join("x.pcapng");
    let files = Files::create(plan(path.clone()), true).unwrap();
    assert!(files.write(b"abcd".to_vec()) && files.write(b"efgh".to_vec()));
    drop(files);
    assert_eq!(fs::read(&path).unwrap(), b"abcdefgh");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    drop(Files::create(plan(path.clone()), true).unwrap());
    assert_eq!(fs::read(&path).unwrap(), b"", "that of an earlier run is replaced");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "and nothing lies beside it");
}

#[test]
fn others_are_kept_up_to_a_number() {
    let folder = TempDir::new();
    let path = folder.path().join("x.pcapng");
    let files = Files::create(Plan { count: Some(2), ..plan(path) }, true).unwrap();
    for n in 1..4 {
        assert!(files.write(vec![b'0' + n; 4]));
        files.next(n.to_string());
    }
    assert!(files.write(b"last".to_vec()));
    drop(files);
    let mut names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["x.2.pcapng", "x.3.pcapng"]);
    assert_eq!(fs::read(folder.path().join("x.3.pcapng")).unwrap(), b"last");
}

#[test]
fn what_earlier_flight_recorders_have_left_counts_too() {
    let folder = TempDir::new();
    for name in
        ["x.20261127T140312-123Z.pcapng", "x.20261127T150312-123Z.pcapng", "x.mine.pcapng", "x.pcapng"]
    {
        fs::write(folder.path().join(name), name).unwrap();
    }
    let files =
        Files::create(Plan { count: Some(2), ..plan(folder.path().join("x.pcapng")) }, false).unwrap();
    files.next("20261127T160312-123Z".to_owned());
    assert!(files.write(b"new".to_vec()));
    drop(files);
    let mut names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let left =
        ["x.20261127T150312-123Z.pcapng", "x.20261127T160312-123Z.pcapng", "x.mine.pcapng", "x.pcapng"];
    assert_eq!(names, left);
}

#[test]
fn no_link_is_followed_and_nothing_of_others_replaced() {
    let folder = TempDir::new();
    let (path, target) = (folder.path().join("x"), folder.path().join("target"));
    fs::write(&target, "precious").unwrap();
    let refused = || {
        let why = Files::create(plan(path.clone()), true).unwrap_err();
        assert!(why.to_string().contains("remove it, or choose another name"), "{why}");
        assert_eq!(fs::read(&target).unwrap(), b"precious");
        fs::remove_file(&path).or_else(|_| fs::remove_dir(&path)).unwrap();
    };
    symlink(&target, &path).unwrap();
    refused();
    symlink(folder.path().join("nothing"), &path).unwrap();
    refused();
    fs::hard_link(&target, &path).unwrap();
    refused();
    fs::create_dir(&path).unwrap();
    refused();
    let missing = Files::create(plan(folder.path().join("no/such/folder/x")), true).unwrap_err();
    assert!(matches!(missing, CreateError::File { .. }));
    assert!(matches!(Files::create(plan("/".into()), true), Err(CreateError::NoName(_))));
}

#[test]
fn no_more_is_written_than_is_allowed_and_no_half_of_a_block() {
    let folder = TempDir::new();
    let path = folder.path().join("x");
    let files = Files::create(Plan { max_size: Some(10), ..plan(path.clone()) }, true).unwrap();
    let shared = Arc::clone(&files.shared);
    // One after the other: what waits together is written together.
    for block in [b"abcd", b"efgh", b"ijkl"] {
        assert!(files.write(block.to_vec()));
        while shared.queued.load(Ordering::Relaxed) > 0 {
            std::thread::yield_now();
        }
    }
    drop(files);
    assert_eq!(
        (fs::read(&path).unwrap().as_slice(), shared.unwritten.load(Ordering::Relaxed)),
        (&b"abcdefgh"[..], 4)
    );
}

#[test]
fn a_full_disk_leaves_whole_blocks() {
    let folder = TempDir::new();
    let mount = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
        .arg(folder.path())
        .status();
    if !mount.is_ok_and(|status| status.success()) {
        eprintln!("skipped: mounting takes root");
        return;
    }
    let path = folder.path().join("x");
    let files = Files::create(plan(path.clone()), true).unwrap();
    let shared = Arc::clone(&files.shared);
    for _ in 0..40 {
        assert!(files.write(vec![7; 3000]));
        while shared.queued.load(Ordering::Relaxed) > 0 {
            std::thread::yield_now();
        }
    }
    drop(files);
    let written = fs::metadata(&path).unwrap().len();
    std::process::Command::new("umount").arg(folder.path()).status().unwrap();
    assert!(written > 0 && written < 64 * 1024 && written.is_multiple_of(3000), "{written}");
    assert_eq!(written + shared.unwritten.load(Ordering::Relaxed), 40 * 3000);
}

#[test]
fn what_finds_no_room_is_refused() {
    let folder = TempDir::new();
    let files = Files::create(plan(folder.path().join("x")), true).unwrap();
    files.shared.queued.store(QUEUE - 3, Ordering::Relaxed);
    assert!(!files.write(vec![0; 4]));
    files.shared.queued.store(0, Ordering::Relaxed);
    assert!(files.write(vec![0; 4]));
}
