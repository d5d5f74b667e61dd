//! Costs of calls, measured by turns.

use serde::{Deserialize, Serialize};
use testbed::figures::{Measured, median};
use testbed::{BedError, Stop};

use crate::generator::{Operation, Shape, load};
use crate::peers::{Cost, Peer, Running, version};

/// What a measurement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cell {
    /// Who is asked.
    pub(crate) peer: Peer,
    /// What for.
    pub(crate) operation: Operation,
    /// How.
    pub(crate) shape: Shape,
}

impl Cell {
    /// Enough that the clock of a process, which counts in hundredths of a second, is good for two per cent.
    fn calls(self) -> usize {
        let batched = self.shape.streams > 1;
        let calls = match (self.operation, batched) {
            (Operation::Get, true) => 80_000,
            (Operation::Get, false) => 40_000,
            (Operation::Miss | Operation::Create, _) => 20_000,
            (Operation::List, _) => 8_000,
        };
        calls / self.peer.slowness()
    }
}

/// The costs of each cell, a round after the other.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Table(pub(crate) Vec<(Cell, Vec<Cost>)>);

impl Table {
    /// Measures each cell so many times, in turns, so that the machine's drift meets all of them alike.
    pub(crate) fn measure(cells: &[Cell], rounds: usize, sides: &[Running], stop: &Stop) -> Result<Self, BedError> {
        let once = |cell: &Cell, calls: usize| {
            stop.check()?;
            let side = sides.iter().find(|side| side.peer == cell.peer).expect("it runs");
            side.cost_of(calls, || load(side.address, side.request(cell.operation), cell.shape, calls))
        };
        eprintln!("warming up {} servers", sides.len());
        let mut table = Self::default();
        for cell in cells {
            // What is cold the first time does not count.
            once(cell, cell.calls() / 4)?;
            table.0.push((*cell, Vec::new()));
        }
        for round in 1..=rounds {
            eprintln!("round {round} of {rounds}, {} measurements each", cells.len());
            for (cell, costs) in &mut table.0 {
                costs.push(once(cell, cell.calls())?);
            }
        }
        Ok(table)
    }

    /// CPU-microseconds of each round.
    pub(crate) fn microseconds(&self, cell: Cell) -> Vec<f64> {
        self.costs(cell).iter().map(|cost| cost.microseconds).collect()
    }

    /// Calls a second of each round.
    pub(crate) fn rates(&self, cell: Cell) -> Vec<f64> {
        self.costs(cell).iter().map(|cost| cost.rate).collect()
    }

    /// The cost of one side as a figure.
    pub(crate) fn alone(&self, cell: Cell) -> Measured {
        let costs = self.microseconds(cell);
        let note = format!(
            "median of {} rounds of {} calls, {} (connections×streams); CPU of the server's process, user and kernel",
            costs.len(),
            cell.calls(),
            cell.shape
        );
        Measured::median_of(costs, note)
    }

    /// What one side costs against another, as the median of the ratios of the rounds.
    pub(crate) fn ratio(&self, cell: Cell, ours: Peer, theirs: Peer) -> Measured {
        let of = |peer| self.microseconds(Cell { peer, ..cell });
        let (our, their) = (of(ours), of(theirs));
        let note = format!(
            "median of {} interleaved pairs: {:.2} us for each call of {}, {:.2} us of {} ({})",
            our.len(),
            median(&our),
            ours.name(),
            median(&their),
            theirs.name(),
            version(theirs).unwrap_or_default()
        );
        Measured::median_of(our.iter().zip(their).map(|(our, their)| our / their).collect(), note)
    }

    fn costs(&self, cell: Cell) -> &[Cost] {
        let (_, costs) = self.0.iter().find(|(of, _)| *of == cell).expect("measured");
        costs
    }
}
