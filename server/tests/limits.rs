//! docs/limits.md tells what the code and envoy.yaml hold, and all of it.

use std::fs;
use std::path::{Path, PathBuf};

/// Constants that bound nothing: first pauses, codes and marks of formats, shapes of reports, assumptions of a model.
const NO_BOUNDS: &[&str] = &[
    "ACCEPT_AGAIN_AFTER",
    "AGAIN_AFTER",
    "APPLICATION_ID",
    "ATTEMPT",
    "AT_FIRST",
    "BESIDE_BAR",
    "BUSY",
    "CALLS",
    "COLOURS",
    "COLUMNS",
    "CONSTRAINT_CHECK",
    "CONSTRAINT_NOTNULL",
    "CORRUPT",
    "DATE_RESOLUTION",
    "ENOUGH",
    "ENVOY_CONNECTIONS",
    "EVERY",
    "FIRST_PAUSE",
    "FIRST_RECONNECT_BACKOFF",
    "FIRST_REST",
    "FORMAT_OFFSET",
    "FRAME_TYPE",
    "FULL",
    "ID_BYTES",
    "INSTRUCTIONS",
    "INTERRUPT",
    "IOERR",
    "KEPT",
    "LARGEST_PAGE",
    "LATE",
    "LEAST",
    "LEAST_RUNS",
    "LINE_INTERVAL",
    "LOCKED",
    "LONGEST_BAR",
    "LOOK_EVERY",
    "MADE",
    "MEASURED_PODS",
    "MOST",
    "MOST_PODS",
    "MOST_POINTS",
    "MOST_SHARDS",
    "MOST_STEPS",
    "NAME",
    "NEVER",
    "NOTADB",
    "OTHERS",
    "OVERHEAD",
    "PAGE_SIZE",
    "PATIENCE",
    "PAUSE_AFTER_FAILURE",
    "PLACES_BETWEEN_NINES",
    "POD_DATABASE_CONNECTIONS",
    "RESERVED_CONNECTIONS",
    "ROUND_ROBIN_SETTLES",
    "SHORTEST_BAR",
    "SHORTEST_SECONDS",
    "SHORTEST_SILENCE",
    "SHOWN",
    "SLICE",
    "SLOW_ONES",
    "SOON",
    "STEPS",
    "TOGETHER",
    "TOLERANCE",
    "VERSION",
    "WANTED",
];

/// Keys of envoy.yaml that bound something, by a part of their name.
const BOUNDS_OF_ENVOY: &[&str] =
    &["max", "limit", "timeout", "interval", "threshold", "window", "retries", "concurrency", "refresh", "table_size"];

/// Keys among them that do not: how often TCP asks, and when what a health check finds counts.
const NO_BOUNDS_OF_ENVOY: &[&str] = &["keepalive_interval", "update_merge_window"];

/// A row of the page that names its place.
struct Row {
    value: String,
    file: String,
    /// As it stands in that file.
    code: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn rows() -> Vec<Row> {
    let page = read("docs/limits.md");
    let table = page.lines().filter(|line| line.starts_with("| ") && line.ends_with("` |"));
    let row = |line: &str| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [_, value, _, _, place] = cells[..] else { panic!("not five cells: {line}") };
        let (file, code) = place.split_once("`: `").unwrap_or_else(|| panic!("no `file`: `code`: {line}"));
        Row { value: value.to_owned(), file: file[1..].to_owned(), code: code[..code.len() - 1].to_owned() }
    };
    table.map(row).collect()
}

/// What people read as a number: milliseconds, bytes, or how many.
fn told(value: &str) -> f64 {
    let (number, unit) = value.split_once(' ').unwrap_or((value, ""));
    let number: f64 = number.replace(',', "").parse().unwrap_or_else(|_| panic!("no number: {value:?}"));
    let unit = match unit {
        "s" => 1_000.0,
        "min" => 60_000.0,
        "h" => 3_600_000.0,
        "KiB" => 1024.0,
        "MiB" => 1_048_576.0,
        "GiB" => 1_073_741_824.0,
        _ => 1.0,
    };
    number * unit
}

/// The same of a piece of code: its last number, in the unit that the code gives it.
fn held(code: &str) -> f64 {
    if let Some((shifted, by)) = code.split_once(" << ") {
        let (number, _) = last_number(shifted);
        return number * 2_f64.powi(by.parse().expect("a number of bits"));
    }
    let (number, behind) = last_number(code);
    let unit = if code.contains("from_hours") {
        3_600_000.0
    } else if code.contains("from_mins") {
        60_000.0
    } else if code.contains("from_secs") || code.contains("Seconds") || behind.starts_with('s') {
        1_000.0
    } else if behind.starts_with("Mi") {
        1_048_576.0
    } else if behind.starts_with("Gi") {
        1_073_741_824.0
    } else if code.contains("_kb") {
        1024.0
    } else {
        1.0
    };
    number * unit
}

/// And what follows it.
fn last_number(code: &str) -> (f64, &str) {
    let end = code.rfind(|letter: char| letter.is_ascii_digit()).unwrap_or_else(|| panic!("no number: {code}")) + 1;
    let part = |letter: char| letter.is_ascii_digit() || letter == '_' || letter == '.';
    let begin = code[..end].rfind(|letter| !part(letter)).map_or(0, |before| before + 1);
    let number = code[begin..end].replace('_', "").parse().unwrap_or_else(|_| panic!("no number: {code}"));
    (number, &code[end..])
}

#[test]
fn every_bound_of_the_page_stands_in_the_code_with_the_same_value() {
    let rows = rows();
    assert!(rows.len() > 80, "{} rows", rows.len());
    for Row { value, file, code } in rows {
        assert!(read(&file).contains(&code), "docs/limits.md: {file} does not say {code:?}");
        let (told, held) = (told(&value), held(&code));
        assert!((told - held).abs() < f64::EPSILON, "docs/limits.md says {value:?}, {file} {code:?}: {told}, {held}");
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_constant_of_server_and_client_is_on_the_page_or_bounds_nothing() {
    const KINDS: [&str; 7] = ["Duration", "usize", "u16", "u32", "u64", "i32", "i64"];
    let page = read("docs/limits.md");
    let mut files = Vec::new();
    for folder in ["server/src", "client/src"] {
        sources(&root().join(folder), &mut files);
    }
    for file in files {
        let text = fs::read_to_string(&file).expect("a source");
        let product = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        for line in product.lines().map(str::trim) {
            let Some((_, named)) = line.split_once("const ") else { continue };
            let Some((name, kind)) = named.split_once(": ") else { continue };
            let is_number =
                KINDS.iter().any(|known| kind.strip_prefix(known).is_some_and(|rest| rest.starts_with(" =")));
            if line.starts_with("//") || !is_number || file.ends_with("tests.rs") {
                continue;
            }
            let place = file.strip_prefix(root()).expect("inside").display().to_string();
            let is_there = page.lines().any(|row| row.contains(&place) && row.contains(&format!("`{name}: ")));
            assert!(
                is_there || NO_BOUNDS.contains(&name),
                "docs/limits.md lacks {name} of {place}; or NO_BOUNDS in this test does"
            );
        }
    }
}

#[test]
fn every_bound_of_envoy_is_on_the_page() {
    let rows = rows();
    let rows: Vec<_> = rows.iter().filter(|row| row.file == "envoy.yaml").collect();
    let file = read("envoy.yaml");
    for line in file.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        // Also those that stand in braces on one line.
        for pair in line.split(['{', '}', ',']) {
            let Some((key, value)) = pair.trim().trim_start_matches("- ").split_once(": ") else { continue };
            let bounds = BOUNDS_OF_ENVOY.iter().any(|part| key.contains(part)) && !NO_BOUNDS_OF_ENVOY.contains(&key);
            if bounds && value.starts_with(|first: char| first.is_ascii_digit()) {
                let known = rows.iter().any(|row| row.code.contains(&format!("{key}: {value}")));
                assert!(known, "docs/limits.md lacks {key}: {value} of envoy.yaml: {line}");
            }
        }
    }
}

/// Else a server would send its own callers away (`too_many_pings`).
#[test]
fn the_client_pings_less_often_than_the_server_takes_amiss() {
    let held_by = |file: &str, constant: &str| {
        let rows = rows();
        let row = rows.iter().find(|row| row.file == file && row.code.contains(constant));
        told(&row.unwrap_or_else(|| panic!("docs/limits.md lacks {constant}")).value)
    };
    let pings = held_by("client/src/channels/connection.rs", "time: Duration::from_secs(");
    let allowed = held_by("server/src/limits.rs", "MIN_PING_INTERVAL_MS");
    assert!(pings >= 2.0 * allowed, "every {pings} ms, where {allowed} ms are allowed");
}
