//! The standard interfaces are the published ones: compared with the descriptors that Python's packages carry.

use std::path::Path;
use std::process::Command;

#[test]
fn the_standard_protos_are_the_published_ones() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("../.tools/python/bin/python");
    assert!(python.exists(), "{} is missing: run make test, which gets it", python.display());
    let output = Command::new(python)
        .arg(root.join("tests/standard_protos.py"))
        .arg(root.join("src/gen/descriptors.bin"))
        .output()
        .expect("python runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains(" 0 differences"), "{text}");
}
