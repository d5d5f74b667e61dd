//! `make chaos`: every rollout, fault, attack and renewal of the area chaos, for docs/reliability.md.

mod findings;
mod page;
mod soak;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::figures::{self, Area, Figure, Plan};
use crate::page::read;
use crate::{BedError, Stop};
use findings::{Findings, Run};

/// What is tried, and what is done with it.
#[derive(Debug, clap::Args)]
pub struct Chaos {
    /// In place of the scenarios, ten minutes in which one fault follows the other at random
    #[arg(long)]
    soak: bool,
    /// Only what these come of; the page keeps what was found of the others before
    #[arg(value_name = "FIGURE", conflicts_with_all = ["soak", "from"])]
    only: Vec<String>,
    /// Try nothing: write the page from this file of findings
    #[arg(long, value_name = "FILE.json", conflicts_with = "soak")]
    from: Option<PathBuf>,
}

impl Chaos {
    /// Tries, prints a line for each figure, and writes the page; fails where a figure is short.
    pub fn run(&self, stop: &Stop) -> Result<ExitCode, BedError> {
        if let Some(file) = &self.from {
            page::write(&read(file)?)?;
            return Ok(ExitCode::SUCCESS);
        }
        let all = if self.soak { soak::PLANS } else { Area::Chaos.plans() };
        let figures = measure(&figures::asked(Area::Chaos, all, &self.only)?, stop);
        // A run that was broken off tells nothing about the service.
        stop.check()?;
        let mut findings = Findings::read_or_none()?;
        let part = if self.soak { &mut findings.soak } else { &mut findings.scenarios };
        let order: Vec<_> = all.iter().flat_map(Plan::names).collect();
        *part = Some(Run::of(&figures)?.beside(part.take(), &order));
        page::write(&findings)?;
        Ok(if figures.iter().any(Figure::fails) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn measure(plans: &[Plan], stop: &Stop) -> Vec<Figure> {
    let number = |plan: &Plan| plans.iter().position(|other| other.names().eq(plan.names())).map_or(0, |at| at + 1);
    let next = |plan: &Plan| {
        let names: Vec<_> = plan.names().collect();
        eprintln!("chaos: {} of {}: {}", number(plan), plans.len(), names.join(", "));
    };
    figures::measure(Area::Chaos, plans, next, stop)
}
