//! Runs that are made up: merged, judged and kept.

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::time::Duration;

use rustix::fs::OFlags;

use super::compare::compare;
use super::doubt::{Doubt, doubts, one_pod_answered};
use super::latencies::Latencies;
use super::page_tests::page;
use super::run::{Run, Shape, Slice, merged};
use super::{LoadReport, files, saved};

/// 1,000 calls in `seconds`, each answered after `millis`.
pub(super) fn run(seconds: f64, millis: u64) -> Run {
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
        tls: Some(false),
        shape: Shape {
            concurrency: Some(10),
            rate: None,
            most_in_flight: None,
            connections: 1,
            deadline_seconds: Some(3.0),
            mix: "get=1".to_owned(),
            ids_digest: None,
        },
        seconds,
        rate_seconds: Some(seconds),
        scheduled_seconds: None,
        warmup_seconds: 0.0,
        warmup_calls: 0,
        warmup_failed: 0,
        answered: [("get".to_owned(), latencies)].into(),
        failed: Latencies::default(),
        failures: [].into(),
        first_errors: [].into(),
        pods: slice.pods.clone(),
        lateness: None,
        own_lateness: None,
        held_back: 0,
        prepared: 0,
        interrupted: false,
        slices: vec![slice],
    }
}

/// The same an hour later.
pub(super) fn later(run: Run) -> Run {
    Run { started: "2026-01-01T01:00:00Z".to_owned(), ..run }
}

/// The same without one answer: `calls` have failed.
pub(super) fn failed_run(calls: u64) -> Run {
    let none = Run { answered: [].into(), pods: [].into(), slices: Vec::new(), ..run(10.0, 5) };
    let failures = [("UNAVAILABLE".to_owned(), calls)].into_iter().filter(|(_, calls)| *calls > 0).collect();
    Run { failures, ..none }
}

fn doubts_about(run: &Run) -> Vec<Doubt> {
    doubts(std::slice::from_ref(run), run)
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
fn rates_of_new_runs_and_of_old_ones_that_know_less_are_of_the_whole_time() {
    let (hung, old) = (Run { seconds: 13.0, ..run(10.0, 5) }, Run { rate_seconds: None, ..run(13.0, 5) });
    let ratio = |old: &Run| compare(&vec![old.clone(); 3], &vec![hung.clone(); 3]).figures[0].ratio.unwrap();
    assert!((ratio(&old) - 1.0).abs() < 1e-9 && ratio(&run(13.0, 5)) > 1.2);
}

#[test]
fn runs_of_several_loads_that_are_merged_have_a_note() {
    let mut other = run(10.0, 5);
    other.shape.mix = "list=1".to_owned();
    assert_eq!(LoadReport::new(&[run(10.0, 5), later(other)], None).doubts, [Doubt::SeveralLoads]);
    assert_eq!(LoadReport::new(&[run(10.0, 5), later(run(11.0, 6))], None).doubts, []);
}

#[test]
fn runs_at_the_same_time_that_are_merged_have_a_note() {
    let began = |started: &str| Run { started: started.to_owned(), ..run(10.0, 5) };
    let runs = |second: &str| [began("2026-01-01T00:00:00Z"), began(second)];
    assert_eq!(LoadReport::new(&runs("2026-01-01T00:00:05Z"), None).doubts, [Doubt::AtTheSameTime]);
    assert_eq!(LoadReport::new(&runs("2026-01-01T00:00:10Z"), None).doubts, []);
}

#[test]
fn where_calls_failed_it_is_said_that_percentiles_leave_them_out() {
    let mut some = run(10.0, 5);
    some.failures.insert("DEADLINE_EXCEEDED".to_owned(), 1);
    assert_eq!(doubts_about(&some), []);
    some.failures.insert("DEADLINE_EXCEEDED".to_owned(), 2);
    assert!(matches!(doubts_about(&some)[..], [Doubt::LeftOut { .. }]));
}

#[test]
fn a_client_that_missed_its_schedule_says_so() {
    let mut late = run(10.0, 5);
    (late.lateness, late.own_lateness) = (Some(late.latencies()), Some(late.latencies()));
    assert!(matches!(doubts_about(&late)[..], [Doubt::Late { .. }]));
    late.held_back = 3;
    assert!(matches!(doubts_about(&late)[..], [Doubt::Late { .. }, Doubt::HeldBack { calls: 3, of: 1000 }]));
    assert_eq!(doubts_about(&run(10.0, 5)), []);
}

#[test]
fn a_client_whose_calls_were_only_held_back_kept_its_schedule() {
    let mut held = run(10.0, 5);
    (held.lateness, held.own_lateness, held.held_back) = (Some(held.latencies()), Some(Latencies::default()), 3);
    assert_eq!(doubts_about(&held), [Doubt::HeldBack { calls: 3, of: 1000 }]);
    let of_an_earlier_program = Run { own_lateness: None, ..held };
    assert_eq!(doubts_about(&of_an_earlier_program), [Doubt::HeldBack { calls: 3, of: 1000 }]);
}

#[test]
fn one_pod_is_told_from_several_and_from_those_without_a_name() {
    let answered_by =
        |pods: &[&str]| Run { pods: pods.iter().map(|pod| ((*pod).to_owned(), 500)).collect(), ..run(10.0, 5) };
    assert!(one_pod_answered(&answered_by(&["pod-a"])));
    for pods in [&["pod-a", "pod-b"][..], &["unnamed"], &[]] {
        assert!(!one_pod_answered(&answered_by(pods)), "{pods:?}");
    }
}

#[test]
fn where_nothing_was_answered_the_doctor_is_named_and_no_percentile_is_doubted() {
    assert_eq!(doubts_about(&failed_run(20)), [Doubt::NoneAnswered]);
    assert!(Doubt::NoneAnswered.to_string().contains("`ticketing-client doctor`"));
    assert_eq!(doubts_about(&failed_run(0)), [], "it was interrupted in its warm-up");
    let mut few = run(10.0, 5);
    few.answered.values_mut().for_each(|latencies| {
        latencies.clear();
        latencies.record(Duration::from_millis(5));
    });
    assert_eq!(doubts_about(&few), [Doubt::Few { answers: 1 }]);
}

#[test]
fn of_merged_runs_the_first_error_of_each_code_is_told_on_the_page_too() {
    let with_error =
        |error: &str| Run { first_errors: [("UNAVAILABLE".to_owned(), error.to_owned())].into(), ..failed_run(20) };
    let page = page(&LoadReport::new(&[with_error("<one>\u{1b}"), later(with_error("a later one"))], None));
    assert!(page.contains("        the first: &lt;one&gt;\\u{1b}\n"), "{page}");
    assert!(page.contains(" 40\n        the first:") && !page.contains("a later one"), "{page}");
}

#[test]
fn saved_runs_are_read_back_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.json");
    let runs = vec![run(10.0, 5), run(11.0, 6)];
    saved::write(&file, &runs).unwrap();
    assert_eq!(saved::read(&file).unwrap(), runs);
    for unfit in ["", "{}", r#"{"load_version":1,"runs":[]}"#, r#"{"load_version":2,"runs":[]}"#] {
        std::fs::write(&file, unfit).unwrap();
        let error = saved::read(&file).expect_err(unfit).to_string();
        assert!(error.contains("load --save") && error.lines().count() == 1, "{error}");
    }
}

#[test]
fn a_saved_run_that_did_not_last_is_unfit() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.json");
    for (seconds, told) in [(-1.0, "lasted -1 s"), (0.0, "lasted 0 s"), (f64::NAN, "expected f64")] {
        saved::write(&file, &[run(10.0, 5), run(seconds, 5)]).unwrap();
        let error = saved::read(&file).expect_err(told).to_string();
        assert!(error.contains(told) && error.lines().count() == 1, "{error}");
    }
}

#[test]
fn a_file_of_a_program_that_kept_no_errors_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs.json");
    saved::write(&file, &[failed_run(20)]).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let earlier = text.replace("\"first_errors\":{},", "");
    assert_ne!(earlier, text);
    std::fs::write(&file, earlier).unwrap();
    assert_eq!(saved::read(&file).unwrap(), [failed_run(20)]);
}

#[test]
fn a_file_is_replaced_through_its_link_and_keeps_its_permissions() {
    let folder = tempfile::tempdir().unwrap();
    let [file, link] = ["runs.json", "link.json"].map(|name| folder.path().join(name));
    std::fs::write(&file, "before").unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    symlink("runs.json", &link).unwrap();
    for there in [true, false] {
        saved::write(&link, &[run(10.0, 5)]).unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(saved::read(&file).unwrap(), [run(10.0, 5)]);
        if there {
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
            std::fs::remove_file(&file).unwrap();
        }
    }
}

#[test]
fn what_is_no_file_is_written_into_and_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // Open before anybody writes, and not kept waiting for that.
    let mut reader =
        OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(&pipe).unwrap();
    saved::try_place(&pipe).unwrap();
    saved::replace(&pipe, |out| out.write_all(b"a page")).unwrap();
    assert_eq!(std::io::read_to_string(&mut reader).unwrap(), "a page");
    assert!(std::fs::metadata(&pipe).unwrap().file_type().is_fifo());
}

#[test]
fn a_run_that_is_among_those_of_another_file_is_not_counted_twice() {
    let folder = tempfile::tempdir().unwrap();
    let [both, one] = ["both.json", "one.json"].map(|name| folder.path().join(name));
    saved::write(&both, &[run(10.0, 5), run(11.0, 6)]).unwrap();
    saved::write(&one, &[run(11.0, 6)]).unwrap();
    let error = files::merged(&[both.clone(), one.clone()]).expect_err("twice").to_string();
    assert!(error.contains("one.json") && error.contains("count double"), "{error}");
    assert_eq!(files::merged(&[both]).unwrap().len(), 2);
}
