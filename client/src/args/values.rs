//! What a typed value means; each refusal says what would do.

use std::time::Duration;

/// How many, at least one.
pub(crate) fn count(text: &str) -> Result<u64, String> {
    text.parse()
        .ok()
        .filter(|count| *count > 0)
        .ok_or_else(|| "must be a whole number from 1 on, in digits alone, such as 50000".to_owned())
}

/// A number above 0.
pub(crate) fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "must be a number above 0, without separators, such as 50000 or 0.5".to_owned())
}

/// Hundredths of a whole.
pub(crate) fn percent(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| (0.0..=100.0).contains(number));
    number.ok_or_else(|| "use a percentage from 0 to 100".to_owned())
}

/// A span of time, which may be none at all.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| {
        if matches!(error, humantime::DurationError::NumberOverflow) {
            "longer or finer than can be counted; write it for example as 20s, 1500ms or 2m".to_owned()
        } else if text.trim().parse::<f64>().is_ok() {
            "add a unit, for example 20s or 1500ms".to_owned()
        } else {
            "not a span of time; write it for example as 20s, 1500ms or 2m".to_owned()
        }
    })
}

/// A span of time longer than none.
pub(crate) fn positive_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("must be longer than 0, for example 3s".to_owned()),
        span => Ok(span),
    }
}
