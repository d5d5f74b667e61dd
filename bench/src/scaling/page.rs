//! `docs/scaling.json` from measurements; tables and pictures of `docs/scaling.md` from that.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::thread::available_parallelism;

use clap::Subcommand;
use serde_json::Value;
use testbed::{BedError, Stop, binaries, page};

use super::findings::{Findings, Size};
use super::{MANY, MOST, costs, plots, size, store};

const SIZES: [u32; 4] = [10, 100, MANY, MOST];
const JSON: &str = "docs/scaling.json";
/// Where the calculator has its costs.
const COSTS: &str = "client/src/command/capacity/costs.json";
const PAGE: &str = "docs/scaling.md";
/// The place of the tables on it.
const TABLES: &str = "written by `make scaling-page` from scaling.json";

/// What can be done about the page.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum Page {
    /// Measure anew, write docs/scaling.json, then as `draw`
    Measure,
    /// Write what docs/scaling.md shows of docs/scaling.json: tables and pictures
    Draw,
    /// Say whether `draw` would change anything, and write nothing
    Check,
    /// Measure one number of addresses and print what was found as JSON
    Try {
        /// How many; with the 100 that come it is as many as DNS can tell
        #[arg(value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST)))]
        addresses: u32,
    },
}

impl Page {
    pub(crate) fn run(self, stop: &Stop) -> Result<ExitCode, BedError> {
        if let Self::Try { addresses } = self {
            let size = size::measure(addresses, stop)?;
            println!("{}", serde_json::to_string_pretty(&size).expect("findings are plain data"));
            return Ok(ExitCode::SUCCESS);
        }
        if matches!(self, Self::Measure) {
            let findings = measure(stop)?;
            let text = serde_json::to_string_pretty(&findings).expect("findings are plain data");
            page::write(Path::new(JSON), &(text + "\n"))?;
        }
        let findings = serde_json::from_str(&read(Path::new(JSON))?);
        let findings = findings.map_err(|error| BedError::Unexpected(format!("{JSON}: {error}")))?;
        let drawn = drawn(&findings)?;
        if matches!(self, Self::Check) {
            return check(&drawn);
        }
        drawn.iter().try_for_each(|(path, text)| page::write(path, text))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn measure(stop: &Stop) -> Result<Findings, BedError> {
    let store = store::measure(stop)?;
    let connection = costs::connection(stop)?;
    let sizes = SIZES.map(|addresses| size::measure(addresses, stop)).into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(Findings {
        date: page::today(),
        cpus: available_parallelism().map_or(0, usize::from),
        costs: costs::all(&sizes, connection, store)?,
        sizes,
    })
}

/// Every file that is made of the findings, with its content.
fn drawn(findings: &Findings) -> Result<Vec<(PathBuf, String)>, BedError> {
    let mut page = page::Page::open(PAGE)?;
    page.fill(TABLES, &tables(findings))?;
    let mut files = vec![(PathBuf::from(PAGE), page.text()), (PathBuf::from(COSTS), costs_of(findings)?)];
    for (name, picture) in plots::all(findings)? {
        files.push((PathBuf::from(format!("docs/scaling/{name}.svg")), picture));
    }
    Ok(files)
}

/// The calculator's costs with what was measured for their values, a line each.
fn costs_of(findings: &Findings) -> Result<String, BedError> {
    let unfit = |reason: String| BedError::Unexpected(format!("{COSTS}: {reason}"));
    let mut costs: Vec<Value> =
        serde_json::from_str(&read(Path::new(COSTS))?).map_err(|error| unfit(error.to_string()))?;
    for cost in &mut costs {
        let name = cost["name"].as_str().unwrap_or_default();
        let value = findings.costs.get(name).ok_or_else(|| unfit(format!("{name:?} was not measured")))?;
        cost["value"] = (*value).into();
    }
    let lines: Vec<_> = costs.iter().map(|cost| format!("  {cost}")).collect();
    Ok(format!("[\n{}\n]\n", lines.join(",\n")))
}

fn check(files: &[(PathBuf, String)]) -> Result<ExitCode, BedError> {
    for (path, text) in files {
        if read(path)? != *text {
            let text = format!("{} is not what {JSON} says: run `make scaling-page`", path.display());
            return Err(BedError::Unexpected(text));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What a row says of one size.
type Told = fn(&Size) -> String;

/// What was measured, a row for each number of addresses.
fn tables(findings: &Findings) -> String {
    let Findings { date, cpus, sizes, .. } = findings;
    let text = format!("Measured on {date} on {cpus} CPUs that Envoy, the servers, DNS and the callers share.\n\n");
    let rows: [(&str, Told); 11] = [
        ("spread of 30,000 calls on one connection (most − fewest)", |size| size.spread.difference().to_string()),
        ("100 new addresses: until each has served", |size| format!("{:.2} s", size.arrival.seconds)),
        ("calls meanwhile, of them failed", |size| format!("{}, {}", grouped(size.arrival.calls), size.arrival.failed)),
        ("start of Envoy until all are healthy", |size| format!("{:.2} s", size.healthy_after_seconds)),
        ("memory of Envoy: at rest, after calls", |size| {
            format!("{:.0}, {:.0} MB", size.memory.envoy_rest, size.memory.envoy_used)
        }),
        ("health checks: CPU of Envoy", |size| format!("{:.1} %", size.rest.envoy_percent)),
        ("health checks: CPU of all servers together", |size| format!("{:.1} %", size.rest.servers_percent)),
        ("DNS once a second: CPU of Envoy", |size| format!("{:.1} %", size.rest.dns_percent)),
        ("DNS answer", |size| grouped(size.dns_answer_bytes as u64) + " bytes"),
        ("a call with 4×25 at once: CPU of Envoy, server", |size| call(size, 4)),
        ("a call with 8×1 at once: CPU of Envoy, server", |size| call(size, 8)),
    ];
    let heads = page::named("", sizes.iter().map(|size| grouped(size.addresses.into()) + " addresses"));
    let rows = rows.map(|(name, value)| page::named(name, sizes.iter().map(value)));
    text + &page::table(&heads, &rows)
}

fn call(size: &Size, connections: usize) -> String {
    let found = size.calls.iter().find(|call| call.connections == connections);
    found.map_or_else(String::new, |call| format!("{:.0}, {:.0} µs", call.envoy_us, call.server_us))
}

/// With commas between the thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

fn read(path: &Path) -> Result<String, BedError> {
    fs::read_to_string(binaries::repository().join(path)).map_err(BedError::io(format!("read {}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_what_was_measured() {
        Page::Check.run(&Stop::never()).unwrap();
    }
}
