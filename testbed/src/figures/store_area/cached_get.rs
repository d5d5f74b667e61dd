//! What a cached customer costs a server, against one in memory.

use async_std::task::block_on;
use futures::future::try_join_all;
use ticketing_client::{CallError, CreateCustomerRequest, Customers};

use crate::connect::channel_to;
use crate::figures::plan::{Measured, median};
use crate::{Bed, BedError, Stop, Testbed};

const PAIRS: usize = 15;
const CUSTOMERS: usize = 1_000;
const CALLERS: usize = 100;
const CALLS_EACH: usize = 500;

pub(super) fn run(stop: &Stop) -> Result<Measured, BedError> {
    let cached = Side::start(Testbed::new().servers(1), stop)?;
    let memory = Side::start(Testbed::new().servers(1).database_url("memory:"), stop)?;
    let (mut ratios, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..PAIRS {
        stop.check()?;
        let (our, their) = (cached.cpu_per_call()?, memory.cpu_per_call()?);
        ratios.push(our / their);
        ours.push(our);
        theirs.push(their);
    }
    let note = format!(
        "median of {PAIRS} pairs of {} calls, {CALLERS} at a time on one connection: {:.1} us of the server's CPU per \
         call against {:.1} us with memory:",
        CALLERS * CALLS_EACH,
        median(&ours),
        median(&theirs)
    );
    Ok(Measured::median_of(ratios, note))
}

struct Side {
    bed: Bed,
    customers: Customers,
    ids: Vec<String>,
}

impl Side {
    fn start(bed: Testbed, stop: &Stop) -> Result<Self, BedError> {
        let bed = bed.stop_on(stop).start()?;
        let customers = channel_to(bed.server(0).address()).customers();
        let mut ids = Vec::new();
        for n in 0..CUSTOMERS {
            let request = CreateCustomerRequest {
                first_name: "Friederike".to_owned(),
                last_name: format!("Dvořáková {n}"),
                ..Default::default()
            };
            ids.push(block_on(customers.create(&request))?.value.id);
        }
        let side = Self { bed, customers, ids };
        // Everything is read once before it counts.
        side.cpu_per_call()?;
        Ok(side)
    }

    /// Microseconds of the server's CPU, in user and kernel, for one call.
    fn cpu_per_call(&self) -> Result<f64, BedError> {
        let before = self.bed.server(0).cpu_time()?;
        block_on(self.call_all())?;
        let spent = self.bed.server(0).cpu_time()?.saturating_sub(before);
        Ok(spent.as_secs_f64() * 1e6 / (CALLERS * CALLS_EACH) as f64)
    }

    async fn call_all(&self) -> Result<(), CallError> {
        let caller = |caller: usize| async move {
            for call in 0..CALLS_EACH {
                self.customers.get(&self.ids[(caller * CALLS_EACH + call) % CUSTOMERS]).await?;
            }
            Ok(())
        };
        try_join_all((0..CALLERS).map(caller)).await.map(drop)
    }
}
