//! A server that asks its callers to leave, again and again.

use std::time::{Duration, Instant};

use super::Measured;
use crate::balance::{Address, Policy, Running};
use crate::service::{Manner, Service};
use crate::{BedError, Stop, binaries, wait};

const GOAWAYS: usize = 50;
const AGE: Duration = Duration::from_millis(300);
const LIMIT: Duration = Duration::from_mins(2);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Attempts that fail while 16 callers share one channel to it, whether or not another attempt then succeeded.
pub(super) fn failed(stop: &Stop) -> Result<Measured, BedError> {
    let service = Service::start(Manner { connection_age: Some(AGE), ..Manner::default() })?;
    let folder = binaries::scratch("ticketing-goaways-")?;
    let callers = Running::start(Policy::Single, &Address::of(service.address()), folder.path())?;
    callers.wait_for_first(stop)?;
    let begun = Instant::now();
    // Each one ends a connection, and the first connection follows none.
    wait::until("50 connections that were asked to leave", LIMIT, LOOK_EVERY, stop, || {
        Ok((service.connections() > GOAWAYS).then_some(()))
    })?;
    let seconds = begun.elapsed().as_secs_f64();
    let totals = callers.finish()?.totals();
    let note = format!(
        "one run of {seconds:.0} s: {} connections one after the other, {} calls, {} failed, {} were sent again; first \
         failure: {:?}",
        service.connections(),
        totals.calls,
        totals.failed,
        totals.again,
        totals.first_failure
    );
    Ok(Measured::once((totals.failed + totals.again) as f64, note))
}
