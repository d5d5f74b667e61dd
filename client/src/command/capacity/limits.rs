//! What more pods and more Envoys do not mend, and which of it comes first.

use serde::Serialize;

use super::costs::Costs;
use super::model::{Demand, Exhausted, Plan, Sizes, model, queue_cpus};

/// The most that a DNS message can be, over TCP too (RFC 1035 section 4.2.2).
const DNS_BYTES: f64 = 65_535.0;
/// What PostgreSQL keeps for its superuser (`superuser_reserved_connections`).
pub(super) const RESERVED_CONNECTIONS: u64 = 3;
/// Where `envoy.yaml` begins to turn callers away: 0.9 of its `max_heap_size_bytes`.
const ENVOY_MEMORY_MB: f64 = 725.0;
/// The limit in `manifests/`: 512 MiB.
const POD_MEMORY_MB: f64 = 537.0;
/// Between these the load is looked for that meets a limit: next to nothing, and more than anyone has.
const CALLS_PER_SECOND: (f64, f64) = (1e-3, 1e12);
const STEPS: usize = 80;

/// What can run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Limit {
    DatabaseConnections,
    DatabaseCreates,
    DatabaseCpu,
    DnsAnswer,
    EnvoyChecks,
    PodChecks,
    EnvoyMemory,
    PodMemory,
}

/// A limit and how much of it is used; 1 is all.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Use {
    pub(crate) limit: Limit,
    pub(crate) used: f64,
}

/// The limit that is reached first while calls grow, all else equal.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Bottleneck {
    pub(crate) limit: Limit,
    /// Where it is reached; 0 where it is without any call.
    pub(crate) calls_per_second: f64,
}

impl Limit {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::DatabaseConnections => "connections of the database",
            Self::DatabaseCreates => "creates that the database commits in a second",
            Self::DatabaseCpu => "CPU of the database",
            Self::DnsAnswer => "length of the DNS answer",
            Self::EnvoyChecks => "health checks and DNS on Envoy's main thread",
            Self::PodChecks => "health checks at each pod",
            Self::EnvoyMemory => "memory of an Envoy",
            Self::PodMemory => "memory of a pod",
        }
    }

    /// What moves it.
    pub(crate) const fn advice(self) -> &'static str {
        match self {
            Self::DatabaseConnections => "raise max_connections, or give pods more CPUs, so that fewer are needed",
            Self::DatabaseCreates => "a faster disk for its log; then a distributed database, by URL",
            Self::DatabaseCpu => "more CPUs for the database, then a distributed one, by URL; more memory for caches",
            Self::DnsAnswer => "EDS instead of DNS, or cells with a Service of their own",
            Self::EnvoyChecks | Self::PodChecks => {
                "bigger pods, so that fewer are needed; then EDS with readiness instead of checks, or cells"
            }
            Self::EnvoyMemory => "a higher max_heap_size_bytes in envoy.yaml, and limit in manifests/",
            Self::PodMemory => "a higher limit in manifests/",
        }
    }
}

impl From<Exhausted> for Limit {
    fn from(exhausted: Exhausted) -> Self {
        match exhausted {
            Exhausted::PodChecks => Self::PodChecks,
            Exhausted::EnvoyChecks => Self::EnvoyChecks,
        }
    }
}

/// How much of each limit a plan uses, the most used first.
pub(crate) fn uses(plan: &Plan, sizes: &Sizes, costs: &Costs) -> Vec<Use> {
    let free = 1.0 - sizes.headroom;
    let connections = sizes.database_connections.saturating_sub(RESERVED_CONNECTIONS) as f64;
    let shares = [
        (Limit::DatabaseConnections, plan.database.connections as f64 / connections),
        (Limit::DatabaseCreates, plan.calls.creates / (costs.database_creates_per_second * free)),
        (Limit::DatabaseCpu, plan.database.cpus_used / (sizes.database_cpus * free)),
        (Limit::DnsAnswer, plan.dns_answer_bytes / DNS_BYTES),
        (Limit::EnvoyChecks, plan.envoys.cpus_for_checks / free),
        (Limit::PodChecks, plan.pods.cpus_for_checks / (queue_cpus(sizes) * free)),
        (Limit::EnvoyMemory, plan.envoys.memory_mb / ENVOY_MEMORY_MB),
        (Limit::PodMemory, plan.pods.memory_mb / POD_MEMORY_MB),
    ];
    let mut uses: Vec<_> = shares.into_iter().map(|(limit, used)| Use { limit, used }).collect();
    uses.sort_by(|one, other| other.used.total_cmp(&one.used));
    uses
}

/// The limit that growing load meets first, and where; none where nothing ends it.
pub(crate) fn first(demand: &Demand, sizes: &Sizes, costs: &Costs) -> Option<Bottleneck> {
    let over = |calls_per_second: f64| match model(&Demand { calls_per_second, ..*demand }, sizes, costs) {
        Ok(plan) => uses(&plan, sizes, costs).first().filter(|most| most.used > 1.0).map(|most| most.limit),
        Err(exhausted) => Some(exhausted.into()),
    };
    let (mut fits, mut breaks) = CALLS_PER_SECOND;
    if let Some(limit) = over(fits) {
        return Some(Bottleneck { limit, calls_per_second: 0.0 });
    }
    let mut limit = over(breaks)?;
    for _ in 0..STEPS {
        let middle = (fits * breaks).sqrt();
        match over(middle) {
            Some(found) => (breaks, limit) = (middle, found),
            None => fits = middle,
        }
    }
    Some(Bottleneck { limit, calls_per_second: fits })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{demand, sizes};
    use super::*;

    #[test]
    fn the_first_bottleneck_is_full_just_beyond_where_it_is_said_to_be() {
        let (demand, sizes, costs) = (demand(1_000.0), sizes(), Costs::measured());
        let found = first(&demand, &sizes, &costs).expect("something ends it");
        let used = |calls_per_second: f64| {
            let plan = model(&Demand { calls_per_second, ..demand }, &sizes, &costs).expect("a plan");
            uses(&plan, &sizes, &costs)[0].used
        };
        assert!(used(found.calls_per_second * 0.99) <= 1.0, "{found:?}");
        assert!(used(found.calls_per_second * 1.01) > 1.0, "{found:?}");
    }

    #[test]
    fn it_does_not_depend_on_the_load_that_is_asked_about() {
        let at = |calls| first(&demand(calls), &sizes(), &Costs::measured()).expect("something ends it");
        let (small, large) = (at(5.0).calls_per_second, at(5e8).calls_per_second);
        assert!((small / large - 1.0).abs() < 1e-6, "{small} {large}");
    }

    #[test]
    fn what_is_too_much_without_any_call_is_so_from_the_first_one_on() {
        let sizes = Sizes { database_connections: 18, ..sizes() };
        let found = first(&demand(1_000.0), &sizes, &Costs::measured()).expect("16 of 15 connections");
        assert_eq!((found.limit, found.calls_per_second), (Limit::DatabaseConnections, 0.0));
    }

    #[test]
    fn many_creates_are_first_the_databases_affair() {
        let creating = Demand { create_share: 1.0, ..demand(1_000.0) };
        let sizes = Sizes { database_cpus: 64.0, database_connections: 10_000, ..sizes() };
        let found = first(&creating, &sizes, &Costs::measured()).expect("something ends it");
        assert_eq!(found.limit, Limit::DatabaseCreates);
    }

    #[test]
    fn with_a_database_without_limits_health_checks_end_it() {
        let reading = Demand { create_share: 0.0, cache_hit_share: 1.0, ..demand(1_000.0) };
        let sizes = Sizes { database_connections: 1_000_000_000, ..sizes() };
        let found = first(&reading, &sizes, &Costs::measured()).expect("something ends it");
        assert!(matches!(found.limit, Limit::EnvoyChecks | Limit::PodChecks), "{found:?}");
    }
}
