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
    assert_eq!(metadata(ContainerSummary::default(), Runtime::Docker), None);
    let bare = ContainerSummary { id: Some("ab".into()), ..ContainerSummary::default() };
    let bare = metadata(bare, Runtime::Docker).unwrap();
    assert_eq!((bare.name, bare.complete), (None, true));
}
