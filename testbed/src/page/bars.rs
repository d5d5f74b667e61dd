//! A picture of bars, a panel for each load, as SVG.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::BedError;

const FONT: &str = "sans-serif";
const OURS: RGBColor = RGBColor(0, 82, 155);
const THEIRS: RGBColor = RGBColor(176, 176, 176);
const TITLE: i32 = 34;
const HEAD: i32 = 24;
const ROW: i32 = 24;
const NAMES: i32 = 210;
const PANEL: i32 = 200;
const MARGIN: i32 = 12;
/// Room behind the longest bar for its number.
const NUMBER: i32 = 56;

type Failed = DrawingAreaErrorKind<std::io::Error>;

/// Bars: a row for each side, a panel for each load.
#[derive(Debug)]
pub struct Bars {
    /// What the bars show, in which unit.
    pub title: String,
    /// The heads of the panels.
    pub panels: Vec<String>,
    /// One for each side.
    pub rows: Vec<Row>,
}

/// The bars of one side.
#[derive(Debug)]
pub struct Row {
    /// The side.
    pub name: String,
    /// Painted in the colour that stands out.
    pub ours: bool,
    /// One for each panel, where there is one.
    pub values: Vec<Option<f64>>,
}

impl Bars {
    /// The picture.
    pub fn svg(&self) -> Result<String, BedError> {
        let panels = i32::try_from(self.panels.len()).expect("few");
        let rows = i32::try_from(self.rows.len()).expect("few");
        let size = (NAMES + panels * PANEL + 2 * MARGIN, TITLE + HEAD + rows * ROW + MARGIN);
        let mut svg = String::new();
        let mut draw = || {
            let size = (size.0.unsigned_abs(), size.1.unsigned_abs());
            let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
            self.draw_on(&area)?;
            area.present()
        };
        draw().map_err(|error: Failed| BedError::Unexpected(format!("cannot draw {}: {error}", self.title)))?;
        Ok(svg)
    }

    fn draw_on(&self, area: &DrawingArea<SVGBackend<'_>, Shift>) -> Result<(), Failed> {
        let text = |size: i32, across| (FONT, size).into_font().color(&BLACK).pos(Pos::new(across, VPos::Center));
        area.fill(&WHITE)?;
        area.draw(&Text::new(self.title.clone(), (MARGIN, TITLE / 2), text(17, HPos::Left)))?;
        for (head, left) in self.panels.iter().zip(self.lefts()) {
            area.draw(&Text::new(head.clone(), (left, TITLE + HEAD / 2), text(14, HPos::Left)))?;
        }
        for (row, top) in self.rows.iter().zip((0..).map(|row| TITLE + HEAD + row * ROW)) {
            area.draw(&Text::new(row.name.clone(), (NAMES, top + ROW / 2), text(13, HPos::Right)))?;
            let colour = if row.ours { OURS } else { THEIRS };
            for ((panel, left), value) in self.lefts().enumerate().zip(&row.values) {
                let Some(value) = value else { continue };
                let width = self.width(panel, *value);
                let bar = [(left, top + 4), (left + width.max(1), top + ROW - 4)];
                area.draw(&Rectangle::new(bar, colour.filled()))?;
                area.draw(&Text::new(number(*value), (left + width + 6, top + ROW / 2), text(13, HPos::Left)))?;
            }
        }
        Ok(())
    }

    fn lefts(&self) -> impl Iterator<Item = i32> + use<> {
        (0..i32::try_from(self.panels.len()).expect("few")).map(|panel| MARGIN + NAMES + panel * PANEL)
    }

    fn width(&self, panel: usize, value: f64) -> i32 {
        let longest = f64::from(PANEL - NUMBER);
        // As many pixels as lie below the end: a length that was cut is a length all the same.
        (0..PANEL - NUMBER)
            .take_while(|pixel| f64::from(*pixel) < longest * value / self.highest(panel))
            .count()
            .try_into()
            .expect("few")
    }

    fn highest(&self, panel: usize) -> f64 {
        self.rows.iter().filter_map(|row| row.values.get(panel).copied().flatten()).fold(f64::MIN_POSITIVE, f64::max)
    }
}

/// Three digits at least: 7.25, 14.5, 118.
pub fn number(value: f64) -> String {
    let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.digits$}")
}
