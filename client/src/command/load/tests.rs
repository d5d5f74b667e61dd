//! Runs that are made up: merged, compared, judged and drawn.

use std::time::Duration;

use super::compare::{Judgement, compare};
use super::doubt::{Doubt, doubts};
use super::latencies::Latencies;
use super::run::{Run, Shape, Slice, merged};
use super::{LoadReport, saved};
use crate::report::write_load_page;

/// 1,000 calls in `seconds`, each answered after `millis`.
fn run(seconds: f64, millis: u64) -> Run {
    let mut latencies = Latencies::default();
    (0..1000).for_each(|_| latencies.record(Duration::from_millis(millis)));
    let slice = Slice {
        end: seconds,
        seconds,
        calls: 1000,
        pods: [("pod-a".to_owned(), 600), ("<pod-b>".to_owned(), 400)].into(),
        p50_ms: millis as f64,
        p99_ms: millis as f64,
        ..Slice::default()
    };
    Run {
        started: "2026-01-01T00:00:00Z".to_owned(),
        target: "localhost:12345".to_owned(),
        shape: Shape { concurrency: Some(10), rate: None, connections: 1, mix: "get=1".to_owned() },
        seconds,
        warmup_seconds: 0.0,
        warmup_calls: 0,
        answered: [("get".to_owned(), latencies)].into(),
        failed: Latencies::default(),
        failures: [].into(),
        pods: slice.pods.clone(),
        lateness: None,
        held_back: 0,
        prepared: 0,
        interrupted: false,
        slices: vec![slice],
    }
}

fn judgement(old: &[Run], new: &[Run], figure: &str) -> Judgement {
    compare(old, new).figures.into_iter().find(|each| each.figure == figure).expect("the figure").judgement
}

#[test]
fn merged_runs_add_up_and_follow_each_other_in_time() {
    let sum = merged(&[run(10.0, 5), run(30.0, 50)]).unwrap();
    assert_eq!((sum.calls(), sum.pods["pod-a"]), (2000, 1200));
    assert!((sum.calls_per_second() - 50.0).abs() < 1e-9);
    assert_eq!(sum.slices.iter().map(|slice| slice.end).collect::<Vec<_>>(), [10.0, 40.0]);
    let p50 = sum.latencies().at(0.5).as_millis();
    assert!((5..=6).contains(&p50) && sum.latencies().at(0.99).as_millis() >= 50);
}

#[test]
fn a_difference_within_the_spread_of_the_runs_is_noise() {
    let old = [run(9.0, 5), run(10.0, 5), run(11.0, 5)];
    assert_eq!(judgement(&old, &[run(10.5, 5)], "rate"), Judgement::WithinNoise);
    assert_eq!(judgement(&old, &[run(20.0, 5)], "rate"), Judgement::Worse);
    assert_eq!(judgement(&old, &[run(5.0, 5)], "rate"), Judgement::Better);
    assert_eq!(judgement(&old, &[run(10.0, 9)], "p50"), Judgement::Worse);
    assert_eq!(judgement(&old, &[run(10.0, 2)], "p99"), Judgement::Better);
    // Runs at a fixed rate are alike to a hair.
    assert_eq!(judgement(&[run(10.0, 5), run(10.0, 5)], &[run(10.001, 5)], "rate"), Judgement::WithinNoise);
    let p50 = &compare(&old, &[run(10.0, 10)]).figures[1];
    assert!((p50.ratio.unwrap() - 2.0).abs() < 0.01, "{p50:?}");
}

#[test]
fn one_run_on_each_side_cannot_be_told_from_noise() {
    assert_eq!(judgement(&[run(10.0, 5)], &[run(12.0, 5)], "rate"), Judgement::Untold);
    let same = compare(&[run(10.0, 5)], &[run(10.0, 5)]);
    assert!(same.same_load && same.figures.iter().all(|each| each.judgement == Judgement::WithinNoise));
}

#[test]
fn another_load_is_said_to_be_another() {
    let mut other = run(10.0, 5);
    other.shape.mix = "list=1".to_owned();
    assert!(!compare(&[run(10.0, 5)], &[other]).same_load);
}

#[test]
fn a_client_that_missed_its_schedule_says_so() {
    let mut late = run(10.0, 5);
    late.lateness = Some(late.latencies());
    assert!(matches!(doubts(&late)[..], [Doubt::Late { .. }]));
    late.held_back = 3;
    assert_eq!(doubts(&late), [Doubt::HeldBack { calls: 3 }]);
    assert_eq!(doubts(&run(10.0, 5)), []);
}

#[test]
fn saved_runs_are_read_back_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.json");
    let runs = vec![run(10.0, 5), run(11.0, 6)];
    saved::write(&file, runs.clone()).unwrap();
    assert_eq!(saved::read(&file).unwrap(), runs);
    for unfit in ["", "{}", r#"{"load_version":1,"runs":[]}"#, r#"{"load_version":2,"runs":[]}"#] {
        std::fs::write(&file, unfit).unwrap();
        let error = saved::read(&file).expect_err(unfit).to_string();
        assert!(error.contains("load --save") && error.lines().count() == 1, "{error}");
    }
}

#[test]
fn the_page_needs_nothing_else_and_names_cannot_break_it() {
    let mut page = Vec::new();
    write_load_page(&LoadReport::new(&[run(10.0, 5)], None), &mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    assert_eq!((page.matches("<svg").count(), page.matches("</svg>").count()), (4, 4));
    for outside in ["http:", "https:", "<script", "<link", "<img", "@import", "url(", "src=", "<pod-b>", "NaN", "inf,"]
    {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("&lt;pod-b&gt;") && page.contains("prefers-color-scheme: dark"));
}

#[test]
fn a_run_in_which_nobody_answered_is_drawn_too() {
    let mut none = run(10.0, 5);
    none.answered.clear();
    none.pods.clear();
    none.slices.clear();
    let mut page = Vec::new();
    write_load_page(&LoadReport::new(&[none], None), &mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    assert!(!page.contains("NaN") && page.contains("</html>"));
}
