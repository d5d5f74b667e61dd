//! Runs that are made up, drawn on a page.

use super::LoadReport;
use super::run::{Run, Slice};
use super::tests::{failed_run, later, run};
use crate::report::write_load_page;

pub(super) fn page(report: &LoadReport) -> String {
    let mut page = Vec::new();
    write_load_page(report, &mut page).unwrap();
    String::from_utf8(page).unwrap()
}

/// What is drawn, by the places of each line and area.
fn drawn(page: &str) -> Vec<&str> {
    page.split("points=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn each_second_is_drawn_from_its_beginning_to_its_end_also_an_only_one() {
    let page = page(&LoadReport::new(&[run(10.0, 5)], None));
    let drawn = drawn(&page);
    // From the left end of the axis to its right one.
    assert!(drawn.iter().all(|points| points.starts_with("64.0,") && points.contains(" 708.0,")), "{drawn:?}");
    assert_eq!(drawn.len(), 1 + 2 + 2 + 2, "percentiles, calls and errors, latencies, two pods");
}

#[test]
fn the_page_needs_nothing_else_and_names_cannot_break_it() {
    let page = page(&LoadReport::new(&[run(10.0, 5)], None));
    assert_eq!((page.matches("<svg").count(), page.matches("</svg>").count()), (4, 4));
    for outside in ["http:", "https:", "<script", "<link", "<img", "@import", "url(", "src=", "<pod-b>", "NaN", "inf,"]
    {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("&lt;pod-b&gt;") && page.contains("prefers-color-scheme: dark"));
}

#[test]
fn a_run_in_which_nobody_answered_is_drawn_too() {
    let page = page(&LoadReport::new(&[failed_run(0)], None));
    assert!(!page.contains("NaN") && page.contains("</html>"));
}

/// Ten seconds, of which none from the fourth to the sixth has an answer.
fn outage() -> Run {
    let second = |number: u32| {
        let slice = Slice { end: f64::from(number), seconds: 1.0, calls: 100, ..run(10.0, 5).slices.remove(0) };
        let failures = [("UNAVAILABLE".to_owned(), 100)].into();
        let silent = Slice { failures, pods: [].into(), p50_ms: 0.0, p99_ms: 0.0, ..slice.clone() };
        if (4..=6).contains(&number) { silent } else { slice }
    };
    Run { slices: (1..=10).map(second).collect(), ..run(10.0, 5) }
}

#[test]
fn an_outage_is_a_gap_in_latencies_and_shares_and_takes_no_time_away() {
    let page = page(&LoadReport::new(&[outage()], None));
    let drawn = drawn(&page);
    let (begin, end, lost, back) = (" 64.0,", " 708.0,", " 257.2,", " 450.4,");
    let has = |points: &str, place: &str| format!(" {points}").contains(place);
    let gapped = &drawn[3..];
    assert_eq!(gapped.len(), 2 * 2 + 2 * 2, "p50, p99 and two pods, before and after");
    let before = gapped.iter().filter(|points| has(points, begin) && has(points, lost) && !has(points, back)).count();
    let after = gapped.iter().filter(|points| has(points, back) && has(points, end) && !has(points, lost)).count();
    assert_eq!((before, after), (4, 4), "{gapped:?}");
}

#[test]
fn an_outage_at_the_end_is_on_the_axis_too() {
    let mut down = outage();
    down.slices.truncate(6);
    let page = page(&LoadReport::new(&[down], None));
    // Half of the axis.
    assert!(drawn(&page)[3..].iter().all(|points| points.contains("386.0,") && !points.contains("708.0,")), "{page}");
}

#[test]
fn runs_one_after_the_other_have_a_line_between_them_and_their_numbers() {
    let alone = page(&LoadReport::new(&[run(10.0, 5)], None));
    assert!(alone.contains("seconds since the warm-up") && !alone.contains("class=\"run\""));
    let both = page(&LoadReport::new(&[run(10.0, 5), later(run(30.0, 5))], None));
    assert_eq!(both.matches("seconds, runs one after the other").count(), 3, "{both}");
    // A quarter of the axis, on each plot over time.
    assert_eq!(both.matches("<line class=\"run\" x1=\"225.0\" x2=\"225.0\"").count(), 3, "{both}");
    assert_eq!((both.matches(">run 1<").count(), both.matches(">run 2<").count()), (3, 3), "{both}");
}

#[test]
fn of_an_open_loop_the_rate_that_was_offered_stands_beside_the_one_that_was_achieved() {
    let mut slow = Run { scheduled_seconds: Some(2.0), ..run(10.0, 5) };
    (slow.shape.concurrency, slow.shape.rate) = (None, Some(500.0));
    let page = page(&LoadReport::new(&[slow], None));
    assert!(page.contains("offered: 500 calls/s for 2.0 s; achieved: 100.0 answers/s, "), "{page}");
    assert!(page.contains("the last 8.0 s after the schedule\n"), "{page}");
}

#[test]
fn a_short_run_is_told_in_milliseconds() {
    let page = page(&LoadReport::new(&[run(0.0346, 5)], None));
    assert!(page.contains("0 failed in 34.6 ms: "), "{page}");
}
