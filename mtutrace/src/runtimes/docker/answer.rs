//! What is read of an answer to `GET /containers/json`: the fields that are wanted, and no more of them than fits any real
//! container. Whoever answers may be anybody, and eight megabytes of `{},` would otherwise be three million containers.
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::runtimes::metadata::{MOST_CONTAINERS, is_wanted, text};

/// Names, networks and labels that are read of one container.
const MOST: usize = 64;

/// All containers of an answer. More than `MOST_CONTAINERS` are an error.
#[derive(Debug, Default)]
pub(super) struct Summaries(pub(super) Vec<Summary>);

/// What is wanted of a container.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Summary {
    pub(super) id: Short,
    pub(super) names: Names,
    pub(super) labels: Wanted,
    pub(super) network_settings: Option<NetworkSettings>,
}

/// The beginning of a text; nothing if it is empty or absent.
#[derive(Debug, Default)]
pub(super) struct Short(pub(super) Option<String>);

/// Some of its names.
#[derive(Debug, Default)]
pub(super) struct Names(pub(super) Vec<String>);

/// Those of its labels that say anything.
#[derive(Debug, Default)]
pub(super) struct Wanted(pub(super) HashMap<String, String>);

/// Its networks.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct NetworkSettings {
    pub(super) networks: Networks,
}

/// Some of its networks, by name.
#[derive(Debug, Default)]
pub(super) struct Networks(pub(super) Vec<(String, Endpoint)>);

/// Its plug in one of them.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Endpoint {
    #[serde(rename = "NetworkID")]
    pub(super) network_id: Short,
}

/// Reads a list by a function that takes an item; `null` is the same as nothing.
struct List<Item, All, F>(F, PhantomData<(Item, All)>);

/// Reads a map by a function that says which names are wanted, and one that takes an entry.
struct Entries<Item, All, W, F>(W, F, PhantomData<(Item, All)>);

impl<'de> Deserialize<'de> for Short {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Short, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Short;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }
            fn visit_str<E: Error>(self, value: &str) -> Result<Short, E> {
                Ok(Short(text(value)))
            }
            fn visit_unit<E: Error>(self) -> Result<Short, E> {
                Ok(Short::default())
            }
        }
        deserializer.deserialize_any(Text)
    }
}

impl<'de> Deserialize<'de> for Summaries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Summaries, D::Error> {
        let add = |all: &mut Vec<Summary>, summary| {
            all.push(summary);
            if all.len() > MOST_CONTAINERS { Err(TooMany) } else { Ok(()) }
        };
        deserializer.deserialize_any(List(add, PhantomData)).map(Summaries)
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Names, D::Error> {
        let add = |names: &mut Vec<String>, Short(name): Short| {
            names.extend(name.filter(|_| names.len() < MOST));
            Ok(())
        };
        deserializer.deserialize_any(List(add, PhantomData)).map(Names)
    }
}

impl<'de> Deserialize<'de> for Wanted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Wanted, D::Error> {
        let add = |labels: &mut HashMap<String, String>, name: String, Short(value): Short| {
            labels.extend(value.filter(|_| labels.len() < MOST).map(|value| (name, value)));
        };
        deserializer.deserialize_any(Entries(is_wanted, add, PhantomData)).map(Wanted)
    }
}

impl<'de> Deserialize<'de> for Networks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Networks, D::Error> {
        let add = |networks: &mut Vec<(String, Endpoint)>, name, endpoint| {
            if networks.len() < MOST {
                networks.push((name, endpoint));
            }
        };
        deserializer.deserialize_any(Entries(|_: &str| true, add, PhantomData)).map(Networks)
    }
}

/// An answer has more containers than any node.
struct TooMany;

impl<'de, Item, All, F> Visitor<'de> for List<Item, All, F>
where
    Item: Deserialize<'de>,
    All: Default,
    F: FnMut(&mut All, Item) -> Result<(), TooMany>,
{
    type Value = All;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E: Error>(self) -> Result<All, E> {
        Ok(All::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<All, A::Error> {
        let mut all = All::default();
        while let Some(item) = list.next_element()? {
            let why = |TooMany| Error::custom(format_args!("more than {MOST_CONTAINERS} containers"));
            (self.0)(&mut all, item).map_err(why)?;
        }
        Ok(all)
    }
}

impl<'de, Item, All, W, F> Visitor<'de> for Entries<Item, All, W, F>
where
    Item: Deserialize<'de>,
    All: Default,
    W: Fn(&str) -> bool,
    F: FnMut(&mut All, String, Item),
{
    type Value = All;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_unit<E: Error>(self) -> Result<All, E> {
        Ok(All::default())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<All, A::Error> {
        let mut all = All::default();
        while let Some(Short(name)) = map.next_key()? {
            match name.filter(|name| (self.0)(name)) {
                Some(name) => (self.1)(&mut all, name, map.next_value()?),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(all)
    }
}
