//! Nodes for tests: written down as values, or built of network namespaces.
use std::io::Write;
use std::net::IpAddr;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::model::{Action, Address, Container, DeviceId, Hop, Link, LinkKind, NetnsId, Node, Route, Rule};
use crate::topology::lookup::MAIN;

pub(crate) const HOST: NetnsId = NetnsId(1);

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(crate) fn id(netns: u32, ifindex: u32) -> DeviceId {
    DeviceId { netns: NetnsId(netns), ifindex }
}

/// "name:mtu" for each hop.
pub(crate) fn names(path: &[Hop]) -> String {
    let names: Vec<String> = path.iter().map(|hop| format!("{}:{}", hop.interface, hop.mtu)).collect();
    names.join(" ")
}

/// A rule for everybody, to be narrowed.
pub(crate) fn rule(priority: u32, action: Action) -> Rule {
    Rule {
        v4: true,
        priority,
        from: None,
        to: None,
        iif: None,
        invert: false,
        extraordinary: false,
        mark: None,
        l3mdev: false,
        unknown: false,
        action,
        suppress: None,
    }
}

/// Writes nodes down, device by device; namespaces come into being when they are named.
pub(crate) struct Builder(pub(crate) Node);

impl Builder {
    pub(crate) fn new() -> Builder {
        Builder(Node { host: HOST, ..Node::default() })
    }

    pub(crate) fn device(
        mut self,
        netns: u32,
        ifindex: u32,
        name: &str,
        kind: LinkKind,
        mtu: u32,
    ) -> Builder {
        let (name, up, ethernet) = (name.to_owned(), true, true);
        let (mac, master, peer, tunnel) = (Vec::new(), None, None, None);
        let link = Link { ifindex, name, mtu, kind, ethernet, up, mac, master, learning: true, peer, tunnel };
        self.0.netns.entry(NetnsId(netns)).or_default().links.insert(ifindex, link);
        self
    }

    pub(crate) fn edit(mut self, netns: u32, ifindex: u32, change: impl FnOnce(&mut Link)) -> Builder {
        change(self.0.netns.get_mut(&NetnsId(netns)).unwrap().links.get_mut(&ifindex).unwrap());
        self
    }

    pub(crate) fn port(self, netns: u32, port: u32, bridge: u32) -> Builder {
        self.edit(netns, port, |link| link.master = Some(bridge))
    }

    pub(crate) fn on(self, netns: u32, ifindex: u32, lower: DeviceId) -> Builder {
        self.edit(netns, ifindex, |link| link.peer = Some(lower))
    }

    /// A veth pair: (namespace, index, name, MTU) of each end.
    pub(crate) fn pair(self, a: (u32, u32, &str, u32), b: (u32, u32, &str, u32)) -> Builder {
        let both = self.device(a.0, a.1, a.2, LinkKind::Veth, a.3).device(b.0, b.1, b.2, LinkKind::Veth, b.3);
        both.on(a.0, a.1, id(b.0, b.1)).on(b.0, b.1, id(a.0, a.1))
    }

    /// An address, and the route that the kernel makes for its network.
    pub(crate) fn address(mut self, netns: u32, ifindex: u32, text: &str) -> Builder {
        let (address, prefix) = text.split_once('/').unwrap();
        let (address, prefix) = (ip(address), prefix.parse().unwrap());
        self.0.netns.entry(NetnsId(netns)).or_default().addresses.push(Address {
            ifindex,
            ip: address,
            prefix,
        });
        if prefix == 32 || prefix == 128 { self } else { self.route(netns, ifindex, text, None, None) }
    }

    pub(crate) fn route(
        mut self,
        netns: u32,
        ifindex: u32,
        to: &str,
        gateway: Option<&str>,
        mtu: Option<u32>,
    ) -> Builder {
        let (destination, prefix) = to.split_once('/').unwrap();
        let (destination, prefix) = (ip(destination), prefix.parse().unwrap());
        let route = Route {
            table: MAIN,
            destination,
            prefix,
            gateway: gateway.map(ip),
            ifindex,
            several: false,
            mtu,
            advmss: None,
            source: None,
            metric: 0,
        };
        self.0.netns.entry(NetnsId(netns)).or_default().routes.push(route);
        self
    }

    pub(crate) fn gateway(self, netns: u32, ifindex: u32, gateway: &str) -> Builder {
        self.route(netns, ifindex, "0.0.0.0/0", Some(gateway), None)
    }

    pub(crate) fn container(mut self, netns: u32, name: &str) -> Builder {
        self.0.netns.entry(NetnsId(netns)).or_default().containers.push(Container::new(name));
        self
    }
}

/// The founding incident with a second inner container, with this MTU of its own.
pub(crate) fn neighbour(mtu: u32) -> Builder {
    incident()
        .pair((2, 18, "veth18", mtu), (4, 17, "eth0", mtu))
        .port(2, 18, 3)
        .address(4, 17, "172.17.0.3/16")
        .gateway(4, 17, "172.17.0.1")
        .container(4, "neighbour")
}

/// The founding incident: node 1, pod 2, inner container 3.
pub(crate) fn incident() -> Builder {
    Builder::new()
        .device(1, 1, "lo", LinkKind::Loopback, 65536)
        .device(1, 2, "ens3", LinkKind::Physical, 1500)
        .address(1, 2, "192.168.1.5/24")
        .gateway(1, 2, "192.168.1.1")
        .device(1, 3, "cni0", LinkKind::Bridge, 1450)
        .address(1, 3, "10.42.0.1/24")
        .pair((1, 112, "veth112", 1450), (2, 2, "eth0", 1450))
        .port(1, 112, 3)
        .device(2, 1, "lo", LinkKind::Loopback, 65536)
        .address(2, 2, "10.42.0.108/24")
        .gateway(2, 2, "10.42.0.1")
        .device(2, 3, "docker0", LinkKind::Bridge, 1500)
        .address(2, 3, "172.17.0.1/16")
        .pair((2, 8, "veth8", 1500), (3, 7, "eth0", 1500))
        .port(2, 8, 3)
        .device(3, 1, "lo", LinkKind::Loopback, 65536)
        .address(3, 7, "172.17.0.2/16")
        .gateway(3, 7, "172.17.0.1")
        .container(2, "pod")
        .container(3, "build")
}

/// The incident with a second pod, 4, and a container in it, 5, with the same addresses inside as the first one.
pub(crate) fn two_pods() -> Builder {
    incident()
        .pair((1, 113, "veth113", 1450), (4, 2, "eth0", 1450))
        .port(1, 113, 3)
        .address(4, 2, "10.42.0.109/24")
        .gateway(4, 2, "10.42.0.1")
        .device(4, 3, "docker0", LinkKind::Bridge, 1500)
        .address(4, 3, "172.17.0.1/16")
        .pair((4, 8, "veth8", 1500), (5, 7, "eth0", 1500))
        .port(4, 8, 3)
        .address(5, 7, "172.17.0.2/16")
        .gateway(5, 7, "172.17.0.1")
}

/// Whether the kernel lets this process make namespaces; says why a test is skipped if not.
pub(crate) fn may_make_namespaces() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("skipped: only root can make network namespaces");
    }
    root
}

/// A real network namespace, gone when dropped.
pub(crate) struct Sandbox {
    pub(crate) name: String,
}

impl Sandbox {
    pub(crate) fn new() -> Sandbox {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("mtut-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let sandbox = Sandbox { name };
        run(&["netns", "add", &sandbox.name]);
        sandbox
    }

    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::from("/run/netns").join(&self.name)
    }

    pub(crate) fn id(&self) -> NetnsId {
        NetnsId(u32::try_from(std::fs::metadata(self.path()).unwrap().ino()).unwrap())
    }

    /// `ip -n NAME`, with the words of `arguments`.
    pub(crate) fn ip(&self, arguments: &str) {
        let words: Vec<&str> = ["-n", &self.name].into_iter().chain(arguments.split_whitespace()).collect();
        run(&words);
    }

    /// Many lines of `ip` at once.
    pub(crate) fn batch(&self, lines: &str) {
        let mut child =
            Command::new("ip").args(["-n", &self.name, "-batch", "-"]).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _gone_already = Command::new("ip").args(["netns", "del", &self.name]).status();
    }
}

fn run(arguments: &[&str]) {
    let status = Command::new("ip").args(arguments).status().unwrap();
    assert!(status.success(), "ip {}", arguments.join(" "));
}
