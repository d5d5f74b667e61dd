//! The lines that protect the service, and the proof of each: it is taken out of a copy, and the test that is named beside
//! it must fail. SECURITY.md shows the list.

mod checkout;
mod list;
mod out;
mod program;
mod prove;
mod side_by_side;
mod source;
mod table;

pub use list::all;
pub use prove::{Outcome, Proof, prove};
pub use table::table;

/// A line that protects the service.
#[derive(Debug, Clone, Copy)]
pub struct Guard {
    /// What holds as long as it is there.
    pub holds: &'static str,
    /// Against what.
    pub against: &'static str,
    /// The file, from the root of the repository.
    pub file: &'static str,
    /// The line, or as much of its beginning as tells it from others. In code: any part of one.
    pub line: &'static str,
    /// How it is taken out.
    pub out: Out,
    /// What fails without it.
    pub test: Test,
}

/// How a line is taken out.
#[derive(Debug, Clone, Copy)]
pub enum Out {
    /// With all that is nested below it.
    Gone,
    /// This stands in its place, and in that of all that is nested below it: Envoy's default, or nothing of effect.
    Instead(&'static str),
    /// This stands in its place, and what is nested below it stays.
    Alone(&'static str),
    /// This text of code becomes that one, in which `GUARD_IS_OUT` says whether this guard is out: so one build has all of them.
    Code(&'static str, &'static str),
}

/// A test that fails without a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Test {
    /// Its file, from the root of the repository.
    pub file: &'static str,
    /// Its function.
    pub name: &'static str,
}

impl Test {
    /// Its file, from the root of the repository, and its function.
    pub const fn of(file: &'static str, name: &'static str) -> Self {
        Self { file, name }
    }

    /// The file that its program is made from.
    fn root(&self) -> String {
        match self.file.rsplit_once('/') {
            Some((folder, _)) if !folder.ends_with("/tests") => format!("{folder}/main.rs"),
            _ => self.file.to_owned(),
        }
    }

    /// Its name as its program knows it.
    fn path(&self) -> String {
        let (folder, file) = self.file.rsplit_once('/').unwrap_or_default();
        let module = file.trim_end_matches(".rs");
        if folder.ends_with("/tests") || module == "main" {
            self.name.to_owned()
        } else {
            format!("{module}::{}", self.name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_found_in_the_program_that_its_file_belongs_to() {
        let of = |file| {
            let test = Test::of(file, "it_holds");
            (test.root(), test.path())
        };
        let (own, part) = ("server/tests/limits.rs", "testbed/tests/e2e/tls.rs");
        assert_eq!(of(own), (own.to_owned(), "it_holds".to_owned()));
        assert_eq!(of(part), ("testbed/tests/e2e/main.rs".to_owned(), "tls::it_holds".to_owned()));
    }
}
