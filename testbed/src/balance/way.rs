//! The ways to balance that are compared.

use serde::{Deserialize, Serialize};

use super::callers::Policy;

/// Between callers and pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// One long-lived connection to a Service's virtual IP, which kube-proxy gives to a pod at random.
    L4,
    /// gRPC's own round_robin over the addresses of the headless Service, the channel replaced by age.
    RoundRobin,
    /// Several connections to the virtual IP, replaced by age.
    Pool,
    /// One connection to an Envoy with the articles' settings (testbed/article-envoy.yaml).
    Article,
    /// One connection to this project's Envoy (envoy.yaml).
    Envoy,
}

impl Way {
    /// In the order of the table.
    pub const ALL: [Self; 5] = [Self::L4, Self::RoundRobin, Self::Pool, Self::Article, Self::Envoy];

    /// As in `--way WAY`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::L4 => "l4",
            Self::RoundRobin => "round-robin",
            Self::Pool => "pool",
            Self::Article => "article",
            Self::Envoy => "envoy",
        }
    }

    /// For people.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::L4 => "L4, one connection",
            Self::RoundRobin => "client round_robin",
            Self::Pool => "pool over L4",
            Self::Article => "Envoy, the articles'",
            Self::Envoy => "Envoy, this project's",
        }
    }

    pub(super) const fn policy(self) -> Policy {
        match self {
            Self::L4 | Self::Article | Self::Envoy => Policy::Single,
            Self::RoundRobin => Policy::RoundRobin,
            Self::Pool => Policy::Pool,
        }
    }
}
