//! `testbed attacks`: some attacks or all, through Envoy and directly.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;

use super::page::Findings;
use super::{ATTACKS, Attack, Ground, Tried, Way};
use crate::{BedError, Stop, page};

/// Which attacks, and on whom.
#[derive(Debug, clap::Args)]
pub struct Attacks {
    /// Only these, and no page is written then [default: all, on each way]
    #[arg(value_name = "NAME", value_parser = PossibleValuesParser::new(super::names()))]
    only: Vec<String>,
    /// With names: whom to attack
    #[arg(long, requires = "only", value_enum, default_value_t = Way::Envoy)]
    at: Way,
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
            let [envoy, direct, certified_envoy, certified] = [
                all(&[], Way::Envoy, stop)?,
                all(&[], Way::Server, stop)?,
                all(&[], Way::EnvoyWithCertificates, stop)?,
                all(&[], Way::ServerWithCertificates, stop)?,
            ];
            Findings { date: page::today(), envoy, direct, certified_envoy, certified }.write()?;
        } else {
            all(&self.only, self.at, stop)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Those of these names, or all where there is none.
fn all(only: &[String], way: Way, stop: &Stop) -> Result<Vec<Tried>, BedError> {
    let ground = Ground::prepare(way, stop)?;
    let chosen = |attack: &&Attack| only.is_empty() || only.iter().any(|name| name == attack.name);
    let attacked = ATTACKS.iter().filter(chosen).map(|attack| {
        let tried = ground.attack(attack, way, stop)?;
        println!("{}", tried.line());
        Ok(tried)
    });
    attacked.collect()
}
