use test_case::test_case;

use super::*;

// In the tables, A, B and C stand for ids, K for one of BuildKit, U for a pod's UID and V for it with underscores.
const A: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";
const B: &str = "b413aa74fd2ff75f15b32438dce58a63b73bc04c4bd476ca7ab54c12da6a43d4";
const C: &str = "c9eae77df5fb5de73ccc3eff21cd7f1c72434fef6ade1328924315ebe7eeadd5";
const K: &str = "jvifp9a6b1lxa1kuw8bwfcovf";
const U: &str = "1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f9";

fn expand(text: &str) -> String {
    [("{A}", A), ("{B}", B), ("{C}", C), ("{K}", K), ("{U}", U), ("{V}", &U.replace('-', "_"))]
        .iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
}

/// "A docker pod < B": the chain, innermost first.
fn summary(text: &[u8]) -> String {
    let Some(identity) = parse(text) else { return "none".into() };
    assert!(!identity.chain.is_empty());
    let one = |container: &ContainerRef| {
        let known = [("A", A), ("B", B), ("C", C), ("K", K)];
        let mut words = vec![known.iter().find(|(_, id)| *id == container.id).map_or("?", |(name, _)| name)];
        words.extend(container.runtime.map(|runtime| match runtime {
            Runtime::Docker => "docker",
            Runtime::Containerd => "containerd",
            Runtime::CriO => "cri-o",
            Runtime::Podman => "podman",
            _ => "another",
        }));
        words.extend(container.pod_uid.as_deref().map(|uid| if uid == U { "pod" } else { "other-pod" }));
        words.join(" ")
    };
    identity.chain.iter().map(one).collect::<Vec<_>>().join(" < ")
}

#[test_case("/docker/{A}" => "A docker"; "docker, cgroupfs")]
#[test_case("/docker/nested/{A}" => "A docker"; "docker, a group of its own")]
#[test_case("/docker/{A}/init.scope" => "A docker"; "systemd as init in a container")]
#[test_case("/docker/{A}/system.slice/ssh.service" => "A docker"; "a service of that systemd")]
#[test_case("/system.slice/docker-{A}.scope" => "A docker"; "docker, systemd")]
#[test_case("/system.slice/docker-{A}.scope/init.scope" => "A docker"; "docker, systemd in it")]
#[test_case("/system.slice/docker-{A}.scope/system.slice/x.service" => "A docker"; "docker, a service in it")]
#[test_case("/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{A}.scope" => "A docker"; "rootless docker")]
#[test_case("/ci/{A}" => "A"; "docker with a cgroup parent")]
#[test_case("/ecs/0123456789abcdef0123456789abcdef/{A}" => "A"; "a task of ECS")]
#[test_case("/docker/{A} (deleted)" => "A docker"; "a dying process")]
#[test_case("/docker/{A}/docker/{B}" => "B docker < A docker"; "docker in docker")]
#[test_case("/docker/{A}/docker/{B}/docker/{C}" => "C docker < B docker < A docker"; "docker, three deep")]
#[test_case("/docker/{A}/docker/{A}/docker/{B}" => "B docker < A docker"; "the outer path twice, as in kind")]
#[test_case("/system.slice/docker-{A}.scope/docker/{B}" => "B docker < A docker"; "both drivers")]
#[test_case("/system.slice/docker-{A}.scope/system.slice/docker-{B}.scope" => "B docker < A docker"; "systemd twice")]
#[test_case("/docker/{A}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod{V}.slice/cri-containerd-{B}.scope"
    => "B containerd pod < A docker"; "a pod in kind")]
#[test_case("/docker/{A}/kubelet/kubepods/besteffort/pod{U}/{B}" => "B pod < A docker"; "a pod in kind, cgroupfs")]
#[test_case("/docker/buildkit/{K}" => "K docker"; "buildkit in dockerd")]
#[test_case("/docker/{K}" => "K docker"; "buildkit, right below docker")]
#[test_case("/buildkit/{K}" => "K docker"; "buildkitd")]
#[test_case("/docker/{A}/buildkit/{K}" => "K docker < A docker"; "buildkitd in a container")]
#[test_case("/system.slice/system.slice:docker:{K}" => "K docker"; "buildkit, systemd's name as a directory")]
#[test_case("/system.slice:docker:{K}" => "K docker"; "buildkit, at the root")]
#[test_case("/system.slice/docker-{K}.scope" => "K docker"; "buildkit, scope")]
#[test_case("/kubepods/besteffort/pod{U}/{A}" => "A pod"; "kubelet, cgroupfs")]
#[test_case("/kubepods/pod{U}/{A}" => "A pod"; "kubelet, cgroupfs, guaranteed")]
#[test_case("/kubepods/burstable/pod{U}/{A}/docker/{B}" => "B docker < A pod"; "docker in a pod")]
#[test_case("/kubepods/burstable/pod{U}/{A}/docker/buildkit/{K}" => "K docker < A pod"; "a build in a pod")]
#[test_case("/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{V}.slice/cri-containerd-{A}.scope"
    => "A containerd pod"; "containerd, systemd")]
#[test_case("/kubepods.slice/kubepods-pod{V}.slice/cri-containerd-{A}.scope/docker/{B}"
    => "B docker < A containerd pod"; "the founding incident")]
#[test_case("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{V}.slice/docker-{A}.scope"
    => "A docker pod"; "cri-dockerd")]
#[test_case("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{V}.slice/crio-{A}.scope"
    => "A cri-o pod"; "cri-o")]
#[test_case("/kubepods.slice/kubepods-pod{V}.slice/crio-{A}.scope/container" => "A cri-o pod"; "cri-o with crun")]
#[test_case("/kubepods/besteffort/pod{U}/crio-{A}" => "A cri-o pod"; "cri-o, cgroupfs")]
#[test_case("/system.slice/containerd.service/kubepods-besteffort-pod{V}.slice:cri-containerd:{A}"
    => "A containerd pod"; "the driver of kubelet and containerd differ")]
#[test_case("/kubepods-pod{V}.slice:crio:{A}" => "A cri-o pod"; "the same in cri-o")]
#[test_case(":cri-containerd:{A}" => "A containerd"; "empty slice")]
#[test_case("/machine.slice/libpod-{A}.scope" => "A podman"; "podman")]
#[test_case("/machine.slice/libpod-{A}.scope/container" => "A podman"; "podman with crun")]
#[test_case("/libpod_parent/libpod-{A}" => "A podman"; "podman, cgroupfs")]
#[test_case("/libpod_parent/{B}/libpod-{A}" => "A podman"; "podman's pod is not a container")]
#[test_case("/machine.slice/machine-libpod_pod_{B}.slice/libpod-{A}.scope/container" => "A podman"; "its slice neither")]
#[test_case("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{A}.scope" => "A podman"; "rootless")]
#[test_case("/user.slice/user-1000.slice/user@1000.service/app.slice/web.service/libpod-payload-{A}"
    => "A podman"; "a quadlet")]
#[test_case("/machine.slice/libpod-{A}.scope/libpod_parent/libpod-{B}" => "B podman < A podman"; "podman in podman")]
#[test_case("/default/{A}" => "A"; "nerdctl or ctr, cgroupfs")]
#[test_case("/k8s.io/{A}" => "A"; "ctr in the namespace of the CRI")]
#[test_case("/system.slice/nerdctl-{A}.scope" => "A containerd"; "nerdctl, systemd")]
#[test_case("/system.slice/other-{A}.scope" => "A"; "a unit of a runtime not known here")]
#[test_case("/../../kubepods-pod{V}.slice/cri-containerd-{A}.scope" => "A containerd pod"; "from another cgroup namespace")]
#[test_case("/../{A}" => "A"; "a sibling of the reader's cgroup namespace")]
#[test_case("/" => "none"; "the root, or the own cgroup namespace")]
#[test_case("/../.." => "none"; "only dots")]
#[test_case("/init.scope" => "none"; "systemd")]
#[test_case("/system.slice/containerd.service" => "none"; "containerd and its shims")]
#[test_case("/system.slice/docker.service" => "none"; "dockerd")]
#[test_case("/user.slice/user-1000.slice/session-3.scope" => "none"; "a login")]
#[test_case("/user.slice/user-1000.slice/user@1000.service/app.slice/run-r0123456789abcdef0123456789abcdef.scope"
    => "none"; "systemd-run")]
#[test_case("/jobs/57e6c52ef945a13a0eb9e38529034eff" => "none"; "32 hex digits")]
#[test_case("/kubepods/besteffort/pod{U}" => "none"; "a pod without a container")]
#[test_case("/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{V}.slice" => "none"; "its slice")]
#[test_case("/system.slice/crio-conmon-{A}.scope" => "none"; "monitor of cri-o")]
#[test_case("/machine.slice/libpod-conmon-{A}.scope" => "none"; "monitor of podman")]
#[test_case("/libpod_parent/conmon" => "none"; "monitor of podman, cgroupfs")]
#[test_case("/docker/{A}/machine.slice/libpod-conmon-{B}.scope" => "A docker"; "a monitor in a container")]
#[test_case("/system.slice/{A}.service" => "none"; "podman's healthcheck")]
#[test_case("/docker/{A}0" => "none"; "65 digits")]
#[test_case("/system.slice/docker-{A}0.scope" => "none"; "65 digits in a scope")]
#[test_case("/docker/0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f" => "none"; "63 digits")]
#[test_case("/docker/0A1B2C3D4E5F60718293A4B5C6D7E8F90A1B2C3D4E5F60718293A4B5C6D7E8F9" => "none"; "uppercase")]
#[test_case("/builds/{K}" => "none"; "25 characters anywhere else")]
#[test_case("/x-{A}" => "none"; "an unknown prefix that is no unit")]
#[test_case("/docker/{A}:x" => "none"; "two parts")]
#[test_case("/a:docker:{A}:x" => "none"; "four parts")]
fn one_path(path: &str) -> String {
    let path = expand(path);
    let v2 = summary(format!("0::{path}\n").as_bytes());
    assert_eq!(summary(format!("12:cpu,cpuacct:{path}\n1:name=systemd:{path}").as_bytes()), v2);
    v2
}

#[test_case("1:name=systemd:/\n0::/docker/{A}\n" => "A docker"; "hybrid, known by v2")]
#[test_case("4:memory:/docker/{A}\n0::/\n" => "A docker"; "hybrid, known by v1")]
#[test_case("4:memory:/docker/{A}\n3:pids:/docker/{A}/docker/{B}\n0::/" => "B docker < A docker"; "the longest chain")]
#[test_case("4:memory:/x/{A}\n3:pids:/docker/{A}\n" => "A docker"; "the better known")]
#[test_case("4:memory:/docker/{A}\n3:pids:/docker/{B}\n" => "A docker"; "the first of equals")]
#[test_case("" => "none"; "empty")]
#[test_case("\n\n:\n::\n0:" => "none"; "no lines at all")]
#[test_case("/docker/{A}" => "none"; "a path without its line")]
#[test_case("0::/kubepods.slice/kubepods-podman.slice/docker-{A}.scope" => "A docker"; "a malformed pod uid")]
fn lines(text: &str) -> String {
    summary(expand(text).as_bytes())
}

#[test]
fn static_pod_keeps_its_hash() {
    let text = expand("0::/kubepods/burstable/pod97a8e2f3b1c4d5e6f708192a3b4c5d6e/{A}");
    let uid = parse(text.as_bytes()).unwrap().chain[0].pod_uid.clone();
    assert_eq!(uid.as_deref(), Some("97a8e2f3b1c4d5e6f708192a3b4c5d6e"));
}

#[test]
fn hostile_bytes() {
    let long = [b"0::/".as_slice(), &vec![b'a'; 10_000], b"/", &vec![b':'; 10_000]].concat();
    assert_eq!(summary(&long), "none");
    let broken = [b"0::/\xff\xfe\x1b[2J/docker/".as_slice(), A.as_bytes(), b"/\x00\x07\xc3"].concat();
    assert_eq!(summary(&broken), "A docker");
    let deep = format!("0::{}", "/x".repeat(10_000));
    assert_eq!(summary(deep.as_bytes()), "none");
    // 64 bytes, but not of ASCII.
    assert_eq!(summary(format!("0::/docker/{}", "é".repeat(32)).as_bytes()), "none");
    // Every prefix of a good line.
    let good = expand("0::/kubepods.slice/kubepods-pod{V}.slice/cri-containerd-{A}.scope/docker/{B}");
    for end in 0..good.len() {
        parse(&good.as_bytes()[..end]);
    }
}
