//! That a page costs the same wherever it is, however many customers there are.

use std::sync::Arc;
use std::time::Instant;

use async_std::task::block_on;
use futures::future::try_join_all;
use ticketing_server::customer::{PageSize, Position};
use ticketing_server::store::{Store, Writing};

use super::door::{Backend, failed, somebody};
use crate::figures::plan::{Measured, median};
use crate::{BedError, Stop};

const FEW: i64 = 1_000;
const MANY: i64 = 1_000_000;
const PAGE: i32 = 100;
const ROUNDS: usize = 300;
/// As many as one transaction takes, several times.
const AT_ONCE: i64 = 1_000;

pub(super) fn sqlite(stop: &Stop) -> Result<Measured, BedError> {
    compare(&Backend::sqlite()?, stop)
}

pub(super) fn postgres(stop: &Stop) -> Result<Measured, BedError> {
    compare(&Backend::postgres()?, stop)
}

fn compare(backend: &Backend, stop: &Stop) -> Result<Measured, BedError> {
    let (few, many) = (filled(backend, FEW, stop)?, filled(backend, MANY, stop)?);
    let mut worst = Measured::once(0.0, "");
    let mut notes = Vec::new();
    for (place, part) in [("first", 0.0), ("middle", 0.5), ("last", 1.0)] {
        let (mut fast, mut slow) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            stop.check()?;
            fast.push(page(&few, FEW, part)?);
            slow.push(page(&many, MANY, part)?);
        }
        let ratio = median(&slow) / median(&fast);
        notes.push(format!("{place} {:.3} ms against {:.3} ms", median(&slow) * 1e3, median(&fast) * 1e3));
        if ratio > worst.value {
            worst = Measured::of(ratio, slow, String::new());
        }
    }
    let note = format!("medians of {ROUNDS} interleaved pages of {PAGE}: {}", notes.join(", "));
    Ok(Measured { note, ..worst })
}

/// Seconds for the page that begins at this part of the walk.
fn page(store: &Arc<dyn Store>, customers: i64, part: f64) -> Result<f64, BedError> {
    let size = PageSize::try_from(PAGE).expect("a page size");
    #[expect(clippy::cast_possible_truncation, reason = "a part of at most a million")]
    let after = Position::from((part * (customers - i64::from(PAGE)) as f64) as i64);
    let begun = Instant::now();
    let page = block_on(store.list(after, size)).map_err(failed)?;
    let took = begun.elapsed().as_secs_f64();
    if page.customers.len() == usize::from(size.get()) {
        Ok(took)
    } else {
        Err(BedError::Unexpected(format!("a page of {} customers", page.customers.len())))
    }
}

fn filled(backend: &Backend, customers: i64, stop: &Stop) -> Result<Arc<dyn Store>, BedError> {
    let store = backend.store(Writing::default())?;
    for _ in 0..customers / AT_ONCE {
        stop.check()?;
        block_on(try_join_all((0..AT_ONCE).map(|_| store.create(somebody())))).map_err(failed)?;
    }
    Ok(store)
}
