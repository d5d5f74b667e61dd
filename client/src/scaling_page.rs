//! `docs/scaling.md` says what the model says, with the costs that were measured.

use std::fmt::Write as _;
use std::path::Path;

use clap::Parser as _;
use serde_json::Value;

use crate::args::Args;
use crate::command::{Capacities, Command, Costs, MEASURED_PODS, explained, plan};
use crate::report::{Human, Report as _, grouped, two_digits};

const LOADS: [u32; 8] = [1_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000];

fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn capacities(flags: &[&str]) -> Capacities {
    let args = Args::try_parse_from(["ticketing-client", "capacity"].iter().chain(flags)).expect("they fit");
    let Some(Command::Capacity(capacity)) = args.command else { panic!("another command") };
    capacity.run().expect("costs")
}

/// A row for each load, with `flags` beside it.
fn loads(flags: &[&str]) -> String {
    let mut table = "| calls/s | pods | Envoys | database: CPUs used, connections | health checks/s | runs out |\n\
                     | ---: | ---: | ---: | --- | ---: | --- |\n"
        .to_owned();
    for calls in LOADS {
        let typed = calls.to_string();
        let found = capacities(&[&["--calls-per-second", &typed], flags].concat());
        let row = found.plan.map_or_else(
            || "| – | – | – | – |".to_owned(),
            |plan| {
                format!(
                    "| {} | {} | {:.1}, {} | {} |",
                    grouped(plan.pods.count as f64),
                    grouped(plan.envoys.count as f64),
                    plan.database.cpus_used,
                    grouped(plan.database.connections as f64),
                    grouped(plan.checks_per_second)
                )
            },
        );
        let full: Vec<_> = found.uses.iter().filter(|each| each.used > 1.0).map(|each| each.limit.name()).collect();
        let full = if full.is_empty() { "nothing".to_owned() } else { full.join("; ") };
        writeln!(table, "| {} {row} {full} |", grouped(f64::from(calls))).expect("a string takes text");
    }
    table
}

fn bottleneck(flags: &[&str]) -> String {
    let found = capacities(&[&["--calls-per-second", "1000"], flags].concat());
    let first = found.bottleneck.expect("something ends it");
    format!("{}, at {} calls/s", first.limit.name(), grouped(two_digits(first.calls_per_second)))
}

/// What the model says of one Envoy before so many pods, and what was measured there.
struct Compared {
    addresses: u64,
    /// In MB, hundredths of a core, and microseconds: model and measurement.
    memory: (f64, f64),
    checks: (f64, f64),
    call: (f64, f64),
    /// In bytes.
    answer: (f64, f64),
}

fn compared() -> Vec<Compared> {
    let measured: Value = serde_json::from_str(&document("scaling.json")).expect("JSON");
    let sizes = measured["sizes"].as_array().expect("sizes");
    let number = |value: &Value| value.as_f64().expect("a number");
    let compare = |size: &Value| {
        let addresses = size["addresses"].as_u64().expect("a number");
        let calls = 1_000.0;
        let mut demand = capacities(&["--calls-per-second", "1000"]).demand;
        (demand.connections, demand.new_connections_per_second) = (0, 0.0);
        let said = plan(addresses, 1, &demand, &Costs::measured());
        let alone = size["calls"].as_array().into_iter().flatten().find(|call| call["streams"] == 1).expect("8x1");
        Compared {
            addresses,
            memory: (said.envoys.memory_mb, number(&size["memory"]["envoy_used"])),
            checks: (
                said.envoys.cpus_for_checks * 100.0,
                number(&size["rest"]["envoy_percent"]) + number(&size["rest"]["dns_percent"]),
            ),
            call: ((said.envoys.cpus_used - said.envoys.cpus_for_checks) * 1e6 / calls, number(&alone["envoy_us"])),
            answer: (said.dns_answer_bytes, number(&size["dns_answer_bytes"])),
        }
    };
    sizes.iter().map(compare).collect()
}

fn comparison() -> String {
    let head = "| addresses | Envoy's memory | its health checks and DNS | its CPU for a call | DNS answer |\n\
                | ---: | --- | --- | --- | --- |\n";
    compared().iter().fold(head.to_owned(), |table, Compared { addresses, memory, checks, call, answer }| {
        let row = format!(
            "{:.0}, {:.0} MB | {:.1}, {:.1} % | {:.0}, {:.0} µs | {}, {} bytes",
            memory.0,
            memory.1,
            checks.0,
            checks.1,
            call.0,
            call.1,
            grouped(answer.0),
            grouped(answer.1)
        );
        format!("{table}| {} | {row} |\n", grouped(*addresses as f64))
    })
}

/// A command and what it prints, as the page shows it.
fn example() -> String {
    let mut printed = Vec::new();
    Human.capacity(&capacities(&EXAMPLE), &mut printed).expect("it is written");
    let shown = format!("$ ticketing-client capacity {}\n{}", EXAMPLE.join(" "), String::from_utf8_lossy(&printed));
    shown.lines().fold(String::new(), |text, line| text + format!("    {line}").trim_end() + "\n")
}

fn costs() -> String {
    explained().iter().fold("| cost | value | meaning |\n| --- | ---: | --- |\n".to_owned(), |table, cost| {
        let value = if cost.value < 1_000.0 { format!("{}", cost.value) } else { grouped(cost.value) };
        format!("{table}| `{}` | {value} {} | {} |\n", cost.name, cost.unit, cost.meaning)
    })
}

const EXAMPLE: [&str; 6] = ["--calls-per-second", "50000", "--create-share", "5", "--pod-cpus", "4"];

/// The flags of the page's second table.
const BIGGER: [&str; 6] = ["--pod-cpus", "4", "--database-cpus", "32", "--database-connections", "2000"];

#[test]
fn the_page_has_what_the_model_says() {
    let text = document("scaling.md");
    let first = |flags: &[&str]| format!("First to run out: **{}**", bottleneck(flags));
    let parts = [
        loads(&[]),
        first(&[]),
        loads(&BIGGER),
        first(&BIGGER),
        format!("`{}`", BIGGER.join(" ")),
        example(),
        comparison(),
        costs(),
    ];
    let missing: Vec<_> = parts.iter().filter(|part| !text.contains(*part)).map(String::as_str).collect();
    assert!(missing.is_empty(), "docs/scaling.md should have this:\n{}", missing.join("\n"));
}

#[test]
fn the_costs_are_those_that_were_measured() {
    let measured: Value = serde_json::from_str(&document("scaling.json")).expect("JSON");
    for cost in explained() {
        let value = measured["costs"][&cost.name].as_f64();
        assert_eq!(value, Some(cost.value), "{} in costs.json; `make scaling-page` writes it", cost.name);
    }
}

/// Between the sizes that the costs come from, and beyond them.
#[test]
fn the_model_says_what_was_measured() {
    let within =
        |(said, measured): (f64, f64), share: f64, least: f64| (said - measured).abs() <= measured * share + least;
    for Compared { addresses, memory, checks, call, answer } in compared() {
        assert!(within(memory, 0.15, 0.0), "{addresses}: MB {memory:?}");
        // An Envoy that has nothing to do uses half a hundredth of a core.
        assert!(within(checks, 0.35, 0.6), "{addresses}: %core {checks:?}");
        // Beyond, the calculator says that it does not know.
        assert!(addresses > MEASURED_PODS || within(call, 0.25, 0.0), "{addresses}: us {call:?}");
        assert!(within(answer, 0.0, 1.0), "{addresses}: bytes {answer:?}");
    }
}
