//! Versions of a schema that neighbours of several ages share.

/// One change of the schema. It only adds: what older servers write and read stays as it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// Statements that take a schema from the version before to this one.
    pub(super) sql: &'static str,
    /// The oldest version whose servers may use the schema after this step.
    pub(super) oldest_usable: i32,
}

/// What a schema says of itself. All zero: there is none yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    /// Steps that were taken.
    pub(super) version: i32,
    /// The oldest version whose servers may use it.
    pub(super) oldest_usable: i32,
}

/// The schema was changed by a newer server in a way that this one does not know how to live with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "its schema has version {found} and wants a server that knows version {wanted} at least; this one knows {known}"
)]
pub(super) struct TooNew {
    found: i32,
    wanted: i32,
    known: i32,
}

impl TooNew {
    /// What would do.
    pub(super) const ADVICE: &str = "use a newer ticketing-server";
}

impl Version {
    /// The steps that are still to be taken; none where the schema is as new as `steps`, or newer.
    pub(super) fn missing(self, steps: &[Step]) -> Result<&[Step], TooNew> {
        let known = count(steps);
        if self.oldest_usable > known {
            return Err(TooNew { found: self.version, wanted: self.oldest_usable, known });
        }
        let taken = usize::try_from(self.version).unwrap_or(0).min(steps.len());
        Ok(&steps[taken..])
    }

    /// What the schema says of itself when all `steps` are taken. A newer one stays as it is.
    pub(super) fn after(self, steps: &[Step]) -> Self {
        match steps.last() {
            Some(last) if self.version < count(steps) => {
                Self { version: count(steps), oldest_usable: last.oldest_usable }
            }
            _ => self,
        }
    }
}

fn count(steps: &[Step]) -> i32 {
    i32::try_from(steps.len()).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: [Step; 2] = [Step { sql: "1", oldest_usable: 1 }, Step { sql: "2", oldest_usable: 1 }];

    #[test]
    fn an_old_schema_takes_the_steps_that_it_lacks() {
        let new = Version { version: 0, oldest_usable: 0 };
        assert_eq!(new.missing(&STEPS).map(<[_]>::len), Ok(2));
        let first = Version { version: 1, oldest_usable: 1 };
        assert_eq!(first.missing(&STEPS).map(<[_]>::len), Ok(1));
        assert_eq!(first.after(&STEPS), Version { version: 2, oldest_usable: 1 });
    }

    #[test]
    fn a_newer_schema_is_used_as_long_as_it_allows_this_version() {
        let newer = Version { version: 5, oldest_usable: 2 };
        assert_eq!(newer.missing(&STEPS).map(<[_]>::len), Ok(0));
        assert_eq!(newer.after(&STEPS), newer, "a newer schema is not marked down");
        let too_new = Version { version: 5, oldest_usable: 3 };
        let error = too_new.missing(&STEPS).expect_err("too new");
        assert!(error.to_string().contains("version 5 and wants a server that knows version 3"), "{error}");
    }
}
