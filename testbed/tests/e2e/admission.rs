//! Invariant 5: what Envoy admits is POST with a gRPC content-type on a method that it knows. Invariant 4: a bad request
//! hurts only its caller.

use serde_json::{Value, json};
use testbed::envoy::ConfigFile;
use testbed::{Bed, Server, Stop, Testbed, equal_calls, until_true};

use crate::encrypted::counted;
use crate::python;

const GET: &str = "/ticketing.CustomerController/GetCustomer";
const GRPC: &str = "application/grpc";

fn request(method: &str, path: &str, headers: &[(&str, &str)]) -> Value {
    let pseudo = [(":method", method), (":path", path)];
    pseudo.iter().chain(headers).map(|(name, value)| json!([name, value])).collect()
}

fn answers(bed: &Bed, times: usize, requests: &[Value]) -> Vec<Value> {
    let requests = Value::from(requests.to_vec()).to_string();
    let answers = python::call("raw_requests.py", bed.envoy_address(), &[&times.to_string(), &requests]);
    serde_json::from_str(&answers).unwrap()
}

#[test]
fn envoy_admits_post_with_a_grpc_content_type_and_refuses_the_rest() {
    const UNKNOWN: &str = "2";
    const UNIMPLEMENTED: &str = "12";
    let with = |content_type| [("content-type", content_type), ("te", "trailers")];
    let admitted = ["application/grpc", "application/grpc+proto"];
    let refused = ["application/json", "application/grpc-web", "application/grpcx", "text/plain; application/grpc", ""];
    let bed = Testbed::new().servers(1).envoy().start().unwrap();

    let requests: Vec<_> = admitted.iter().map(|kind| request("POST", GET, &with(kind))).collect();
    for (kind, answer) in admitted.iter().zip(answers(&bed, 1, &requests)) {
        assert_eq!((&answer[":status"], &answer["grpc-status"]), (&json!("200"), &json!("0")), "{kind}: {answer}");
    }
    let requests: Vec<_> = refused.iter().map(|kind| request("POST", GET, &with(kind))).collect();
    for (kind, answer) in refused.iter().zip(answers(&bed, 1, &requests)) {
        assert_eq!(answer[":status"], "415", "{kind}: {answer}");
    }
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let answer = &answers(&bed, 1, &[request(method, GET, &[])])[0];
        assert_eq!(answer[":status"], "405", "{method}: {answer}");
        // To a caller of gRPC the same refusal is a status of gRPC.
        let answer = &answers(&bed, 1, &[request(method, GET, &with(GRPC))])[0];
        assert_eq!(answer["grpc-status"], UNKNOWN, "{method}: {answer}");
    }
    for (header, value) in [("grpc-timeout", "soon"), ("grpc-timeout", "123456789S"), ("grpc-encoding", "rot13")] {
        let headers = [("content-type", GRPC), ("te", "trailers"), (header, value)];
        let answer = &answers(&bed, 1, &[request("POST", GET, &headers)])[0];
        assert!(answer["grpc-message"].as_str().is_some_and(|text| text.starts_with(header)), "{header}: {answer}");
    }
    for path in [
        "/",
        "/elsewhere.Service/Call",
        "/grpc.health.v1.Health/Watch",
        "/grpc.health.v1.Health/Check?x",
        "/grpc.reflection.v1.ServerReflection/Anything",
        "/ticketing.CustomerController",
        "/ticketing.CustomerController/GetCustomer?x",
    ] {
        let answer = &answers(&bed, 1, &[request("POST", path, &with(GRPC))])[0];
        assert_eq!(answer["grpc-status"], UNIMPLEMENTED, "{path}: {answer}");
    }
    let count = |name| counted(&bed, &format!("cluster.app-server-headless.{name}"));
    // A read is sent to a second server too where a busy machine keeps it waiting.
    let seen = count("upstream_rq_total") - count("upstream_rq_retry");
    assert_eq!(seen, admitted.len() as u64, "only admitted requests reach a server");
}

/// C-core resets it, and aborted for it once (CVE-2023-1428).
#[test]
fn a_call_without_te_trailers_reaches_no_server() {
    let bed = Testbed::new().servers(1).envoy().start().unwrap();
    let answer = &answers(&bed, 1, &[request("POST", GET, &[("content-type", GRPC)])])[0];
    assert_eq!(answer["grpc-message"], "a gRPC call has te: trailers", "{answer}");
}

/// What passes for `grpc-timeout` in a program that takes underscores for dashes would else get there unchecked.
#[test]
fn a_header_with_an_underscore_in_its_name_is_dropped_and_its_call_answered() {
    let bed = Testbed::new().servers(1).envoy().start().unwrap();
    let headers = [("content-type", GRPC), ("te", "trailers"), ("grpc_timeout", "1n")];
    let answer = &answers(&bed, 1, &[request("POST", GET, &headers)])[0];
    assert_eq!(answer["grpc-status"], "0", "{answer}");
    let dropped: u64 = bed.envoy().stats("dropped_headers_with_underscores").iter().map(|(_, count)| count).sum();
    assert_eq!(dropped, 1);
}

#[test]
fn an_answer_tells_nothing_of_what_is_behind_envoy() {
    let bed = Testbed::new().servers(1).envoy().start().unwrap();
    let answer = &answers(&bed, 1, &[request("POST", GET, &[("content-type", GRPC), ("te", "trailers")])])[0];
    assert_eq!(answer["grpc-status"], "0", "{answer}");
    let telling = |name: &&String| *name == "server" || name.starts_with("x-envoy-");
    let told: Vec<_> = answer.as_object().unwrap().keys().filter(telling).collect();
    assert!(told.is_empty(), "{answer}");
}

fn bad_header(name: &str, value: &str) -> Value {
    request("POST", GET, &[(name, value), ("content-type", GRPC), ("te", "trailers")])
}

/// A proper request, with one trailer behind its message.
fn trailer(name: &str, value: &str) -> Value {
    json!({
        "headers": request("POST", GET, &[("content-type", GRPC), ("te", "trailers")]),
        "trailers": [[name, value]],
    })
}

/// What C-core resets a request for, whatever stands before it.
fn bad_requests() -> Vec<Value> {
    const BAD: [(&str, &str); 7] = [
        ("grpc-timeout", "soon"),
        ("grpc-encoding", "rot13"),
        ("x-mark-bin", "not base64!"),
        ("grpc-previous-rpc-attempts", "many"),
        ("grpc-retry-pushback-ms", "soon"),
        ("grpc-status", "well"),
        ("grpc-internal-encoding-request", "rot13"),
    ];
    let others = [
        request("DELETE", GET, &[("content-type", GRPC), ("te", "trailers")]),
        request("POST", GET, &[("content-type", "application/json"), ("te", "trailers")]),
        request("POST", GET, &[("content-type", GRPC)]),
    ];
    let headers = BAD.map(|(name, value)| bad_header(name, value));
    let trailers = BAD.map(|(name, value)| trailer(name, value));
    [&others[..], &headers, &trailers].concat()
}

#[test]
fn bad_requests_fail_no_call_of_a_bystander_and_are_no_fault_of_a_server() {
    let bed = Testbed::new().servers(1).envoy().start().unwrap();
    let answers = answers(&bed, 30, &bad_requests());
    assert!(answers.iter().all(|answer| answer["reset"].is_null()), "{answers:?}");
    let resets = bed.envoy().stats("cluster.app-server-headless.upstream_rq_rx_reset");
    assert!(!resets.is_empty() && resets.iter().all(|(_, count)| *count == 0), "{resets:?}");
    let bystander = equal_calls(bed.envoy_address(), 100, &Stop::never()).unwrap();
    assert_eq!(bystander.failed(), 0, "{:?}\n{}", bystander.first_failure, bed.logs());
}

/// `hpack_table_size` (CVE-2024-7246): from a bad request C-core keeps spoilt entries in the table of its header
/// compression. Through an Envoy that compresses headers for all callers together, one of them makes every later call of
/// other callers fail. Here Envoy lets everything through that it otherwise refuses or removes, as it would what nobody
/// knows of yet.
#[test]
fn a_bad_request_that_reaches_a_server_fails_no_call_of_a_bystander() {
    let file = ConfigFile::of_repository().unwrap();
    let file = file.changed(|config| {
        let listener = &mut config["static_resources"]["listeners"][0];
        let manager = &mut listener["filter_chains"][0]["filters"][0]["typed_config"];
        manager["early_header_mutation_extensions"] = json!([]);
        manager["http_filters"]
            .as_array_mut()
            .expect("filters")
            .retain(|filter| filter["typed_config"]["mutations"]["request_trailers_mutations"].is_null());
        let host = &mut manager["route_config"]["virtual_hosts"][0];
        host["request_headers_to_remove"] = json!([]);
        host["routes"] = json!([{ "match": { "prefix": "/" }, "route": { "cluster": "app-server-headless" } }]);
        // The only server is not to be ejected for them.
        config["static_resources"]["clusters"][0].as_object_mut().expect("a cluster").remove("outlier_detection");
    });
    let methods =
        ["GET", "HEAD", "OPTIONS"].map(|method| request(method, GET, &[("content-type", GRPC), ("x-new", "a")]));
    // One server, and so one connection to it that everyone shares; nobody has called before, so its table is empty.
    let bed = Testbed::new().servers(1).envoy().envoy_file(file).start().unwrap();
    answers(&bed, 2, &[&bad_requests()[..], &methods].concat());
    bed.settle().unwrap();
    let bystander = equal_calls(bed.envoy_address(), 100, &Stop::never()).unwrap();
    assert_eq!(bystander.failed(), 0, "{:?}\n{}", bystander.first_failure, bed.logs());
}

/// Envoy obeys `x-envoy-…` headers of callers that it takes for internal, which used to be every private address and today
/// is nobody: a stranger could then time servers out until they are ejected.
#[test]
fn a_caller_cannot_make_envoy_lose_patience_with_servers() {
    let bed = Testbed::new().servers(2).envoy().start().unwrap();
    bed.servers().iter().for_each(Server::stop);
    let codes = python::call("impatient.py", bed.envoy_address(), &[]);
    bed.servers().iter().for_each(Server::cont);
    // Nobody answers, so each waits for its own deadline and not for what it asked of Envoy.
    assert!(codes.lines().all(|code| code == "DEADLINE_EXCEEDED"), "{codes}");
    let ejections = bed.envoy().stats("outlier_detection.ejections_enforced_total");
    assert!(!ejections.is_empty() && ejections.iter().all(|(_, count)| *count == 0), "{ejections:?}");
}

/// `use_remote_address`: without it a caller chooses the address that it is logged under.
#[test]
fn the_log_names_a_caller_by_its_connection() {
    let bed = Testbed::new().envoy().start().unwrap();
    let headers = [("content-type", GRPC), ("te", "trailers"), ("x-forwarded-for", "192.0.2.1")];
    // Nobody is there to answer, and what fails is logged.
    answers(&bed, 1, &[request("POST", GET, &headers)]);
    let log = || bed.envoy().process().log();
    until_true("the call is logged", || log().contains("\"caller\":")).unwrap();
    assert!(!log().contains("192.0.2.1"), "{}", log());
}

#[test]
fn the_listener_for_telemetry_shows_two_pages_of_the_admin_interface_and_no_more() {
    let bed = Testbed::new().servers(1).envoy().start().unwrap();
    let telemetry = bed.envoy().telemetry();
    let status =
        |method: &str, path: &str| python::run("http_status.py", &[method, &format!("http://{telemetry}{path}")]);
    for (method, path, wanted) in [
        ("GET", "/ready", "200"),
        ("GET", "/stats/prometheus", "200"),
        ("GET", "/stats/prometheus?usedonly", "200"),
        ("POST", "/ready", "404"),
        ("GET", "/", "404"),
        ("GET", "/stats", "404"),
        ("GET", "/config_dump", "404"),
        ("POST", "/quitquitquit", "404"),
        ("GET", "/ready/../config_dump", "404"),
    ] {
        assert_eq!(status(method, path).trim(), wanted, "{method} {path}");
    }
}
