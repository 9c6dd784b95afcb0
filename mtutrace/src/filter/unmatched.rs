//! Containers and pods that were asked for and have not been there: a filter that matches nothing finds nothing wrong.
use super::select::absent_of;
use crate::filter::{Filter, PodName};
use crate::model::{Container, Node};

/// What was asked for and has not come yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unmatched {
    containers: Vec<String>,
    pods: Vec<PodName>,
}

impl Unmatched {
    /// Everything that the filter names.
    pub(crate) fn new(filter: &Filter) -> Unmatched {
        Unmatched { containers: filter.containers.clone(), pods: filter.pods.clone() }
    }

    /// Forgets what is there now.
    pub(crate) fn look(&mut self, node: &Node) {
        if self.containers.is_empty() && self.pods.is_empty() {
            return;
        }
        let any =
            |is: &dyn Fn(&Container) -> bool| node.netns.values().flat_map(|netns| &netns.containers).any(is);
        self.containers.retain(|pattern| !any(&|c| c.is_within(pattern)));
        self.pods.retain(|pod| !any(&|c| c.is_in_pod(&pod.namespace, &pod.name)));
    }

    /// What to say at the end, if anything that was asked for has never been there.
    pub(crate) fn told(&self, node: &Node) -> Option<String> {
        let (absent, known) = absent_of(&self.containers, &self.pods, node)?;
        Some(format!("no container {absent} was there while it ran; known: {known}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::node::incident;

    #[test]
    fn what_was_there_once_has_matched() {
        let filter =
            Filter { containers: vec!["build".to_owned(), "buildx".to_owned()], ..Filter::default() };
        let mut unmatched = Unmatched::new(&filter);
        unmatched.look(&incident().0);
        let said = unmatched.told(&Node::default()).unwrap();
        assert_eq!(said, "no container buildx was there while it ran; known: none");
        let said = unmatched.told(&incident().0).unwrap();
        assert!(said.ends_with("; known: build, pod"), "{said}");
        unmatched.look(&incident().container(2, "buildx").0);
        assert_eq!(unmatched.told(&Node::default()), None);
    }

    #[test]
    fn no_filter_is_never_unmatched() {
        let mut unmatched = Unmatched::new(&Filter::default());
        unmatched.look(&Node::default());
        assert_eq!(unmatched.told(&Node::default()), None);
    }
}
