//! Which connection the next call takes: the better of two chosen at random.

/// The place of one of `count` connections that is not `except`, unless that is the only one. Of two taken at random it
/// is the one with the smaller `burden`: nearly as even as the best of all, without a look at all of them.
pub(crate) fn pick<B: Ord>(count: usize, except: Option<usize>, burden: impl Fn(usize) -> B) -> usize {
    let except = except.filter(|&place| place < count && count > 1);
    let choices = count - usize::from(except.is_some());
    let actual = |choice: usize| choice + usize::from(except.is_some_and(|place| choice >= place));
    if choices == 1 {
        return actual(0);
    }
    let first = fastrand::usize(..choices);
    // Another one than the first, each as likely.
    let second = (first + fastrand::usize(1..choices)) % choices;
    let (first, second) = (actual(first), actual(second));
    if burden(second) < burden(first) { second } else { first }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_connections_the_one_with_fewer_calls_is_taken() {
        for _ in 0..100 {
            assert_eq!(pick(2, None, |place| [3, 1][place]), 1);
        }
    }

    #[test]
    fn the_busiest_of_several_is_never_taken() {
        for _ in 0..1_000 {
            assert_ne!(pick(4, None, |place| [1, 9, 1, 1][place]), 1);
        }
    }

    #[test]
    fn the_one_to_be_avoided_is_taken_only_where_there_is_no_other() {
        for _ in 0..100 {
            assert_ne!(pick(3, Some(1), |_| 0), 1);
            assert_eq!(pick(2, Some(0), |_| 0), 1);
        }
        assert_eq!(pick(1, Some(0), |_| 0), 0);
    }
}
