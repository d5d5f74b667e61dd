//! `envoy.yaml`: what stands between Envoy and the servers.

use super::envoy;
use crate::guards::{Guard, Out, Test};

const ADMISSION: &str = "testbed/tests/e2e/admission.rs";
const ATTACKS: &str = "testbed/tests/e2e/attacks.rs";
const PROTECTIONS: &str = "testbed/tests/e2e/protections.rs";
const CREATES: &str = "testbed/tests/e2e/creates.rs";
const DNS: &str = "testbed/tests/e2e/dns.rs";
const EJECTIONS: &str = "testbed/tests/e2e/ejections.rs";

const BYSTANDER: Test = Test::of(ADMISSION, "a_bad_request_that_reaches_a_server_fails_no_call_of_a_bystander");
const SENT_AGAIN: Test = Test::of(PROTECTIONS, "all_reads_that_a_server_takes_with_it_are_sent_again");
const FAILS_HALF: Test = Test::of(EJECTIONS, "a_server_that_fails_half_of_its_calls_is_left_and_taken_back");

pub(super) const GUARDS: &[Guard] = &[
    envoy(
        "hpack_table_size: 0",
        Out::Gone,
        "No call of one caller is spoilt by a bad request of another: no compression state is shared towards a server",
        "CVE-2024-7246",
        BYSTANDER,
    ),
    envoy(
        "retry_on: connect-failure,refused-stream,reset-before-request",
        Out::Instead("retry_on: connect-failure,refused-stream,reset,unavailable,cancelled"),
        "A create without a request_id is sent again only where no server can have seen it",
        "a customer that is made twice",
        Test::of(CREATES, "a_create_without_a_request_id_is_not_sent_again_when_its_server_dies"),
    ),
    envoy(
        "retry_on: connect-failure,refused-stream,reset,unavailable,cancelled",
        Out::Instead("retry_on: connect-failure,refused-stream,reset-before-request"),
        "Reads, and creates with a request_id, outlive their server",
        "calls that are lost when a server is killed",
        SENT_AGAIN,
    ),
    envoy(
        "string_match: { exact: \"true\" }",
        // The route for creates without one takes them all then.
        Out::Instead("string_match: { exact: never }"),
        "A create is sent again by Envoy where its caller says that it has a request_id",
        "creates that fail with their server, though a second try would do no harm",
        Test::of(CREATES, "a_create_with_a_request_id_is_sent_again_when_its_server_dies"),
    ),
    envoy(
        "retry_budget:",
        Out::Gone,
        "More than three calls may be sent again at a time",
        "Envoy's default: three, and the rest of those that a server takes with it fail",
        SENT_AGAIN,
    ),
    envoy(
        "healthy_panic_threshold:",
        Out::Gone,
        "Servers that are not healthy get no calls, however few are healthy",
        "Envoy's default: below half it calls them all",
        Test::of(CREATES, "creates_go_to_healthy_pods_only_even_when_these_are_few"),
    ),
    envoy(
        "health_checks:",
        Out::Gone,
        "An address is a server only once somebody there says so",
        "calls to whatever DNS tells, be it stale",
        Test::of(DNS, "an_address_at_which_nobody_serves_gets_no_call_though_dns_tells_it"),
    ),
    envoy(
        "service_name:",
        Out::Instead("service_name: \"\""),
        "Only who knows our service is taken for a server",
        "a stranger that was given the address of a pod of ours",
        Test::of(DNS, "a_stranger_at_an_address_of_ours_gets_no_call_however_well_it_is"),
    ),
    envoy(
        "outlier_detection:",
        Out::Gone,
        "A server that fails is left before health checks find it",
        "calls that are lost in the half second between two checks",
        Test::of(PROTECTIONS, "a_server_that_refuses_connections_is_ejected"),
    ),
    envoy(
        "max_requests: 2048",
        Out::Gone,
        "2,048 calls may be in flight",
        "Envoy's default: the 1,025th is refused, however idle the servers are",
        Test::of(PROTECTIONS, "more_calls_at_a_time_than_envoy_lets_through_by_default_are_all_answered"),
    ),
    envoy(
        "route: { priority: HIGH, cluster: app-server-headless,",
        Out::Instead("route: { cluster: app-server-headless, timeout: 15s }"),
        "Streams of reflection have no part in the breaker of other calls",
        "streams that are held open until everyone is locked out (CWE-400)",
        Test::of(PROTECTIONS, "calls_go_on_while_streams_of_reflection_are_held_open"),
    ),
    envoy(
        "priority: HIGH",
        Out::Gone,
        "Pages have a breaker and connections of their own",
        "unread pages that fill what all calls share (CWE-400); an overload of pages that refuses everything",
        Test::of(ATTACKS, "calls_go_on_while_thousands_of_pages_are_not_read"),
    ),
    envoy(
        "per_try_timeout: 0.4s",
        Out::Gone,
        "A server that is slow gets no calls for a while",
        "latency, which Envoy never ejects for",
        Test::of(EJECTIONS, "a_server_that_answers_late_is_left_and_taken_back"),
    ),
    envoy(
        "hedge_policy:",
        Out::Gone,
        "Where all servers are slow the first answer still counts",
        "reads that fail in an overload because each try is given up",
        Test::of(EJECTIONS, "a_read_that_every_server_answers_late_is_answered"),
    ),
    envoy(
        "enforcing_failure_percentage: 100",
        Out::Gone,
        "A server that fails a part of its calls gets none for a while",
        "Envoy's default: one success between two failures begins the count anew",
        FAILS_HALF,
    ),
    envoy(
        "successful_active_health_check_uneject_host: false",
        Out::Gone,
        "It stays so though its health checks are good",
        "Envoy's default: the next good check takes it back in, to fail on",
        Test::of(EJECTIONS, "a_server_that_is_left_stays_so_though_it_says_that_it_is_well"),
    ),
    envoy(
        "failure_percentage_threshold:",
        Out::Gone,
        "To fail half of its calls is enough for a server to be left",
        "Envoy's default: 85 of 100",
        FAILS_HALF,
    ),
    envoy(
        "failure_percentage_minimum_hosts:",
        Out::Gone,
        "It is left though there are but three servers",
        "Envoy's default: among fewer than five none is",
        FAILS_HALF,
    ),
    envoy(
        "max_ejection_percent:",
        Out::Instead("max_ejection_percent: 100"),
        "Never more than half of the servers are left",
        "a fault that all servers share, which would leave callers without any",
        Test::of(EJECTIONS, "never_more_than_half_of_the_servers_are_left"),
    ),
];
