//! Going in, coming back, and not going astray.
use std::thread;

use super::*;
use crate::testing::node::{Sandbox, may_make_namespaces};

fn here() -> NetnsId {
    NetnsId(u32::try_from(std::fs::metadata("/proc/thread-self/ns/net").unwrap().ino()).unwrap())
}

#[test]
fn does_jobs_there_and_comes_home() {
    if !may_make_namespaces() {
        return;
    }
    let (sandbox, entrant) = (Sandbox::new(), NetnsExecutor::new().unwrap());
    let (home, there) = (here(), sandbox.id());
    assert_ne!(home, there);
    assert_eq!(entrant.run(&sandbox.path(), there, here).unwrap(), there);
    let own = Path::new("/proc/self/ns/net");
    assert_eq!(entrant.run(own, home, here).unwrap(), home);
    assert_eq!(here(), home);
}

#[test]
fn survives_a_panic() {
    if !may_make_namespaces() {
        return;
    }
    let (sandbox, entrant) = (Sandbox::new(), NetnsExecutor::new().unwrap());
    let result = entrant.run(&sandbox.path(), sandbox.id(), || panic!("on purpose"));
    assert!(matches!(result, Err::<(), _>(EnterError::Panicked(text)) if text == "on purpose"));
    assert_eq!(entrant.run(&sandbox.path(), sandbox.id(), here).unwrap(), sandbox.id());
    // And came home after the panic.
    assert_eq!(entrant.run(Path::new("/proc/self/ns/net"), here(), here).unwrap(), here());
}

#[test]
fn keeps_no_dead_namespace_alive() {
    if !may_make_namespaces() {
        return;
    }
    let (sandbox, entrant) = (Sandbox::new(), NetnsExecutor::new().unwrap());
    let open = entrant.run(&sandbox.path(), sandbox.id(), {
        let id = u64::from(sandbox.id().0);
        move || {
            let descriptors = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
            let links = descriptors.flat_map(|fd| std::fs::read_link(fd.path()));
            links.filter(|link| link.as_os_str() == format!("net:[{id}]").as_str()).count()
        }
    });
    assert_eq!(open.unwrap(), 0);
}

#[test]
fn refuses_what_is_not_the_namespace_that_is_meant() {
    let entrant = NetnsExecutor::new().unwrap();
    let own = Path::new("/proc/self/ns/net");
    assert!(matches!(entrant.run(own, NetnsId(1), here), Err(EnterError::Gone(_))));
    assert!(matches!(entrant.run(Path::new("/proc/0/ns/net"), here(), here), Err(EnterError::Gone(_))));
    let file = std::env::current_exe().unwrap();
    let number = std::fs::metadata(&file).unwrap().ino();
    if let Ok(number) = u32::try_from(number) {
        assert!(matches!(entrant.run(&file, NetnsId(number), here), Err(EnterError::Enter { .. })));
    }
}

#[test]
fn does_not_wait_for_itself() {
    let entrant: &'static NetnsExecutor = Box::leak(Box::new(NetnsExecutor::new().unwrap()));
    let own = Path::new("/proc/self/ns/net");
    if !may_make_namespaces() {
        return;
    }
    let inner = entrant.run(own, here(), move || {
        entrant.run(own, here(), here).is_err_and(|e| matches!(e, EnterError::Nested))
    });
    assert!(inner.unwrap());
}

#[test]
fn serves_many_threads_one_at_a_time() {
    if !may_make_namespaces() {
        return;
    }
    let (sandbox, entrant) = (Sandbox::new(), NetnsExecutor::new().unwrap());
    let (home, there) = (here(), sandbox.id());
    thread::scope(|scope| {
        for turn in 0..8 {
            let (entrant, path) = (&entrant, sandbox.path());
            scope.spawn(move || {
                let (path, id) =
                    if turn % 2 == 0 { (path, there) } else { ("/proc/self/ns/net".into(), home) };
                for _ in 0..50 {
                    assert_eq!(entrant.run(&path, id, here).unwrap(), id);
                }
            });
        }
    });
}
