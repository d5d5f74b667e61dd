//! How long calls of an open loop are kept from starting by calls that are without an answer.

use std::time::Duration;

/// What the next call is held back by waits for a place in flight: its own, and those of calls before it that have not
/// been made up for.
///
/// The rest of its lateness is this client's own: it would be there with places for all calls too.
#[derive(Debug, Default)]
pub(super) struct Hold(Duration);

impl Hold {
    /// The turn of a call has come, so much later than intended: more cannot be left of what the calls before it waited.
    pub(super) fn turn(&mut self, late: Duration) {
        self.0 = self.0.min(late);
    }

    /// It waited for a place; so long it is held back in all.
    pub(super) fn waited(&mut self, time: Duration) -> Duration {
        self.0 += time;
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls are intended every 10 ms, and each takes `busy` to start; the call of number 1 waits 25 ms for a place. How
    /// long each is held back, in milliseconds.
    fn held(busy: u64) -> [u128; 6] {
        let mut hold = Hold::default();
        let mut free_at = 0;
        [0, 1, 2, 3, 4, 5].map(|number| {
            let intended = 10 * number;
            hold.turn(Duration::from_millis(u64::saturating_sub(free_at, intended)));
            let wait = if number == 1 { 25 } else { 0 };
            free_at = free_at.max(intended) + wait + busy;
            hold.waited(Duration::from_millis(wait)).as_millis()
        })
    }

    #[test]
    fn a_hold_keeps_back_the_calls_behind_it_until_it_is_made_up_for() {
        assert_eq!(held(0), [0, 25, 15, 5, 0, 0]);
    }

    #[test]
    fn what_a_client_loses_by_itself_is_no_hold_and_makes_up_for_none() {
        assert_eq!(held(12), [0, 25, 25, 25, 25, 25]);
    }
}
