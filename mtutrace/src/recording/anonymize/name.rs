//! Names and ids: a name becomes a word of no meaning; of an id each hexadecimal digit becomes another, by the digits before it.
use super::Anonymizer;
use crate::model::Container;

/// What devices are called everywhere, by the letters that their names begin with.
const USUAL: [&str; 34] = [
    "lo", "eth", "en", "ens", "enp", "eno", "enx", "wlan", "wl", "docker", "br", "virbr", "lxcbr", "lxdbr",
    "incusbr", "cni", "cbr", "kube", "podman", "veth", "cali", "lxc", "tap", "tun", "wg", "vxlan", "flannel",
    "geneve", "gre", "ipip", "tunl", "sit", "bond", "vlan",
];

impl Anonymizer {
    /// Another name in the place of this one.
    pub(super) fn name(&self, name: &str) -> String {
        if name.is_empty() { String::new() } else { format!("name-{:08x}", self.hash(("name", name)) >> 32) }
    }

    /// The same, where there is one.
    pub(super) fn some_name(&self, name: &Option<String>) -> Option<String> {
        name.as_deref().map(|name| self.name(name))
    }

    /// Another id; one that is no hexadecimal number is a name. Ids that begin alike do so still: a bridge is called by the first
    /// digits of its network's.
    pub(super) fn id(&self, id: &str) -> String {
        if id.is_empty() || !id.chars().all(|c| c.is_ascii_hexdigit() || c == '-') {
            return self.name(id);
        }
        let mut before = String::with_capacity(id.len());
        let mut mapped = String::with_capacity(id.len());
        for c in id.chars() {
            let digit = c.to_digit(16).map(|digit| digit ^ (self.hash(("id", &before)) & 0xf) as u32);
            mapped.push(digit.and_then(|digit| char::from_digit(digit, 16)).unwrap_or(c));
            if c != '-' {
                before.push(c);
            }
        }
        mapped
    }

    /// Another name of a device, unless it is called as devices are everywhere.
    pub(super) fn device(&self, name: &str) -> String {
        if let Some(id) = name.strip_prefix("br-").filter(|id| id.len() == 12) {
            return format!("br-{}", self.id(id));
        }
        let (letters, rest) =
            name.split_at(name.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(name.len()));
        let usual =
            USUAL.contains(&letters) && rest.chars().all(|c| c.is_ascii_hexdigit() || "._-".contains(c));
        // veth and cali have random digits behind them, which may be letters.
        let random = ["veth", "cali", "lxc"].iter().find_map(|kind| Some((kind, name.strip_prefix(kind)?)));
        match random {
            Some((kind, rest)) if !usual && rest.len() >= 6 => format!("{kind}{}", self.id(rest)),
            _ if usual => name.to_owned(),
            _ => format!("if-{:08x}", self.hash(("device", name)) >> 32),
        }
    }

    /// Another container.
    pub(super) fn container(&self, container: &Container) -> Container {
        let mut other = container.clone();
        other.id =
            if container.is_known_by_name() { self.name(&container.id) } else { self.id(&container.id) };
        other.name = self.some_name(&container.name);
        if let Some(pod) = &mut other.pod {
            pod.namespace = self.some_name(&pod.namespace);
            pod.name = self.some_name(&pod.name);
            pod.uid = pod.uid.as_deref().map(|uid| self.id(uid));
        }
        other.setup = container.setup.as_deref().map(|setup| std::sync::Arc::new(self.setup(setup)));
        other.parents = container.parents.iter().map(|outer| self.container(outer)).collect();
        other
    }
}
