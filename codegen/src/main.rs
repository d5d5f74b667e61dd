//! Writes everything in `proto/src/gen/`, and the stub of the client's example, from the `.proto` files, without protoc;
//! `--check` compares and writes nothing.

mod compare;
mod generate;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use self::generate::{EXAMPLE, PRODUCT, Package, generate};

/// Writes the generated code of ticketing-proto and of the client's example: messages, service stubs, descriptor set.
#[derive(Parser)]
#[command(name = "ticketing-codegen", version)]
struct Args {
    /// Compare only: name each file that differs, write nothing, exit 1 when there is one
    #[arg(long)]
    check: bool,
    /// The folder with the .proto files and src/gen
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../proto"))]
    proto: PathBuf,
    /// The folder of the client's example, with its .proto file and gen
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../client/examples/greeter"))]
    example: PathBuf,
}

fn main() -> ExitCode {
    let Args { check, proto, example } = Args::parse();
    let mut exit = ExitCode::SUCCESS;
    for (protos, folder, package) in [(&proto, "src/gen", PRODUCT), (&example, "gen", EXAMPLE)] {
        match run(protos, folder, &package, check) {
            Ok(true) => {}
            Ok(false) => exit = ExitCode::FAILURE,
            Err(error) => {
                eprintln!("ticketing-codegen: {error}");
                return ExitCode::from(2);
            }
        }
    }
    exit
}

/// Writes or compares one package; false if a comparison found a difference.
fn run(protos: &Path, folder: &str, package: &Package, check: bool) -> Result<bool, String> {
    let generated = generate(protos, package).map_err(|error| error.to_string())?;
    let folder = protos.canonicalize().unwrap_or_else(|_| protos.to_owned()).join(folder);
    let outcome = if check { compare::check(&folder, &generated) } else { compare::write(&folder, &generated) };
    let differences = outcome.map_err(|error| format!("{}: {error}", folder.display()))?;
    if check && !differences.is_empty() {
        for difference in &differences {
            eprintln!("{difference}; run make codegen");
        }
        return Ok(false);
    }
    println!("{} files in {}, {} changed", generated.len(), folder.display(), differences.len());
    Ok(true)
}
