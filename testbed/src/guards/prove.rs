//! The proof: each test once as all is, and once without each line that it is named for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::checkout::Checkout;
use super::program::{self, Ended, Programs};
use super::side_by_side::side_by_side;
use super::source::Source;
use super::{Guard, Out, Test, out};
use crate::{BedError, Stop, binaries};

/// What came of the proof of one guard.
#[derive(Debug, Clone)]
pub struct Proof {
    /// The guard.
    pub guard: Guard,
    /// What its test did.
    pub outcome: Outcome,
}

/// What a test did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It failed without the line, saying this, and not with it.
    Proven(String),
    /// Something else, in words.
    NotProven(String),
}

impl Proof {
    /// Whether the line was shown to protect.
    pub fn holds(&self) -> bool {
        matches!(self.outcome, Outcome::Proven(_))
    }
}

/// Takes out each guard. `tell` hears of each when it is known.
pub fn prove(guards: &[Guard], mut tell: impl FnMut(&Proof), stop: &Stop) -> Result<Vec<Proof>, BedError> {
    let folder = binaries::repository().join("target/guards");
    fs::create_dir_all(&folder).map_err(BedError::io(format!("make {}", folder.display())))?;
    let (code, configuration): (Vec<Guard>, Vec<Guard>) =
        guards.iter().partition(|guard| matches!(guard.out, Out::Code(..)));
    let mut proofs = Vec::new();
    let mut told = |guard: &Guard, outcome| {
        let proof = Proof { guard: *guard, outcome };
        tell(&proof);
        proofs.push(proof);
    };
    if !configuration.is_empty() {
        eprintln!("guards: building the tests");
        let root = binaries::repository();
        let programs = Programs::build(&root, &[], &folder.join("build.log"), stop)?;
        let bench = Bench::with(programs, &folder, &configuration, stop)?;
        side_by_side(&configuration, |worker, guard| bench.try_configuration(worker, &root, guard), &mut told)?;
    }
    if !code.is_empty() {
        eprintln!("guards: building the server with {} lines of code that can be taken out", code.len());
        let source = Source::with_switches(&folder, &code)?;
        let programs = source.build(&code, stop)?;
        let bench = Bench::with(programs, &folder, &code, stop)?;
        // One after the other: what is out is out in all programs.
        for guard in &code {
            told(guard, bench.try_code(&source, guard)?);
        }
    }
    Ok(proofs)
}

/// Where tests are tried.
struct Bench<'a> {
    programs: Programs,
    folder: &'a Path,
    /// What is wrong with each test while all lines are in their places.
    faults: BTreeMap<Test, String>,
    stop: &'a Stop,
}

impl<'a> Bench<'a> {
    /// Runs the tests of these guards as all is.
    fn with(programs: Programs, folder: &'a Path, guards: &[Guard], stop: &'a Stop) -> Result<Self, BedError> {
        let mut bench = Self { programs, folder, faults: BTreeMap::new(), stop };
        let tests: BTreeSet<_> = guards.iter().map(|guard| guard.test).collect();
        let tests: Vec<_> = tests.into_iter().collect();
        eprintln!("guards: {} tests, with every line in its place", tests.len());
        let mut faults = BTreeMap::new();
        let as_all_is = |worker, test: &Test| bench.run(worker, bench.programs.of(test)?, test);
        side_by_side(&tests, as_all_is, |test, ended| {
            if let Ended::Failed(said) | Ended::Odd(said) = ended {
                faults.insert(*test, format!("its test fails as all is: {said}"));
            }
        })?;
        bench.faults = faults;
        Ok(bench)
    }

    fn try_configuration(&self, worker: usize, root: &Path, guard: &Guard) -> Result<Outcome, BedError> {
        let path = root.join(guard.file);
        let text = fs::read_to_string(&path).map_err(BedError::io(format!("read {}", path.display())))?;
        let Some(without) = out::without(&text, guard) else {
            return Ok(Outcome::NotProven(format!("{} has no such line", guard.file)));
        };
        if let Some(fault) = self.fault_of(&guard.test) {
            return Ok(Outcome::NotProven(fault));
        }
        let (_checkout, placed) = Checkout::with(guard.file, &without, self.programs.of(&guard.test)?)?;
        self.verdict(worker, &placed, &guard.test)
    }

    fn try_code(&self, source: &Source, guard: &Guard) -> Result<Outcome, BedError> {
        if let Some(fault) = self.fault_of(&guard.test) {
            return Ok(Outcome::NotProven(fault));
        }
        let _out = source.take_out(guard)?;
        self.verdict(0, self.programs.of(&guard.test)?, &guard.test)
    }

    fn fault_of(&self, test: &Test) -> Option<String> {
        self.faults.get(test).cloned()
    }

    fn verdict(&self, worker: usize, program: &Path, test: &Test) -> Result<Outcome, BedError> {
        Ok(match self.run(worker, program, test)? {
            Ended::Failed(said) => Outcome::Proven(said),
            Ended::Passed => Outcome::NotProven("its test passes without it".to_owned()),
            Ended::Odd(said) => Outcome::NotProven(format!("its test got nowhere: {said}")),
        })
    }

    fn run(&self, worker: usize, program: &Path, test: &Test) -> Result<Ended, BedError> {
        program::run(program, test, &self.folder.join(format!("test-{worker}.log")), self.stop)
    }
}
