//! Which connection the next call takes: the better of two chosen at random.

use super::trust::Trust;

/// Calls in flight past which the next may have to wait for one of them: RFC 9113, 6.5.2, recommends that no server takes fewer
/// at a time on one connection.
pub(crate) const CROWDED: usize = 100;

/// What speaks against a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Burden {
    pub(crate) trust: Trust,
    pub(crate) in_flight: usize,
}

impl Burden {
    /// Of two the smaller is better. One that is being made counts as one with [`CROWDED`] calls more: beside a ready one it gets
    /// none before that is crowded, and then its share, or the first that is ready would get all of a burst.
    fn weight(self) -> (Trust, usize) {
        match self.trust {
            Trust::Coming => (Trust::Good, self.in_flight + CROWDED),
            trust => (trust, self.in_flight),
        }
    }
}

/// The place of one of `count` connections that is not `except`, unless that is the only one, or is trusted
/// more than what else there is. Of two taken at random it is the one with the smaller burden: nearly as even as the best of all,
/// without a look at all of them.
pub(crate) fn pick(count: usize, except: Option<usize>, burden: impl Fn(usize) -> Burden) -> usize {
    let other = another(count, except, &burden);
    match except {
        Some(place) if place < count && burden(place).trust < burden(other).trust => place,
        _ => other,
    }
}

fn another(count: usize, except: Option<usize>, burden: &impl Fn(usize) -> Burden) -> usize {
    let except = except.filter(|&place| place < count && count > 1);
    let choices = count - usize::from(except.is_some());
    let actual = |choice: usize| choice + usize::from(except.is_some_and(|place| choice >= place));
    if choices == 1 {
        return actual(0);
    }
    let first_choice = fastrand::usize(..choices);
    // Another one than the first, each as likely.
    let second = (first_choice + fastrand::usize(1..choices)) % choices;
    let (first, second) = (actual(first_choice), actual(second));
    let better = if burden(second).weight() < burden(first).weight() { second } else { first };
    if burden(better).trust == Trust::Good {
        return better;
    }
    // Both happen to be bad ones, and there may be good ones. Where none is, each has its turn: one of them may be good again.
    (0..choices)
        .map(|offset| actual((first_choice + offset) % choices))
        .min_by_key(|&place| burden(place).weight())
        .unwrap_or(better)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channels::trust::Trust;

    fn calls(in_flight: usize) -> Burden {
        Burden { trust: Trust::Good, in_flight }
    }

    #[test]
    fn of_two_connections_the_one_with_fewer_calls_is_taken() {
        for _ in 0..100 {
            assert_eq!(pick(2, None, |place| calls([3, 1][place])), 1);
        }
    }

    #[test]
    fn the_busiest_of_several_is_never_taken() {
        for _ in 0..1_000 {
            assert_ne!(pick(4, None, |place| calls([1, 9, 1, 1][place])), 1);
        }
    }

    #[test]
    fn one_that_fails_is_taken_only_where_the_other_is_worse() {
        let burden = |trust| Burden { trust, in_flight: 0 };
        for _ in 0..100 {
            assert_eq!(pick(2, None, |place| [burden(Trust::Failed), calls(9)][place]), 1);
            assert_eq!(pick(2, None, |place| [burden(Trust::Failed), burden(Trust::Unconnected)][place]), 0);
        }
    }

    #[test]
    fn one_that_is_being_made_gets_calls_once_those_that_are_ready_are_crowded() {
        let coming = |in_flight| Burden { trust: Trust::Coming, in_flight };
        for _ in 0..100 {
            assert_eq!(pick(4, None, |place| [calls(CROWDED - 1), coming(0), coming(0), coming(0)][place]), 0);
            assert_eq!(pick(2, None, |place| [calls(CROWDED + 10), coming(9)][place]), 1);
        }
    }

    #[test]
    fn a_second_attempt_stays_rather_than_wait_for_a_connection_that_is_being_made() {
        let coming = Burden { trust: Trust::Coming, in_flight: 0 };
        assert_eq!(pick(2, Some(0), |place| [calls(2 * CROWDED), coming][place]), 0);
    }

    #[test]
    fn where_all_fail_each_has_its_turn() {
        let failed = Burden { trust: Trust::Failed, in_flight: 0 };
        let taken: std::collections::BTreeSet<_> = (0..1_000).map(|_| pick(4, None, |_| failed)).collect();
        assert_eq!(taken.len(), 4);
    }

    #[test]
    fn a_good_one_is_found_among_many_that_fail() {
        for _ in 0..100 {
            let trust = |place| if place == 5 { Trust::Good } else { Trust::Failed };
            assert_eq!(pick(8, None, |place| Burden { trust: trust(place), in_flight: 9 - place }), 5);
        }
    }

    #[test]
    fn the_one_to_be_avoided_is_taken_only_where_there_is_no_other_that_is_as_good() {
        let burden = |trust| Burden { trust, in_flight: 0 };
        for _ in 0..100 {
            assert_ne!(pick(3, Some(1), |_| calls(0)), 1);
            assert_eq!(pick(2, Some(0), |_| calls(0)), 1);
            assert_eq!(pick(2, Some(0), |place| [burden(Trust::Failed), burden(Trust::Unconnected)][place]), 0);
            assert_eq!(pick(2, Some(0), |place| [calls(9), burden(Trust::Failed)][place]), 0);
        }
        assert_eq!(pick(1, Some(0), |_| calls(0)), 0);
    }
}
