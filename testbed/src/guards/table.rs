//! The list as SECURITY.md shows it.

use std::fmt::Write as _;

use super::Guard;

/// A table of these guards, in Markdown.
pub fn table(guards: &[Guard]) -> String {
    let mut table = "| what holds | against | the line | fails without it |\n| --- | --- | --- | --- |\n".to_owned();
    for Guard { holds, against, file, line, test, .. } in guards {
        // A pipe would end the cell, in code too.
        let line = line.replace('|', "\\|");
        writeln!(table, "| {holds} | {against} | `{file}`: `{line}` | `{}`: `{}` |", test.file, test.name)
            .expect("a string takes text");
    }
    table
}
