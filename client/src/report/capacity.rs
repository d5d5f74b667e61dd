//! What a load takes, for people.

use std::io::{self, Write};

use crate::command::{Capacities, MEASURED_PODS};

/// Widths of the table's columns.
const NAME: usize = 9;

pub(super) fn write(found: &Capacities, out: &mut dyn Write) -> io::Result<()> {
    let Capacities { demand, sizes, plan, bottleneck, .. } = found;
    let calls = grouped(demand.calls_per_second);
    let customers = grouped(demand.customers as f64);
    if let Some(plan) = plan {
        let (pods, envoys, database) = (&plan.pods, &plan.envoys, &plan.database);
        let kinds = plan.calls;
        writeln!(
            out,
            "{calls} calls/s: {} reads from caches, {} from the database, {} creates; {} connections of callers",
            grouped(kinds.cached_reads),
            grouped(kinds.other_reads),
            grouped(kinds.creates),
            grouped(demand.connections as f64)
        )?;
        writeln!(out)?;
        for (name, group, cpus) in [("pods", pods, sizes.pod_cpus), ("Envoys", envoys, sizes.envoy_cpus)] {
            writeln!(
                out,
                "{name:NAME$} {:>5}   each {:.2} of {cpus} CPU ({:.3} for health checks), {:.0} MB",
                group.count, group.cpus_used, group.cpus_for_checks, group.memory_mb
            )?;
        }
        writeln!(
            out,
            "{:NAME$} {:>5}   {:.2} of {} CPU, {} connections, {} for {customers} customers and {} more a day",
            "database",
            1,
            database.cpus_used,
            sizes.database_cpus,
            database.connections,
            bytes(database.bytes),
            bytes(database.bytes_a_day)
        )?;
        writeln!(
            out,
            "{:NAME$} {:>5}   a second, of all pods by all Envoys",
            "checks",
            grouped(plan.checks_per_second)
        )?;
        writeln!(out, "{:NAME$} {:>5}   answer to each Envoy each second", "DNS", bytes(plan.dns_answer_bytes))?;
    } else {
        writeln!(out, "{calls} calls/s: health checks would take all CPU, however many pods and Envoys there are")?;
    }
    writeln!(out)?;
    if found.beyond_measured() {
        writeln!(
            out,
            "beyond what was measured: with more than {MEASURED_PODS} pods a call costs more than is counted here"
        )?;
    }
    for full in found.uses.iter().filter(|each| each.used > 1.0) {
        writeln!(
            out,
            "too much: {}, {:.0} % of what there is: {}",
            full.limit.name(),
            full.used * 100.0,
            full.limit.advice()
        )?;
    }
    match bottleneck {
        None => writeln!(out, "no bottleneck in sight"),
        Some(first) if first.calls_per_second <= 0.0 => {
            writeln!(out, "first bottleneck: {}, before the first call: {}", first.limit.name(), first.limit.advice())
        }
        Some(first) => writeln!(
            out,
            "first bottleneck: {}, at {} calls/s: {}",
            first.limit.name(),
            grouped(two_digits(first.calls_per_second)),
            first.limit.advice()
        ),
    }
}

/// As few digits as a model is good for.
pub(crate) fn two_digits(value: f64) -> f64 {
    let unit = 10_f64.powf(value.abs().max(f64::MIN_POSITIVE).log10().floor() - 1.0);
    (value / unit).round() * unit
}

/// A whole number with commas between its thousands.
pub(crate) fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

fn bytes(value: f64) -> String {
    let (divided, unit) = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")]
        .into_iter()
        .find(|(size, _)| value >= *size)
        .map_or((value, "bytes"), |(size, unit)| (value / size, unit));
    let decimals = usize::from(unit != "bytes" && divided < 10.0);
    format!("{divided:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_read_them() {
        assert_eq!([0.0, 999.0, 1_000.0, 1_234_567.4].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([5.0, 1_500.0, 33e6, 2.5e12].map(bytes), ["5 bytes", "1.5 kB", "33 MB", "2.5 TB"]);
        assert_eq!([123_456.0, 0.0].map(two_digits).map(grouped), ["120,000", "0"]);
    }
}
