//! Lists of a recording, which may come from anybody.
use serde::Deserialize;

/// Most namespaces of a node that is read: a few bytes can stand for one, and each takes some hundred.
const NAMESPACES: usize = 100_000;

/// A list with no more entries than a node may have namespaces.
pub(super) fn bounded<'de, D, K, V>(deserializer: D) -> Result<Vec<(K, V)>, D::Error>
where
    D: serde::Deserializer<'de>,
    K: Deserialize<'de> + Ord + Copy,
    V: Deserialize<'de>,
{
    struct Entries<K, V>(std::marker::PhantomData<(K, V)>);

    impl<'de, K: Deserialize<'de> + Ord + Copy, V: Deserialize<'de>> serde::de::Visitor<'de> for Entries<K, V> {
        type Value = Vec<(K, V)>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "a list of at most {NAMESPACES} entries")
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            // Of what is said twice the last word counts, and takes no more room.
            let mut all = std::collections::BTreeMap::new();
            while let Some((key, value)) = seq.next_element::<(K, V)>()? {
                all.insert(key, value);
                if all.len() > NAMESPACES {
                    return Err(serde::de::Error::invalid_length(all.len(), &self));
                }
            }
            Ok(all.into_iter().collect())
        }
    }

    deserializer.deserialize_seq(Entries(std::marker::PhantomData))
}
