//! Messages and stubs from the product's own contract.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-changed=../../../proto/ticketing.proto");
    let descriptors = protox::compile(["ticketing.proto"], ["../../../proto"])?;
    tonic_prost_build::configure().build_server(false).compile_fds(descriptors)?;
    Ok(())
}
