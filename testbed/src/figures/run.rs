//! Measures what was asked for, and tells it as soon as it is known.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::process::ExitCode;

use super::{Area, Figure, Json, Lines, Plan, Report as _};
use crate::{BedError, Stop, binaries};

/// Measures the figures of an area, one plan after the other: those named in `only` and what is measured with them, or
/// all where it is empty. Each is a line on stdout as soon as it is known, so that a late fault loses nothing; all of
/// them are written to `target/figures/AREA.json`. Fails where one is short.
pub fn run(area: Area, plans: &[Plan], only: &[String], stop: &Stop) -> Result<ExitCode, BedError> {
    let asked = asked(area, plans, only)?;
    let folder = binaries::repository().join("target/figures");
    fs::create_dir_all(&folder).map_err(BedError::io(format!("make {}", folder.display())))?;
    let all = measure(area, &asked, |_| {}, stop);
    if only.is_empty() {
        let path = folder.join(format!("{}.json", area.name()));
        let write = || Json.write(&all, &mut File::create(&path)?);
        write().map_err(BedError::io(format!("write {}", path.display())))?;
    }
    Ok(if all.iter().any(Figure::fails) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The plans of the figures named in `only`, or all where it is empty; an error that names those there are where one is
/// not known.
pub fn asked(area: Area, plans: &[Plan], only: &[String]) -> Result<Vec<Plan>, BedError> {
    let known: Vec<_> = plans.iter().flat_map(Plan::names).collect();
    if let Some(unknown) = only.iter().find(|name| !known.contains(&name.as_str())) {
        let text = format!("the area {} has no figure {unknown}, but {}", area.name(), known.join(", "));
        return Err(BedError::Unexpected(text));
    }
    let asked = |plan: &&Plan| only.is_empty() || plan.names().any(|name| only.iter().any(|asked| asked == name));
    Ok(plans.iter().filter(asked).copied().collect())
}

/// Measures figures, one plan after the other, and tells each on stdout as soon as it is known. Before each plan `next` is
/// told which it is.
pub fn measure(area: Area, plans: &[Plan], next: impl Fn(&Plan), stop: &Stop) -> Vec<Figure> {
    let mut all = Vec::new();
    for plan in plans {
        next(plan);
        let measured = plan.measure(area, stop);
        measured.iter().for_each(tell);
        all.extend(measured);
    }
    all
}

fn tell(figure: &Figure) {
    let mut out = io::stdout();
    // Where stdout is closed the file still tells.
    let _ = Lines.write(std::slice::from_ref(figure), &mut out).and_then(|()| out.flush());
    match figure.measured {
        None => eprintln!("{} could not be measured: {}", figure.name, figure.note),
        // What happened to calls is more than one number.
        Some(_) if figure.area == Area::Chaos => eprintln!("  {}: {}", figure.name, figure.note),
        Some(_) => {}
    }
}
