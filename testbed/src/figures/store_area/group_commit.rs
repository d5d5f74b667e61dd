//! What it brings that creates which wait share a transaction, and that it costs one create alone nothing.

use std::fs::File;
use std::io::Write as _;
use std::time::{Duration, Instant};

use ticketing_server::store::Writing;

use super::door::{Backend, create_alone, creates_per_second};
use crate::binaries::scratch;
use crate::figures::plan::{Measured, median};
use crate::{BedError, Stop};

const PAIRS: usize = 9;
const CALLERS: usize = 64;
const TIME: Duration = Duration::from_secs(1);
const ALONE: usize = 300;
const SYNCS: usize = 200;

/// Batches of one, over so many connections.
fn one_each(writers: usize) -> Writing {
    Writing { writers, batch: 1 }
}

pub(super) fn sqlite(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    let measured = speed_up(&Backend::sqlite()?, one_each(1), stop)?;
    let again = measured.clone();
    Ok(vec![measured, again])
}

pub(super) fn postgres(stop: &Stop) -> Result<Measured, BedError> {
    speed_up(&Backend::postgres()?, one_each(10), stop)
}

pub(super) fn postgres_64(stop: &Stop) -> Result<Measured, BedError> {
    speed_up(&Backend::postgres()?, one_each(64), stop)
}

pub(super) fn alone_sqlite(stop: &Stop) -> Result<Measured, BedError> {
    alone(&Backend::sqlite()?, one_each(1), stop)
}

pub(super) fn alone_postgres(stop: &Stop) -> Result<Measured, BedError> {
    alone(&Backend::postgres()?, one_each(10), stop)
}

fn speed_up(backend: &Backend, peer: Writing, stop: &Stop) -> Result<Measured, BedError> {
    let (mut ratios, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..PAIRS {
        stop.check()?;
        let grouped = creates_per_second(&backend.store(Writing::default())?, CALLERS, TIME)?;
        let single = creates_per_second(&backend.store(peer)?, CALLERS, TIME)?;
        ratios.push(grouped / single);
        ours.push(grouped);
        theirs.push(single);
    }
    let note = format!(
        "median of {PAIRS} pairs: {:.0} durable creates/s, {CALLERS} callers, {} connection, against {:.0} in batches of \
         one over {} connections",
        median(&ours),
        Writing::default().writers,
        median(&theirs),
        peer.writers
    );
    Ok(Measured::median_of(ratios, note))
}

fn alone(backend: &Backend, peer: Writing, stop: &Stop) -> Result<Measured, BedError> {
    let (mut ratios, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    let (grouped, single) = (backend.store(Writing::default())?, backend.store(peer)?);
    for _ in 0..PAIRS {
        stop.check()?;
        let (our, their) = (create_alone(&grouped, ALONE)?, create_alone(&single, ALONE)?);
        ratios.push(our / their);
        ours.push(our * 1_000.0);
        theirs.push(their * 1_000.0);
    }
    let note = format!(
        "median of {PAIRS} pairs of {ALONE} creates: {:.3} ms against {:.3} ms in batches of one over {} connections",
        median(&ours),
        median(&theirs),
        peer.writers
    );
    Ok(Measured::median_of(ratios, note))
}

pub(super) fn fdatasync(stop: &Stop) -> Result<Measured, BedError> {
    stop.check()?;
    let folder = scratch("ticketing-figure-")?;
    let mut file = File::create(folder.path().join("synced")).map_err(BedError::io("make a file"))?;
    let mut times = Vec::new();
    for _ in 0..SYNCS {
        file.write_all(&[0; 4096]).map_err(BedError::io("write"))?;
        let begun = Instant::now();
        file.sync_data().map_err(BedError::io("sync"))?;
        times.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }
    Ok(Measured::median_of(times, format!("median of {SYNCS} writes of 4 KiB to the end of a file, each synced")))
}
