//! The README's table of settings is made from the program's own arguments, and its figures from what was measured.

use std::fmt::Write as _;
use std::path::Path;

use clap::CommandFactory as _;
use ticketing_server::Args;

fn table() -> String {
    let mut table = "| variable | flag | default | meaning |\n| --- | --- | --- | --- |\n".to_owned();
    for setting in Args::command().get_arguments().filter(|argument| argument.get_env().is_some()) {
        let variable = setting.get_env().expect("filtered").to_string_lossy();
        let flag = setting.get_long().expect("every setting is a flag");
        let default = setting.get_default_values().first().map(|value| value.to_string_lossy()).unwrap_or_default();
        let default = if default.is_empty() { String::new() } else { format!("`{default}`") };
        let help = setting.get_help().expect("every setting has a help text");
        writeln!(table, "| `{variable}` | `--{flag}` | {default} | {help} |").expect("a string takes text");
    }
    table
}

/// No placeholder, no remark: what `make figures-…` prints, and all of it.
#[test]
fn every_line_of_the_readmes_figures_is_a_figure_with_a_verdict() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let text = std::fs::read_to_string(readme).expect("README.md");
    let (_, section) = text.split_once("\n## Figures\n").expect("a section on figures");
    let lines: Vec<_> = section.split("```\n").nth(1).expect("a block of figures").lines().collect();
    assert!(!lines.is_empty());
    for line in lines {
        let words = line.split(' ').collect::<Vec<_>>();
        assert!(matches!(words[..], ["figure", _, _, _, _, _, "ok" | "short"]), "README.md, section Figures: {line:?}");
    }
}

#[test]
fn the_readme_has_the_table_of_settings() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let text = std::fs::read_to_string(readme).expect("README.md");
    let table = table();
    assert!(text.contains(&table), "README.md, section Settings, should have this table:\n{table}");
}
