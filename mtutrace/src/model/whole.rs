//! Containers with all that is known of them, as a recording keeps them: the output leaves out how they were set up.
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::container::{Container, Pod, Runtime};
use super::setup::Setup;

/// One of those that a container runs in, or itself.
#[derive(Serialize, Deserialize)]
struct Outer {
    id: String,
    name: Option<String>,
    runtime: Option<Runtime>,
    pod: Option<Pod>,
    setup: Option<Setup>,
}

#[derive(Serialize, Deserialize)]
struct Whole {
    #[serde(flatten)]
    this: Outer,
    #[serde(default)]
    parents: Vec<Outer>,
}

impl From<&Container> for Outer {
    fn from(container: &Container) -> Outer {
        let Container { id, name, runtime, pod, parents: _, setup } = container.clone();
        Outer { id, name, runtime, pod, setup: setup.map(Arc::unwrap_or_clone) }
    }
}

impl From<Outer> for Container {
    fn from(outer: Outer) -> Container {
        let Outer { id, name, runtime, pod, setup } = outer;
        Container { id, name, runtime, pod, parents: Vec::new(), setup: setup.map(Arc::new) }
    }
}

impl From<&Container> for Whole {
    fn from(container: &Container) -> Whole {
        Whole { this: container.into(), parents: container.parents.iter().map(Outer::from).collect() }
    }
}

impl From<Whole> for Container {
    fn from(whole: Whole) -> Container {
        let parents = whole.parents.into_iter().map(Container::from).collect();
        Container { parents, ..whole.this.into() }
    }
}

/// A list of containers.
pub(crate) mod list {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Container, Whole};

    /// Writes it.
    ///
    /// # Errors
    /// The serializer's.
    pub(crate) fn serialize<S: Serializer>(all: &[Container], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(all.iter().map(Whole::from))
    }

    /// Reads it.
    ///
    /// # Errors
    /// The deserializer's.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Container>, D::Error> {
        let all = Vec::<Whole>::deserialize(deserializer)?;
        Ok(all.into_iter().map(Container::from).collect())
    }
}

/// One container, or none.
pub(crate) mod option {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Container, Whole};

    /// Writes it.
    ///
    /// # Errors
    /// The serializer's.
    pub(crate) fn serialize<S: Serializer>(
        one: &Option<Container>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        one.as_ref().map(Whole::from).serialize(serializer)
    }

    /// Reads it.
    ///
    /// # Errors
    /// The deserializer's.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Container>, D::Error> {
        Ok(Option::<Whole>::deserialize(deserializer)?.map(Container::from))
    }
}
