//! The messages by their bytes, and what is made of them.
use test_case::test_case;

use super::*;

fn map(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn sandbox(id: &str) -> Sandbox {
    let metadata = SandboxMetadata { name: "build-0".into(), uid: "u".into(), namespace: "ci".into() };
    Sandbox { id: id.into(), metadata: Some(metadata), labels: map(&[("actions.github.com/x", "1")]) }
}

fn container(sandbox: &str, name: &str, labels: &[(&str, &str)]) -> Container {
    Container {
        id: "c".into(),
        sandbox: sandbox.into(),
        metadata: Some(ContainerMetadata { name: name.into() }),
        labels: map(labels),
    }
}

fn of_c(sandboxes: Vec<Sandbox>, container: Container) -> Metadata {
    let containers = Containers { containers: vec![container] };
    metadata(Sandboxes { items: sandboxes }, containers, Runtime::CriO)
        .into_iter()
        .find(|t| t.id == "c")
        .unwrap()
}

fn names(told: &Metadata) -> [Option<&str>; 3] {
    let pod = told.pod.as_ref();
    [told.name.as_deref(), pod.and_then(|p| p.namespace.as_deref()), pod.and_then(|p| p.name.as_deref())]
}

/// `containers { id: "c" pod_sandbox_id: "s" metadata { name: "web"
/// attempt: 1 } state: CONTAINER_RUNNING labels { key: "k" value: "v" } }` of a ListContainersResponse.
#[test]
fn the_fields_are_those_of_the_interface() {
    let bytes = b"\x0a\x19\x0a\x01c\x12\x01s\x1a\x07\x0a\x03web\x10\x01\x30\x01\x42\x06\x0a\x01k\x12\x01v";
    let read = Containers::decode(&bytes[..]).unwrap();
    assert_eq!(read.containers, [container("s", "web", &[("k", "v")])]);
}

#[test]
fn a_pod_is_of_its_sandbox_and_kubelets_labels_come_second() {
    let kubelet = [("io.kubernetes.pod.namespace", "kube"), ("io.kubernetes.pod.name", "dns")];
    let with_sandbox = of_c(vec![sandbox("s")], container("s", "web", &[]));
    assert_eq!(names(&with_sandbox), [Some("web"), Some("ci"), Some("build-0")]);
    assert_eq!(with_sandbox.setup.unwrap().ci, Some(crate::model::Ci::GitHub));
    let by_labels = of_c(vec![sandbox("other")], container("s", "web", &kubelet));
    assert_eq!(names(&by_labels), [Some("web"), Some("kube"), Some("dns")]);
    assert_eq!(names(&of_c(Vec::new(), container("", "", &[]))), [None; 3]);
}

#[test]
fn a_sandbox_has_no_name_of_its_own() {
    let all = metadata(Sandboxes { items: vec![sandbox("s")] }, Containers::default(), Runtime::Containerd);
    assert_eq!(names(all.first().unwrap()), [None, Some("ci"), Some("build-0")]);
}

#[test_case(b"\x0a\xff\xff\xff\xff\x0f"; "longer than it is")]
#[test_case(b"\x0a\x03\x0a\x01\xff"; "no text")]
#[test_case(b"HTTP/1.1 400 Bad Request\r\n"; "another language")]
fn noise_is_an_error(bytes: &[u8]) {
    assert!(Containers::decode(bytes).is_err());
}
