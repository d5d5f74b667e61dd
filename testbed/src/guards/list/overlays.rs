//! What stands in overlays: TLS on both sides of Envoy, and who may do what.

use crate::guards::{Guard, Out, Test};

const TLS: &str = "overlays/tls/envoy-conf.yaml";
const BY_CERTIFICATE: &str = "overlays/authorization-certificate/envoy-conf.yaml";
const BY_TOKEN: &str = "overlays/authorization-jwt/envoy-conf.yaml";
const SERVERS: &str = "overlays/tls/app-server.yaml";

const fn tls(name: &'static str) -> Test {
    Test::of("testbed/tests/e2e/tls.rs", name)
}

const fn authorization(name: &'static str) -> Test {
    Test::of("testbed/tests/e2e/authorization.rs", name)
}

const BAD_CERTIFICATE: Test = tls("a_caller_without_a_good_certificate_is_refused_and_counted");
const NO_SESSION: Test = tls("no_session_is_taken_up_again");
const ROLES_BY_CERTIFICATE: Test = authorization("a_reader_reads_and_a_writer_creates_too_by_certificate");
const NOT_LISTED: Test = authorization("whoever_else_has_a_certificate_may_do_nothing");
const BAD_TOKEN: Test = authorization("a_token_that_does_not_hold_opens_nothing");
const ROLES_BY_TOKEN: Test = authorization("a_reader_reads_and_a_writer_creates_too_by_token");

pub(super) const GUARDS: &[Guard] = &[
    Guard {
        file: TLS,
        line: "require_client_certificate: true",
        out: Out::Gone,
        holds: "Who has no certificate of the callers' authority does not get as far as HTTP",
        against: "any pod or process that reaches Envoy",
        test: BAD_CERTIFICATE,
    },
    Guard {
        file: TLS,
        line: "trusted_ca: { filename: /etc/ticketing/callers/ca.crt }",
        // Without any nothing would hold. Here one authority vouches for both sides of Envoy.
        out: Out::Instead("trusted_ca: { filename: /etc/ticketing/servers/ca.crt }"),
        holds: "Nor does who has one of another authority, that of the servers among them",
        against: "CWE-295; a server that calls as if it were a caller",
        test: BAD_CERTIFICATE,
    },
    Guard {
        file: TLS,
        line: "combined_validation_context:",
        out: Out::Gone,
        holds: "Only whom the servers' authority vouches for gets calls",
        against: "CWE-295; whoever stands where a server was",
        test: tls("a_server_whose_certificate_is_of_another_authority_gets_no_calls"),
    },
    Guard {
        file: TLS,
        line: "match_typed_subject_alt_names:",
        // What holds it may not be empty.
        out: Out::Instead("only_verify_leaf_cert_crl: false"),
        holds: "And of those only who has the servers' name",
        against: "CWE-297; another pod that stands in for a server",
        test: tls("a_server_whose_certificate_has_another_name_gets_no_calls"),
    },
    Guard {
        file: TLS,
        line: "disable_stateless_session_resumption: true",
        out: Out::Gone,
        holds: "A session is taken up again by no ticket, so each connection shows a certificate that holds now",
        against: "a certificate that has expired and lives on (CWE-298)",
        test: NO_SESSION,
    },
    Guard {
        file: TLS,
        line: "disable_stateful_session_resumption: true",
        out: Out::Gone,
        holds: "Nor by an id",
        against: "the same",
        test: NO_SESSION,
    },
    Guard {
        file: TLS,
        line: "max_session_keys: 0",
        out: Out::Gone,
        holds: "Nor towards a server",
        against: "the same",
        test: tls("no_session_with_a_server_is_taken_up_again"),
    },
    Guard {
        file: TLS,
        line: "- transport_socket_connect_timeout: 5s",
        out: Out::Alone("- name: callers"),
        holds: "A handshake that does not get on frees its connection",
        against: "CWE-400; connections held for nothing",
        test: tls("a_handshake_that_does_not_get_on_is_ended"),
    },
    Guard {
        file: SERVERS,
        line: "- { name: TLS_CLIENT_CA, value: /etc/ticketing/tls/ca.crt }",
        out: Out::Gone,
        holds: "Who reaches a server past Envoy gets nothing there: a caller's certificate opens no server",
        against: "every attack that only Envoy would stop",
        test: tls("a_server_lets_in_envoy_and_no_caller"),
    },
    Guard {
        file: BY_CERTIFICATE,
        line: "- name: envoy.filters.http.rbac",
        out: Out::Gone,
        holds: "A reader cannot create, and who is not listed can do nothing",
        against: "CWE-862",
        test: ROLES_BY_CERTIFICATE,
    },
    Guard {
        file: BY_CERTIFICATE,
        line: "san_matcher: { san_type: URI, matcher: { exact: \"spiffe://ticketing/writer\" } }",
        out: Out::Instead("san_matcher: { san_type: URI, matcher: { prefix: \"spiffe://ticketing/writer\" } }"),
        holds: "Only the whole name counts",
        against: "a certificate whose name begins with another's",
        test: NOT_LISTED,
    },
    Guard {
        file: BY_CERTIFICATE,
        line: "san_matcher: { san_type: URI, matcher: { exact: \"spiffe://ticketing/writer\" } }",
        out: Out::Instead("san_matcher: { san_type: DNS, matcher: { exact: \"spiffe://ticketing/writer\" } }"),
        holds: "And only as a URI",
        against: "a certificate that has it as a name of another type",
        test: NOT_LISTED,
    },
    Guard {
        file: BY_CERTIFICATE,
        line: "peer: \"%DOWNSTREAM_PEER_URI_SAN%\"",
        out: Out::Gone,
        holds: "The line of a refused call says who made it",
        against: "CWE-778",
        test: ROLES_BY_CERTIFICATE,
    },
    Guard {
        file: BY_TOKEN,
        line: "audiences: [ticketing]",
        out: Out::Gone,
        holds: "A token that was meant for another service opens nothing",
        against: "RFC 8725, 3.9",
        test: BAD_TOKEN,
    },
    Guard {
        file: BY_TOKEN,
        line: "require_expiration: true",
        out: Out::Gone,
        holds: "Nor one that never ends",
        against: "CWE-613",
        test: BAD_TOKEN,
    },
    Guard {
        file: BY_TOKEN,
        line: "requires: { provider_name: issuer }",
        out: Out::Gone,
        holds: "Each call needs a token that the issuer signed for this service",
        against: "CWE-306, CWE-347; RFC 8725, 3.1",
        test: BAD_TOKEN,
    },
    Guard {
        file: BY_TOKEN,
        line: "- name: envoy.filters.http.rbac",
        out: Out::Gone,
        holds: "And a role that may do what the call does",
        against: "CWE-862",
        test: ROLES_BY_TOKEN,
    },
    Guard {
        file: BY_TOKEN,
        line: "subject: \"%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:token:sub):256%\"",
        out: Out::Gone,
        holds: "The line of a refused call says whose token it had",
        against: "CWE-778",
        test: ROLES_BY_TOKEN,
    },
];
