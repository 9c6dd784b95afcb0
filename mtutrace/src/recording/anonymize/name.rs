//! Names and ids: a name becomes a word of no meaning; of an id each hexadecimal digit becomes another, by the digits before it.
use super::Anonymizer;
use crate::model::Container;

/// What devices are called everywhere, by the letters that their names begin with.
const USUAL: [&str; 34] = [
    "lo", "eth", "en", "ens", "enp", "eno", "enx", "wlan", "wl", "docker", "br", "virbr", "lxcbr", "lxdbr",
    "incusbr", "cni", "cbr", "kube", "podman", "veth", "cali", "lxc", "tap", "tun", "wg", "vxlan", "flannel",
    "geneve", "gre", "ipip", "tunl", "sit", "bond", "vlan",
];
/// What is followed by something that tells one device from all others, and the fewest digits that do: a MAC address, a hash of a
/// pod's name, the beginning of an id.
const UNIQUE: [(&str, usize); 6] =
    [("enx", 1), ("cali", 1), ("veth", 6), ("lxc", 6), ("tap", 6), ("br-", 12)];
/// The longest name of a device, bytes (IFNAMSIZ with its 0, `include/uapi/linux/if.h`).
const LONGEST: usize = 15;

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

    /// Another name of a device, unless it is called as devices are everywhere: a usual word, and numbers.
    pub(super) fn device(&self, name: &str) -> String {
        let unique = UNIQUE.iter().find_map(|(word, digits)| {
            let rest = name.strip_prefix(word).filter(|rest| rest.len() >= *digits)?;
            let is_id = rest.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
            (is_id && name.len() <= LONGEST).then(|| format!("{word}{}", self.id(rest)))
        });
        let usual = || {
            let (word, rest) =
                name.split_at(name.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(name.len()));
            let numbers = rest.chars().all(|c| c.is_ascii_digit() || "._-".contains(c));
            USUAL.contains(&word) && numbers && name.len() <= LONGEST
        };
        match unique {
            Some(other) => other,
            None if usual() => name.to_owned(),
            None => format!("if-{:08x}", self.hash(("device", name)) >> 32),
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
