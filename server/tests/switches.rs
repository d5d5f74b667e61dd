//! What tools and operators are told holds nothing secret, and can be switched off.

mod common;

use common::{TestServer, failure, patiently, serve_on};
use grpcio::{CallOption, MetadataBuilder, RpcStatusCode};
use ticketing_proto::health::health_check_response::ServingStatus;
use ticketing_proto::ticketing::{CreateCustomerRequest, GetCustomerRequest};
use ticketing_server::Drained;
use ticketing_server::store::MemoryStore;

const REFLECTIONS: [&str; 2] = [
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

fn identity(server: &TestServer) -> String {
    server.customers().get_customer_opt(&GetCustomerRequest::new(), patiently()).expect("answered").id
}

#[test]
fn reflection_that_is_off_is_unimplemented_and_all_else_goes_on() {
    let server = serve_on(MemoryStore::new(), &["--reflection", "off"]);
    for method in REFLECTIONS {
        let status = server.call_raw(method, Vec::new()).expect_err("it is off");
        assert_eq!(status.code(), RpcStatusCode::UNIMPLEMENTED, "{method}");
    }
    assert_eq!(identity(&server), "pod-a");
    assert!(!server.get("/metrics").1.contains("grpc.reflection"));

    let server = serve_on(MemoryStore::new(), &[]);
    for method in REFLECTIONS {
        assert!(server.call_raw(method, Vec::new()).is_ok(), "{method} is there by default");
    }
}

#[test]
fn without_admin_http_a_server_serves_and_is_probed_over_grpc() {
    let server = serve_on(MemoryStore::new(), &["--admin-addr", "off"]);
    assert_eq!(server.admin, None);
    assert_eq!(identity(&server), "pod-a");
    for service in ["", "ticketing.CustomerController", "live"] {
        assert_eq!(server.health(service).expect("known"), ServingStatus::SERVING, "{service}");
    }
    assert_eq!(server.drain(), Drained::Clean);
}

#[test]
fn metrics_that_are_off_count_no_call() {
    let server = serve_on(MemoryStore::new(), &["--metrics", "off"]);
    identity(&server);
    let page = server.get("/metrics").1;
    assert!(!page.contains("grpc_server_started_total") && page.contains("ticketing_build_info"), "{page}");
}

/// Labels that callers choose would tell strangers about each other, and grow without end.
#[test]
fn no_page_holds_what_a_caller_sent() {
    let server = serve_on(MemoryStore::new(), &[]);
    let marked = |text: &str| format!("{text}-9f2c");
    let request = CreateCustomerRequest {
        first_name: marked("first"),
        last_name: marked("last"),
        request_id: marked("request"),
        ..Default::default()
    };
    let mut headers = MetadataBuilder::new();
    headers.add_str("x-caller-id", &marked("caller")).expect("a header");
    let options = CallOption::default().headers(headers.build());
    let created = server.customers().create_customer_opt(&request, options).expect("created");
    let unknown = GetCustomerRequest { id: marked("id"), ..Default::default() };
    failure(server.customers().get_customer_opt(&unknown, patiently()));
    failure(
        server
            .customers()
            .create_customer_opt(&CreateCustomerRequest { last_name: String::new(), ..request }, patiently()),
    );
    server.call_raw("/ticketing.CustomerController/Method-9f2c", Vec::new()).expect_err("no such method");
    for path in ["/metrics", "/readyz", "/livez", "/9f2c"] {
        let page = server.get(path).1;
        assert!(!page.contains("9f2c") && !page.contains(&created.id), "{path}: {page}");
    }
}
