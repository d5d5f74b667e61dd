//! Calls by pod as bars of text.

use crate::Tally;

const BAR_WIDTH: u64 = 48;

/// One line for each of `pods`: name, bar, calls. The longest bar is the pod with the most calls.
pub(super) fn bars<'a>(tally: &Tally, pods: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let pods: Vec<&str> = pods.into_iter().collect();
    let name_width = pods.iter().map(|pod| pod.chars().count()).max().unwrap_or_default();
    let most = pods.iter().map(|pod| tally.of(pod)).max().unwrap_or_default().max(1);
    pods.into_iter().map(|pod| line(pod, name_width, tally.of(pod), most)).collect()
}

fn line(pod: &str, name_width: usize, calls: u64, most: u64) -> String {
    let filled = (calls * BAR_WIDTH).div_ceil(most);
    let bar: String = (0..BAR_WIDTH).map(|column| if column < filled { '█' } else { '·' }).collect();
    format!("{pod:name_width$}  {bar}  {calls:>6}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(calls: &[(&str, u64)]) -> Tally {
        Tally { pods: calls.iter().map(|(pod, calls)| ((*pod).to_owned(), *calls)).collect(), ..Tally::default() }
    }

    #[test]
    fn a_pod_without_calls_has_an_empty_bar_and_one_call_is_seen() {
        let lines = bars(&tally(&[("a", 3_000), ("b", 1)]), ["a", "b", "c"]);
        let filled: Vec<_> = lines.iter().map(|line| line.matches('█').count()).collect();
        assert_eq!(filled, [48, 1, 0]);
    }

    #[test]
    fn a_line_fits_a_terminal_of_80_columns() {
        let lines = bars(&tally(&[("app-server-1", 3_000)]), ["app-server-1"]);
        assert!(lines[0].chars().count() <= 76, "{}", lines[0]);
    }
}
