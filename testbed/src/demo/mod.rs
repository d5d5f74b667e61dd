//! The project on one screen: a customer list goes in and comes back, and two tables show where calls go.

mod table;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::customers::Names;
use crate::{Bed, BedError, Import, ImportSummary, Stop, Tally, Testbed, envoy, equal_calls, write_list};

const SERVERS: usize = 3;
const CALLS: usize = 3_000;
/// Enough to see pages, few enough to be over before one looks.
const SAMPLE_ROWS: usize = 300;
const SEED: u64 = 1;
/// Of a list's rejected rows.
const REASONS_SHOWN: usize = 3;

/// Runs the demo and prints it to `out`; with the customers of `list`, or with made-up ones. The last step whose
/// expectation does not hold is an error.
pub fn run(list: Option<&Path>, stop: &Stop, out: &mut dyn Write) -> Result<(), BedError> {
    if let Some(path) = list {
        // A list that cannot be used is told before anything is started.
        Import::check(path)?;
    }
    let bed = Testbed::new().servers(SERVERS).envoy().l4(SEED).stop_on(stop).start()?;
    let list = match list {
        Some(path) => path.to_owned(),
        None => sample(bed.folder())?,
    };
    let mut screen = Screen { out };
    screen.title(&bed)?;
    import_and_compare(&bed, &list, stop, &mut screen)?;
    through_l4(&bed, stop, &mut screen)?;
    through_envoy(&bed, stop, &mut screen)
}

fn import_and_compare(bed: &Bed, list: &Path, stop: &Stop, screen: &mut Screen<'_>) -> Result<(), BedError> {
    let name = list.file_name().unwrap_or(list.as_os_str()).display();
    screen.heading(&format!("A customer list goes in through Envoy, and comes back ({name})"))?;

    let import = Import::start(bed.envoy_address(), list, bed.folder())?;
    let first = import.finish(stop)?;
    let mut wanted = Names::of_file(list)?;
    if first.rejected > 0 {
        wanted = wanted.without(&Names::of_file(import.rejected())?);
    }
    screen.line(&told(&first))?;
    if first.rejected > 0 {
        reasons(import.rejected())?.iter().try_for_each(|reason| screen.line(reason))?;
    }
    expect(first.created == count(&wanted) && first.already_there == 0, || told(&first))?;

    let again = Import::start(bed.envoy_address(), list, bed.folder())?.finish(stop)?;
    screen.line(&format!("{}   (the same file once more)", told(&again)))?;
    expect(again.created == 0 && again.already_there == first.created, || told(&again))?;

    let found = Names::of_service(bed.envoy_address())?;
    let (missing, surplus) = (wanted.clone().without(&found), found.clone().without(&wanted));
    screen.line(&format!("{} read back identical", found.len() - surplus.len()))?;
    expect(missing.is_empty() && surplus.is_empty(), || {
        let example = missing.example().or(surplus.example()).unwrap_or_default();
        format!("{} missing and {} too many, for example {example}", missing.len(), surplus.len())
    })
}

fn through_l4(bed: &Bed, stop: &Stop, screen: &mut Screen<'_>) -> Result<(), BedError> {
    let tally = spread(bed, bed.l4_address(), "an L4 balancer, as a normal Service is one", stop, screen)?;
    let answering = tally.pods.len();
    screen.verdict(if answering == 1 {
        "one pod has all the work: the balancer chose once, for the connection"
    } else {
        "spread"
    })?;
    expect(answering == 1, || format!("{answering} pods answered calls of one connection through the L4 balancer"))
}

fn through_envoy(bed: &Bed, stop: &Stop, screen: &mut Screen<'_>) -> Result<(), BedError> {
    let tally = spread(bed, bed.envoy_address(), "Envoy, before a headless Service", stop, screen)?;
    let spread = tally.spread(bed.pods());
    let even = spread <= envoy::WORKERS as u64;
    let word = if even { "even" } else { "uneven" };
    screen.verdict(&format!("{word}: most minus fewest is {spread}; Envoy chooses for each call"))?;
    expect(even, || format!("through Envoy the most minus the fewest calls is {spread}"))
}

fn spread(
    bed: &Bed,
    address: SocketAddr,
    through: &str,
    stop: &Stop,
    screen: &mut Screen<'_>,
) -> Result<Tally, BedError> {
    screen.heading(&format!("{CALLS} calls on one connection through {through}"))?;
    let tally = equal_calls(address, CALLS, stop)?;
    for line in table::bars(&tally, bed.pods()) {
        screen.line(&line)?;
    }
    expect(tally.failed() == 0, || {
        format!("{} calls failed; the first: {}", tally.failed(), tally.first_failure.clone().unwrap_or_default())
    })?;
    Ok(tally)
}

fn sample(folder: &Path) -> Result<PathBuf, BedError> {
    let path = folder.join("customers.csv");
    write_list(&path, SAMPLE_ROWS, SEED)?;
    Ok(path)
}

/// Why the first rows were rejected, and on which lines they stand.
fn reasons(rejected: &Path) -> Result<Vec<String>, BedError> {
    let unreadable = |error: csv::Error| BedError::Customers { path: rejected.to_owned(), reason: error.to_string() };
    let mut reader = csv::Reader::from_path(rejected).map_err(unreadable)?;
    let shown = reader.records().take(REASONS_SHOWN);
    shown.map(|row| row.map(|row| format!("  line {}: {}", &row[0], &row[1])).map_err(unreadable)).collect()
}

fn told(summary: &ImportSummary) -> String {
    let ImportSummary { created, already_there, rejected, .. } = *summary;
    let others = [(already_there, "already there"), (rejected, "rejected")];
    let told = others.iter().filter(|(rows, _)| *rows > 0).map(|(rows, what)| format!(", {rows} {what}"));
    format!("{created} created") + &told.collect::<String>()
}

fn count(names: &Names) -> u64 {
    names.len() as u64
}

fn expect(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), BedError> {
    if holds { Ok(()) } else { Err(BedError::Unexpected(otherwise())) }
}

/// Plain text on at most 80 columns.
struct Screen<'a> {
    out: &'a mut dyn Write,
}

impl Screen<'_> {
    fn title(&mut self, bed: &Bed) -> Result<(), BedError> {
        let servers = bed.servers().iter().map(|server| server.address().to_string()).collect::<Vec<_>>().join(", ");
        self.print(&format!(
            "Ticketing: Envoy on {} before {SERVERS} servers\n           {servers}",
            bed.envoy_address()
        ))
    }

    fn heading(&mut self, text: &str) -> Result<(), BedError> {
        self.print(&format!("\n{text}"))
    }

    fn line(&mut self, text: &str) -> Result<(), BedError> {
        self.print(&format!("  {text}"))
    }

    fn verdict(&mut self, text: &str) -> Result<(), BedError> {
        self.print(&format!("  => {text}"))
    }

    fn print(&mut self, text: &str) -> Result<(), BedError> {
        let printed = writeln!(self.out, "{text}").and_then(|()| self.out.flush());
        printed.or_else(closed_pipe_is_fine).map_err(BedError::io("print"))
    }
}

fn closed_pipe_is_fine(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) }
}
