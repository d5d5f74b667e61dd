//! `testbed attacks`: some attacks or all, through Envoy and directly.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;

use super::page::Findings;
use super::trial::{Ground, Tried, Way};
use super::{ATTACKS, Attack};
use crate::{BedError, Stop, page};

/// What Envoy alone, or Envoy too, protects a server from.
const DIRECT: [&str; 8] = [
    "poisoning",
    "bad-messages",
    "large-messages",
    "gzip-bomb",
    "connections",
    "slow-bodies",
    "unread-lists",
    "rapid-reset",
];

/// Which attacks, and on whom.
#[derive(Debug, clap::Args)]
pub struct Attacks {
    /// Only these, and no page is written then [default: all, through Envoy, and then some straight at a server]
    #[arg(value_name = "NAME", value_parser = PossibleValuesParser::new(ATTACKS.iter().map(|attack| attack.name)))]
    only: Vec<String>,
    /// With names: attack a server in place of Envoy
    #[arg(long, requires = "only")]
    direct: bool,
    /// Attack nobody: write the page from this file of findings
    #[arg(long, value_name = "FILE.json", conflicts_with = "only")]
    from: Option<PathBuf>,
}

impl Attacks {
    /// Attacks, prints a line for each, and writes docs/attacks.md.
    pub fn run(&self, stop: &Stop) -> Result<ExitCode, BedError> {
        if let Some(file) = &self.from {
            page::read::<Findings>(file)?.write()?;
        } else if self.only.is_empty() {
            let direct = DIRECT.map(str::to_owned);
            let [envoy, direct] = [all(&[], Way::Envoy, stop)?, all(&direct, Way::Direct, stop)?];
            Findings { date: page::today(), envoy, direct }.write()?;
        } else {
            all(&self.only, if self.direct { Way::Direct } else { Way::Envoy }, stop)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Those of these names, or all where there is none.
fn all(only: &[String], way: Way, stop: &Stop) -> Result<Vec<Tried>, BedError> {
    let ground = Ground::prepare(stop)?;
    let chosen = |attack: &&Attack| only.is_empty() || only.iter().any(|name| name == attack.name);
    let attacked = ATTACKS.iter().filter(chosen).map(|attack| {
        let tried = ground.attack(attack, way, stop)?;
        println!("{}", tried.line());
        Ok(tried)
    });
    attacked.collect()
}
