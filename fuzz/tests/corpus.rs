//! The inputs that fuzzing begins with, tried without a fuzzer.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ticketing_fuzz::TARGETS;

fn corpus() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus"))
}

#[test]
fn every_parser_keeps_its_promises_on_every_input_of_its_corpus() {
    for (name, target) in TARGETS {
        let inputs: Vec<_> = fs::read_dir(corpus().join(name)).expect("a corpus").flatten().collect();
        assert!(inputs.len() >= 3, "{name} has a corpus of {}", inputs.len());
        for input in inputs {
            println!("{}", input.path().display());
            target(&fs::read(input.path()).expect("a file"));
        }
    }
}

#[test]
fn every_target_has_its_lines_for_libfuzzer() {
    let files = fs::read_dir(corpus().join("../targets")).expect("targets").flatten();
    let files: BTreeSet<_> = files.map(|file| file.path().file_stem().expect("a name").to_owned()).collect();
    assert_eq!(files, TARGETS.iter().map(|(name, _)| (*name).into()).collect());
}
