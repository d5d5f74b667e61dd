//! A million customers in through Envoy and out again.

use std::fs::File;
use std::process::Command;
use std::time::Duration;

use crate::customers::Names;
use crate::figures::plan::Measured;
use crate::{BedError, Import, Process, Stop, Testbed, binaries, wait, write_list};

const ROWS: usize = 1_000_000;
const SEED: u64 = 11;
const LIMIT: Duration = Duration::from_mins(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);
const MEGABYTE: f64 = 1e6;

pub(super) fn run(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    let bed = Testbed::new().servers(1).envoy().stop_on(stop).start()?;
    let (list, exported) = (bed.folder().join("people.csv"), bed.folder().join("exported.csv"));
    write_list(&list, ROWS, SEED)?;

    let import = Import::start(bed.envoy_address(), &list, bed.folder())?;
    let import_peak = peak_until_end(import.process(), stop)?;
    let imported = import.finish(stop)?;

    let mut command = Command::new(binaries::client()?);
    let address = bed.envoy_address();
    command
        .args(["--server-domain", &address.ip().to_string(), "--server-port", &address.port().to_string()])
        .args(["--output", "json", "export"])
        .arg(&exported);
    let summary = File::create(bed.folder().join("export.json")).map_err(BedError::io("make a file"))?;
    let log = bed.folder().join("export.log");
    let export = Process::start_printing_to(summary.into(), "ticketing-client", &mut command, &log)?;
    let export_peak = peak_until_end(&export, stop)?;

    let server_peak = bed.server(0).peak_memory()? as f64 / MEGABYTE;
    let (wanted, found) = (Names::of_file(&list)?, Names::of_file(&exported)?);
    let wrong = wanted.clone().without(&found).len() + found.without(&wanted).len();
    let note =
        format!("one run of {ROWS} rows through Envoy and one server on SQLite; import took {:.0} s", imported.seconds);
    let peaks = format!("import {import_peak:.0} MB, export {export_peak:.0} MB; the kernel's VmHWM");
    Ok(vec![
        Measured::once(wrong as f64, note),
        Measured::once(import_peak.max(export_peak), peaks),
        Measured::once(server_peak, "the kernel's VmHWM after import and export"),
    ])
}

/// The most memory that a process had until it ended, in MB, as last seen before.
fn peak_until_end(process: &Process, stop: &Stop) -> Result<f64, BedError> {
    let mut peak = 0;
    wait::until("the end of the client", LIMIT, LOOK_EVERY, stop, || {
        let ended = process.ended().is_some();
        peak = process.peak_memory().unwrap_or(peak).max(peak);
        Ok(ended.then_some(()))
    })?;
    if process.ended().is_some_and(|status| !status.success()) {
        process.check_running()?;
    }
    Ok(peak as f64 / MEGABYTE)
}
