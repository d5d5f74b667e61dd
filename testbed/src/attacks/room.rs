//! `testbed attacks`: some attacks or all, through Envoy and directly.

use std::process::ExitCode;

use clap::builder::PossibleValuesParser;

use super::trial::{Ground, Way};
use super::{ATTACKS, Attack};
use crate::{BedError, Stop};

/// Which attacks, and on whom.
#[derive(Debug, clap::Args)]
pub struct Attacks {
    /// Only these, and no page is written then [default: all]
    #[arg(value_name = "NAME", value_parser = PossibleValuesParser::new(ATTACKS.iter().map(|attack| attack.name)))]
    only: Vec<String>,
    /// Attack a server in place of Envoy
    #[arg(long)]
    direct: bool,
}

impl Attacks {
    /// Attacks, and prints a line for each.
    pub fn run(&self, stop: &Stop) -> Result<ExitCode, BedError> {
        let way = if self.direct { Way::Direct } else { Way::Envoy };
        let ground = Ground::prepare(stop)?;
        let chosen = |attack: &&Attack| self.only.is_empty() || self.only.iter().any(|name| name == attack.name);
        for attack in ATTACKS.iter().filter(chosen) {
            println!("{}", ground.attack(attack, way, stop)?.line());
        }
        Ok(ExitCode::SUCCESS)
    }
}
