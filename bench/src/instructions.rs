//! Instructions of a call, counted by callgrind: the one figure that a busy machine does not blur, so the one that is
//! kept from growing.

use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};
use testbed::figures::{Bound, Measured, Plan, Run, Unit, Wanted};
use testbed::{BedError, Stop, until_true};

use crate::generator::{Operation, Shape, load};
use crate::peers::{Peer, Running};
use crate::record;

/// Before anything counts: what is cold the first time.
const WARM_UP_CALLS: usize = 2_000;
const CALLS: usize = 10_000;

/// A call at a time, which is the same each time; and many at once, where fewer writes show.
pub(crate) const SHAPES: [Shape; 2] = [Shape::new(1, 1), Shape::new(1, 100)];
/// Beside ours.
const PEERS: [Peer; 4] = [Peer::OursUncorked, Peer::Stock, Peer::TonicOneThread, Peer::CppAsync];

/// The figures, in the order of [`figures_of`].
pub(crate) const PLAN: Plan = Plan {
    wanted: &[
        Wanted { name: "instructions_1x1", unit: Unit::Instructions, bound: Bound::Information },
        Wanted { name: "instructions_1x100", unit: Unit::Instructions, bound: Bound::Information },
        Wanted { name: "metrics_cost", unit: Unit::Times, bound: Bound::AtMost(1.02) },
    ],
    run: Run::All(run),
};

/// Instructions of a call of GetCustomer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Count {
    pub(crate) peer: Peer,
    pub(crate) shape: Shape,
    pub(crate) instructions: f64,
}

/// The name of the record.
pub(crate) const RECORD: &str = "instructions";

/// Counts those of one side, in each shape.
pub(crate) fn count(peer: Peer, stop: &Stop) -> Result<Vec<Count>, BedError> {
    eprintln!("counting instructions of {}", peer.name());
    let folder = tempfile::tempdir().map_err(BedError::io("make a temporary folder"))?;
    let out = format!("--callgrind-out-file={}", folder.path().join("out").display());
    let side = Running::start_under(peer, &["valgrind", "--quiet", "--tool=callgrind", &out])?;
    side.check()?;
    let mut counts = Vec::new();
    for (dumps, shape) in SHAPES.into_iter().enumerate() {
        stop.check()?;
        let make = |calls| load(side.address, side.request(Operation::Get), shape, calls);
        make(WARM_UP_CALLS)?;
        control(&side, "--zero")?;
        make(CALLS)?;
        control(&side, "--dump")?;
        let dump = folder.path().join(format!("out.{}", dumps + 1));
        let total = || {
            let text = fs::read_to_string(&dump).unwrap_or_default();
            let total = text.lines().rev().find_map(|line| line.strip_prefix("totals: "))?;
            total.trim().parse::<f64>().ok()
        };
        until_true("callgrind's dump", || total().is_some())?;
        let instructions = total().expect("it was there") / CALLS as f64;
        counts.push(Count { peer, shape, instructions });
    }
    Ok(counts)
}

fn control(side: &Running, what: &str) -> Result<(), BedError> {
    let mut command = Command::new("callgrind_control");
    let output = command.arg(what).arg(side.process.pid().to_string()).output();
    let output = output.map_err(BedError::io("run callgrind_control (Debian: apt-get install valgrind)"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && said.contains("OK") {
        return Ok(());
    }
    Err(BedError::Unexpected(format!("callgrind_control {what}: {said}{}", String::from_utf8_lossy(&output.stderr))))
}

fn run(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    record::forget(RECORD)?;
    let mut counts = Vec::new();
    for peer in [Peer::Ours, Peer::OursUnmetered].into_iter().chain(PEERS) {
        counts.extend(count(peer, stop)?);
    }
    record::write(RECORD, &counts)?;
    Ok(figures_of(&counts))
}

fn figures_of(counts: &[Count]) -> Vec<Measured> {
    let of = |peer, shape| {
        let found = counts.iter().find(|count| (count.peer, count.shape) == (peer, shape));
        found.expect("counted").instructions
    };
    let [alone, many] = SHAPES;
    let ours = |shape| {
        let note = format!("callgrind over {CALLS} calls of GetCustomer, {shape} (connections×streams); no kernel");
        Measured::once(of(Peer::Ours, shape), note)
    };
    let (on, off) = (of(Peer::Ours, alone), of(Peer::OursUnmetered, alone));
    vec![
        ours(alone),
        ours(many),
        Measured::once(on / off, format!("{on:.0} instructions of a call with METRICS=on, {off:.0} with off; {alone}")),
    ]
}
