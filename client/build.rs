//! Linker flags, which do not travel from a library to the programs that use it; and what this C-core can do.

fn main() {
    // Without them everything works, but each answer is a write of its own: see the README of corking.
    let flags = std::env::var("DEP_CORKING_LINK_ARGS").expect("corking is a dependency");
    println!("cargo::rustc-link-arg={flags}");

    // The same variable decides in cmake/grpc-unity-build.cmake whether C-core gets its xDS client.
    println!("cargo::rerun-if-env-changed=GRPC_XDS");
    println!("cargo::rustc-check-cfg=cfg(xds)");
    if std::env::var_os("GRPC_XDS").is_some_and(|value| !value.is_empty()) {
        println!("cargo::rustc-cfg=xds");
    }
}
