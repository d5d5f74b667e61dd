//! Callers that share no line with this repository: Python's gRPC, and its health, reflection and Prometheus packages.

use testbed::Testbed;

use crate::python;

#[test]
fn a_caller_made_from_the_original_contract_alone_works_unchanged() {
    let bed = Testbed::new().servers(1).envoy().start().unwrap();
    for address in [bed.envoy_address(), bed.server(0).address().into()] {
        let answer = python::call("original_contract.py", address, &[]);
        assert_eq!(answer.lines().next(), Some("app-server-1 acac accqqq"), "{answer}");
        assert!(answer.contains("created and found again: Bjørn Hansen"), "{answer}");
    }
}

#[test]
fn reflection_lists_the_services_to_a_stranger() {
    let bed = Testbed::new().servers(1).envoy().start().unwrap();
    for address in [bed.envoy_address(), bed.server(0).address().into()] {
        let services = python::call("reflection.py", address, &[]);
        for service in ["grpc.health.v1.Health", "ticketing.CustomerController"] {
            assert!(services.lines().any(|line| line == service), "{services}");
        }
        assert!(services.contains("CreateCustomer(request_id)"), "{services}");
    }
}

#[test]
fn health_is_checked_by_a_stranger() {
    let bed = Testbed::new().servers(1).envoy().start().unwrap();
    for address in [bed.envoy_address(), bed.server(0).address().into()] {
        for (service, status) in [("", "SERVING"), ("ticketing.CustomerController", "SERVING"), ("nobody", "NOT_FOUND")]
        {
            assert_eq!(python::call("health.py", address, &["check", service]).trim(), status, "{service:?}");
        }
    }
}

/// One server's drain must not send a caller away from Envoy, which has others.
#[test]
fn a_watch_of_health_is_answered_by_servers_but_not_through_envoy() {
    let bed = Testbed::new().servers(1).envoy().start().unwrap();
    assert_eq!(python::call("health.py", bed.server(0).address().into(), &["watch", ""]).trim(), "SERVING");
    assert_eq!(python::call("health.py", bed.envoy_address(), &["watch", ""]).trim(), "UNIMPLEMENTED");
}

#[test]
fn a_prometheus_parser_reads_the_metrics_of_servers_and_envoy() {
    let bed = Testbed::new().servers(1).envoy().start().unwrap();
    python::call("original_contract.py", bed.envoy_address(), &[]);
    let server = python::run("metrics.py", &[&format!("http://{}/metrics", bed.server(0).admin())]);
    let handled = "grpc_server_handled_total CreateCustomer OK 1";
    assert!(server.lines().any(|line| line == handled), "{server}");
    let envoy = python::run("metrics.py", &[&format!("http://{}/stats/prometheus", bed.envoy().telemetry())]);
    assert!(envoy.lines().any(|line| line.starts_with("envoy_cluster_upstream_rq_total")), "{envoy}");
}
