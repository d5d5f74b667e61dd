//! SECURITY.md tells what is in the files, and what is tried.

use std::fs;

use testbed::binaries;
use testbed::guards::{Out, all, table};

fn read(file: &str) -> String {
    fs::read_to_string(binaries::repository().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn the_page_has_the_table_of_guards() {
    let table = table(&all());
    assert!(read("SECURITY.md").contains(&table), "SECURITY.md should have this table:\n{table}");
}

#[test]
fn every_guard_stands_in_its_file_and_names_a_test_that_is_there() {
    for guard in all() {
        assert!(read(guard.file).contains(guard.line), "{} has no line {:?}", guard.file, guard.line);
        if let Out::Code(old, _) = guard.out {
            assert_eq!(read(guard.file).matches(old).count(), 1, "{}: {old}", guard.file);
        }
        let test = format!("fn {}(", guard.test.name);
        assert!(read(guard.test.file).contains(&test), "{} has no {test:?}", guard.test.file);
    }
}
