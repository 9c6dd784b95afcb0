//! The messages by their bytes, and what is made of them.
use bytes::Bytes;
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
    metadata(sandboxes, vec![container], Runtime::CriO).into_iter().find(|t| t.id == "c").unwrap()
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
    let read = Container::decode(&bytes[2..]).unwrap();
    assert_eq!(read, container("s", "web", &[("k", "v")]));
    // Of the labels those are kept that say anything.
    assert_eq!(list::items::<Container>(Bytes::from_static(bytes)).unwrap(), [container("s", "web", &[])]);
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
    let all = metadata(vec![sandbox("s")], Vec::new(), Runtime::Containerd);
    assert_eq!(names(all.first().unwrap()), [None, Some("ci"), Some("build-0")]);
}

#[test_case(b"\x0a\xff\xff\xff\xff\x0f"; "longer than it is")]
#[test_case(b"\x0a\x03\x0a\x01\xff"; "no text")]
#[test_case(b"HTTP/1.1 400 Bad Request\r\n"; "another language")]
fn noise_is_an_error(bytes: &'static [u8]) {
    assert!(list::items::<Container>(Bytes::from_static(bytes)).is_err());
}

#[test]
fn other_fields_are_skipped() {
    let bytes = b"\x08\xff\x01\x11........\x1d....\x12\x02ab\x0a\x03\x0a\x01c";
    let read = list::items::<Container>(Bytes::from_static(bytes)).unwrap();
    assert_eq!(read.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), ["c"]);
}

#[test]
fn millions_of_containers_and_long_ones_are_errors() {
    let said = |bytes: Vec<u8>| list::items::<Sandbox>(bytes.into()).unwrap_err().message().to_owned();
    assert!(said(b"\x0a\x00".repeat(2 << 20)).ends_with("more than 8192 containers"));
    // A label of 6 bytes would take a hundred.
    let long = [&b"\x0a\x80\x80\x40"[..], &b"\x2a\x06\x0a\x01a\x12\x01b".repeat(1 << 17)].concat();
    assert!(said(long).ends_with("a container of 1048576 bytes"));
}

#[test]
fn no_more_is_kept_than_a_real_container_has() {
    let long = "n".repeat(10_000);
    let label = |n: usize| (format!("io.kubernetes.{n}"), long.clone());
    let labels = (0..100).map(label).chain([("x".to_owned(), long.clone())]).collect();
    let metadata = Some(ContainerMetadata { name: long.clone() });
    let mut whole = Container { id: long.clone(), sandbox: long.clone(), metadata, labels };
    whole.cut();
    assert_eq!((whole.id.len(), whole.sandbox.len(), whole.metadata.unwrap().name.len()), (256, 256, 256));
    assert_eq!(whole.labels.len(), 64);
    assert!(whole.labels.iter().all(|(name, value)| name != "x" && value.len() == 256));
}
