//! docs/attacks.md: its measured parts, from `docs/attacks.json`.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Tried;
use crate::BedError;
use crate::page::{self, Bars, Page, Row, number};

/// Where what was measured is kept.
pub(super) const JSON: &str = "docs/attacks.json";
const PAGE: &str = "docs/attacks.md";
const PICTURE: &str = "docs/attacks/bystander.svg";

/// Each way, attack by attack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Findings {
    /// The day.
    pub(super) date: String,
    pub(super) envoy: Vec<Tried>,
    pub(super) direct: Vec<Tried>,
    pub(super) certified_envoy: Vec<Tried>,
    pub(super) certified: Vec<Tried>,
}

impl Findings {
    /// Writes the page, its picture and what they are made of.
    pub(super) fn write(&self) -> Result<(), BedError> {
        self.drawn()?.iter().try_for_each(|(path, text)| page::write(path, text))
    }

    /// Every file that is made of the findings, with its content.
    fn drawn(&self) -> Result<Vec<(PathBuf, String)>, BedError> {
        let mut page = Page::open(PAGE)?;
        page.fill("through Envoy", &format!("{}\nMeasured on {}.\n", table(&self.envoy), self.date))?;
        page.fill("at a server", &table(&self.direct))?;
        page.fill("at an Envoy with certificates", &table(&self.certified_envoy))?;
        page.fill("at a server with certificates", &table(&self.certified))?;
        let what = |tried: &Tried| format!("- **{}**: {}.\n", tried.name, tried.does);
        page.fill("what was done", &self.envoy.iter().map(what).collect::<String>())?;
        let files = [(JSON, page::json(self)), (PAGE, page.text()), (PICTURE, self.bars().svg()?)];
        Ok(files.map(|(path, text)| (path.into(), text)).into())
    }

    /// What the bystander sees and what memory it takes, attack by attack, through Envoy.
    fn bars(&self) -> Bars {
        let row = |tried: &Tried| {
            let values =
                [tried.quiet.p99_ms, tried.bystander.latency.p99_ms, tried.server_mb, tried.envoy_mb].map(Some);
            Row { name: tried.name.clone(), ours: tried.failed() == 0, values: values.into() }
        };
        Bars {
            title: "A bystander's p99 in milliseconds, and memory in megabytes (less is better)".to_owned(),
            panels: ["p99 in quiet", "p99 beside", "server's memory", "Envoy's memory"].map(str::to_owned).into(),
            rows: self.envoy.iter().map(row).collect(),
        }
    }
}

fn table(all: &[Tried]) -> String {
    let mut text = "| attack | what the attacker gets | bystander: failed of calls | its p99 in quiet, and beside (ms) | newcomers: failed of calls | their p99 (ms) | server (MB) | Envoy (MB) |\n\
                    | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        .to_owned();
    for tried in all {
        let times =
            [tried.quiet, tried.bystander.latency, tried.newcomers.latency].map(|latency| number(latency.p99_ms));
        let ([quiet, beside, late], [server, envoy]) = (times, [tried.server_mb, tried.envoy_mb].map(number));
        let Tried { name, got, .. } = tried;
        let [known, new] =
            [&tried.bystander, &tried.newcomers].map(|called| format!("{} of {}", called.failed(), called.calls));
        let _ =
            writeln!(text, "| {name} | {got} | {known} | {quiet}, {beside} | {new} | {late} | +{server} | +{envoy} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::binaries;

    #[test]
    fn the_page_shows_what_was_measured() {
        for (path, text) in page::read::<Findings>(Path::new(JSON)).unwrap().drawn().unwrap() {
            let there = fs::read_to_string(binaries::repository().join(&path)).unwrap();
            let advice = format!("run `target/release/testbed attacks --from {JSON}`");
            assert!(there == text, "{} is not what {JSON} says: {advice}", path.display());
        }
    }
}
