//! What is kept of names and labels.
use test_case::test_case;

use super::*;

fn labels(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn network(name: &str) -> Network {
    Network { name: name.to_owned(), id: "ab".repeat(32) }
}

#[test]
fn a_name_is_cut_between_characters() {
    let long = "ü".repeat(10_000);
    assert_eq!(text(&long).unwrap(), "ü".repeat(LONGEST));
    assert_eq!((text("web"), text("")), (Some("web".to_owned()), None));
}

#[test]
fn the_cgroup_is_believed_first() {
    let mut container = Container { runtime: Some(Runtime::CriO), ..Container::new("a") };
    container.pod = Some(Pod { uid: Some("of cgroup".into()), ..Pod::default() });
    let pod = Pod { namespace: Some("ci".into()), name: Some("build-0".into()), uid: Some("told".into()) };
    let told = Metadata { name: Some("step".into()), pod: Some(pod), ..Metadata::default() };
    Metadata { runtime: Some(Runtime::Docker), ..told }.apply(&mut container);
    let pod = container.pod.clone().unwrap();
    assert_eq!((container.name.as_deref(), container.runtime), (Some("step"), Some(Runtime::CriO)));
    assert_eq!((pod.name.as_deref(), pod.uid.as_deref()), (Some("build-0"), Some("of cgroup")));
    assert!(container.is_in_pod("ci", "build-0") && !container.is_in_pod("ci", "build"));
}

#[test]
fn labels_of_kubelet_tell_the_pod() {
    let all = labels(&[
        ("io.kubernetes.pod.namespace", "ci"),
        ("io.kubernetes.pod.name", "build-0"),
        ("io.kubernetes.pod.uid", ""),
        ("io.kubernetes.container.name", "step"),
    ]);
    let pod = Labels(&all).pod().unwrap();
    assert_eq!((pod.namespace.as_deref(), pod.name.as_deref(), pod.uid), (Some("ci"), Some("build-0"), None));
    assert_eq!(Labels(&all).name_in_pod().as_deref(), Some("step"));
    assert_eq!(Labels(&labels(&[("a", "b")])).pod(), None);
}

#[test]
fn compose_and_networks_make_the_setup() {
    let all = labels(&[("com.docker.compose.project", "shop"), ("com.docker.compose.service", "web")]);
    let setup = Labels(&all).setup(vec![network("z"), network("a")], None).unwrap();
    assert_eq!(setup.networks, [network("a"), network("z")]);
    let compose = setup.compose.clone().unwrap();
    assert_eq!((compose.project.as_str(), compose.service.as_deref()), ("shop", Some("web")));
    assert_eq!(Labels(&labels(&[])).setup(Vec::new(), Some("web")), None);
    let crowd = (0..1000).map(|n| network(&n.to_string())).collect();
    assert_eq!(Labels(&all).setup(crowd, None).unwrap().networks.len(), MOST_NETWORKS);
}

#[test_case("com.gitlab.gitlab-runner.job.id", "bridge", "" => Some(Ci::GitLab); "gitlab's docker executor")]
#[test_case("job.runner.gitlab.com/pod", "", "" => Some(Ci::GitLab); "gitlab on kubernetes")]
#[test_case("", "github_network_53269bd575974817b43f4733536b200c", "" => Some(Ci::GitHub); "github job container")]
#[test_case("actions.github.com/scale-set-name", "", "" => Some(Ci::GitHub); "github on kubernetes")]
#[test_case("io.drone.build.number", "drone-x", "drone-y" => Some(Ci::Drone); "drone")]
#[test_case("", "wp_01h", "wp_01h_0_step_0" => Some(Ci::Woodpecker); "woodpecker")]
#[test_case("maintainer", "bridge", "web" => None; "nobody")]
fn runners_are_known(label: &str, plugged_into: &str, name: &str) -> Option<Ci> {
    Labels(&labels(&[(label, "1")])).ci(&[network(plugged_into)], Some(name))
}
