//! Latencies of calls in an HdrHistogram: 3 significant digits, in nanoseconds.

use std::time::Duration;

use data_encoding::BASE64;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer as _, V2Serializer};
use serde::{Deserialize, Serialize, de, ser};

const SIGNIFICANT_DIGITS: u8 = 3;

/// Two days: a call may take one, and be one late.
const LONGEST: Duration = Duration::from_hours(48);

/// Saved as HdrHistogram's V2 form in base64, which its tools in other languages read too.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        // Without an upper limit: it grows with what is recorded.
        Self(Histogram::new(SIGNIFICANT_DIGITS).expect("from 0 to 5 digits are allowed"))
    }
}

impl Latencies {
    pub(crate) fn record(&mut self, latency: Duration) {
        // `saturating_record` would cut at today's limit instead of growing.
        let nanoseconds = u64::try_from(latency.min(LONGEST).as_nanos()).expect("a day fits");
        self.0.record(nanoseconds).expect("it grows with what is recorded");
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.0.add(&other.0).expect("a histogram without an upper limit takes all values");
    }

    pub(crate) fn clear(&mut self) {
        self.0.reset();
    }

    /// How many were recorded.
    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// The latency that the share `quantile` (0 to 1) of calls does not exceed; 0 where there are none.
    pub(crate) fn at(&self, quantile: f64) -> Duration {
        Duration::from_nanos(self.0.value_at_quantile(quantile))
    }

    pub(crate) fn max(&self) -> Duration {
        Duration::from_nanos(self.0.max())
    }

    pub(crate) fn mean(&self) -> Duration {
        Duration::from_secs_f64(self.0.mean() / 1e9)
    }
}

impl Serialize for Latencies {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::new();
        V2Serializer::new().serialize(&self.0, &mut bytes).map_err(ser::Error::custom)?;
        serializer.serialize_str(&BASE64.encode(&bytes))
    }
}

impl<'de> Deserialize<'de> for Latencies {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64.decode(text.as_bytes()).map_err(de::Error::custom)?;
        // The library makes room for as much as is announced, which four bytes can say of gigabytes.
        let is_whole = bytes.split_at_checked(40).is_some_and(|(header, payload)| {
            let announced = u32::from_be_bytes(header[4..8].try_into().expect("four bytes"));
            announced as usize <= payload.len()
        });
        if !is_whole {
            return Err(de::Error::custom("not a histogram in HdrHistogram's V2 form: it is cut off"));
        }
        let read: Histogram<u64> = Deserializer::new()
            .deserialize(&mut bytes.as_slice())
            .map_err(|error| de::Error::custom(format!("not a histogram in HdrHistogram's V2 form: {error}")))?;
        let digits = read.sigfig();
        if digits != SIGNIFICANT_DIGITS || u128::from(read.max()) > LONGEST.as_nanos() + LONGEST.as_nanos() / 1_000 {
            let text = format!(
                "a histogram of {SIGNIFICANT_DIGITS} digits up to 48 h is meant, not one of {digits} up to {} ns",
                read.max()
            );
            return Err(de::Error::custom(text));
        }
        // What is read has limits of its own; ours must be able to take in any other.
        let mut ours = Self::default();
        ours.0.add(&read).map_err(de::Error::custom)?;
        Ok(ours)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_read_back_and_can_be_added_to() {
        let mut latencies = Latencies::default();
        for millis in 1..=100 {
            latencies.record(Duration::from_millis(millis));
        }
        let text = serde_json::to_string(&latencies).unwrap();
        let mut read: Latencies = serde_json::from_str(&text).unwrap();
        assert_eq!((read.count(), read.at(0.5)), (100, latencies.at(0.5)));
        let mut longer = Latencies::default();
        longer.record(Duration::from_hours(3));
        read.add(&longer);
        assert_eq!(read.count(), 101);
        assert!(read.max() >= Duration::from_hours(3));
    }

    #[test]
    fn what_is_no_histogram_is_refused() {
        let announces_four_gigabytes = "\"HISTE/////8AAAAAAAAAAwAAAAAAAAABAAADRjC4oAA/8AAAAAAAAA==\"";
        for text in ["\"\"", "\"AAAA\"", "\"not base64!\"", "3", announces_four_gigabytes] {
            assert!(serde_json::from_str::<Latencies>(text).is_err(), "{text}");
        }
    }
}
