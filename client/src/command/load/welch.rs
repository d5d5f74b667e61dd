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

/// What Student's t exceeds, on either side, by chance once in a hundred times: for 1, 2 and so on degrees of freedom.
const CRITICAL: [f64; 30] = [
    63.657, 9.925, 5.841, 4.604, 4.032, 3.707, 3.499, 3.355, 3.250, 3.169, 3.106, 3.055, 3.012, 2.977, 2.947, 2.921,
    2.898, 2.878, 2.861, 2.845, 2.831, 2.819, 2.807, 2.797, 2.787, 2.779, 2.771, 2.763, 2.756, 2.750,
];
/// The same of the normal distribution, which t comes close to.
const NORMAL: f64 = 2.576;
/// What is a whole number in theory may come out a little smaller.
const ROUNDING: f64 = 1e-9;

/// The value for so many degrees of freedom, rounded down to a whole number of them.
fn critical(degrees: f64) -> f64 {
    let degrees = degrees + ROUNDING;
    if degrees >= CRITICAL.len() as f64 + 1.0 {
        return NORMAL;
    }
    let known = CRITICAL.iter().zip(1_u32..);
    known.take_while(|(_, whole)| f64::from(*whole) <= degrees).last().map_or(CRITICAL[0], |(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_of_freedom_are_rounded_down_and_beyond_the_table_t_is_normal() {
        for (degrees, value) in [(2.0, 9.925), (3.999, 5.841), (4.0, 4.604), (30.9, 2.750), (31.0, 2.576), (1e9, 2.576)]
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
