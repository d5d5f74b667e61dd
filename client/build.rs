//! Linker flags do not travel from a library to the programs that use it.

fn main() {
    // Without them everything works, but each answer is a write of its own: see the README of corking.
    let flags = std::env::var("DEP_CORKING_LINK_ARGS").expect("corking is a dependency");
    println!("cargo::rustc-link-arg={flags}");
}
