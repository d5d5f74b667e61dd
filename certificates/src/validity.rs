//! From when and until when a certificate is valid.

use std::fmt;
use std::time::{Duration, SystemTime};

use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage};

/// The last second of the year 9999, which RFC 5280 (4.1.2.5) has for "never": later than any end that can be written down.
const END_OF_TIME: Duration = Duration::from_secs(253_402_300_799);

/// The span in which a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// Valid from then on.
    pub begin: SystemTime,
    /// Valid up to then.
    pub end: SystemTime,
}

impl Validity {
    /// Reads it from a certificate; the error says what is wrong with that.
    ///
    /// webpki has no accessor for the two times, but names the one that a certificate was held against in vain: before
    /// anything else it looks at the time, and there is nothing that was valid in 1970 or will be in 9999.
    pub fn of(certificate: &CertificateDer<'_>) -> Result<Self, String> {
        let parsed = EndEntityCert::try_from(certificate)
            .map_err(|error| format!("a certificate in it cannot be read ({error}); write it again"))?;
        let at = |time: Duration| {
            let time = UnixTime::since_unix_epoch(time);
            parsed.verify_for_usage(&[], &[], &[], time, KeyUsage::server_auth(), None, None).err()
        };
        let begin = match at(Duration::ZERO) {
            Some(Error::CertNotValidYet { not_before, .. }) => not_before.as_secs(),
            Some(Error::InvalidCertValidity | Error::BadDer | Error::BadDerTime) => {
                return Err("a certificate in it ends before it begins; make it anew".to_owned());
            }
            _ => 0,
        };
        let end = match at(END_OF_TIME) {
            Some(Error::CertExpired { not_after, .. }) => not_after.as_secs(),
            _ => END_OF_TIME.as_secs(),
        };
        let time = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        Ok(Self { begin: time(begin), end: time(end) })
    }

    /// What is wrong with it now, with what to do; nothing while it is valid.
    pub fn fault_at(&self, now: SystemTime) -> Option<String> {
        if now > self.end {
            Some(format!("it expired at {}; renew it", told(self.end)))
        } else if now < self.begin {
            Some(format!("it is valid from {} on only; is the clock of this machine right?", told(self.begin)))
        } else {
            None
        }
    }
}

/// A moment for people and logs, in UTC.
pub fn told(moment: SystemTime) -> impl fmt::Display {
    humantime::format_rfc3339_seconds(moment)
}
