//! What callers meet first.

use crate::guards::{Guard, Out, Test};

const FILE: &str = "envoy.yaml";
const ADMISSION: &str = "testbed/tests/e2e/admission.rs";
const PROTECTIONS: &str = "testbed/tests/e2e/protections.rs";
const LIMITS: &str = "testbed/tests/e2e/limits.rs";
const CREATES: &str = "testbed/tests/e2e/creates.rs";
const CALLERS_IN_PYTHON: &str = "testbed/tests/e2e/callers_in_python.rs";

const ADMITS: Test = Test::of(ADMISSION, "envoy_admits_post_with_a_grpc_content_type_and_refuses_the_rest");
const BYSTANDER: Test = Test::of(ADMISSION, "bad_requests_fail_no_call_of_a_bystander");
const IMPATIENT: Test = Test::of(ADMISSION, "a_caller_cannot_make_envoy_lose_patience_with_servers");
const INSIDE: Test = Test::of(ADMISSION, "an_answer_tells_nothing_of_what_is_behind_envoy");
const TWO_PAGES: Test =
    Test::of(ADMISSION, "the_listener_for_telemetry_shows_two_pages_of_the_admin_interface_and_no_more");
const HEADERS: Test = Test::of(LIMITS, "headers_past_the_limits_cost_their_own_call_and_no_other");
const SENT_AGAIN: Test = Test::of(PROTECTIONS, "all_reads_that_a_server_takes_with_it_are_sent_again");

const fn guard(line: &'static str, out: Out, holds: &'static str, against: &'static str, test: Test) -> Guard {
    Guard { holds, against, file: FILE, line, out, test }
}

pub(super) const GUARDS: &[Guard] = &[
    guard(
        "hpack_table_size: 0",
        Out::Gone,
        "No call of one caller is spoilt by a bad request of another: no compression state is shared towards a server",
        "CVE-2024-7246",
        BYSTANDER,
    ),
    guard(
        "- name: not-post",
        Out::Gone,
        "Only POST reaches a server",
        "CVE-2024-7246; resets that look like a fault of the server",
        ADMITS,
    ),
    guard(
        "- name: not-grpc",
        Out::Gone,
        "Only gRPC's content type reaches a server",
        "CVE-2024-7246; the same",
        ADMITS,
    ),
    guard(
        "- name: bad-timeout",
        Out::Gone,
        "Only a well-formed `grpc-timeout` reaches a server",
        "CVE-2024-7246; the same",
        ADMITS,
    ),
    guard(
        "- name: bad-encoding",
        Out::Gone,
        "Only a known `grpc-encoding` reaches a server",
        "CVE-2024-7246; the same",
        ADMITS,
    ),
    guard(
        "- name: no-trailers",
        Out::Gone,
        "Only a call with `te: trailers` reaches a server",
        "CVE-2024-7246, CVE-2023-1428",
        Test::of(ADMISSION, "a_call_without_te_trailers_reaches_no_server"),
    ),
    guard(
        "headers_with_underscores_action:",
        Out::Gone,
        "No header with an underscore in its name gets past Envoy",
        "one that passes for another where underscores are taken for dashes (CWE-444)",
        Test::of(ADMISSION, "a_header_with_an_underscore_in_its_name_is_dropped_and_its_call_answered"),
    ),
    guard(
        "codec_type: HTTP2",
        Out::Gone,
        "Nothing but HTTP/2 is spoken",
        "HTTP/1.1 and its request smuggling (CWE-444)",
        Test::of(PROTECTIONS, "envoy_speaks_no_http_1"),
    ),
    guard(
        "request_headers_timeout:",
        Out::Gone,
        "A call whose headers do not end is ended",
        "slow headers (CWE-400)",
        Test::of(PROTECTIONS, "a_call_whose_headers_do_not_end_is_ended"),
    ),
    guard(
        "server_header_transformation:",
        Out::Gone,
        "No answer says what stands in front of the servers",
        "CWE-200",
        INSIDE,
    ),
    guard(
        "suppress_envoy_headers: true",
        Out::Gone,
        "Nor how long they took, or how often one was tried",
        "CWE-200",
        INSIDE,
    ),
    guard(
        "match: { path: /grpc.health.v1.Health/Check, grpc: {} }",
        Out::Instead("match: { prefix: /grpc.health.v1.Health/, grpc: {} }"),
        "Of health only Check is there for callers, not the stream of one server's changes",
        "calls that last for ever; a caller that leaves Envoy when one server drains",
        Test::of(CALLERS_IN_PYTHON, "a_watch_of_health_is_answered_by_servers_but_not_through_envoy"),
    ),
    guard(
        "use_remote_address: true",
        Out::Gone,
        "No caller counts as internal by what it says in `x-forwarded-for`, so Envoy obeys no `x-envoy-…` header of any",
        "CWE-348; retries that double a create, servers that are timed out until they are ejected",
        IMPATIENT,
    ),
    guard(
        "max_concurrent_streams:",
        Out::Gone,
        "One connection has at most 256 calls at a time",
        "CVE-2023-44487 (rapid reset)",
        Test::of(PROTECTIONS, "a_connection_may_open_256_streams_at_a_time"),
    ),
    guard("max_headers_count:", Out::Gone, "A call has at most 64 headers", "CWE-770", HEADERS),
    guard(
        "max_request_headers_kb:",
        Out::Gone,
        "The headers of a call have at most 8 KiB",
        "CWE-770; CVE-2024-27919 and its like (CONTINUATION)",
        HEADERS,
    ),
    guard(
        "retry_on: connect-failure,refused-stream,reset-before-request",
        Out::Instead("retry_on: connect-failure,refused-stream,reset,unavailable,cancelled"),
        "A create without a request_id is sent again only where no server can have seen it",
        "a customer that is made twice",
        Test::of(CREATES, "a_create_without_a_request_id_is_not_sent_again_when_its_server_dies"),
    ),
    guard(
        "retry_on: connect-failure,refused-stream,reset,unavailable,cancelled",
        Out::Instead("retry_on: connect-failure,refused-stream,reset-before-request"),
        "Reads, and creates with a request_id, outlive their server",
        "calls that are lost when a server is killed",
        SENT_AGAIN,
    ),
    guard(
        "retry_budget:",
        Out::Gone,
        "All calls that a server takes with it may be sent again, and no more than half of those in flight",
        "Envoy's default of 3 retries at a time; retry storms",
        SENT_AGAIN,
    ),
    guard(
        "healthy_panic_threshold:",
        Out::Gone,
        "Servers that are not healthy get no calls, however few are healthy",
        "Envoy's default: below half it calls them all",
        Test::of(CREATES, "creates_go_to_healthy_pods_only_even_when_these_are_few"),
    ),
    guard(
        "service_name:",
        Out::Instead("service_name: \"\""),
        "Only who knows our service is taken for a server",
        "a stranger that was given the address of a pod of ours",
        Test::of("testbed/tests/e2e/dns.rs", "a_stranger_at_an_address_of_ours_gets_no_call_however_well_it_is"),
    ),
    guard(
        "outlier_detection:",
        Out::Gone,
        "A server that fails is left before health checks find it",
        "calls that are lost in the half second between two checks",
        Test::of(PROTECTIONS, "a_server_that_refuses_connections_is_ejected"),
    ),
    guard(
        "max_requests:",
        Out::Gone,
        "16,384 calls may be in flight, whoever makes them",
        "Envoy's default: callers who hold 1,024 calls open lock out all others",
        Test::of(PROTECTIONS, "more_calls_at_a_time_than_envoy_lets_through_by_default_are_all_answered"),
    ),
    guard(
        "safe_regex: { regex: '/ready|/stats/prometheus' }",
        Out::Instead("prefix: /"),
        "Whoever reaches the port of probes and metrics sees two pages of the admin interface",
        "`/quitquitquit`, `/config_dump` and the rest of it",
        TWO_PAGES,
    ),
    guard(
        "string_match: { exact: GET }",
        Out::Instead("present_match: true"),
        "And only reads them",
        "the pages of the admin interface that change something want POST",
        TWO_PAGES,
    ),
];
