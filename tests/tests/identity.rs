//! Nobody is taken for another, whatever cgroups it makes and whatever its daemon says.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::process::{Command, Stdio};
use std::time::Duration;

use mtutrace_tests::check::skip;
use mtutrace_tests::lab::alone;
use mtutrace_tests::lab::daemon::Daemon;
use mtutrace_tests::lab::rooted::Rooted;
use mtutrace_tests::lab::tracer::{Tracer, binary};
use mtutrace_tests::lab::wait;
use serde_json::Value;

const SOON: Duration = Duration::from_secs(20);

/// The containers of `mtutrace map -o json`, with their namespaces.
fn containers() -> Vec<(u64, Value)> {
    let output =
        Command::new(binary().unwrap()).args(["map", "-o", "json"]).stdin(Stdio::null()).output().unwrap();
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = line["containers"].as_array().unwrap().iter();
    rows.map(|row| (row["netns"].as_u64().unwrap(), row["container"].clone())).collect()
}

#[test]
fn an_id_in_the_cgroup_of_another_is_not_taken_nor_named() {
    if skip() || alone::ran("an_id_in_the_cgroup_of_another_is_not_taken_nor_named") {
        return;
    }
    let victim = Rooted::start(None).unwrap();
    let thief = Rooted::claiming(&victim.id).unwrap();
    let named = |id: &str, name: &str| format!(r#"{{"Id":"{id}","Names":["/{name}"]}}"#);
    let lies = [named(&victim.id, "taken"), named(&victim.inner.id, "taken"), named(&thief.id, "taken")];
    let _daemon = Daemon::serve(&thief.path("run/docker.sock"), format!("[{}]", lies.join(","))).unwrap();
    let _honest =
        Daemon::serve(&victim.path("run/docker.sock"), format!("[{}]", named(&victim.inner.id, "mine")))
            .unwrap();

    let all = containers();
    let of = |netns: u64| &all.iter().find(|(inode, _)| *inode == netns).unwrap().1;
    let stolen = of(thief.inner.netns.inode().unwrap());
    assert_eq!(stolen["id"], format!("twin-{}-of-{}", &thief.id[..7], victim.id));
    assert_eq!(stolen["parents"][0]["id"], thief.id.as_str());
    assert_eq!(of(victim.netns.inode().unwrap())["id"], victim.id.as_str());
    assert_eq!(all.iter().filter(|(_, container)| container["id"] == victim.id.as_str()).count(), 1);

    // Names come later than containers, those that are wrong as well as those that are right.
    let all = wait::until("the name of what the victim runs", SOON, || {
        let all = containers();
        Ok(all.iter().any(|(_, container)| container["name"] == "mine").then_some(all))
    })
    .unwrap();
    assert!(all.iter().all(|(_, container)| container["name"] != "taken"), "{all:?}");

    let tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    let end = tracer.interrupt().unwrap();
    assert_eq!(end.of_kind("status").last().unwrap()["claimed_ids"], 1, "{:?}", end.lines);
    let (thief, victim) = (&thief.id[..12], &victim.id[..12]);
    let said = format!("container {thief} runs something under the id of another container, {victim}");
    assert_eq!(end.stderr.matches(&said).count(), 1, "{}", end.stderr);
}
