//! The README's section on the library says what the builder does.

use std::path::Path;

use humantime::format_duration;

use super::*;

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).expect("README.md")
}

fn with(policy: Policy) -> ChannelsBuilder {
    Channels::builder(Target::new("localhost", 1).unwrap()).policy(policy)
}

#[test]
fn the_readme_has_every_setting_with_its_default() {
    let (single, pool) = (with(Policy::default()), with(Policy::Pool { connections: 2 }));
    assert_eq!((single.age(), pool.age()), (None, with(Policy::RoundRobin).age()));
    let on = |yes: bool| if yes { "on" } else { "off" }.to_owned();
    let defaults = [
        ("policy", format!("`{:?}`", single.policy)),
        ("deadline", format_duration(single.deadline).to_string()),
        ("max_age", format!("never; {} with several connections", format_duration(pool.age().unwrap()))),
        ("idle_after", format_duration(single.idle_after).to_string()),
        (
            "keepalive",
            format!("{}, {}", format_duration(single.keepalive.time), format_duration(single.keepalive.timeout)),
        ),
        ("wait_for_ready", on(single.wait_for_ready)),
        ("hedged_reads", on(single.hedging)),
        ("environment", "threads of its own".to_owned()),
    ];
    let readme = readme();
    for (setting, default) in &defaults {
        let row = format!("| `{setting}` | {default} | ");
        assert!(readme.contains(&row), "README.md, section Library, should have a row that begins {row:?}");
    }
    let settings = include_str!("../builder.rs").matches("(mut self, ").count();
    assert_eq!(defaults.len(), settings, "a setting is missing here and in the README");
}

#[test]
fn the_example_of_the_readme_is_the_one_that_is_compiled() {
    let docs = include_str!("../../lib.rs");
    let begin = docs.find("//! use ticketing_client::{Channels,").expect("the example");
    let lines = docs[begin..].lines().map(|line| line.trim_start_matches("//!").strip_prefix(' ').unwrap_or_default());
    let example: Vec<_> = lines.take_while(|line| !line.starts_with("# ")).collect();
    assert!(readme().contains(&example.join("\n")), "README.md, section Library, should have:\n{}", example.join("\n"));
}
