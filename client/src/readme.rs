//! The README's tables of settings and exit codes are made from the program's own definition.

use std::fmt::Write as _;
use std::path::Path;

use clap::CommandFactory as _;

use crate::args::Args;
use crate::exit::Exit;

fn settings() -> String {
    let mut table = "| variable | flag | default | meaning |\n| --- | --- | --- | --- |\n".to_owned();
    for setting in Args::command().get_arguments() {
        let variable = setting.get_env().map(|name| format!("`{}`", name.to_string_lossy())).unwrap_or_default();
        let flag = setting.get_long().expect("every setting is a flag");
        let default = setting.get_default_values().first().map(|value| format!("`{}`", value.to_string_lossy()));
        let default = default.unwrap_or_default();
        let help = setting.get_help().expect("every setting has a help text");
        let values: Vec<_> =
            setting.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
        let values = if values.is_empty() { String::new() } else { format!(": {}", values.join(" or ")) };
        writeln!(table, "| {variable} | `--{flag}` | {default} | {help}{values} |").expect("a string takes text");
    }
    table
}

fn exit_codes() -> String {
    Exit::ALL.iter().fold("| code | meaning |\n| --- | --- |\n".to_owned(), |table, exit| {
        format!("{table}| {} | {} |\n", exit.code(), exit.meaning())
    })
}

#[test]
fn the_readme_has_the_tables_of_settings_and_exit_codes() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let text = std::fs::read_to_string(readme).expect("README.md");
    for table in [settings(), exit_codes()] {
        assert!(text.contains(&table), "README.md, section Client, should have this table:\n{table}");
    }
}
