//! `envoy.yaml`: what callers meet first.

use super::envoy;
use crate::guards::{Guard, Out, Test};

const ADMISSION: &str = "testbed/tests/e2e/admission.rs";
const ATTACKS: &str = "testbed/tests/e2e/attacks.rs";
const PROTECTIONS: &str = "testbed/tests/e2e/protections.rs";
const LONG: &str = "testbed/tests/e2e/long_limits.rs";
const LIMITS: &str = "testbed/tests/e2e/limits.rs";
const CALLERS_IN_PYTHON: &str = "testbed/tests/e2e/callers_in_python.rs";

const ADMITS: Test = Test::of(ADMISSION, "envoy_admits_post_with_a_grpc_content_type_and_refuses_the_rest");
const BAD_HEADERS: Test = Test::of(ADMISSION, "bad_requests_fail_no_call_of_a_bystander_and_are_no_fault_of_a_server");
const INSIDE: Test = Test::of(ADMISSION, "an_answer_tells_nothing_of_what_is_behind_envoy");
const LARGE_MESSAGE: Test =
    Test::of(ATTACKS, "a_message_past_the_limit_is_refused_as_exhausted_before_a_server_sees_it");
const UNREAD: Test = Test::of(ATTACKS, "an_answer_that_is_not_read_is_given_up");
const TWO_PAGES: Test =
    Test::of(ADMISSION, "the_listener_for_telemetry_shows_two_pages_of_the_admin_interface_and_no_more");
const HEADERS: Test = Test::of(LIMITS, "headers_past_the_limits_cost_their_own_call_and_no_other");

pub(super) const GUARDS: &[Guard] = &[
    envoy(
        "- name: not-post",
        Out::Gone,
        "Only POST reaches a server",
        "CVE-2024-7246; resets that look like a fault of the server",
        ADMITS,
    ),
    envoy(
        "- name: not-grpc",
        Out::Gone,
        "Who sends what is not gRPC is told so: HTTP 415",
        "a 404, after which people look for another path",
        ADMITS,
    ),
    envoy(
        "- name: query",
        Out::Gone,
        "No path with a query reaches a server",
        "calls of methods that nobody has, for which servers are ejected",
        ADMITS,
    ),
    envoy(
        "- name: bad-timeout",
        Out::Gone,
        "Only a well-formed `grpc-timeout` reaches a server",
        "CVE-2024-7246; the same",
        ADMITS,
    ),
    envoy(
        "- name: bad-encoding",
        Out::Gone,
        "Only a known `grpc-encoding` reaches a server",
        "CVE-2024-7246; the same",
        ADMITS,
    ),
    envoy(
        "- name: no-trailers",
        Out::Gone,
        "Only a call with `te: trailers` reaches a server",
        "CVE-2024-7246, CVE-2023-1428",
        Test::of(ADMISSION, "a_call_without_te_trailers_reaches_no_server"),
    ),
    envoy(
        "headers_with_underscores_action:",
        Out::Gone,
        "No header with an underscore in its name gets past Envoy",
        "one that passes for another where underscores are taken for dashes (CWE-444)",
        Test::of(ADMISSION, "a_header_with_an_underscore_in_its_name_is_dropped_and_its_call_answered"),
    ),
    envoy(
        "codec_type: HTTP2",
        Out::Gone,
        "Nothing but HTTP/2 is spoken",
        "HTTP/1.1 and its request smuggling (CWE-444)",
        Test::of(PROTECTIONS, "envoy_speaks_no_http_1"),
    ),
    envoy(
        "server_header_transformation:",
        Out::Gone,
        "No answer says what stands in front of the servers",
        "CWE-200",
        INSIDE,
    ),
    envoy(
        "suppress_envoy_headers: true",
        Out::Gone,
        "Nor how long they took, or how often one was tried",
        "CWE-200",
        INSIDE,
    ),
    envoy(
        "match: { path: /grpc.health.v1.Health/Check, grpc: {} }",
        Out::Instead("match: { prefix: /grpc.health.v1.Health/, grpc: {} }"),
        "Of health only Check is there for callers, not the stream of one server's changes",
        "calls that last for ever; a caller that leaves Envoy when one server drains",
        Test::of(CALLERS_IN_PYTHON, "a_watch_of_health_is_answered_by_servers_but_not_through_envoy"),
    ),
    envoy(
        "use_remote_address: true",
        Out::Gone,
        "The log names a caller by its connection, not by what it says in `x-forwarded-for`",
        "CWE-348, CWE-117",
        Test::of(ADMISSION, "the_log_names_a_caller_by_its_connection"),
    ),
    envoy(
        "max_concurrent_streams:",
        Out::Gone,
        "One connection has at most 256 calls at a time",
        "CVE-2023-44487 (rapid reset)",
        Test::of(PROTECTIONS, "a_connection_may_open_256_streams_at_a_time"),
    ),
    envoy("max_headers_count:", Out::Gone, "A call has at most 64 headers", "CWE-770", HEADERS),
    envoy(
        "max_request_headers_kb:",
        Out::Gone,
        "The headers of a call have at most 8 KiB",
        "CWE-770; CVE-2024-27919 and its like (CONTINUATION)",
        HEADERS,
    ),
    envoy(
        "early_header_mutation_extensions:",
        Out::Gone,
        "No binary header of a caller reaches a server",
        "CVE-2024-7246: for bad base64 in one C-core resets the call",
        BAD_HEADERS,
    ),
    envoy(
        "request_headers_to_remove:",
        Out::Instead("request_headers_to_remove: [user-agent]"),
        "Nor any other header that C-core resets a call for",
        "CVE-2024-7246; resets that look like a fault of the server, and have it ejected",
        BAD_HEADERS,
    ),
    envoy(
        "request_trailers_mutations:",
        Out::Instead("request_trailers_mutations: []"),
        "No trailer of a caller reaches a server",
        "CVE-2024-7246: C-core looks into trailers for all that it resets a call for",
        BAD_HEADERS,
    ),
    envoy(
        "- name: envoy.filters.http.buffer",
        Out::Gone,
        "A call whose message does not come, or comes slowly, holds no server",
        "slow bodies (CWE-400)",
        Test::of(ATTACKS, "messages_that_never_come_to_their_end_hold_no_server"),
    ),
    envoy(
        "max_request_bytes:",
        Out::Instead("max_request_bytes: 4194304"),
        "A message past 16 KiB is refused before a server sees it",
        "CWE-770; gzip bombs (CWE-409) besides",
        LARGE_MESSAGE,
    ),
    envoy(
        "local_reply_config:",
        Out::Gone,
        "And its caller is told RESOURCE_EXHAUSTED",
        "callers who take UNKNOWN for a fault that another try would mend",
        LARGE_MESSAGE,
    ),
    envoy(
        "http.max_requests_per_io_cycle:",
        Out::Gone,
        "Of calls that come at once with their resets few reach a server",
        "CVE-2023-44487 (rapid reset)",
        Test::of(ATTACKS, "calls_that_are_reset_at_once_hardly_reach_a_server"),
    ),
    envoy(
        "overload.premature_reset_total_stream_count:",
        Out::Gone,
        "A connection that resets most of its calls is closed after 200 of them",
        "CVE-2023-44487 (rapid reset)",
        Test::of(ATTACKS, "a_connection_that_resets_what_it_opens_is_closed"),
    ),
    envoy(
        "stream_flush_timeout:",
        Out::Gone,
        "An answer that waits for its caller to read it is given up after five seconds",
        "memory and calls held by callers who read nothing (CWE-400)",
        UNREAD,
    ),
    envoy("idle_timeout: 5s", Out::Gone, "So is a page that still comes in parts", "the same", UNREAD),
    envoy(
        "safe_regex: { regex: '/ready|/stats/prometheus' }",
        Out::Instead("prefix: /"),
        "Whoever reaches the port of probes and metrics sees two pages of the admin interface",
        "`/quitquitquit`, `/config_dump` and the rest of it",
        TWO_PAGES,
    ),
    envoy(
        "string_match: { exact: GET }",
        Out::Instead("present_match: true"),
        "And only reads them",
        "the pages of the admin interface that change something want POST",
        TWO_PAGES,
    ),
    envoy(
        "codec_type: HTTP1",
        Out::Gone,
        "One at a time on a connection",
        "a crowd of metrics pages on one connection of HTTP/2 (CWE-400)",
        Test::of(PROTECTIONS, "the_listener_for_telemetry_speaks_no_http_2"),
    ),
    envoy(
        "- name: envoy.resource_monitors.global_downstream_max_connections",
        Out::Gone,
        "Callers may hold 16,000 connections",
        "floods of connections that take every file descriptor",
        Test::of(LONG, "connections_past_the_limit_are_closed_and_envoy_is_still_seen_to_be_ready"),
    ),
    envoy(
        "- name: envoy.filters.network.connection_limit",
        Out::Gone,
        "A thousand connections at a time to the port for probes",
        "floods of connections, which the limit for callers does not bound there",
        Test::of(LONG, "probes_have_a_limit_of_connections_of_their_own"),
    ),
    envoy(
        "- name: envoy.overload_actions.reduce_timeouts",
        Out::Gone,
        "Connections without calls are given up while Envoy's memory is short",
        "crowds of connections that stay (CWE-400)",
        Test::of(LONG, "connections_without_calls_are_closed_soon_when_the_heap_fills"),
    ),
    envoy(
        "- name: envoy.overload_actions.reject_incoming_connections",
        Out::Gone,
        "No new ones are taken when it is nearly used up",
        "the same",
        Test::of(LONG, "connections_are_refused_when_the_heap_is_full_and_envoy_is_still_seen_to_be_ready"),
    ),
    envoy(
        "- name: envoy.overload_actions.stop_accepting_requests",
        Out::Gone,
        "And no new calls",
        "an Envoy that the kernel ends, with all calls in it",
        Test::of(LONG, "calls_are_refused_when_the_heap_is_full"),
    ),
    envoy(
        "bypass_overload_manager: true",
        Out::Gone,
        "Probes get through a flood of callers",
        "an Envoy that is taken out of its Service because others call it",
        Test::of(LONG, "connections_past_the_limit_are_closed_and_envoy_is_still_seen_to_be_ready"),
    ),
    envoy(
        "connection_keepalive:",
        Out::Gone,
        "Who vanished without a word holds no connection",
        "half-open sockets",
        Test::of(LONG, "a_connection_whose_caller_no_longer_answers_is_closed"),
    ),
    envoy(
        "idle_timeout: 900s",
        Out::Gone,
        "A connection without calls is closed after a quarter of an hour",
        "connections held for nothing",
        Test::of(LONG, "a_connection_without_calls_is_closed"),
    ),
    envoy(
        "stream_idle_timeout: 60s",
        Out::Gone,
        "A call on which nothing goes on is ended",
        "calls held for nothing",
        Test::of(LONG, "a_call_on_which_nothing_goes_on_is_ended"),
    ),
    envoy(
        "request_timeout: 6s",
        Out::Gone,
        "So is one whose message comes too slowly",
        "slow bodies (CWE-400)",
        Test::of(LONG, "a_call_whose_message_does_not_come_is_ended"),
    ),
];
