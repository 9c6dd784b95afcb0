//! Labels: text from outside, made harmless and short. The encoder escapes what the formats demand.
use serde::Serialize;

use crate::model::{Bottleneck, Container, Verdict};
use crate::output::escape::escape;

/// Names and values. A label without a value is left out, which Prometheus takes for the same.
pub(super) type Labels = Vec<(&'static str, String)>;

/// Bytes of a value.
const LONGEST: usize = 256;

/// A value: no control characters, no more than [`LONGEST`] bytes.
pub(super) fn value(text: &str) -> String {
    // Cut twice: first so that 10 kB are not escaped for nothing.
    cut(&escape(cut(text))).to_owned()
}

fn cut(text: &str) -> &str {
    let end = (0..=LONGEST.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

/// A container by its short id, its name (the short id again, where no runtime told one), and its pod.
pub(super) fn container(container: Option<&Container>) -> Labels {
    let Some(container) = container else { return Labels::new() };
    let pod = container.pod.as_ref().or_else(|| container.parents.iter().find_map(|c| c.pod.as_ref()));
    let name = container.name.as_deref().unwrap_or(container.short_id());
    let pod_name = pod.and_then(|pod| pod.name.as_ref().or(pod.uid.as_ref()));
    let texts = [
        ("container_id", Some(container.short_id())),
        ("container", Some(name)),
        ("pod_namespace", pod.and_then(|pod| pod.namespace.as_deref())),
        ("pod", pod_name.map(String::as_str)),
    ];
    texts.into_iter().filter_map(|(label, text)| Some((label, value(text?)))).collect()
}

/// Those that found no room.
pub(super) fn other() -> Labels {
    vec![("container", "other".to_owned())]
}

/// What is wrong with whom, and the two devices.
pub(super) fn verdict(verdict: &Verdict) -> Labels {
    let mut labels = vec![("verdict", word(&verdict.kind)), ("severity", word(&verdict.severity))];
    labels.extend(container(verdict.container.as_ref()));
    if let Some(device) = &verdict.culprit {
        labels.extend([("culprit", value(&device.interface)), ("culprit_mtu", device.mtu.to_string())]);
    }
    if let Some(bottleneck) = &verdict.bottleneck {
        let name = match bottleneck {
            Bottleneck::Device(device) => value(&device.interface),
            Bottleneck::Router { address, .. } => address.to_string(),
        };
        labels.extend([("bottleneck", name), ("bottleneck_mtu", bottleneck.mtu().to_string())]);
    }
    labels
}

/// The word by which JSON names it.
pub(super) fn word(value: &impl Serialize) -> String {
    let json = serde_json::to_value(value).unwrap_or_default();
    json.as_str().unwrap_or_default().to_owned()
}
