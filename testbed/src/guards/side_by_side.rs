//! Jobs side by side: tests wait for most of their time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use crate::BedError;

/// As many as `cargo test` runs on the smallest machine that this is meant for.
const AT_A_TIME: usize = 2;

/// Does `job` for each item, which is told who of [`AT_A_TIME`] does it. `tell` hears of each when it is done. Nothing new is
/// begun after an error, which is that of the first to fail.
pub(super) fn side_by_side<I: Sync, T: Send>(
    items: &[I],
    job: impl Fn(usize, &I) -> Result<T, BedError> + Sync,
    mut tell: impl FnMut(&I, T),
) -> Result<(), BedError> {
    let next = AtomicUsize::new(0);
    let (done, all_done) = mpsc::channel();
    thread::scope(|scope| {
        for worker in 0..AT_A_TIME {
            let (done, next, job) = (done.clone(), &next, &job);
            scope.spawn(move || {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = job(worker, item);
                    if outcome.is_err() {
                        next.store(items.len(), Ordering::Relaxed);
                    }
                    if done.send((item, outcome)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        let mut first_error = Ok(());
        for (item, outcome) in all_done {
            match outcome {
                Ok(done) => tell(item, done),
                Err(error) if first_error.is_ok() => first_error = Err(error),
                Err(_) => {}
            }
        }
        first_error
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_is_done_once() {
        let items: Vec<usize> = (0..100).collect();
        let mut squares = Vec::new();
        side_by_side(&items, |_, item| Ok(item * item), |item, square| squares.push((*item, square))).unwrap();
        squares.sort_unstable();
        assert!(squares.iter().copied().eq((0..100).map(|item| (item, item * item))));
    }

    #[test]
    fn nothing_is_begun_after_an_error() {
        let items: Vec<usize> = (0..100).collect();
        let begun = AtomicUsize::new(0);
        let fails = |_, _: &usize| -> Result<(), BedError> {
            begun.fetch_add(1, Ordering::Relaxed);
            Err(BedError::Unexpected("no".to_owned()))
        };
        assert!(side_by_side(&items, fails, |_, ()| {}).is_err());
        assert!(begun.into_inner() <= AT_A_TIME);
    }
}
