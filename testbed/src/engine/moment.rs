//! Moments as the engine writes them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// For example 2026-11-24T04:26:01.123456789Z.
pub(crate) fn moment(text: &str) -> Option<SystemTime> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut time = time.splitn(3, ':');
    let (hours, minutes) = (time.next()?.parse::<u32>().ok()?, time.next()?.parse::<u32>().ok()?);
    let seconds = time.next()?.parse::<f64>().ok()?;
    // Days since 1970 of the proleptic Gregorian calendar, counted in years that begin in March.
    let (shifted, from_march) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + (153 * from_march + 2) / 5 + day - 719_469;
    let whole = u64::try_from(days).ok()? * 86_400 + u64::from(hours * 3_600 + minutes * 60);
    Some(UNIX_EPOCH + Duration::from_secs(whole) + Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_of_the_engine_is_read_to_the_nanosecond() {
        let since = |text| moment(text).unwrap().duration_since(UNIX_EPOCH).unwrap();
        assert_eq!(since("1970-01-01T00:00:00Z"), Duration::ZERO);
        assert_eq!(since("2024-02-29T12:30:15.5Z"), Duration::from_millis(1_709_209_815_500));
        assert_eq!(since("2026-11-24T04:26:01Z"), Duration::from_secs(1_795_494_361));
        assert_eq!(moment("yesterday"), None);
    }
}
