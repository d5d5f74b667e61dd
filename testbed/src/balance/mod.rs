//! `make balance`: ways to balance gRPC calls, measured against each other, for docs/balancing.md.

mod arrival;
mod callers;
mod event;
mod explanations;
mod findings;
mod page;
mod plots;
mod site;
mod steady;
mod verdict;
mod way;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::available_parallelism;

pub(crate) use arrival::arrivals;
pub(crate) use callers::{Address, Running, now};
pub use callers::{Callers, Policy};
pub use event::Event;
pub(crate) use page::measured_cells;
pub use way::Way;

use crate::page::{json, read, today};
use crate::{BedError, Stop, binaries};
use findings::{Cell, Findings};

/// What is measured, and what is done with it.
#[derive(Debug, clap::Args)]
pub struct Balance {
    /// Only this way; the cells are printed as JSON, and no page is written [default: all]
    #[arg(long, value_enum)]
    way: Option<Way>,
    /// Only under this event, as --way [default: all]
    #[arg(long, value_enum)]
    event: Option<Event>,
    /// Measure nothing: write the page from this file of findings
    #[arg(long, value_name = "FILE.json", conflicts_with_all = ["way", "event"])]
    from: Option<PathBuf>,
}

/// Where a whole run is kept.
const KEPT: &str = "target/figures/balance.json";

impl Balance {
    /// Measures, and tells what was found.
    pub fn run(&self, stop: &Stop) -> Result<ExitCode, BedError> {
        if let Some(file) = &self.from {
            page::write(&read(file)?)?;
            return Ok(ExitCode::SUCCESS);
        }
        let ways = self.way.map_or(Way::ALL.to_vec(), |way| vec![way]);
        let events = self.event.map_or(Event::ALL.to_vec(), |event| vec![event]);
        let whole = self.way.is_none() && self.event.is_none();
        let findings = measure(&ways, &events, whole, stop)?;
        if whole {
            page::write(&findings)?;
        } else {
            print!("{}", json(&findings.cells));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A `kept` run writes what it has after each cell, so that a late fault loses nothing.
fn measure(ways: &[Way], events: &[Event], kept: bool, stop: &Stop) -> Result<Findings, BedError> {
    let mut findings =
        Findings { date: today(), cpus: available_parallelism().map_or(0, usize::from), cells: Vec::new() };
    for event in events {
        if *event == Event::Steady {
            match steady::measure(ways, stop) {
                Ok(outcomes) => {
                    for (way, outcome) in outcomes {
                        findings.cells.push(Cell::new(way, *event, Ok(outcome))?);
                    }
                }
                Err(BedError::Stopped) => return Err(BedError::Stopped),
                Err(error) => {
                    let reason = error.to_string();
                    for way in ways {
                        let error = BedError::Unexpected(reason.clone());
                        findings.cells.push(Cell::new(*way, *event, Err(error))?);
                    }
                }
            }
        } else {
            for way in ways {
                eprintln!("balance: {}, {}", event.name(), way.name());
                findings.cells.push(Cell::new(*way, *event, event.measure(*way, stop))?);
            }
        }
        if kept {
            keep(&findings)?;
        }
    }
    Ok(findings)
}

fn keep(findings: &Findings) -> Result<(), BedError> {
    let path = binaries::repository().join(KEPT);
    fs::create_dir_all(binaries::repository().join("target/figures")).map_err(BedError::io("make target/figures"))?;
    fs::write(&path, json(findings)).map_err(BedError::io(format!("write {}", path.display())))
}
