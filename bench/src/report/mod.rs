//! docs/performance.md: tables and pictures of what the last run of the figures saw.

mod findings;

use std::path::PathBuf;

use testbed::BedError;
use testbed::figures::median;
use testbed::page::{self, Bars, Page, Row, named, number, table};

use crate::callers::{Called, Library};
use crate::costs::{self, ALL_SHAPES, Cell, FEW_BATCHED, SHAPES, Table};
use crate::generator::{Operation, Shape};
use crate::instructions::{self, Count};
use crate::latency::{self, Duel, Percentiles, median_of};
use crate::peers::Peer;
use crate::{client, memory, one_core, path};
use findings::{Findings, JSON};

const PAGE: &str = "docs/performance.md";
const PICTURES: &str = "docs/performance";

/// Writes the page of the last whole run, its pictures and what they are made of.
pub(crate) fn write() -> Result<(), BedError> {
    draw(&Findings::of_the_last_run()?)?.iter().try_for_each(|(path, text)| page::write(path, text))
}

/// Writes page and pictures of what was kept: for whoever changed how they look.
pub(crate) fn write_again() -> Result<(), BedError> {
    draw(&Findings::kept()?)?.iter().try_for_each(|(path, text)| page::write(path, text))
}

/// Every file that is made of the findings, with its content.
fn draw(found: &Findings) -> Result<Vec<(PathBuf, String)>, BedError> {
    let mut page = Page::open(PAGE)?;
    page.fill("versions", &versions(found))?;
    page.fill("get", &costs_of(&found.costs.table, &Peer::ALL, &ALL_SHAPES))?;
    page.fill("one core", &costs_of(&found.one_core, &one_core::PEERS, &SHAPES))?;
    page.fill("rates", &rates(&found.costs))?;
    page.fill("others", &others(&found.costs.table))?;
    page.fill("latency", &latency(&found.duels))?;
    page.fill("instructions", &instructions(&found.counts))?;
    page.fill("memory", &thousand(&found.memory))?;
    page.fill("path", &path(&found.path))?;
    page.fill("client", &client(&found.callers))?;
    page.fill("figures", &figures(found))?;
    let pictures = [
        ("client", client_bars(&found.callers)),
        ("path", path_bars(&found.path)),
        ("get", get_bars(&found.costs.table)),
        ("others", other_bars(&found.costs.table)),
        ("latency", latency_bars(&found.duels)),
    ];
    let mut files = vec![(JSON.into(), page::json(found)), (PAGE.into(), page.text())];
    for (name, bars) in pictures {
        files.push((format!("{PICTURES}/{name}.svg").into(), bars.svg()?));
    }
    Ok(files)
}

fn figures(found: &Findings) -> String {
    format!("```text\n{}```", found.figures.iter().map(findings::Figure::line).collect::<String>())
}

fn versions(found: &Findings) -> String {
    let rows: Vec<_> = found.versions.iter().map(|(side, version)| named(side, [version.clone()])).collect();
    let heads = ["side".to_owned(), "version".to_owned()];
    let Findings { generator, envoy, .. } = found;
    let measured: Vec<_> =
        found.measured_on.iter().map(|(record, on)| format!("- {record}: measured on {on}")).collect();
    let load = format!("Load by {generator}, on schedule by the h2 crate. Envoy {envoy}.");
    format!("{}\n{load}\n\n{}\n", table(&heads, &rows), measured.join("\n"))
}

fn costs_of(costs: &Table, peers: &[Peer], shapes: &[Shape]) -> String {
    let heads = named("CPU-µs of a call", shapes.iter().map(Shape::to_string));
    let row = |peer: &Peer| {
        let cell = |shape: &Shape| {
            with_range(&costs.microseconds(Cell { peer: *peer, operation: Operation::Get, shape: *shape }))
        };
        named(peer.name(), shapes.iter().map(cell))
    };
    table(&heads, &peers.iter().map(row).collect::<Vec<_>>())
}

fn rates(costs: &costs::Seen) -> String {
    let shapes = ALL_SHAPES.into_iter().map(|shape| shape.to_string());
    let heads = named("calls/s", shapes.chain(["peak memory".to_owned()]));
    let row = |peer: Peer| {
        let cell = |shape| {
            let rates = costs.table.rates(Cell { peer, operation: Operation::Get, shape });
            format!("{:.0}", median(&rates))
        };
        let memory = costs.peak_memory.iter().find(|(of, _)| *of == peer).map(|(_, bytes)| *bytes as f64 / 1e6);
        let memory = memory.map_or_else(String::new, |megabytes| format!("{megabytes:.1} MB"));
        named(peer.name(), ALL_SHAPES.map(cell).into_iter().chain([memory]))
    };
    table(&heads, &Peer::ALL.map(row))
}

const OTHERS: [(Operation, &str); 3] =
    [(Operation::Miss, "get, NOT_FOUND"), (Operation::List, "list of 100"), (Operation::Create, "create")];

fn others(costs: &Table) -> String {
    let heads = named("CPU-µs of a call, 4×25", OTHERS.map(|(_, name)| name.to_owned()));
    let row = |peer: Peer| {
        let cell = |(operation, _)| with_range(&costs.microseconds(Cell { peer, operation, shape: FEW_BATCHED }));
        named(peer.name(), OTHERS.map(cell))
    };
    table(&heads, &Peer::ALL.map(row))
}

/// Who is drawn: the slowest by far would leave no room for the rest.
fn drawn() -> impl Iterator<Item = Peer> {
    Peer::ALL.into_iter().filter(|peer| *peer != Peer::Python)
}

fn get_bars(costs: &Table) -> Bars {
    let row = |peer: Peer| {
        let value = |shape| Some(median(&costs.microseconds(Cell { peer, operation: Operation::Get, shape })));
        Row { name: peer.name().to_owned(), ours: peer == Peer::Ours, values: ALL_SHAPES.map(value).into() }
    };
    Bars {
        title: "CPU-µs of the server for one cached GetCustomer, by connections × calls at once (less is better)"
            .to_owned(),
        panels: ALL_SHAPES.map(|shape| shape.to_string()).into(),
        rows: drawn().map(row).collect(),
    }
}

fn other_bars(costs: &Table) -> Bars {
    let row = |peer: Peer| {
        let value = |(operation, _)| Some(median(&costs.microseconds(Cell { peer, operation, shape: FEW_BATCHED })));
        Row { name: peer.name().to_owned(), ours: peer == Peer::Ours, values: OTHERS.map(value).into() }
    };
    Bars {
        title: "CPU-µs of the server for one call, 4×25; only ours writes creates to disk".to_owned(),
        panels: OTHERS.map(|(_, name)| name.to_owned()).into(),
        rows: drawn().map(row).collect(),
    }
}

fn latency(duels: &[Duel]) -> String {
    let heads = ["µs at the same load", "calls/s", "p50", "p99", "p99.9"].map(str::to_owned);
    let side = |name: String, rate: f64, rounds: &[Percentiles]| {
        if latency::fell_behind(rounds) {
            let behind = named(name, [format!("{rate:.0}"), "fell behind".to_owned()]);
            return behind.into_iter().chain([String::new(), String::new()]).collect();
        }
        let of = |percentile: fn(&Percentiles) -> f64| with_range(&rounds.iter().map(percentile).collect::<Vec<_>>());
        vec![name, format!("{rate:.0}"), of(|seen| seen.p50), of(|seen| seen.p99), of(|seen| seen.p999)]
    };
    let rows = |duel: &Duel| {
        let at = format!("{} % of {}", duel.load, duel.peer.name());
        [
            side(format!("ours at {at}"), duel.rate, &duel.ours),
            side(format!("{} at {at}", duel.peer.name()), duel.rate, &duel.theirs),
        ]
    };
    table(&heads, &duels.iter().flat_map(rows).collect::<Vec<_>>())
}

fn latency_bars(duels: &[Duel]) -> Bars {
    let row = |name: String, ours: bool, rounds: &[Percentiles]| {
        let keeps_up = !latency::fell_behind(rounds);
        let of = |percentile: fn(&Percentiles) -> f64| keeps_up.then(|| median_of(rounds, percentile));
        Row { name, ours, values: vec![of(|seen| seen.p50), of(|seen| seen.p99), of(|seen| seen.p999)] }
    };
    let rows = duels.iter().filter(|duel| duel.load == 80).flat_map(|duel| {
        let rate = format!("{:.0}k/s", duel.rate / 1e3);
        [
            row(format!("ours, {rate}"), true, &duel.ours),
            row(format!("{}, {rate}", duel.peer.name()), false, &duel.theirs),
        ]
    });
    Bars {
        title: "µs from when a call was due to its answer, at 80 % of each peer's capacity (no bar: fell behind)"
            .to_owned(),
        panels: ["p50", "p99", "p99.9"].map(str::to_owned).into(),
        rows: rows.collect(),
    }
}

fn instructions(counts: &[Count]) -> String {
    let heads = named("instructions of a call", instructions::SHAPES.map(|shape| shape.to_string()));
    let mut peers: Vec<_> = counts.iter().map(|count| count.peer).collect();
    peers.dedup();
    let row = |peer: Peer| {
        let cell = |shape| {
            let found = counts.iter().find(|count| (count.peer, count.shape) == (peer, shape));
            found.map_or_else(String::new, |count| format!("{:.0}", count.instructions))
        };
        named(peer.name(), instructions::SHAPES.map(cell))
    };
    table(&heads, &peers.into_iter().map(row).collect::<Vec<_>>())
}

fn thousand(seen: &memory::Seen) -> String {
    let heads = ["minute", "resident MB"].map(str::to_owned);
    let minutes = seen.samples.chunks(60).enumerate().filter_map(|(minute, samples)| {
        let highest = samples.iter().max()?;
        Some(vec![(minute + 1).to_string(), format!("{:.1}", *highest as f64 / 1e6)])
    });
    let rows = minutes.collect::<Vec<_>>();
    format!("{:.0} calls/s, peak {:.1} MB.\n\n{}", seen.rate, seen.peak as f64 / 1e6, table(&heads, &rows))
}

/// A part of the path's cost, with what it is called.
type Part = (&'static str, fn(&path::Cost) -> f64);

const PARTS: [Part; 4] = [
    ("client", |cost| cost.client),
    ("Envoy", |cost| cost.envoy),
    ("servers", |cost| cost.servers),
    ("all", path::Cost::total),
];

/// The two sides of each shape, with what they are called.
fn path_sides(seen: &path::Seen) -> impl Iterator<Item = (String, bool, &[path::Cost])> {
    path::NAMES.iter().zip(seen).flat_map(|(name, rounds)| {
        [
            (format!("ours, {name}"), true, rounds.ours.as_slice()),
            (format!("the articles, {name}"), false, rounds.article.as_slice()),
        ]
    })
}

fn path(seen: &path::Seen) -> String {
    let heads = named("CPU-µs of a call", PARTS.map(|(name, _)| name.to_owned()));
    let row = |(name, _, costs): (String, bool, &[path::Cost])| {
        let cell = |(_, part): Part| with_range(&costs.iter().map(part).collect::<Vec<_>>());
        named(name, PARTS.map(cell))
    };
    table(&heads, &path_sides(seen).map(row).collect::<Vec<_>>())
}

fn path_bars(seen: &path::Seen) -> Bars {
    let row = |(name, ours, costs): (String, bool, &[path::Cost])| {
        let value = |(_, part): Part| Some(median_of(costs, part));
        Row { name, ours, values: PARTS.map(value).into() }
    };
    Bars {
        title: "CPU-µs of one call on the whole path: client, Envoy, servers (less is better)".to_owned(),
        panels: PARTS.map(|(name, _)| name.to_owned()).into(),
        rows: path_sides(seen).map(row).collect(),
    }
}

fn client(seen: &[client::Seen]) -> String {
    let heads = ["calls at once", "CPU-µs of a call", "calls/s", "p50 µs", "p99 µs", "p99.9 µs", "peak MB"];
    let row = |client::Seen { shape, library, rounds }: &client::Seen| {
        let parts: [fn(&Called) -> f64; 6] = [
            |called| called.microseconds,
            |called| called.rate,
            |called| called.p50,
            |called| called.p99,
            |called| called.p999,
            |called| called.peak / 1e6,
        ];
        let cells = parts.map(|part| with_range(&rounds.iter().map(part).collect::<Vec<_>>()));
        named(format!("{}, {shape}", library.name()), cells)
    };
    table(&heads.map(str::to_owned), &seen.iter().map(row).collect::<Vec<_>>())
}

fn client_bars(seen: &[client::Seen]) -> Bars {
    let (first, rest) = seen.split_at(seen.len() / client::SHAPES.len());
    let row = |one: &client::Seen| {
        let others = rest.iter().filter(|other| other.library == one.library);
        let costs =
            [one].into_iter().chain(others).map(|side| Some(median_of(&side.rounds, |called| called.microseconds)));
        Row { name: one.library.name().to_owned(), ours: one.library == Library::Ours, values: costs.collect() }
    };
    Bars {
        title: "CPU-µs of the caller for one call, by connections × calls at once (less is better)".to_owned(),
        panels: client::SHAPES.map(|shape| shape.to_string()).into(),
        rows: first.iter().map(row).collect(),
    }
}

/// The median, and from where to where the rounds went.
fn with_range(values: &[f64]) -> String {
    let (least, most) =
        values.iter().fold((f64::MAX, 0.0_f64), |(least, most), value| (least.min(*value), most.max(*value)));
    format!("**{}** ({}–{})", number(median(values)), number(least), number(most))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use testbed::binaries;

    use super::*;

    fn there(path: &str) -> String {
        fs::read_to_string(binaries::repository().join(path)).unwrap()
    }

    #[test]
    fn the_page_shows_what_was_measured() {
        for (path, text) in draw(&Findings::kept().unwrap()).unwrap() {
            let path = path.to_str().unwrap();
            let advice = "run `target/release/ticketing-bench report --kept`";
            assert!(there(path) == text, "{path} is not what {JSON} says: {advice}");
        }
    }

    #[test]
    fn the_readme_has_the_figures_of_the_page() {
        let readme = there("README.md");
        let of_readme: Vec<_> = readme.lines().filter(|line| line.starts_with("figure bench ")).collect();
        let of_page: String = Findings::kept().unwrap().figures.iter().map(findings::Figure::line).collect();
        let of_page: Vec<_> = of_page.lines().collect();
        assert_eq!(of_readme, of_page);
    }
}
