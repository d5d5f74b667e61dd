//! Compiles the shim against the headers of exactly the C-core that this workspace links, and hands on the linker's flags.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The crate whose C-core the shim was written for.
const GRPCIO_SYS: &str = "grpcio-sys-0.13.0+1.56.2-patched";

const SOURCES: [&str; 6] = ["shim", "engine", "filters", "pollers", "descriptors", "self_test"];

/// A program's calls of these go through this crate.
const WRAPPED: [&str; 4] = ["grpc_completion_queue_next", "grpc_call_start_batch", "epoll_create1", "epoll_wait"];

fn main() {
    let core = core_sources().join("grpc");
    let mut build = cc::Build::new();
    for headers in ["", "include", "third_party/abseil-cpp"] {
        // As a system's, since their warnings are not ours.
        build.flag("-isystem").flag(core.join(headers));
    }
    build
        .cpp(true)
        // No -std: C-core is compiled with the compiler's own default, on which the layout of its optionals depends.
        .warnings_into_errors(true)
        .define("NDEBUG", None)
        .files(SOURCES.map(|file| format!("src/{file}.cc")))
        .compile("corking");
    println!("cargo::rerun-if-changed=src");
    println!("cargo::rerun-if-changed=../Cargo.lock");
    let link_args = WRAPPED.iter().fold("-Wl".to_owned(), |args, function| args + ",--wrap=" + function);
    println!("cargo::metadata=link-args={link_args}");
    // This crate's own tests are programs too.
    println!("cargo::rustc-link-arg={link_args}");
}

/// Where cargo has the sources of grpcio-sys. They are not ours to copy, and cargo tells build scripts of no dependency
/// without a `links` key.
fn core_sources() -> PathBuf {
    let variable = |name| env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"));
    let output = Command::new(variable("CARGO"))
        .args(["metadata", "--locked", "--format-version", "1", "--filter-platform", &variable("TARGET")])
        .output()
        .expect("cargo can be run");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    let manifests = metadata.split(r#""manifest_path":""#).skip(1).filter_map(|rest| rest.split('"').next());
    let folder = manifests.filter_map(|path| Path::new(path).parent()).find(|folder| folder.ends_with(GRPCIO_SYS));
    folder
        .unwrap_or_else(|| {
            panic!("corking knows {GRPCIO_SYS} and no other C-core, and that is not among the dependencies")
        })
        .to_owned()
}
