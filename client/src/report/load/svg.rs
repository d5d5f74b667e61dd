//! A small plot with two axes, as inline SVG. Colours are the page's, by class.

use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 40.0;

/// Colours that the page's style knows, as `c0`, `c1` and so on; more series begin anew.
pub(super) const COLOURS: usize = 8;

/// A plot from (0, 0) to (`x_max`, `y_max`).
pub(super) struct Plot {
    x_max: f64,
    y_max: f64,
    body: String,
}

/// Text as it may stand in HTML and SVG.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            letter if letter.is_control() => safe.push(' '),
            letter => safe.push(letter),
        }
    }
    safe
}

impl Plot {
    /// With round numbers on the upper axis; `x_label` below.
    pub(super) fn new(x_max: f64, y_max: f64, x_label: &str) -> Self {
        let mut plot = Self { x_max: x_max.max(f64::MIN_POSITIVE), y_max: round_up(y_max), body: String::new() };
        let step = plot.y_max / 4.0;
        for number in 0..=4 {
            let value = step * f64::from(number);
            let y = plot.y(value);
            plot.put(format_args!(
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 6.0,
                y + 4.0,
                number_text(value)
            ));
        }
        plot.put(format_args!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            f64::midpoint(LEFT, WIDTH - RIGHT),
            HEIGHT - 4.0,
            escaped(x_label)
        ));
        plot
    }

    /// Marks a place of the lower axis.
    pub(super) fn tick(&mut self, x: f64, label: &str) {
        let (x, y) = (self.x(x), HEIGHT - BOTTOM + 16.0);
        self.put(format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{}</text>", escaped(label)));
    }

    /// Marks five places of the lower axis by their values.
    pub(super) fn ticks(&mut self) {
        for number in 0..=4 {
            let value = self.x_max * f64::from(number) / 4.0;
            self.tick(value, &number_text(value));
        }
    }

    pub(super) fn line(&mut self, class: &str, points: impl Iterator<Item = (f64, f64)>) {
        let path = self.path(points);
        self.put(format_args!("<polyline class=\"line {class}\" points=\"{path}\"/>"));
    }

    /// The area between two lines over the same places: `(x, low, high)`.
    pub(super) fn area(&mut self, class: &str, points: &[(f64, f64, f64)]) {
        let upper = points.iter().map(|(x, _, high)| (*x, *high));
        let lower = points.iter().rev().map(|(x, low, _)| (*x, *low));
        let path = self.path(upper.chain(lower));
        self.put(format_args!("<polygon class=\"area {class}\" points=\"{path}\"/>"));
    }

    pub(super) fn finish(self, title: &str) -> String {
        format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">{}</svg>",
            escaped(title),
            self.body
        )
    }

    fn path(&self, points: impl Iterator<Item = (f64, f64)>) -> String {
        points.fold(String::new(), |mut path, (x, y)| {
            write!(path, "{:.1},{:.1} ", self.x(x), self.y(y)).expect("a string takes text");
            path
        })
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        self.body.write_fmt(text).expect("a string takes text");
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * (value / self.x_max).clamp(0.0, 1.0)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value / self.y_max).clamp(0.0, 1.0)
    }
}

/// The next number of the form 1, 2 or 4 times a power of ten: it divides well by 4.
fn round_up(value: f64) -> f64 {
    if !(value.is_finite() && value > 0.0) {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 4.0, 10.0].into_iter().map(|digit| digit * power).find(|round| *round >= value).unwrap_or(value)
}

fn number_text(value: f64) -> String {
    let decimals = if value == 0.0 || value >= 100.0 {
        0
    } else if value >= 1.0 {
        1
    } else {
        3
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_with_a_round_number_above_all_values() {
        let ends = [0.0, 0.3, 1.0, 3.2, 41.0, 950.0, f64::NAN].map(|most| number_text(round_up(most)));
        assert_eq!(ends, ["1", "0.4", "1", "4", "100", "1000", "1"]);
        assert_eq!([0.0, 0.25, 2.0, 2500.0].map(number_text), ["0", "0.25", "2", "2500"]);
    }

    #[test]
    fn no_text_can_end_the_element_it_stands_in() {
        assert_eq!(escaped("<a href=\"&\">\n"), "&lt;a href=&quot;&amp;&quot;&gt; ");
    }
}
