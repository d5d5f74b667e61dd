//! Figures as lines for people and scripts, and as JSON for tables and plots.

use std::io::{self, Write};

use serde_json::json;

use super::Figure;

/// A form in which figures leave the program.
pub trait Report {
    /// Writes all of them.
    fn write(&self, figures: &[Figure], out: &mut dyn Write) -> io::Result<()>;
}

/// `figure AREA NAME VALUE UNIT BOUND ok|short`, one line each.
#[derive(Debug, Clone, Copy)]
pub struct Lines;

/// One JSON array, with samples and notes.
#[derive(Debug, Clone, Copy)]
pub struct Json;

impl Report for Lines {
    fn write(&self, figures: &[Figure], out: &mut dyn Write) -> io::Result<()> {
        for figure in figures {
            let Figure { area, name, measured, unit, bound, .. } = figure;
            let value = measured.map_or_else(|| "unmeasured".to_owned(), shown);
            writeln!(out, "figure {} {name} {value} {unit} {bound} {}", area.name(), figure.verdict())?;
        }
        Ok(())
    }
}

impl Report for Json {
    fn write(&self, figures: &[Figure], out: &mut dyn Write) -> io::Result<()> {
        let all: Vec<_> = figures
            .iter()
            .map(|figure| {
                let mut told = json!({
                    "area": figure.area,
                    "name": figure.name,
                    "value": figure.measured,
                    "unit": figure.unit,
                    "bound": figure.bound.to_string(),
                    "verdict": figure.verdict(),
                    "samples": figure.samples,
                    "note": figure.note,
                });
                if let Some(calls) = figure.calls {
                    told["calls"] = calls.into();
                }
                if let Some(seen) = &figure.seen {
                    told["seen"] = json!(seen);
                }
                told
            })
            .collect();
        serde_json::to_writer_pretty(&mut *out, &all)?;
        writeln!(out)
    }
}

/// A value as lines have it: counts whole, large measures without decimals, small ones with more of them.
#[must_use]
pub fn shown(value: f64) -> String {
    let decimals = match value.abs() {
        large if value.fract() == 0.0 || large >= 1_000.0 => 0,
        middle if middle >= 10.0 => 1,
        small if small < 0.1 => 3,
        _ => 2,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::super::{Area, Bound, Unit};
    use super::*;

    fn ready(measured: Option<f64>) -> Figure {
        Figure {
            area: Area::Main,
            name: "server_ready",
            measured,
            unit: Unit::Milliseconds,
            bound: Bound::AtMost(300.0),
            samples: vec![41.0, 43.5],
            note: "median of 2 starts".to_owned(),
            calls: None,
            seen: None,
        }
    }

    fn written(report: &dyn Report, figure: Figure) -> String {
        let mut out = Vec::new();
        report.write(&[figure], &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_has_its_seven_words() {
        assert_eq!(written(&Lines, ready(Some(42.25))), "figure main server_ready 42.2 ms <=300 ok\n");
        assert_eq!(written(&Lines, ready(None)), "figure main server_ready unmeasured ms <=300 short\n");
    }

    #[test]
    fn json_has_samples_and_note_beside_the_value() {
        let json: serde_json::Value = serde_json::from_str(&written(&Json, ready(Some(42.25)))).unwrap();
        assert_eq!(
            json,
            json!([{
                "area": "main", "name": "server_ready", "value": 42.25, "unit": "ms", "bound": "<=300",
                "verdict": "ok", "samples": [41.0, 43.5], "note": "median of 2 starts"
            }])
        );
    }
}
