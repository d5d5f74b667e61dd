//! A small plot with two axes, as inline SVG. Colours are the page's, by class.

use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 40.0;
/// Of the number of a part, with the space beside it.
const LABEL_WIDTH: f64 = 48.0;
/// On the lower axis.
const MOST_STEPS: u32 = 5;

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

    /// Marks round numbers on the lower axis.
    pub(super) fn ticks(&mut self) {
        let (step, decimals) = round_step(self.x_max);
        // A rounding error, or a run that ended a little early, must not cost the last one.
        let end = self.x_max * 1.001;
        let values = (0..=MOST_STEPS).map(|number| step * f64::from(number));
        for value in values.take_while(|value| *value <= end) {
            self.tick(value, &format!("{value:.decimals$}"));
        }
    }

    /// Parts of the lower axis that end there: a line between them, and the number of each where there is room for it.
    pub(super) fn parts(&mut self, name: &str, ends: &[f64]) {
        let mut room_from = LEFT;
        let begins = [0.0].into_iter().chain(ends.iter().copied());
        let end = self.x_max;
        for (number, begin) in (1..=ends.len()).zip(begins).filter(|(_, begin)| *begin < end) {
            let x = self.x(begin);
            if number > 1 {
                let bottom = HEIGHT - BOTTOM;
                self.put(format_args!(
                    "<line class=\"run\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>"
                ));
            }
            if x >= room_from {
                let (x, y) = (x + 4.0, TOP + 12.0);
                self.put(format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\">{} {number}</text>", escaped(name)));
                room_from = x + LABEL_WIDTH;
            }
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

/// Steps of the form 1, 2 or 5 times a power of ten, of which so long an axis has at most five, and the decimals they need.
fn round_step(length: f64) -> (f64, usize) {
    let least = length / f64::from(MOST_STEPS);
    let exponent = least.log10().floor();
    let power = 10_f64.powf(exponent);
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|digit| digit * power).find(|step| *step >= least);
    let step = step.unwrap_or(least);
    let exponent = if step >= 10.0 * power { exponent + 1.0 } else { exponent };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 9")]
    let decimals = (-exponent).clamp(0.0, 9.0) as usize;
    (step, decimals)
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
    fn steps_of_an_axis_are_round_and_told_as_they_are() {
        let marks = |length: f64| {
            let mut plot = Plot::new(length, 1.0, "");
            plot.body.clear();
            plot.ticks();
            let texts = plot.body.split('>').filter_map(|piece| piece.strip_suffix("</text"));
            texts.map(str::to_owned).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(marks(3.0), "0 1 2 3");
        assert_eq!(marks(9.9996), "0 2 4 6 8 10");
        assert_eq!(marks(0.04), "0.00 0.01 0.02 0.03 0.04");
        assert_eq!(marks(90.0), "0 20 40 60 80");
    }

    #[test]
    fn no_text_can_end_the_element_it_stands_in() {
        assert_eq!(escaped("<a href=\"&\">\n"), "&lt;a href=&quot;&amp;&quot;&gt; ");
    }
}
