//! The proof: each test once as all is, and once without each line that it is named for.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::checkout::Checkout;
use super::program::{self, Ended, Programs};
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

/// Takes out one guard after the other. `tell` hears of each when it is known.
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
        let mut bench = Bench { programs, folder: folder.clone(), untouched: BTreeMap::new(), stop };
        for guard in &configuration {
            told(guard, bench.try_configuration(&root, guard)?);
        }
    }
    if !code.is_empty() {
        eprintln!("guards: building the server with {} lines of code that can be taken out", code.len());
        let source = Source::with_switches(&folder, &code)?;
        let programs = source.build(&code, stop)?;
        let mut bench = Bench { programs, folder, untouched: BTreeMap::new(), stop };
        for guard in &code {
            told(guard, bench.try_code(&source, guard)?);
        }
    }
    Ok(proofs)
}

/// Where tests are tried.
struct Bench<'a> {
    programs: Programs,
    folder: PathBuf,
    /// How each test ended with all lines in their places, where that is not well.
    untouched: BTreeMap<String, Option<String>>,
    stop: &'a Stop,
}

impl Bench<'_> {
    fn try_configuration(&mut self, root: &Path, guard: &Guard) -> Result<Outcome, BedError> {
        let path = root.join(guard.file);
        let text = fs::read_to_string(&path).map_err(BedError::io(format!("read {}", path.display())))?;
        let Some(without) = out::without(&text, guard) else {
            return Ok(Outcome::NotProven(format!("{} has no such line", guard.file)));
        };
        let program = self.programs.of(&guard.test)?.to_owned();
        if let Some(fault) = self.fault_of(&program, &guard.test)? {
            return Ok(Outcome::NotProven(fault));
        }
        let (_checkout, placed) = Checkout::with(guard.file, &without, &program)?;
        self.verdict(&placed, &guard.test)
    }

    fn try_code(&mut self, source: &Source, guard: &Guard) -> Result<Outcome, BedError> {
        let program = self.programs.of(&guard.test)?.to_owned();
        if let Some(fault) = self.fault_of(&program, &guard.test)? {
            return Ok(Outcome::NotProven(fault));
        }
        let _out = source.take_out(guard)?;
        self.verdict(&program, &guard.test)
    }

    /// What is wrong with a test while nothing is out.
    fn fault_of(&mut self, program: &Path, test: &Test) -> Result<Option<String>, BedError> {
        let key = format!("{}: {}", test.file, test.name);
        if let Some(known) = self.untouched.get(&key) {
            return Ok(known.clone());
        }
        let fault = match self.run(program, test)? {
            Ended::Passed => None,
            Ended::Failed(said) | Ended::Odd(said) => Some(format!("its test fails as all is: {said}")),
        };
        self.untouched.insert(key, fault.clone());
        Ok(fault)
    }

    fn verdict(&self, program: &Path, test: &Test) -> Result<Outcome, BedError> {
        Ok(match self.run(program, test)? {
            Ended::Failed(said) => Outcome::Proven(said),
            Ended::Passed => Outcome::NotProven("its test passes without it".to_owned()),
            Ended::Odd(said) => Outcome::NotProven(format!("its test got nowhere: {said}")),
        })
    }

    fn run(&self, program: &Path, test: &Test) -> Result<Ended, BedError> {
        program::run(program, test, &self.folder.join("test.log"), self.stop)
    }
}
