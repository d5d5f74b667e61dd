//! What clap has to say instead of arguments: help, the version, or what cannot be meant.

use std::error::Error as _;
use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap::error::{ContextKind, ContextValue, Error};

use crate::args::Args;
use crate::exit::{Exit, Failure};
use crate::report::{Human, Json, Report};

/// Tells it to whoever reads: as clap does, or as one JSON object if `typed` asks for JSON.
pub(crate) fn tell(error: &Error, typed: impl IntoIterator<Item = OsString>) -> ExitCode {
    // Where the output is closed too, there is nobody left to tell.
    let _ = if error.use_stderr() && asks_for_json(typed) {
        let told = bad_setting(error).unwrap_or_else(|| sentence(&error.render().to_string()));
        Json.failure(&Failure::Usage(told), &mut io::stderr())
    } else if let Some(told) = bad_setting(error) {
        Human.failure(&Failure::Usage(told), &mut io::stderr())
    } else {
        error.print()
    };
    if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() }
}

/// Looked up in what was typed: clap has given up before it knew.
fn asks_for_json(typed: impl IntoIterator<Item = OsString>) -> bool {
    let mut before = OsString::new();
    typed.into_iter().take_while(|word| word != "--").any(|word| {
        let found = word == "--output=json" || (before == "--output" && word == "json");
        before = word;
        found
    })
}

/// The value of a setting that cannot be meant. clap names the flag only, though it may be a variable that holds the value.
fn bad_setting(error: &Error) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let flag = text(ContextKind::InvalidArg)?.strip_prefix("--")?.split(' ').next()?;
    let args = Args::command();
    let variable = args.get_arguments().find(|arg| arg.get_long() == Some(flag))?.get_env()?.to_string_lossy();
    let advice = match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(values)) => format!("use {}", values.join(" or ")),
        _ => error.source()?.to_string(),
    };
    Some(format!("{variable} (--{flag}) is {:?}: {advice}", text(ContextKind::InvalidValue)?))
}

/// What is wrong, on one line: without clap's label before it, and the usage and the pointer to the help after it.
fn sentence(rendered: &str) -> String {
    let told = rendered.strip_prefix("error: ").unwrap_or(rendered).split("\n\n");
    let told = told.take_while(|part| !part.starts_with("Usage:") && !part.starts_with("For more information"));
    let parts: Vec<_> = told.map(|part| part.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn told(args: &[&str]) -> String {
        let error = Args::try_parse_from(["ticketing-client"].iter().chain(args)).expect_err("refused");
        sentence(&error.render().to_string())
    }

    #[test]
    fn what_is_wrong_fits_one_line() {
        assert_eq!(
            told(&["list", "--page-size", "-1"]),
            "invalid value '-1' for '--page-size <N>': a page has from 1 to 1000 customers"
        );
        assert_eq!(told(&["create"]), "the following required arguments were not provided: <FIRST> <LAST>");
        assert_eq!(
            told(&["list", "--page-sise", "3"]),
            "unexpected argument '--page-sise' found; tip: a similar argument exists: '--page-size'"
        );
    }

    #[test]
    fn json_is_asked_for_wherever_it_stands() {
        let asked = |typed: &[&str]| asks_for_json(typed.iter().map(OsString::from));
        assert!(asked(&["--output", "json", "list"]) && asked(&["list", "--frob", "--output=json"]));
        assert!(!asked(&["--output", "human", "json"]) && !asked(&["create", "--", "--output", "json"]));
    }
}
