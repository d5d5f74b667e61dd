//! What the client library's documentation asks of another service.

fn main() {
    let flags = std::env::var("DEP_CORKING_LINK_ARGS").expect("corking is a dependency");
    println!("cargo::rustc-link-arg={flags}");
}
