//! The model: what a load takes, from what a call, a health check, a connection and a customer cost. Nothing here talks to
//! anyone.

use serde::Serialize;

use super::costs::Costs;

/// Of each: one may be replaced while the other serves.
const LEAST: u64 = 2;
/// `envoy.yaml` checks each pod every half second, and asks DNS once a second.
const CHECKS_PER_SECOND: f64 = 2.0;
/// `envoy.yaml` runs one worker, on a thread beside the main one, which does checks and DNS.
const ENVOY_WORKERS: f64 = 1.0;
/// Of callers, on one Envoy: at 16,000, where `envoy.yaml` ends, none is left for those of another Envoy that is replaced.
const ENVOY_CONNECTIONS: u64 = 10_000;
/// Connections of a server to PostgreSQL.
const POD_DATABASE_CONNECTIONS: u64 = 8;
/// The cache of a server, full.
const CACHE_BYTES: f64 = (32_u64 << 20) as f64;
/// Numbers of pods at which `envoy_call_us` and `envoy_call_many_us` were measured.
const FEW: f64 = 10.0;
const MANY: f64 = MEASURED_PODS as f64;
/// Up to so many the model was found to hold.
pub(crate) const MEASURED_PODS: u64 = 1_000;
/// More than this is no answer that anyone could use.
const MOST: u64 = 1_000_000;

/// What callers want.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Demand {
    pub(crate) calls_per_second: f64,
    /// Of all calls, from 0 to 1.
    pub(crate) create_share: f64,
    /// Of all reads, from 0 to 1.
    pub(crate) cache_hit_share: f64,
    pub(crate) customers: u64,
    /// Of callers, to all Envoys together.
    pub(crate) connections: u64,
    pub(crate) new_connections_per_second: f64,
}

/// What one of each is given.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Sizes {
    pub(crate) pod_cpus: f64,
    pub(crate) envoy_cpus: f64,
    pub(crate) database_cpus: f64,
    pub(crate) database_connections: u64,
    /// Of every CPU, from 0 to 1, kept free.
    pub(crate) headroom: f64,
}

/// Calls by what they cost.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Calls {
    pub(crate) cached_reads: f64,
    pub(crate) other_reads: f64,
    pub(crate) creates: f64,
}

/// Pods or Envoys.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Group {
    pub(crate) count: u64,
    /// CPUs that each uses.
    pub(crate) cpus_used: f64,
    /// Of these, for health checks and DNS.
    pub(crate) cpus_for_checks: f64,
    /// That each has resident.
    pub(crate) memory_mb: f64,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Database {
    pub(crate) cpus_used: f64,
    pub(crate) bytes: f64,
    pub(crate) bytes_a_day: f64,
    pub(crate) connections: u64,
}

/// What the demand takes.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Plan {
    pub(crate) calls: Calls,
    pub(crate) pods: Group,
    pub(crate) envoys: Group,
    pub(crate) database: Database,
    /// Envoys × pods × 2.
    pub(crate) checks_per_second: f64,
    pub(crate) dns_answer_bytes: f64,
}

/// Why no number of pods or Envoys is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exhausted {
    /// The health checks of all Envoys leave a pod no CPU for calls.
    PodChecks,
    /// The health checks of all pods leave an Envoy no CPU for calls.
    EnvoyChecks,
}

/// The fewest pods and Envoys that carry the demand.
pub(crate) fn model(demand: &Demand, sizes: &Sizes, costs: &Costs) -> Result<Plan, Exhausted> {
    let calls = demand.calls();
    let (mut pods, mut envoys) = (LEAST, LEAST.max(demand.connections.div_ceil(ENVOY_CONNECTIONS)));
    // Each Envoy more is more health checks for pods, each pod more is more of them for Envoys, so both only grow here.
    loop {
        let pods_needed = pods.max(
            count(calls.server_cpus(costs), pod_cpus_for_calls(envoys, sizes, costs)).ok_or(Exhausted::PodChecks)?,
        );
        let envoy_cpus = demand.envoy_cpus(pods_needed, costs);
        let usable = envoy_cpus_for_calls(pods_needed, sizes, costs);
        let envoys_needed = envoys.max(count(envoy_cpus, usable).ok_or(Exhausted::EnvoyChecks)?);
        if (pods_needed, envoys_needed) == (pods, envoys) {
            return Ok(plan(pods, envoys, demand, costs));
        }
        (pods, envoys) = (pods_needed, envoys_needed);
    }
}

/// What the demand takes of so many pods and Envoys.
pub(crate) fn plan(pods: u64, envoys: u64, demand: &Demand, costs: &Costs) -> Plan {
    let calls = demand.calls();
    let (pod_checks, envoy_checks) = (pod_checks_cpus(envoys, costs), envoy_checks_cpus(pods, costs));
    let callers = demand.connections as f64 / envoys as f64;
    let (pods_f, envoys_f) = (pods as f64, envoys as f64);
    Plan {
        calls,
        pods: Group {
            count: pods,
            cpus_used: calls.server_cpus(costs) / pods_f + pod_checks,
            cpus_for_checks: pod_checks,
            memory_mb: costs.server_base_mb + (envoys_f * costs.server_envoy_bytes + CACHE_BYTES) / 1e6,
        },
        envoys: Group {
            count: envoys,
            cpus_used: demand.envoy_cpus(pods, costs) / envoys_f + envoy_checks,
            cpus_for_checks: envoy_checks,
            memory_mb: costs.envoy_base_mb
                + (pods_f * costs.envoy_address_bytes + callers * costs.envoy_connection_bytes) / 1e6,
        },
        database: Database {
            cpus_used: calls.other_reads * seconds(costs.database_miss_us)
                + calls.creates * seconds(costs.database_create_us),
            bytes: demand.customers as f64 * costs.database_customer_bytes,
            bytes_a_day: calls.creates * 86_400.0 * costs.database_customer_bytes,
            connections: pods * POD_DATABASE_CONNECTIONS,
        },
        checks_per_second: pods_f * envoys_f * CHECKS_PER_SECOND,
        dns_answer_bytes: costs.dns_base_bytes + pods_f * costs.dns_address_bytes,
    }
}

impl Demand {
    fn calls(&self) -> Calls {
        let creates = self.calls_per_second * self.create_share;
        let reads = self.calls_per_second - creates;
        let cached_reads = reads * self.cache_hit_share;
        Calls { cached_reads, other_reads: reads - cached_reads, creates }
    }

    /// Of all Envoys together, without health checks and DNS.
    fn envoy_cpus(&self, pods: u64, costs: &Costs) -> f64 {
        self.calls_per_second * seconds(envoy_call_us(pods, costs))
            + self.new_connections_per_second * seconds(costs.envoy_connection_us)
    }
}

impl Calls {
    fn server_cpus(&self, costs: &Costs) -> f64 {
        self.cached_reads * seconds(costs.server_hit_us)
            + self.other_reads * seconds(costs.server_miss_us)
            + self.creates * seconds(costs.server_create_us)
    }
}

fn seconds(us: f64) -> f64 {
    us / 1e6
}

/// How many of what can do `each` do `work`; none where that would be without end.
fn count(work: f64, each: f64) -> Option<u64> {
    let needed = (work / each).ceil();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "more than 0 and at most MOST")]
    (each > 0.0 && needed <= MOST as f64).then(|| (needed as u64).max(LEAST))
}

/// More pods, fewer calls that share a write to one of them.
fn envoy_call_us(pods: u64, costs: &Costs) -> f64 {
    let part = ((pods as f64).max(FEW) / FEW).ln() / (MANY / FEW).ln();
    costs.envoy_call_us + (costs.envoy_call_many_us - costs.envoy_call_us) * part
}

fn pod_checks_cpus(envoys: u64, costs: &Costs) -> f64 {
    envoys as f64 * CHECKS_PER_SECOND * seconds(costs.server_check_us)
}

/// On Envoy's main thread, with DNS.
fn envoy_checks_cpus(pods: u64, costs: &Costs) -> f64 {
    pods as f64 * seconds(CHECKS_PER_SECOND * costs.envoy_check_us + costs.envoy_dns_address_us)
}

/// Of a pod's CPUs, those that its completion queues can use. A queue is a thread; there is one for every two whole CPUs, the
/// last of them may have one alone (the default of `WORKERS`).
pub(super) fn queue_cpus(sizes: &Sizes) -> f64 {
    let queues = (sizes.pod_cpus.floor() / 2.0).ceil().max(1.0);
    sizes.pod_cpus.min(queues)
}

fn pod_cpus_for_calls(envoys: u64, sizes: &Sizes, costs: &Costs) -> f64 {
    queue_cpus(sizes) * (1.0 - sizes.headroom) - pod_checks_cpus(envoys, costs)
}

fn envoy_cpus_for_calls(pods: u64, sizes: &Sizes, costs: &Costs) -> f64 {
    let free = 1.0 - sizes.headroom;
    let checks = envoy_checks_cpus(pods, costs);
    if checks >= free {
        // The main thread is one, whatever CPUs Envoy has.
        return 0.0;
    }
    (sizes.envoy_cpus * free - checks).min(ENVOY_WORKERS * free)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{demand, sizes};
    use super::*;

    fn planned(demand: &Demand) -> Plan {
        model(demand, &sizes(), &Costs::measured()).expect("a plan")
    }

    #[test]
    fn hardly_a_call_takes_two_of_each() {
        let plan = planned(&demand(1.0));
        assert_eq!((plan.pods.count, plan.envoys.count), (2, 2));
    }

    #[test]
    fn nobody_uses_more_cpu_than_the_headroom_leaves_and_one_fewer_would() {
        for calls in [1e3, 1e4, 1e5, 3e5] {
            let (demand, sizes) = (demand(calls), sizes());
            let plan = planned(&demand);
            assert!(plan.pods.cpus_used <= sizes.pod_cpus * 0.5 + 1e-9, "{calls}: {plan:?}");
            assert!(plan.envoys.cpus_used <= sizes.envoy_cpus * 0.5 + 1e-9, "{calls}: {plan:?}");
            if plan.pods.count > LEAST {
                let tight = super::plan(plan.pods.count - 1, plan.envoys.count, &demand, &Costs::measured());
                assert!(tight.pods.cpus_used > sizes.pod_cpus * 0.5, "{calls}: {tight:?}");
            }
        }
    }

    #[test]
    fn calls_are_shared_out_by_what_they_cost() {
        let plan = planned(&Demand { create_share: 0.1, cache_hit_share: 0.75, ..demand(1_000.0) });
        let Calls { cached_reads, other_reads, creates } = plan.calls;
        assert!(
            (creates - 100.0).abs() < 1e-9 && (cached_reads - 675.0).abs() < 1e-9 && (other_reads - 225.0).abs() < 1e-9
        );
    }

    #[test]
    fn every_envoy_checks_every_pod_twice_a_second() {
        let plan = planned(&demand(100_000.0));
        let checks = (plan.pods.count * plan.envoys.count * 2) as f64;
        assert!((plan.checks_per_second - checks).abs() < 1e-9, "{plan:?}");
    }

    #[test]
    fn more_callers_than_an_envoy_takes_are_more_envoys() {
        let plan = planned(&Demand { connections: 45_000, ..demand(1_000.0) });
        assert_eq!(plan.envoys.count, 5);
    }

    #[test]
    fn callers_that_connect_anew_for_every_call_take_more_envoys() {
        let (calls, steady) = (10_000.0, demand(10_000.0));
        let restless = Demand { new_connections_per_second: calls, ..steady };
        let (steady, restless) = (planned(&steady), planned(&restless));
        assert!(restless.envoys.count > steady.envoys.count, "{} {}", restless.envoys.count, steady.envoys.count);
    }

    #[test]
    fn customers_are_bytes_and_creates_are_more_of_them_each_day() {
        let (demand, costs) =
            (Demand { customers: 1_000_000, create_share: 0.01, ..demand(10_000.0) }, Costs::measured());
        let database = planned(&demand).database;
        assert!((database.bytes - 1e6 * costs.database_customer_bytes).abs() < 1.0, "{database:?}");
        assert!((database.bytes_a_day - 100.0 * 86_400.0 * costs.database_customer_bytes).abs() < 1.0, "{database:?}");
    }

    #[test]
    fn where_health_checks_take_every_cpu_there_is_no_plan() {
        let (demand, costs) = (demand(1e6), Costs::measured());
        let checked = Costs { server_check_us: 1e5, ..costs.clone() };
        assert_eq!(model(&demand, &sizes(), &checked).expect_err("none"), Exhausted::PodChecks);
        let checking = Costs { envoy_check_us: 1e5, ..costs };
        assert_eq!(model(&demand, &sizes(), &checking).expect_err("none"), Exhausted::EnvoyChecks);
    }
}
