//! What somebody asked for.
use std::str::FromStr;

use ipnet::IpNet;

use super::expression::Expression;
use crate::model::NetnsId;

/// A Kubernetes pod as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodName {
    /// Kubernetes namespace.
    pub namespace: String,
    /// Pod name.
    pub name: String,
}

impl FromStr for PodName {
    type Err = String;

    fn from_str(text: &str) -> Result<PodName, String> {
        match text.split_once('/') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
                Ok(PodName { namespace: namespace.to_owned(), name: name.to_owned() })
            }
            _ => Err(format!("{text:?} is not a pod; write NAMESPACE/NAME, as in default/web-0")),
        }
    }
}

/// What concerns whom: an empty list lets everything through.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Containers by id prefix or name.
    pub containers: Vec<String>,
    /// Pods.
    pub pods: Vec<PodName>,
    /// Namespaces.
    pub netns: Vec<NetnsId>,
    /// Interface names.
    pub interfaces: Vec<String>,
    /// Networks of either end.
    pub hosts: Vec<IpNet>,
    /// Flows.
    pub expression: Option<Expression>,
}

impl Filter {
    /// Whether flows are asked for, of which counters and verdicts know nothing.
    pub fn is_by_flow(&self) -> bool {
        !self.hosts.is_empty() || self.expression.is_some()
    }
}
