//! What is made of a line of `docker ps`.
use super::*;
use crate::model::Ci;
use test_case::test_case;

fn told_of(json: &str) -> Metadata {
    metadata(serde_json::from_str(json).unwrap(), Runtime::Docker).unwrap()
}

#[test]
fn a_container_of_compose() {
    let told = told_of(
        r#"{"Id":"ab","Names":["/db/alias","/shop-web-1"],"State":"running","Labels":{"com.docker.compose.project":"shop",
        "com.docker.compose.service":"web"},"NetworkSettings":{"Networks":{"shop_default":{"NetworkID":"0123456789abcdef"}}}}"#,
    );
    assert_eq!((told.name.as_deref(), told.pod, told.complete), (Some("shop-web-1"), None, true));
    let setup = told.setup.unwrap();
    assert_eq!(setup.network_of("br-0123456789ab").unwrap().name, "shop_default");
    assert_eq!(setup.compose.as_ref().unwrap().project, "shop");
}

#[test_case("step", Some("step"); "a container of a pod")]
#[test_case("POD", None; "the sandbox of a pod")]
fn a_container_of_cri_dockerd(label: &str, name: Option<&str>) {
    let told = told_of(&format!(
        r#"{{"Id":"ab","Names":["/k8s_{label}_build-0_ci_uid_0"],"Labels":{{"io.kubernetes.container.name":"{label}",
        "io.kubernetes.pod.namespace":"ci","io.kubernetes.pod.name":"build-0","io.kubernetes.pod.uid":"uid"}}}}"#
    ));
    assert_eq!(told.name.as_deref(), name);
    let pod = told.pod.unwrap();
    assert_eq!(
        (pod.namespace.as_deref(), pod.name.as_deref(), pod.uid.as_deref()),
        (Some("ci"), Some("build-0"), Some("uid"))
    );
}

#[test]
fn one_that_is_being_started_is_asked_about_again() {
    let networks = r#""NetworkSettings":{"Networks":{"github_network_1":{"NetworkID":""}}}"#;
    let early = told_of(&format!(r#"{{"Id":"ab","Names":["/web"],{networks}}}"#));
    assert_eq!((early.name.as_deref(), early.complete, early.setup), (Some("web"), false, None));
    let later =
        told_of(&format!(r#"{{"Id":"ab","Names":["/web"],{}}}"#, networks.replace(r#"ID":""#, r#"ID":"1"#)));
    assert_eq!((later.complete, later.setup.unwrap().ci), (true, Some(Ci::GitHub)));
}

#[test]
fn what_has_no_id_is_nothing() {
    assert_eq!(metadata(Summary::default(), Runtime::Docker), None);
    let bare = told_of(r#"{"Id":"ab","Names":null,"Labels":null,"NetworkSettings":{"Networks":null}}"#);
    assert_eq!((bare.name, bare.complete), (None, true));
}

#[test]
fn no_more_is_kept_than_a_real_container_has() {
    let name = "n".repeat(100_000);
    let label = |n: usize| format!(r#""io.kubernetes.{n}":"{name}""#);
    let labels = (0..100).map(label).collect::<Vec<_>>().join(",");
    let network = |n: usize| format!(r#""net{n}":{{"NetworkID":"{n}","Other":[[{{}}]]}}"#);
    let networks = (0..100).map(network).collect::<Vec<_>>().join(",");
    let names = vec![format!(r#""/{name}""#); 100].join(",");
    let text = format!(
        r#"{{"Id":"ab","Names":[{names}],"Labels":{{"of no use":"{name}",{labels}}},"NetworkSettings":{{"Networks":{{{networks}}}}}}}"#
    );
    let read: Summary = serde_json::from_str(&text).unwrap();
    assert_eq!((read.names.0.len(), read.labels.0.len()), (64, 64));
    assert_eq!(read.network_settings.unwrap().networks.0.len(), 64);
    assert!(read.names.0.iter().chain(read.labels.0.values()).all(|text| text.len() <= 256));
    assert!(read.labels.0.keys().all(|name| name != "of no use"));
}

#[test]
fn millions_of_containers_are_an_error_that_costs_nothing() {
    let few = format!("[{}{{}}]", "{},".repeat(8191));
    let Summaries(read) = serde_json::from_str(&few).unwrap();
    assert_eq!(read.len(), 8192);
    let many = format!("[{}{{}}]", "{},".repeat(2_700_000));
    let error = serde_json::from_str::<Summaries>(&many).unwrap_err();
    assert!(error.to_string().starts_with("more than 8192 containers"), "{error}");
    assert!(error.column() < 100_000, "it stopped there: {error}");
}

#[test]
fn ids_are_asked_for_whatever_they_are() {
    let asked = path(&["ab".to_owned(), "a \"&#".to_owned()]).unwrap();
    assert_eq!(
        asked,
        "/containers/json?all=true&filters=%7B%22id%22%3A%5B%22ab%22%2C%22a%20%5C%22%26%23%22%5D%7D"
    );
    assert_eq!(path(&vec![String::new(); 201]).unwrap(), "/containers/json?all=true");
}
