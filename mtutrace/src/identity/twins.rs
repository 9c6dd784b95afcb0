//! The same id at several places of the cgroup tree. Pure.
//!
//! Whoever has a cgroup of its own may make any directory below it, and so claim to run a container of any id. An id at the
//! top was given by the host. Deeper inside of another container's cgroup the same id is another container: it gets a name
//! of its own, and never counts as the one at the top. Of those that are all deeper the one that was there first keeps the
//! id, as nobody can know an id before it is there; if that cannot be told, none does.
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::cgroup::{ContainerRef, is_id};

/// Who has an id.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Owner {
    /// One at the top.
    Top,
    /// The only one, or the first: inside of these, innermost first.
    Inside(Vec<String>),
    /// There are several, and nobody knows which was the first.
    Nobody,
}

/// The ids that are claimed inside of containers, and whose they are.
#[derive(Debug, Default)]
pub(crate) struct Twins {
    owners: BTreeMap<String, Owner>,
    /// Pods at the top, by UID.
    pods: BTreeSet<String>,
    /// Claims that were refused, by id and the container that makes them; for whoever tells of them.
    refused: BTreeSet<(String, String)>,
}

impl Twins {
    /// Takes in the chains of all processes, innermost first. True if anything is believed otherwise than before.
    pub(crate) fn update<'a>(&mut self, chains: impl Iterator<Item = &'a [ContainerRef]> + Clone) -> bool {
        let before = (std::mem::take(&mut self.owners), std::mem::take(&mut self.pods));
        self.refused.clear();
        if chains.clone().any(|chain| chain.len() > 1) {
            self.note(chains, &before.0);
        }
        (&self.owners, &self.pods) != (&before.0, &before.1)
    }

    fn note<'a>(
        &mut self,
        chains: impl Iterator<Item = &'a [ContainerRef]>,
        before: &BTreeMap<String, Owner>,
    ) {
        let mut top = BTreeSet::new();
        let mut nested: BTreeMap<&str, BTreeSet<Vec<&str>>> = BTreeMap::new();
        for chain in chains {
            for (at, known) in chain.iter().enumerate().filter(|(_, known)| is_unique(known)) {
                let outer: Vec<&str> = chain.iter().skip(at + 1).map(|c| c.id.as_str()).collect();
                if outer.is_empty() {
                    top.insert(known.id.as_str());
                } else {
                    nested.entry(&known.id).or_default().insert(outer);
                }
            }
            self.pods.extend(chain.last().and_then(|outermost| outermost.pod_uid.clone()));
        }
        for (id, claims) in nested {
            let owned = |outer: &Vec<&str>| outer.iter().map(|id| (*id).to_owned()).collect::<Vec<String>>();
            let first = before.get(id).filter(|owner| match owner {
                Owner::Inside(outer) => claims.iter().any(|claim| claim.iter().eq(outer)),
                _ => false,
            });
            let owner = match (top.contains(id), first, claims.first()) {
                (true, ..) => Owner::Top,
                (_, Some(first), _) => first.clone(),
                (_, _, Some(only)) if claims.len() == 1 => Owner::Inside(owned(only)),
                _ => Owner::Nobody,
            };
            for outer in claims.iter().map(owned).filter(|outer| !owner.is(outer)) {
                self.refused.insert((id.to_owned(), outer.first().cloned().unwrap_or_default()));
            }
            self.owners.insert(id.to_owned(), owner);
        }
    }

    /// A chain as it is believed.
    pub(crate) fn believed<'a>(&self, chain: &'a [ContainerRef]) -> Cow<'a, [ContainerRef]> {
        let outer = |at: usize| chain.get(at + 1..).unwrap_or_default();
        let is_true = |(at, known): (usize, &ContainerRef)| {
            let outer = outer(at);
            let of_pod = known.pod_uid.as_ref().is_some_and(|uid| self.pods.contains(uid));
            outer.is_empty() || !(of_pod || self.is_twin(known, outer))
        };
        if self.owners.is_empty() || chain.iter().enumerate().all(is_true) {
            return Cow::Borrowed(chain);
        }
        let mut chain = chain.to_vec();
        for at in 0..chain.len() {
            let (inner, outer) = chain.split_at_mut(at + 1);
            let (Some(known), Some(around)) = (inner.last_mut(), outer.first()) else { continue };
            known.pod_uid.take_if(|uid| self.pods.contains(uid));
            if self.is_twin(known, outer) {
                *known =
                    ContainerRef { id: twin(&known.id, &around.id), runtime: known.runtime, pod_uid: None };
            }
        }
        Cow::Owned(chain)
    }

    /// Ids that a container claims for what runs in it, and that are not believed: each with that container's.
    pub(crate) fn refused(&self) -> impl Iterator<Item = (&str, &str)> {
        self.refused.iter().map(|(id, outer)| (id.as_str(), outer.as_str()))
    }

    fn is_twin(&self, known: &ContainerRef, outer: &[ContainerRef]) -> bool {
        // One that has a name might as well be given the name of one that has an id.
        (is_unique(known) || self.owners.get(&known.id) == Some(&Owner::Top))
            && self.owners.get(&known.id).is_some_and(|owner| !owner.is(&ids(outer)))
    }
}

impl Owner {
    fn is(&self, outer: &[String]) -> bool {
        matches!(self, Owner::Inside(known) if known == outer)
    }
}

fn ids(chain: &[ContainerRef]) -> Vec<String> {
    chain.iter().map(|known| known.id.clone()).collect()
}

/// Names are unique inside of their runtime only: an LXC container in another one may well have its name.
fn is_unique(known: &ContainerRef) -> bool {
    is_id(&known.id) || !known.runtime.is_some_and(crate::model::Runtime::knows_by_name)
}

/// Its beginning, which is shown, tells where it runs; an id that any runtime gives has no dash there.
pub(crate) fn twin(id: &str, outer: &str) -> String {
    format!("twin-{}-of-{id}", outer.get(..7).unwrap_or(outer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::cgroup::parse;
    use crate::model::Runtime;

    const POD: &str = "/kubepods/besteffort/pod1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f9";

    fn id(letter: char) -> String {
        letter.to_string().repeat(64)
    }

    /// Chains of paths in which letters stand for ids.
    fn chains(paths: &[&str]) -> Vec<Vec<ContainerRef>> {
        let expand = |path: &str| {
            let parts = path.split('/').map(|part| match part.as_bytes() {
                [letter] => id(char::from(*letter)),
                _ => part.to_owned(),
            });
            parts.collect::<Vec<_>>().join("/")
        };
        paths.iter().map(|path| parse(format!("0::{}", expand(path)).as_bytes()).unwrap().chain).collect()
    }

    fn update(twins: &mut Twins, paths: &[&str]) -> bool {
        let chains = chains(paths);
        twins.update(chains.iter().map(Vec::as_slice))
    }

    /// "b < a": a chain as it is believed, `B'` for a twin of `b`.
    fn believed(twins: &Twins, path: &str) -> String {
        let chain = chains(&[path]).remove(0);
        let one = |known: &ContainerRef| match known.id.rsplit_once("-of-") {
            Some((_, id)) => format!("{}'", id[..1].to_uppercase()),
            None => known.id[..1].to_owned(),
        };
        twins.believed(&chain).iter().map(one).collect::<Vec<_>>().join(" < ")
    }

    #[test]
    fn an_id_of_the_top_is_nobody_elses() {
        let mut twins = Twins::default();
        let stolen = "/docker/a/docker/b";
        assert!(update(&mut twins, &["/docker/a", stolen]));
        assert_eq!(believed(&twins, stolen), "b < a", "the only one");
        assert!(update(&mut twins, &["/docker/a", stolen, "/docker/b"]));
        assert_eq!(believed(&twins, stolen), "B' < a");
        assert_eq!(believed(&twins, "/docker/b"), "b");
        assert_eq!(believed(&twins, "/docker/a/docker/b/docker/c"), "c < B' < a", "further inside");
        assert_eq!(twins.refused().collect::<Vec<_>>(), [(id('b').as_str(), id('a').as_str())]);
        assert!(!update(&mut twins, &[stolen, "/docker/b", "/docker/a"]), "nothing new");
        assert!(update(&mut twins, &["/docker/a", stolen]), "the other is gone");
        assert_eq!(believed(&twins, stolen), "b < a");
    }

    #[test]
    fn of_two_inside_the_first_has_the_id_and_else_none() {
        let (first, second) = ("/docker/e/docker/b", "/docker/a/docker/b");
        let mut twins = Twins::default();
        update(&mut twins, &[first]);
        update(&mut twins, &[first, second]);
        assert_eq!([believed(&twins, first), believed(&twins, second)], ["b < e", "B' < a"]);
        let mut late = Twins::default();
        update(&mut late, &[first, second]);
        assert_eq!([believed(&late, first), believed(&late, second)], ["B' < e", "B' < a"]);
        assert_eq!(late.refused().count(), 2);
    }

    #[test]
    fn a_pod_of_the_top_is_nobody_elses() {
        let mut twins = Twins::default();
        let stolen = format!("/docker/a{POD}/b");
        update(&mut twins, &[&stolen]);
        let chain = chains(&[&stolen]).remove(0);
        assert!(twins.believed(&chain)[0].pod_uid.is_some(), "a cluster in a container");
        update(&mut twins, &[&stolen, &format!("{POD}/c")]);
        assert_eq!(twins.believed(&chain)[0].pod_uid, None);
        assert_eq!(believed(&twins, &stolen), "b < a");
    }

    #[test]
    fn names_are_not_unique_and_take_no_ids() {
        let mut twins = Twins::default();
        let inner = "/lxc.payload.outer/lxc.payload.web";
        update(&mut twins, &["/lxc.payload.web", inner]);
        assert_eq!(believed(&twins, inner), "w < o");
        let stolen = format!("/docker/a/lxc.payload.{}", id('b'));
        update(&mut twins, &["/docker/b", &stolen]);
        assert_eq!(believed(&twins, &stolen), "B' < a");
    }

    #[test]
    fn a_twin_has_a_name_that_no_runtime_gives() {
        let name = twin(&id('b'), &id('a'));
        assert_eq!(name, format!("twin-aaaaaaa-of-{}", id('b')));
        assert!(!is_id(&name));
        let container =
            crate::model::Container { runtime: Some(Runtime::Docker), ..crate::model::Container::new(name) };
        assert_eq!(container.short_id(), "twin-aaaaaaa");
    }
}
