//! Writes everything in `proto/src/gen/` from the `.proto` files, without protoc; `--check` compares and writes nothing.

mod compare;
mod generate;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// Writes the generated code of ticketing-proto: messages, service stubs, descriptor set.
#[derive(Parser)]
#[command(name = "ticketing-codegen", version)]
struct Args {
    /// Compare only: name each file that differs, write nothing, exit 1 when there is one
    #[arg(long)]
    check: bool,
    /// The folder with the .proto files and src/gen
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../proto"))]
    proto: PathBuf,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let generated = match generate::generate(&args.proto) {
        Ok(generated) => generated,
        Err(error) => {
            eprintln!("ticketing-codegen: {error}");
            return ExitCode::from(2);
        }
    };
    let folder = args.proto.canonicalize().unwrap_or(args.proto).join("src/gen");
    let outcome = if args.check { compare::check(&folder, &generated) } else { compare::write(&folder, &generated) };
    match outcome {
        Ok(differences) if args.check && !differences.is_empty() => {
            for difference in &differences {
                eprintln!("{difference}; run make codegen");
            }
            ExitCode::FAILURE
        }
        Ok(differences) => {
            println!("{} files in {}, {} changed", generated.len(), folder.display(), differences.len());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("ticketing-codegen: {}: {error}", folder.display());
            ExitCode::from(2)
        }
    }
}
