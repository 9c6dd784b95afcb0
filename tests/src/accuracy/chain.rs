//! The one generator: from a case's data to namespaces, devices, routes, firewalls and containers.
//!
//! ```text
//! server ── eth0 hop ── eth0 hop ── … ── eth0 the innermost
//! ```

use anyhow::Result;

use super::address::Seat;
use super::case::{Case, Hop, Numbers, Runtime, Traffic};
use super::judge::{Cast, Sufferer};
use super::plan::Plan;
use super::plug::{FAMILIES, Wire};
use super::{links, rules};
use crate::lab::bridged::bridge_netfilter;
use crate::lab::cgroup::{random_id, random_uid};
use crate::lab::container::Container;
use crate::lab::name;
use crate::lab::netns::NetNs;
use crate::lab::offload;
use crate::lab::place::Place;
use crate::lab::routed::Family;
use crate::lab::traffic::HttpServer;
use crate::lab::wire::Wire as UserSpace;

/// A namespace of the chain; a container or not.
#[derive(Debug)]
enum Member {
    Bare(NetNs),
    Inside(Container),
}

/// A built case. Fields are dropped in this order: traffic first.
#[derive(Debug)]
pub struct Chain {
    _servers: Vec<HttpServer>,
    wires: Vec<UserSpace>,
    members: Vec<Member>,
    seats: Vec<Seat>,
    server: NetNs,
}

impl Member {
    fn netns(&self) -> &NetNs {
        match self {
            Self::Bare(netns) => netns,
            Self::Inside(container) => &container.netns,
        }
    }
}

impl Chain {
    /// Builds what the case asks for; nothing of it has been tried yet.
    pub fn build(case: &Case, numbers: &Numbers) -> Result<Self> {
        let prefix = name::prefix();
        let server = NetNs::create(&format!("{prefix}-server"))?;
        rules::server(&case.server, numbers, &server)?;
        let mut plan = Plan::new(case);
        let mut chain =
            Self { _servers: Vec::new(), wires: Vec::new(), members: Vec::new(), seats: Vec::new(), server };
        let mut cgroups: Vec<Option<String>> = Vec::new();
        for (number, hop) in case.hop.iter().enumerate() {
            let netns = NetNs::create(&format!("{prefix}-{}", hop.name))?;
            plan.place(hop)?;
            let above = plan.above[number];
            chain.wire(&plan, number, numbers, &netns)?;
            let outer = above.and_then(|above| cgroups[above].clone());
            let (member, cgroup) = contain(hop, netns, outer, plan.seats[number])?;
            chain.members.push(member);
            cgroups.push(cgroup);
            chain.seats = plan.seats.clone();
            chain.route_back(&plan, number)?;
        }
        if case.server.no_offloads {
            offload::switch_off(&chain.server, "port0")?;
        }
        let ends = |name: &str| Ok(if name == "server" { &chain.server } else { chain.netns(case, name)? });
        let tuns = links::tuns(case, numbers, ends)?;
        links::finish(case, numbers, ends)?;
        chain.wires.extend(tuns);
        let mut targets = case.traffic.iter().filter_map(|one| one.to.as_deref()).collect::<Vec<_>>();
        targets.extend(case.traffic.iter().any(|one| one.to.is_none()).then_some("server"));
        targets.sort_unstable();
        targets.dedup();
        for to in targets {
            let server = HttpServer::listen(chain.place(case, Some(to))?, "[::]:80")?;
            chain._servers.push(server);
        }
        Ok(chain)
    }

    /// Where the hop of that name runs its processes; the innermost without a name.
    pub fn place(&self, case: &Case, name: Option<&str>) -> Result<Place<'_>> {
        let number = match name {
            Some("server") => return Ok(Place::host(&self.server)),
            Some(name) => case.find(name)?,
            None => self.members.len() - 1,
        };
        Ok(match &self.members[number] {
            Member::Bare(netns) => Place::host(netns),
            Member::Inside(container) => container.place(),
        })
    }

    /// The namespace of the hop of that name.
    pub fn netns(&self, case: &Case, name: &str) -> Result<&NetNs> {
        Ok(self.members[case.find(name)?].netns())
    }

    /// What a piece of traffic goes to, as it stands in a URL, without a port.
    pub fn target(&self, case: &Case, one: &Traffic) -> Result<String> {
        match &one.host {
            Some(host) => Ok(host.clone()),
            None => self.url_host(case, one.to.as_deref(), one.family()),
        }
    }

    fn url_host(&self, case: &Case, name: Option<&str>, family: Family) -> Result<String> {
        let seat = match name.filter(|name| *name != "server") {
            Some(name) => self.seats[case.find(name)?],
            None => self.seats[0].gateway(),
        };
        Ok(seat.url_host(family))
    }

    /// The id of a hop's container.
    fn id(&self, number: usize) -> Option<&str> {
        match &self.members[number] {
            Member::Bare(_) => None,
            Member::Inside(container) => Some(&container.id),
        }
    }

    /// Who the case's verdict is about.
    fn sufferer(&self, case: &Case) -> Result<Sufferer> {
        self.whose(case, case.sufferer_name())
    }

    /// How verdicts name the hop of that name; the innermost without a name.
    fn whose(&self, case: &Case, name: Option<&str>) -> Result<Sufferer> {
        let number = match name {
            Some("server") => return Ok(Sufferer::Namespace(self.server.inode()?)),
            Some(name) => case.find(name)?,
            None => self.members.len() - 1,
        };
        Ok(match self.id(number) {
            Some(id) => Sufferer::Container(id.to_owned()),
            None => Sufferer::Namespace(self.members[number].netns().inode()?),
        })
    }

    /// All that a case is about.
    pub(super) fn cast(&self, case: &Case) -> Result<Cast> {
        let ids = (0..case.hop.len()).filter_map(|hop| self.id(hop).map(str::to_owned)).collect();
        // The server has no MTU of its own in a file: it is as wide as whatever is plugged into it.
        let ends =
            case.traffic.iter().flat_map(|one| [Some(one.from.as_deref()), one.to.as_deref().map(Some)]);
        let hops = ends.flatten().filter(|name| *name != Some("server"));
        let talkers = hops.map(|name| self.whose(case, name)).collect::<Result<_>>()?;
        Ok(Cast { ids, inodes: self.inodes()?, talkers, sufferer: self.sufferer(case)? })
    }

    /// The inode numbers of its namespaces.
    fn inodes(&self) -> Result<Vec<u64>> {
        let members = self.members.iter().map(Member::netns);
        members.chain([&self.server]).map(NetNs::inode).collect()
    }

    fn above(&self, above: Option<usize>) -> &NetNs {
        above.map_or(&self.server, |number| self.members[number].netns())
    }

    /// Devices, addresses, the way out, firewalls of one hop.
    fn wire(&mut self, plan: &Plan<'_>, number: usize, numbers: &Numbers, netns: &NetNs) -> Result<()> {
        let (hop, seat) = (&plan.case.hop[number], plan.seats[number]);
        let wire = links::of_hop(hop, number, numbers, self.above(plan.above[number]), netns)?;
        self.wires.extend(wire);
        let above = self.above(plan.above[number]);
        let bridge = plan.bridge(number);
        if bridge.is_some() {
            bridge_netfilter(above, false)?;
        }
        let bridge = bridge.as_ref().map(|(name, new)| (name.as_str(), *new));
        Wire { hop, number, numbers, above, netns, seat, bridge }.plug()?;
        let route_mtu = match &hop.route_mtu {
            Some(name) => format!("mtu {}", numbers.get(name)?),
            None => String::new(),
        };
        let each = |family: Family| {
            (
                format!("address add {} dev eth0\n", seat.with_bits(family)),
                format!("route add default via {} {route_mtu}\n", seat.gateway().address(family)),
            )
        };
        let [(v4, route4), (v6, route6)] = FAMILIES.map(each);
        netns.ip(&format!("{v4}{v6}link set eth0 up\n{route4}{route6}"))?;
        if let Some(name) = &hop.idle_bridge {
            netns.ip(&format!("link add idle0 mtu {} type bridge\nlink set idle0 up", numbers.get(name)?))?;
        }
        for key in ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"] {
            above.sysctl(key, "1")?;
        }
        rules::hop(hop, numbers, netns)
    }

    /// Whoever is further out learns the way to the hop's network.
    fn route_back(&self, plan: &Plan<'_>, number: usize) -> Result<()> {
        let seat = plan.seats[number];
        if plan.first_in(seat.network) != number {
            return Ok(());
        }
        let mut via = plan.router(number);
        while let Some(router) = via {
            let route = |family| {
                format!("route add {} via {}\n", seat.subnet(family), plan.seats[router].address(family))
            };
            via = plan.router(router);
            self.above(via).ip(&FAMILIES.map(route).concat())?;
        }
        Ok(())
    }
}

/// Starts the container of a hop; also its cgroup, below which its own containers are.
fn contain(hop: &Hop, netns: NetNs, outer: Option<String>, seat: Seat) -> Result<(Member, Option<String>)> {
    let id = random_id()?;
    let path = match hop.runtime {
        Runtime::None => return Ok((Member::Bare(netns), outer)),
        Runtime::Docker => format!("docker/{id}"),
        Runtime::Pod => format!("kubepods/besteffort/pod{}/{id}", random_uid()?),
    };
    let path = outer.map_or(path.clone(), |outer| format!("{outer}/{path}"));
    let container = Container::start(netns, &path, id, seat.address(Family::V4))?;
    Ok((Member::Inside(container), Some(path)))
}
