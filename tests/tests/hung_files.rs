//! File systems of containers that never answer hold up neither the tracer, nor its end, nor what it says of others.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mtutrace_tests::check::{kernel_lacks, skip};
use mtutrace_tests::lab::daemon::Daemon;
use mtutrace_tests::lab::fuse::DeafFuse;
use mtutrace_tests::lab::leaks::Held;
use mtutrace_tests::lab::process::Process;
use mtutrace_tests::lab::rooted::Rooted;
use mtutrace_tests::lab::tracer::{Tracer, binary};
use mtutrace_tests::lab::{alone, name, wait};

/// More than there are threads or helpers for.
const HOSTILE: usize = 9;
const NAMED: Duration = Duration::from_secs(10);
const END: Duration = Duration::from_secs(1);

#[test]
fn a_run_ends_and_names_others() {
    if skip() || no_fuse("a_run_ends_and_names_others") || alone::ran("a_run_ends_and_names_others") {
        return;
    }
    let (name, innocent, _daemon) = innocent();
    let hostile = hostile();
    let tracer = Tracer::start(&["--container", &name, "--duration", "60s", "-v"]).unwrap();
    let (pid, held) = (tracer.pid(), Held::by(tracer.pid()).unwrap());
    let children = wait::until("its helper", NAMED, || {
        let children = children_of(pid);
        Ok((!children.is_empty()).then_some(children))
    });
    let stuck = threads(pid, sleeps);
    let start = Instant::now();
    let ended = tracer.signal(libc::SIGINT).and_then(|()| gone(pid));
    let took = start.elapsed();
    let freed = held.await_gone(END);
    // From here on nothing hangs, whatever happened.
    drop(hostile);
    let end = tracer.finish().unwrap();
    assert_eq!(stuck, Vec::<PathBuf>::new(), "{}", end.stderr);
    ended.unwrap_or_else(|error| panic!("it took longer than {took:?}: {error:#}\n{}", end.stderr));
    freed.unwrap();
    for child in children.unwrap() {
        gone(child).unwrap();
    }
    assert!(!end.stderr.contains("no container"), "{} is not named: {}", innocent.inner.id, end.stderr);
    let said = end.stderr.matches("of type fuse, which may never answer").count();
    let once = end.stderr.matches("(said once; -v tells of each)").count();
    assert!(once == 1 && said >= HOSTILE, "{said}, {once}: {}", end.stderr);
}

/// The type of an overlay does not tell what it lies upon: a helper is lost, and nothing else.
#[test]
fn what_hangs_all_the_same_holds_nothing() {
    if skip()
        || no_fuse("what_hangs_all_the_same_holds_nothing")
        || alone::ran("what_hangs_all_the_same_holds_nothing")
    {
        return;
    }
    let overlays = std::fs::read_to_string("/proc/filesystems").unwrap().contains("overlay");
    if !overlays {
        return kernel_lacks("hung_files::what_hangs_all_the_same_holds_nothing", "overlayfs");
    }
    let fuse = DeafFuse::serve_at_first().unwrap();
    let rooted = Rooted::overlaid(&fuse).unwrap();
    fuse.fall_silent();
    let (name, _innocent, _daemon) = innocent();
    let tracer = Tracer::start(&["--container", &name, "--duration", "60s"]).unwrap();
    let (pid, held) = (tracer.pid(), Held::by(tracer.pid()).unwrap());
    let hangs = wait::until("what hangs", NAMED, || {
        Ok((!threads(pid, |task| sleeps(task) || opens(task)).is_empty()).then_some(()))
    });
    let ended = tracer.signal(libc::SIGINT).and_then(|()| gone(pid));
    let freed = held.await_gone(END);
    drop((fuse, rooted));
    let end = tracer.finish().unwrap();
    hangs.unwrap();
    ended.unwrap_or_else(|error| panic!("{error:#}\n{}", end.stderr));
    freed.unwrap();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    assert!(!end.stderr.contains("no container"), "the other is not named: {}", end.stderr);
}

#[test]
fn a_map_ends_and_names_others() {
    if skip() || no_fuse("a_map_ends_and_names_others") || alone::ran("a_map_ends_and_names_others") {
        return;
    }
    let (name, _innocent, _daemon) = innocent();
    let hostile = hostile();
    let out = name::temporary("hung-map");
    let map = wait::until("a map that names the innocent", NAMED, || {
        let mut command = Command::new(binary()?);
        command.args(["map", "-o", "json"]).stdin(Stdio::null()).stderr(Stdio::null());
        let mut process = Process::spawn(command.stdout(std::fs::File::create(&out)?))?;
        let ended = process.wait("its end", NAMED);
        if ended.is_err() {
            // It can't be killed, and must not be waited for.
            std::mem::forget(process);
        }
        ended?;
        Ok(std::fs::read_to_string(&out)?.contains(&name).then_some(()))
    });
    drop(hostile);
    std::fs::remove_file(&out).unwrap();
    map.unwrap();
}

/// A container with a daemon that names what runs in it: the name, and what must live on.
fn innocent() -> (String, Rooted, Daemon) {
    let name = format!("{}-innocent", name::own());
    let innocent = Rooted::start(None).unwrap();
    let body = format!(r#"[{{"Id":"{}","Names":["/{name}"]}}]"#, innocent.inner.id);
    let daemon = Daemon::serve(&innocent.path("run/docker.sock"), body).unwrap();
    (name, innocent, daemon)
}

/// The servers go first, or nothing that hangs could end.
fn hostile() -> Vec<(DeafFuse, Rooted)> {
    (0..HOSTILE)
        .map(|_| {
            let fuse = DeafFuse::serve().unwrap();
            let rooted = Rooted::start(Some(&fuse)).unwrap();
            (fuse, rooted)
        })
        .collect()
}

fn no_fuse(test: &str) -> bool {
    let absent = !Path::new("/dev/fuse").exists();
    if absent {
        kernel_lacks(&format!("hung_files::{test}"), "/dev/fuse");
    }
    absent
}

/// Threads of a process and of its children of which `wanted` is true of their directories in /proc, three times in a row.
fn threads(pid: u32, wanted: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let look = || {
        let all = children_of(pid).into_iter().chain([pid]);
        let tasks = all.filter_map(|pid| std::fs::read_dir(format!("/proc/{pid}/task")).ok());
        tasks.flatten().flatten().map(|task| task.path()).filter(|task| wanted(task)).collect::<Vec<_>>()
    };
    let mut threads = look();
    for _ in 0..2 {
        std::thread::sleep(Duration::from_millis(50));
        let now = look();
        threads.retain(|task| now.contains(task));
    }
    threads
}

/// Whether a thread sleeps uninterruptibly; one that waits for FUSE does so as soon as it is killed.
fn sleeps(task: &Path) -> bool {
    let stat = std::fs::read_to_string(task.join("stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('D'))
}

/// Whether a thread is opening something (openat2, which has one number everywhere).
fn opens(task: &Path) -> bool {
    std::fs::read_to_string(task.join("syscall")).is_ok_and(|call| call.starts_with("437 "))
}

/// Waits for the end of a process with all its threads, whether or not somebody has taken note of it.
fn gone(pid: u32) -> anyhow::Result<()> {
    let is_dead = |task: &Path| {
        let stat = std::fs::read_to_string(task.join("stat")).unwrap_or_default();
        stat.rsplit(") ").next().is_none_or(|rest| rest.is_empty() || rest.starts_with(['Z', 'X']))
    };
    wait::until("its end", END, || {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task"));
        let mut tasks = tasks.into_iter().flatten().flatten().map(|task| task.path());
        Ok(tasks.all(|task| is_dead(&task)).then_some(()))
    })
}

fn children_of(pid: u32) -> Vec<u32> {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let children =
        tasks.flatten().filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    children
        .flat_map(|text| text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}
