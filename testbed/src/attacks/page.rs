//! docs/attacks.md: its measured parts, from `docs/attacks.json`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Tried;
use crate::page::{Page, number};
use crate::{BedError, binaries};

/// Where what was measured is kept.
pub(super) const JSON: &str = "docs/attacks.json";
const PAGE: &str = "docs/attacks.md";

/// Both ways, attack by attack.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Findings {
    /// The day.
    pub(super) date: String,
    pub(super) envoy: Vec<Tried>,
    pub(super) direct: Vec<Tried>,
}

impl Findings {
    pub(super) fn read(path: &Path) -> Result<Self, BedError> {
        let full = binaries::repository().join(path);
        let text = fs::read(full).map_err(BedError::io(format!("read {}", path.display())))?;
        serde_json::from_slice(&text).map_err(|error| BedError::Unexpected(format!("{}: {error}", path.display())))
    }

    /// Writes the page and what it is made of.
    pub(super) fn write(&self) -> Result<(), BedError> {
        let json = serde_json::to_string_pretty(self).expect("findings are plain data") + "\n";
        fs::write(binaries::repository().join(JSON), json).map_err(BedError::io(format!("write {JSON}")))?;
        self.page()?.write()
    }

    fn page(&self) -> Result<Page, BedError> {
        let mut page = Page::open(PAGE)?;
        page.fill("through Envoy", &format!("{}\nMeasured on {}.\n", table(&self.envoy), self.date))?;
        page.fill("at a server", &table(&self.direct))?;
        let what = |tried: &Tried| format!("- **{}**: {}.\n", tried.name, tried.does);
        page.fill("what was done", &self.envoy.iter().map(what).collect::<String>())?;
        Ok(page)
    }
}

fn table(all: &[Tried]) -> String {
    let mut text = "| attack | what the attacker gets | bystander: failed of calls | its p99 in quiet, and beside (ms) | server (MB) | Envoy (MB) |\n\
                    | --- | --- | ---: | ---: | ---: | ---: |\n"
        .to_owned();
    for tried in all {
        let [quiet, beside, server, envoy] =
            [tried.quiet.p99_ms, tried.beside.p99_ms, tried.server_mb, tried.envoy_mb].map(number);
        let Tried { name, got, calls, .. } = tried;
        let failed = tried.failed();
        let _ = writeln!(text, "| {name} | {got} | {failed} of {calls} | {quiet}, {beside} | +{server} | +{envoy} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_what_was_measured() {
        let page = Findings::read(Path::new(JSON)).unwrap().page().unwrap().text();
        let there = fs::read_to_string(binaries::repository().join(PAGE)).unwrap();
        assert!(there == page, "{PAGE} is not what {JSON} says: run `target/release/testbed attacks --from {JSON}`");
    }
}
