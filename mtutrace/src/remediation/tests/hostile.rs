//! Names that containers choose, in every fix.
use super::*;
use crate::model::harmless::is_dangerous;

/// Whatever runs one of these says p42d.
const NAMES: [&str; 7] = [
    "x'$(echo p$((6*7))d)'",
    "x\"`echo p$((6*7))d`\"",
    "x;echo p$((6*7))d;#",
    "x\necho p$((6*7))d\n",
    "\u{9b}31m\u{202e}'$(echo p$((6*7))d)\\",
    "$(echo p$((6*7))d)|&",
    "--p$((6*7))d",
];

fn of(name: &str) -> Vec<Fix> {
    let mut all = Vec::new();
    for bridge in ["", "br-0123456789ab", "podman", "lxdbr", "incusbr", "docker0", "cni"] {
        let bridge = if bridge.starts_with("br-") { bridge.to_owned() } else { format!("{bridge}{name}") };
        let network = Network { name: format!("{name}_{name}"), id: "0123456789ab".to_owned() };
        let compose = Some(Compose { project: name.to_owned(), service: None });
        for (networks, compose) in [(vec![network], compose), (Vec::new(), None)] {
            let setup = Setup { networks, compose, ci: None };
            all.extend(of_container(name, &bridge, Some(setup), Runtime::Docker));
        }
    }
    all.extend(of_container(name, name, None, Runtime::Lxc));
    all
}

/// All that has a name has this one.
fn of_container(name: &str, bridge: &str, setup: Option<Setup>, runtime: Runtime) -> Vec<Fix> {
    let culprit = hop(bridge, POD, 1500, LinkKind::Bridge, 10);
    let bottleneck = hop(name, POD, MTU, LinkKind::Veth, 5);
    let m = Mismatch {
        path: vec![hop(name, INNER, 1500, LinkKind::Veth, 1), culprit.clone(), bottleneck.clone()],
        culprit,
        bottleneck,
    };
    let setup = setup.map(Arc::new);
    let container =
        Container { name: Some(name.to_owned()), runtime: Some(runtime), setup, ..Container::new(name) };
    let mut node = node(POD, name);
    for (netns, mount) in [(INNER, false), (POD, true)] {
        let one = node.netns.get_mut(&netns).unwrap();
        (one.pid, one.name) = (None, (!mount).then(|| name.to_owned()));
        one.mount = mount.then(|| format!("/run/{name}"));
    }
    [fixes(&m, Some(&container), INNER, &node), level(&m, &node)].concat()
}

#[test]
fn a_name_is_never_run_nor_acts_on_a_terminal() {
    for name in NAMES {
        for fix in of(name) {
            assert!(!fix.command.contains(is_dangerous), "{:?}", fix.command);
            if fix.r#type == crate::model::FixType::Config {
                continue;
            }
            for shell in ["bash", "sh"] {
                // None of the tools is run, only what the shell itself makes of the line.
                let output = Command::new(format!("/bin/{shell}"))
                    .arg("-c")
                    .arg(&fix.command)
                    .env_clear()
                    .env("PATH", "/nowhere")
                    .output()
                    .unwrap();
                let said = [output.stdout, output.stderr].concat();
                assert!(!String::from_utf8_lossy(&said).contains("p42d"), "{shell}: {}", fix.command);
            }
        }
    }
}

#[test]
fn a_name_that_looks_like_an_option_is_not_used() {
    let network = Network { name: "--privileged".to_owned(), id: "0123456789ab".to_owned() };
    let setup = Setup { networks: vec![network], compose: None, ci: None };
    let all = set_up("br-0123456789ab", true, "veth9", Some(setup));
    let recreate = all.iter().find(|fix| fix.command.contains("network rm")).unwrap();
    assert!(
        recreate.command.contains("inspect") && !recreate.command.contains("--privileged"),
        "{recreate:?}"
    );
}
