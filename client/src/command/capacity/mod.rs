mod costs;
mod limits;
mod model;

use std::path::PathBuf;

use serde::Serialize;

pub(crate) use self::costs::Costs;
#[cfg(test)]
pub(crate) use self::costs::explained;
pub(crate) use self::limits::{Bottleneck, Use};
pub(crate) use self::model::MEASURED_PODS;
#[cfg(test)]
pub(crate) use self::model::plan;
pub(crate) use self::model::{Demand, Plan, Sizes};
use crate::args::{count, percent, positive};
use crate::exit::Failure;

/// Say what a load takes: pods, Envoys, database, and the first bottleneck. Calls nobody.
///
/// The costs behind it were measured on one machine: docs/scaling.md tells how. Measure yours, and give them with --costs;
/// --output json shows all that were used.
#[derive(Debug, clap::Args)]
pub(crate) struct Capacity {
    /// Calls in a second, at the busiest time.
    #[arg(long, value_name = "N", value_parser = positive, allow_negative_numbers = true)]
    calls_per_second: f64,

    /// Creates among all calls.
    #[arg(long, value_name = "PERCENT", default_value = "1", value_parser = percent, allow_negative_numbers = true)]
    create_share: f64,

    /// Reads that a server's cache answers, among all reads.
    #[arg(long, value_name = "PERCENT", default_value = "90", value_parser = percent, allow_negative_numbers = true)]
    cache_hit_share: f64,

    /// Customers in the database.
    #[arg(long, value_name = "N", default_value = "1000000", value_parser = count, allow_negative_numbers = true)]
    customers: u64,

    /// Connections of callers, to all Envoys together.
    #[arg(long, value_name = "N", default_value = "1000", value_parser = count, allow_negative_numbers = true)]
    connections: u64,

    /// Connections of callers that come in a second, and go.
    #[arg(long, value_name = "N", default_value = "10", value_parser = positive, allow_negative_numbers = true)]
    new_connections_per_second: f64,

    /// CPUs of a pod.
    #[arg(long, value_name = "N", default_value = "1", value_parser = positive, allow_negative_numbers = true)]
    pod_cpus: f64,

    /// CPUs of an Envoy: one for its worker, what is more for health checks and DNS.
    #[arg(long, value_name = "N", default_value = "1", value_parser = positive, allow_negative_numbers = true)]
    envoy_cpus: f64,

    /// CPUs of the database.
    #[arg(long, value_name = "N", default_value = "4", value_parser = positive, allow_negative_numbers = true)]
    database_cpus: f64,

    /// The database's max_connections; a pod takes 8, and PostgreSQL keeps 3.
    #[arg(long, value_name = "N", default_value = "100", value_parser = connections, allow_negative_numbers = true)]
    database_connections: u64,

    /// CPU to keep free everywhere: for a pod that is away, a rollout, a burst.
    #[arg(long, value_name = "PERCENT", default_value = "50", value_parser = headroom, allow_negative_numbers = true)]
    headroom: f64,

    /// A JSON file with costs of your own, for example {"server_hit_us": 12.5}; the others stay as measured.
    #[arg(long, value_name = "FILE.json")]
    costs: Option<PathBuf>,
}

/// What the load takes, and what it was worked out from.
#[derive(Debug, Serialize)]
pub(crate) struct Capacities {
    pub(crate) demand: Demand,
    pub(crate) sizes: Sizes,
    /// None where health checks would take all CPU.
    pub(crate) plan: Option<Plan>,
    /// How full each limit is, the fullest first.
    pub(crate) uses: Vec<Use>,
    /// None where nothing ends the growth.
    pub(crate) bottleneck: Option<Bottleneck>,
    pub(crate) costs: Costs,
}

impl Capacity {
    pub(crate) fn run(&self) -> Result<Capacities, Failure> {
        let costs = match &self.costs {
            Some(path) => Costs::of_file(path).map_err(|reason| Failure::Usage(format!("--costs: {reason}")))?,
            None => Costs::measured(),
        };
        let demand = Demand {
            calls_per_second: self.calls_per_second,
            create_share: self.create_share / 100.0,
            cache_hit_share: self.cache_hit_share / 100.0,
            customers: self.customers,
            connections: self.connections,
            new_connections_per_second: self.new_connections_per_second,
        };
        let sizes = Sizes {
            pod_cpus: self.pod_cpus,
            envoy_cpus: self.envoy_cpus,
            database_cpus: self.database_cpus,
            database_connections: self.database_connections,
            headroom: self.headroom / 100.0,
        };
        Ok(Capacities::of(demand, sizes, costs))
    }
}

impl Capacities {
    pub(crate) fn of(demand: Demand, sizes: Sizes, costs: Costs) -> Self {
        let plan = model::model(&demand, &sizes, &costs).ok();
        let uses = plan.map(|plan| limits::uses(&plan, &sizes, &costs)).unwrap_or_default();
        let bottleneck = limits::first(&demand, &sizes, &costs);
        Self { demand, sizes, plan, uses, bottleneck, costs }
    }

    /// Whether there are more pods than were ever measured.
    pub(crate) fn beyond_measured(&self) -> bool {
        self.plan.is_some_and(|plan| plan.pods.count > MEASURED_PODS)
    }

    /// Whether the load stays below every limit.
    pub(crate) fn fits(&self) -> bool {
        self.plan.is_some() && self.uses.iter().all(|each| each.used <= 1.0)
    }
}

/// Some of every CPU has to be left for calls.
fn headroom(text: &str) -> Result<f64, String> {
    percent(text).ok().filter(|share| *share < 100.0).ok_or_else(|| "use a percentage from 0 to 99".to_owned())
}

/// PostgreSQL keeps some for its superuser.
fn connections(text: &str) -> Result<u64, String> {
    let least = limits::RESERVED_CONNECTIONS + 1;
    count(text).ok().filter(|count| *count >= least).ok_or_else(|| format!("use a whole number from {least} on"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Args;
    use crate::command::Command;

    /// As the program takes them unless it is told otherwise.
    fn defaults(calls_per_second: f64) -> Capacities {
        use clap::Parser as _;
        let calls = calls_per_second.to_string();
        let args = Args::try_parse_from(["ticketing-client", "capacity", "--calls-per-second", &calls]).expect("fit");
        let Some(Command::Capacity(capacity)) = args.command else { panic!("another command") };
        capacity.run().expect("costs")
    }

    pub(super) fn demand(calls_per_second: f64) -> Demand {
        defaults(calls_per_second).demand
    }

    pub(super) fn sizes() -> Sizes {
        defaults(1.0).sizes
    }

    #[test]
    fn a_load_beyond_the_bottleneck_does_not_fit() {
        let most = defaults(1.0).bottleneck.expect("something ends it").calls_per_second;
        assert!(defaults(most * 0.9).fits());
        assert!(!defaults(most * 1.1).fits());
    }
}
