//! One call a run: get, create, list, health, and what is refused before any call.

use std::process::Stdio;

use grpcio::RpcStatusCode;

use crate::program::{Ended, program, run};
use crate::scripted::{Reply, Scripted};
use crate::server::Server;

#[test]
fn a_created_customer_can_be_looked_up_and_listed() {
    let server = Server::start();
    let created = run(server.port, &["--output", "json", "create", " Luís ", "Gonçalves"]).json();
    assert_eq!((&created["first_name"], &created["pod"]), (&"Luís".into(), &"pod-a".into()));
    let id = created["id"].as_str().unwrap();

    assert_eq!(run(server.port, &["--output", "json", "get", id]).json(), created);
    assert_eq!(run(server.port, &["list"]).out, format!("{id}\tLuís\tGonçalves\n"));
}

#[test]
fn an_empty_id_asks_which_pod_answers() {
    let server = Server::start();
    let got = run(server.port, &["get", ""]);
    assert_eq!(got.code, Some(0));
    assert!(got.out.contains("pod-a") && got.out.contains("acac") && got.out.contains("accqqq"), "{}", got.out);
}

#[test]
fn a_create_with_the_same_request_id_is_told_apart_from_a_new_one() {
    let server = Server::start();
    let create = ["--output", "json", "create", "Ann", "Lee", "--request-id", "r-1"];
    let (first, second) = (run(server.port, &create).json(), run(server.port, &create).json());
    assert_eq!((&first["replayed"], &second["replayed"]), (&false.into(), &true.into()));
    assert_eq!(first["id"], second["id"]);
}

#[test]
fn a_create_that_may_have_been_lost_is_sent_again_under_the_same_request_id() {
    let service = Scripted::start(|number, _| match number {
        1 => Reply::Refused(RpcStatusCode::UNAVAILABLE, "restarting"),
        _ => Reply::Created,
    });
    assert_eq!(run(service.port, &["create", "Ann", "Lee"]).code, Some(0));
    let seen = service.seen();
    assert_eq!(seen.len(), 2);
    assert!(!seen[0].request.request_id.is_empty());
    assert_eq!(seen[0].request, seen[1].request);
    assert!(seen.iter().all(|create| create.idempotent && create.authorization.is_empty()));
}

#[test]
fn a_create_without_an_answer_tells_how_to_repeat_it_safely() {
    let service = Scripted::start(|_, _| Reply::Silence);
    let ended = run(service.port, &["--deadline", "300ms", "create", "Ann", "Lee", "--request-id", "r-7"]);
    let line = ended.failed_with_one_line(1);
    assert!(line.contains("DEADLINE_EXCEEDED") && line.contains("--request-id r-7"), "{line}");
}

#[test]
fn a_refused_name_is_told_with_its_field() {
    let server = Server::start();
    let ended = run(server.port, &["create", "  ", "Lee"]);
    let line = ended.failed_with_one_line(1);
    assert!(line.contains("INVALID_ARGUMENT") && line.contains("first_name"), "{line}");
}

#[test]
fn an_unknown_id_is_not_found() {
    let server = Server::start();
    let line = run(server.port, &["get", "nobody"]);
    assert!(line.failed_with_one_line(1).contains("NOT_FOUND"), "{}", line.err);
}

#[test]
fn an_error_for_programs_is_one_json_object() {
    let server = Server::start();
    let ended = run(server.port, &["--output", "json", "get", "nobody"]);
    let error: serde_json::Value = serde_json::from_str(ended.failed_with_one_line(1)).unwrap();
    assert_eq!((&error["code"], &error["method"]), (&"NOT_FOUND".into(), &"GetCustomer".into()));
    assert_eq!(error["target"], format!("127.0.0.1:{}", server.port));
    assert_eq!((&error["reason"], &error["pod"]), (&"NO_SUCH_CUSTOMER".into(), &"pod-a".into()));
}

#[test]
fn a_list_reads_one_page_or_all_of_them() {
    let server = Server::start();
    for name in ["A", "B", "C", "D", "E"] {
        assert_eq!(run(server.port, &["create", name, "Lee"]).code, Some(0));
    }
    let page = run(server.port, &["list", "--page-size", "2"]);
    assert_eq!(page.out.lines().count(), 2);
    assert!(page.err.starts_with("more follow: --all ") && page.err.lines().count() == 1, "{}", page.err);
    let all = run(server.port, &["--output", "json", "list", "--page-size", "2", "--all"]).json_lines();
    let names: Vec<_> = all.iter().map(|customer| customer["first_name"].as_str().unwrap()).collect();
    assert_eq!(names, ["A", "B", "C", "D", "E"]);
    assert_eq!(run(server.port, &["list"]).err, "", "nothing follows");
}

#[test]
fn a_list_goes_on_where_an_earlier_one_ended() {
    let server = Server::start();
    for name in ["A", "B", "C"] {
        assert_eq!(run(server.port, &["create", name, "Lee"]).code, Some(0));
    }
    let page = run(server.port, &["--output", "json", "list", "--page-size", "2"]).json_lines();
    let token = page[2]["next_page_token"].as_str().unwrap();
    let rest = run(server.port, &["--output", "json", "list", "--page-size", "2", "--page-token", token]).json_lines();
    assert_eq!(rest.len(), 1, "{rest:?}");
    assert_eq!(rest[0]["first_name"], "C");
    let ended = run(server.port, &["list", "--page-token", "nonsense"]);
    assert!(ended.failed_with_one_line(1).contains("page_token"), "{}", ended.err);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let server = Server::start();
    for name in ["A", "B", "C"] {
        assert_eq!(run(server.port, &["create", name, "Lee"]).code, Some(0));
    }
    let mut list = program(server.port);
    let mut list =
        list.args(["list", "--page-size", "1", "--all"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(list.stdout.take());
    let ended = list.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(0), b"".as_slice()));
}

#[test]
fn health_is_good_only_where_calls_are_served() {
    let server = Server::start();
    let port = server.port;
    assert_eq!(run(port, &["health"]).out, "SERVING\n");
    assert_eq!(run(port, &["health", "--service", "ticketing.CustomerController"]).code, Some(0));
    assert!(run(port, &["health", "--service", "no.such.Service"]).failed_with_one_line(1).contains("NOT_FOUND"));
    server.stop();
    assert!(run(port, &["health"]).failed_with_one_line(1).contains("UNAVAILABLE"));
}

#[test]
fn a_server_that_is_not_there_is_named_with_what_to_check() {
    let ended = run(1, &["get", "x"]);
    let line = ended.failed_with_one_line(1);
    assert!(line.starts_with("error: cannot reach 127.0.0.1:1: UNAVAILABLE (Connection refused)"), "{line}");
    assert!(line.contains("is the server running?"), "{line}");
}

#[test]
fn settings_that_cannot_be_meant_are_refused_before_any_call() {
    for args in [
        &["--server-domain", "http://localhost", "health"][..],
        &["--server-port", "0", "health"],
        &["--server-port", "70000", "health"],
        &["--deadline", "20", "health"],
        &["list", "--page-size", "-1"],
        &["watch", "--in-flight", "0"],
        &["frobnicate"],
    ] {
        assert_eq!(run(1, args).code, Some(2), "{args:?}");
    }
}

#[test]
fn a_setting_that_cannot_be_meant_is_one_line_with_its_variable_flag_and_value() {
    for (variable, value, line) in [
        ("SERVER_PORT", "abc", r#"SERVER_PORT (--server-port) is "abc": use a port from 1 to 65535"#),
        ("SERVER_PORT", "", r#"SERVER_PORT (--server-port) is "": use a port from 1 to 65535"#),
        ("DEADLINE", "20", r#"DEADLINE (--deadline) is "20": add a unit, for example 20s or 1500ms"#),
        (
            "DEADLINE",
            "",
            r#"DEADLINE (--deadline) is "": not a span of time; write it for example as 20s, 1500ms or 2m"#,
        ),
        ("LOG_FORMAT", "xml", r#"LOG_FORMAT (--log-format) is "xml": use text or json"#),
    ] {
        let ended: Ended = program(1).env(variable, value).arg("health").output().unwrap().into();
        assert_eq!(ended.failed_with_one_line(2), format!("error: {line}\n"));
    }
    let ended = run(1, &["health", "--server-port", "70000"]);
    assert_eq!(
        ended.failed_with_one_line(2),
        "error: SERVER_PORT (--server-port) is \"70000\": use a port from 1 to 65535\n"
    );
}

#[test]
fn bad_usage_is_one_json_object_where_programs_read() {
    for args in [
        &["--output", "json", "list", "--page-size", "-1"][..],
        &["--deadline", "99999999y", "health", "--output=json"],
        &["frobnicate", "--output", "json"],
        &["--server-domain", "http://localhost", "--output", "json", "health"],
    ] {
        let ended = run(1, args);
        let error: serde_json::Value = serde_json::from_str(ended.failed_with_one_line(2)).unwrap();
        assert!(error["error"].is_string(), "{error}");
    }
}

#[test]
fn help_is_text_whoever_reads() {
    let ended = run(1, &["--output", "json", "--help"]);
    assert!(ended.code == Some(0) && ended.out.contains("Usage: ticketing-client"), "{} {}", ended.out, ended.err);
}

#[test]
fn a_flag_outranks_the_environment() {
    let server = Server::start();
    assert_eq!(run(1, &["health", "--server-port", &server.port.to_string()]).out, "SERVING\n");
}

#[test]
fn each_shell_gets_its_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ended = run(1, &["completions", shell]);
        assert!(ended.code == Some(0) && ended.out.contains("import"), "{shell}");
    }
}

#[test]
fn what_a_server_says_does_not_reach_the_terminal_as_it_is() {
    let service = Scripted::start(|number, _| match number {
        1 | 2 => Reply::Created,
        _ => Reply::Refused(RpcStatusCode::INVALID_ARGUMENT, "gone\n\x1b[2J\u{9b}31m"),
    });
    let create = |output| run(service.port, &["--output", output, "create", "\x1b[2J", "\u{9b}31m\nerror: forged"]);
    let obeyed = |text: &str| text.trim_end().contains(|letter: char| letter.is_control() && letter != '\n');

    let human = create("human");
    assert!(!obeyed(&human.out) && human.out.contains("\\u{1b}[2J"), "{:?}", human.out);
    let json = create("json");
    assert!(!obeyed(&json.out), "{:?}", json.out);
    assert_eq!(json.json()["last_name"], "\u{9b}31m\nerror: forged");
    let refused = create("human");
    assert!(!obeyed(refused.failed_with_one_line(1)), "{:?}", refused.err);
}
