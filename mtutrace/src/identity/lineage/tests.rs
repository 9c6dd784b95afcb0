use test_case::test_case;

use super::*;

/// "B docker < A pod": the chain, innermost first; no ids with spaces.
fn chain(text: &str) -> Vec<ContainerRef> {
    let one = |text: &str| {
        let mut words = text.split(' ');
        let mut known = ContainerRef { id: words.next().unwrap().to_owned(), runtime: None, pod_uid: None };
        for word in words {
            match word {
                "docker" => known.runtime = Some(Runtime::Docker),
                "containerd" => known.runtime = Some(Runtime::Containerd),
                "cri-o" => known.runtime = Some(Runtime::CriO),
                "podman" => known.runtime = Some(Runtime::Podman),
                pod => known.pod_uid = Some(pod.to_owned()),
            }
        }
        known
    };
    text.split(" < ").filter(|text| !text.is_empty()).map(one).collect()
}

fn summary(container: &Container) -> String {
    let one = |c: &Container| {
        let mut words = vec![c.id.clone()];
        words.extend(
            c.runtime.map(|runtime| serde_json::to_value(runtime).unwrap().as_str().unwrap().to_owned()),
        );
        words.extend(c.pod.as_ref().and_then(|pod| pod.uid.clone()));
        words.join(" ")
    };
    std::iter::once(container).chain(&container.parents).map(one).collect::<Vec<_>>().join(" < ")
}

#[test_case("b docker", &[] => "b docker"; "alone")]
#[test_case("b docker < a", &[("init", "")] => "b docker < a"; "by its path")]
#[test_case("b docker", &[("runc", "a"), ("dockerd", "a"), ("init", "")] => "b docker < a"; "by ancestry")]
#[test_case("c", &[("x", "b"), ("x", "a"), ("init", "")] => "c < b < a"; "two above")]
#[test_case("c", &[("x", "b < a"), ("init", "")] => "c < b < a"; "two in the path of one")]
#[test_case("c < z", &[("x", "a < z"), ("x", "z"), ("init", "")] => "c < a < z"; "one is missing in between")]
#[test_case("c < b", &[("x", "b < a")] => "c < b < a"; "one is missing outside")]
#[test_case("b", &[("x", "b"), ("x", "a")] => "b < a"; "an ancestor in the same container")]
#[test_case("b", &[("x", "a < b")] => "b"; "an ancestor in a container of it")]
#[test_case("b P", &[("pause", "a P"), ("init", "")] => "b P"; "a sibling in the pod")]
#[test_case("b", &[("containerd-shim", ""), ("init", "")] => "b containerd"; "shim")]
#[test_case("b", &[("moby", ""), ("init", "")] => "b docker"; "shim of docker")]
#[test_case("b docker", &[("containerd-shim", ""), ("init", "")] => "b docker"; "the path knows better")]
#[test_case("b", &[("conmon", ""), ("init", "")] => "b podman"; "conmon")]
#[test_case("b P", &[("conmon", ""), ("init", "")] => "b cri-o P"; "conmon of a pod")]
#[test_case("b < a P", &[("containerd-shim", "a P"), ("containerd-shim", "")] => "b containerd < a containerd P"; "a shim each")]
#[test_case("b", &[("moby", "a P"), ("containerd-shim", "")] => "b docker < a containerd P"; "a shim each, by ancestry")]
#[test_case("b", &[("runc", "a"), ("containerd-shim", "")] => "b < a containerd"; "the shim of the parent only")]
fn resolved(own: &str, ancestors: &[(&str, &str)]) -> String {
    let ancestors = ancestors.iter().map(|&(comm, ids)| Ancestor {
        comm: if comm == "moby" { "containerd-shim" } else { comm }.to_owned(),
        moby: comm == "moby",
        chain: chain(ids),
    });
    let container = resolve(CgroupIdentity { chain: chain(own) }, ancestors).unwrap();
    assert!(container.parents.iter().all(|parent| parent.parents.is_empty()));
    summary(&container)
}
