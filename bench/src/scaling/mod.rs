//! Past this machine: Envoy before 10, 100 and 1,000 addresses on loopback, and what a call, a connection and a customer
//! cost. `docs/scaling.md` is made of it.

mod costs;
mod findings;
mod page;
mod plots;
mod resting;
mod site;
mod size;
mod store;

use testbed::figures::{Bound, Measured, Plan, Run, Unit, Wanted};
use testbed::{BedError, Stop};

use self::findings::Size;
pub(crate) use self::page::Page;

const MANY: u32 = 1_000;
/// With 100 more, about as many as a DNS answer can hold.
const MOST: u32 = 3_900;

/// The figures, in the order of [`measured`].
pub(crate) const PLAN: Plan = Plan {
    wanted: &[
        Wanted { name: "thousand_spread", unit: Unit::Calls, bound: Bound::AtMost(2.0) },
        Wanted { name: "thousand_new_100", unit: Unit::Seconds, bound: Bound::AtMost(5.0) },
        Wanted { name: "thousand_envoy_rss", unit: Unit::Megabytes, bound: Bound::Information },
        Wanted { name: "thousand_check_cpu", unit: Unit::PercentOfCore, bound: Bound::Information },
    ],
    run: Run::All(run),
};

fn run(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    Ok(measured(&size::measure(MANY, stop)?))
}

fn measured(size: &Size) -> Vec<Measured> {
    let Size { addresses, spread, arrival, memory, rest, .. } = size;
    vec![
        Measured::once(
            spread.difference() as f64,
            format!(
                "{} calls on one connection, all answered: {} to {} at each of {addresses} addresses (rq_total)",
                spread.calls, spread.fewest, spread.most
            ),
        ),
        Measured::once(
            arrival.seconds,
            format!(
                "one run: {} new addresses beside {addresses}, from the first DNS answer with them until Envoy had sent a \
                 call to each; {} calls meanwhile, {} failed",
                arrival.addresses, arrival.calls, arrival.failed
            ),
        ),
        Measured::once(
            memory.envoy_used,
            format!(
                "resident after {} calls; {:.1} MB before the first, with health checks only",
                spread.calls, memory.envoy_rest
            ),
        ),
        Measured::once(
            rest.envoy_percent + rest.servers_percent,
            format!(
                "two checks a second of each address, {:.0} s without calls: Envoy {:.1}, the servers {:.1}; DNS once a \
                 second, measured apart, {:.1}",
                rest.seconds, rest.envoy_percent, rest.servers_percent, rest.dns_percent
            ),
        ),
    ]
}
