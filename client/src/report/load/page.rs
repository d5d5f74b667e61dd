//! One page of HTML that needs nothing else: style and plots stand in it, and there are no scripts.

use std::io::{self, Write};

use super::plots::{self, Figure};
use super::svg::escaped;
use super::text;
use crate::command::LoadReport;

/// The style, for light and dark.
const STYLE: &str = include_str!("page.css");

pub(crate) fn write(report: &LoadReport, out: &mut dyn Write) -> io::Result<()> {
    let run = &report.run;
    let title = format!("Load on {}, {}", run.target, run.started);
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>\n{STYLE}</style></head><body>\n<h1>{title}</h1>",
        title = escaped(&title)
    )?;
    let mut told = Vec::new();
    text::write(report, &mut told)?;
    let told = String::from_utf8_lossy(&told);
    // Lines are the text's own; only what would not be text is taken out.
    let lines: Vec<_> = told.lines().map(escaped).collect();
    writeln!(out, "<pre>{}</pre>", lines.join("\n"))?;
    for figure in [plots::percentiles(run), plots::calls(report), plots::latencies(report), plots::pods(report)] {
        draw(&figure, out)?;
    }
    writeln!(out, "</body></html>")
}

fn draw(figure: &Figure, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<h2>{}</h2>\n{}\n<p>", escaped(figure.title), figure.svg)?;
    for (class, name) in &figure.legend {
        writeln!(out, "<span class=\"key {class}\">{}</span>", escaped(name))?;
    }
    writeln!(out, "</p>")
}
