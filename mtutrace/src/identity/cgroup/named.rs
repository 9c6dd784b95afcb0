//! Containers whose cgroup has a name where others have an id. Pure.
use crate::model::Runtime;

/// Longer names are no names: host names end at 64 characters, LXD's at 63, projects of LXD come before.
const LONGEST: usize = 128;

/// The name of the container that a path segment is of, given the segment above it and whether Nomad's is further up.
///
/// LXC calls it `lxc.payload.NAME` (LXD and Incus put a project before the name), and its older forms `lxc.payload/NAME`
/// and `lxc/NAME`, as Proxmox does; `lxc.monitor.NAME` is outside of it. systemd-machined: `machine-NAME.scope`, and
/// `systemd-nspawn@NAME.service`. Nomad: `ALLOCATION.TASK.scope`. Firecracker's jailer: `firecracker/ID`.
pub(super) fn container_of(parent: &str, segment: &str, below_nomad: bool) -> Option<(String, Runtime)> {
    let found = if let Some(name) = segment.strip_prefix("lxc.payload.") {
        (name.to_owned(), Runtime::Lxc)
    } else if matches!(parent, "lxc.payload" | "lxc") {
        (segment.to_owned(), Runtime::Lxc)
    } else if parent == "machine.slice" || parent == "machine" {
        machine(segment)?
    } else if parent == "firecracker" {
        (segment.to_owned(), Runtime::Firecracker)
    } else if below_nomad {
        let task = segment.strip_suffix(".scope").unwrap_or(segment);
        (
            task.split_once('.')
                .filter(|(id, task)| is_uuid(id) && !task.is_empty())
                .map(|_| task.to_owned())?,
            Runtime::Nomad,
        )
    } else {
        return None;
    };
    let (name, _) = &found;
    let fits = (1..=LONGEST).contains(&name.len()) && !name.starts_with('.');
    fits.then_some(found)
}

/// A unit of systemd-machined or systemd-nspawn. Virtual machines are no containers.
fn machine(unit: &str) -> Option<(String, Runtime)> {
    if let Some(name) = unit.strip_prefix("systemd-nspawn@").and_then(|name| name.strip_suffix(".service")) {
        return Some((unescape(name), Runtime::Nspawn));
    }
    let name = unescape(unit.strip_prefix("machine-")?.strip_suffix(".scope")?);
    if name.starts_with("qemu-") {
        return None;
    }
    // libvirt: the domain's number comes first.
    let of_libvirt = name.strip_prefix("lxc-").and_then(|rest| rest.split_once('-'));
    match of_libvirt.filter(|(number, _)| number.bytes().all(|b| b.is_ascii_digit())) {
        Some((_, domain)) => Some((domain.to_owned(), Runtime::Lxc)),
        None => Some((name, Runtime::Nspawn)),
    }
}

/// `\x2d` is a dash in the name of a unit (systemd.unit(5)).
fn unescape(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once("\\x") {
        plain.push_str(before);
        let byte = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(u8::is_ascii);
        match byte {
            Some(byte) => {
                plain.push(char::from(byte));
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                plain.push_str("\\x");
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    plain
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use test_case::test_case;

    const ID: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";

    #[test_case("/lxc.payload.caweb/init.scope" => "caweb Lxc"; "lxd")]
    #[test_case("/lxc.payload.web" => "web Lxc"; "its first process")]
    #[test_case("/lxc.monitor.web" => "none"; "the monitor is outside")]
    #[test_case("/lxc/100/ns" => "100 Lxc"; "proxmox")]
    #[test_case("/lxc/100/ns/system.slice/ssh.service" => "100 Lxc"; "a service in it")]
    #[test_case("/lxc.payload/web" => "web Lxc"; "lxc 3")]
    #[test_case("/lxc.monitor/100" => "none"; "proxmox's monitor")]
    #[test_case("/user.slice/user-1000.slice/user@1000.service/app.slice/lxc.payload.mine/init.scope" => "mine Lxc"; "unprivileged")]
    #[test_case(r"/machine.slice/machine-web\x2d1.scope/payload" => "web-1 Nspawn"; "nspawn")]
    #[test_case("/machine.slice/systemd-nspawn@web.service/payload" => "web Nspawn"; "nspawn as a service")]
    #[test_case(r"/machine.slice/machine-qemu\x2d1\x2dvm.scope/libvirt/emulator" => "none"; "a virtual machine")]
    #[test_case(r"/machine.slice/machine-lxc\x2d123\x2dweb\x2d1.scope" => "web-1 Lxc"; "libvirt")]
    #[test_case("/nomad.slice/share.slice/1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f9.redis.scope"
        => "1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f9.redis Nomad"; "nomad")]
    #[test_case("/nomad/share/1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f9.redis"
        => "1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f9.redis Nomad"; "nomad, cgroups v1")]
    #[test_case("/system.slice/nomad.service" => "none"; "nomad itself")]
    #[test_case("/firecracker/551e7604-e35c-42b3-b825-416853441234" => "551e7604-e35c-42b3-b825-416853441234 Firecracker"; "jailer")]
    #[test_case("/lxc.payload.web/docker/{ID}" => "{ID} Docker < web Lxc"; "docker in lxd")]
    #[test_case("/lxc.payload.web/system.slice/docker-{ID}.scope" => "{ID} Docker < web Lxc"; "docker in lxd, by systemd")]
    #[test_case("/kubepods/besteffort/pod1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f9/kata_{ID}" => "{ID} Containerd"; "kata")]
    #[test_case("/kata_overhead/{ID}" => "{ID} ?"; "kata's overhead")]
    #[test_case("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope/container" => "{ID} Podman"; "rootless podman")]
    #[test_case("/user.slice/user-1000.slice/user@1000.service/app.slice/nerdctl-{ID}.scope" => "{ID} Containerd"; "rootless nerdctl")]
    #[test_case("/lxc.payload." => "none"; "no name")]
    #[test_case(r"/machine.slice/machine-a\xzz\x.scope" => r"a\xzz\x Nspawn"; "no escape")]
    fn of_one_path(path: &str) -> String {
        let text = format!("0::{}", path.replace("{ID}", ID));
        let Some(identity) = parse(text.as_bytes()) else { return "none".to_owned() };
        let one = |c: &super::super::ContainerRef| {
            let runtime = c.runtime.map_or("?".to_owned(), |runtime| format!("{runtime:?}"));
            format!("{} {runtime}", c.id.replace(ID, "{ID}"))
        };
        identity.chain.iter().map(one).collect::<Vec<_>>().join(" < ")
    }
}
