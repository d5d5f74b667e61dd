//! Whether the means of two samples lie further apart than chance puts them.

/// The mean of at least one value.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Welch's t-test, two-sided at 1 %: of a hundred pairs of samples of the same, about one is told apart by mistake.
///
/// The two need not scatter alike: B. L. Welch, "The generalization of 'Student's' problem when several different
/// population variances are involved", Biometrika 34 (1947), 28 to 35. Each sample has two values or more.
pub(super) fn differ(one: &[f64], other: &[f64]) -> bool {
    let apart = (mean(one) - mean(other)).abs();
    let errors = [squared_error(one), squared_error(other)];
    let both = errors[0] + errors[1];
    if both == 0.0 {
        return apart > 0.0;
    }
    // By Welch and Satterthwaite.
    let parts = (errors[0].powi(2), errors[1].powi(2));
    let degrees = both.powi(2) / (parts.0 / (one.len() - 1) as f64 + parts.1 / (other.len() - 1) as f64);
    apart / both.sqrt() > critical(degrees)
}

/// The square of a mean's standard error.
fn squared_error(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    squares / (values.len() - 1) as f64 / values.len() as f64
}

/// What Student's t exceeds, on either side, by chance once in a hundred times, from so many degrees of freedom on.
const CRITICAL: [(f64, f64); 33] = [
    (1.0, 63.657),
    (2.0, 9.925),
    (3.0, 5.841),
    (4.0, 4.604),
    (5.0, 4.032),
    (6.0, 3.707),
    (7.0, 3.499),
    (8.0, 3.355),
    (9.0, 3.250),
    (10.0, 3.169),
    (11.0, 3.106),
    (12.0, 3.055),
    (13.0, 3.012),
    (14.0, 2.977),
    (15.0, 2.947),
    (16.0, 2.921),
    (17.0, 2.898),
    (18.0, 2.878),
    (19.0, 2.861),
    (20.0, 2.845),
    (21.0, 2.831),
    (22.0, 2.819),
    (23.0, 2.807),
    (24.0, 2.797),
    (25.0, 2.787),
    (26.0, 2.779),
    (27.0, 2.771),
    (28.0, 2.763),
    (29.0, 2.756),
    (30.0, 2.750),
    (40.0, 2.704),
    (60.0, 2.660),
    (120.0, 2.617),
];
/// What is a whole number in theory may come out a little smaller.
const ROUNDING: f64 = 1e-9;

/// The value for so many degrees of freedom, or for the next fewer that the table has.
fn critical(degrees: f64) -> f64 {
    let known = CRITICAL.iter().take_while(|(from, _)| *from <= degrees + ROUNDING);
    known.last().unwrap_or(&CRITICAL[0]).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_of_freedom_are_rounded_down() {
        for (degrees, value) in [(2.0, 9.925), (3.999, 5.841), (4.0, 4.604), (39.0, 2.750), (40.0, 2.704), (1e9, 2.617)]
        {
            assert!((critical(degrees) - value).abs() < 1e-12, "{degrees}");
        }
    }

    /// Equal variances and sizes: t is the difference over the root of 2 s² / n, with 2 (n - 1) degrees of freedom.
    #[test]
    fn a_difference_counts_from_the_critical_value_on() {
        let one = [99.0, 100.0, 101.0];
        let by = |difference: f64| one.map(|value| value + difference);
        let least = 4.604 * (2.0_f64 / 3.0).sqrt();
        assert!(!differ(&one, &by(0.99 * least)) && differ(&one, &by(1.01 * least)));
        assert!(!differ(&by(-0.99 * least), &one) && differ(&by(-1.01 * least), &one));
    }

    #[test]
    fn samples_without_any_scatter_differ_where_their_means_do() {
        assert!(!differ(&[5.0; 3], &[5.0; 3]));
        assert!(differ(&[5.0; 3], &[5.1; 3]));
    }
}
