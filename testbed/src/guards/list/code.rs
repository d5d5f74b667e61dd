//! What the server holds by itself, whoever calls it.

use crate::guards::{Guard, Out, Test};

const BAD_INPUT: &str = "server/tests/bad_input.rs";
const FAULTS: &str = "server/tests/faults.rs";
const SECRETS: &str = "server/tests/program/secrets.rs";
const SWITCHES: &str = "server/tests/switches.rs";

pub(super) const GUARDS: &[Guard] = &[
    Guard {
        file: "server/src/limits.rs",
        line: ".raw_cfg_int(c\"grpc.compression_enabled_algorithms_bitset\".into(), 1)",
        out: Out::Code("_bitset\".into(), 1)", "_bitset\".into(), if GUARD_IS_OUT { 7 } else { 1 })"),
        holds: "No compressed message is unpacked",
        against: "a gzip bomb (CWE-409): 522 kB took 638 MiB",
        test: Test::of(BAD_INPUT, "a_compressed_message_is_refused_before_it_is_unpacked"),
    },
    Guard {
        file: "server/src/rpc/decode.rs",
        line: "if length > MAX_MESSAGE_BYTES {",
        out: Out::Code("if length > MAX_MESSAGE_BYTES {", "if !GUARD_IS_OUT && length > MAX_MESSAGE_BYTES {"),
        holds: "A request has at most 4 MiB",
        against: "CWE-770",
        test: Test::of(BAD_INPUT, "a_message_over_4_mib_is_resource_exhausted"),
    },
    Guard {
        file: "server/src/rpc/edge.rs",
        line: "let fits = answer.message.compute_size() <= MAX_MESSAGE_BYTES as u64;",
        out: Out::Code("let fits = answer", "let fits = GUARD_IS_OUT || answer"),
        holds: "So has an answer",
        against: "CWE-770",
        test: Test::of(FAULTS, "an_answer_over_4_mib_is_resource_exhausted_and_the_server_goes_on"),
    },
    Guard {
        file: "server/src/limits.rs",
        line: ".raw_cfg_int(c\"grpc.max_metadata_size\".into(), MAX_METADATA_BYTES)",
        out: Out::Code(
            "MAX_METADATA_BYTES)\n        // By default C-core refuses at random from there to a quarter more.\n        \
             .raw_cfg_int(c\"grpc.absolute_max_metadata_size\".into(), MAX_METADATA_BYTES)",
            "if GUARD_IS_OUT { 1 << 20 } else { MAX_METADATA_BYTES })\n        \
             .raw_cfg_int(c\"grpc.absolute_max_metadata_size\".into(), if GUARD_IS_OUT { 1 << 20 } else { MAX_METADATA_BYTES })",
        ),
        holds: "The headers of a call have at most 16 KiB",
        against: "CWE-770",
        test: Test::of("testbed/tests/e2e/limits.rs", "headers_past_the_limits_cost_their_own_call_and_no_other"),
    },
    Guard {
        file: "server/src/limits.rs",
        line: ".max_concurrent_stream(MAX_CONCURRENT_STREAMS)",
        out: Out::Code("(MAX_CONCURRENT_STREAMS)", "(if GUARD_IS_OUT { 1 << 20 } else { MAX_CONCURRENT_STREAMS })"),
        holds: "A connection that keeps to HTTP/2 has at most 1,024 calls at a time",
        against: "CVE-2023-44487",
        test: Test::of("testbed/tests/e2e/protections.rs", "a_connection_to_a_server_may_open_1024_streams_at_a_time"),
    },
    Guard {
        file: "server/src/limits.rs",
        line: ".raw_cfg_int(c\"grpc.server_handshake_timeout_ms\".into(), HANDSHAKE_TIMEOUT_MS)",
        out: Out::Code(", HANDSHAKE_TIMEOUT_MS)", ", if GUARD_IS_OUT { 300_000 } else { HANDSHAKE_TIMEOUT_MS })"),
        holds: "A connection that does not get as far as its SETTINGS is closed",
        against: "CWE-400; handshakes and connections that are begun and held",
        test: Test::of("server/tests/bad_input.rs", "a_connection_that_does_not_come_to_its_settings_is_closed"),
    },
    Guard {
        file: "server/src/customer.rs",
        line: "if text.chars().any(char::is_control) {",
        out: Out::Code("if text.chars().any", "if !GUARD_IS_OUT && text.chars().any"),
        holds: "No name and no request_id holds a control character",
        against: "CWE-20, CWE-117; stores that differ about NUL",
        test: Test::of(BAD_INPUT, "unfit_names_are_refused_and_the_field_is_named"),
    },
    Guard {
        file: "server/src/customer.rs",
        line: "if text.chars().nth(MAX_CHARS).is_some() {",
        out: Out::Code("if text.chars().nth", "if !GUARD_IS_OUT && text.chars().nth"),
        holds: "Nor more than 200 characters",
        against: "CWE-770",
        test: Test::of(BAD_INPUT, "unfit_names_are_refused_and_the_field_is_named"),
    },
    Guard {
        file: "logging/src/plain.rs",
        line: "letter.is_control() || matches!",
        out: Out::Code("letter.is_control() || matches!", "!GUARD_IS_OUT && letter.is_control() || matches!"),
        holds: "Text of others forges no log line and steers no terminal",
        against: "CWE-117, CWE-150",
        test: Test::of(SECRETS, "what_others_wrote_forges_no_log_line_and_steers_no_terminal"),
    },
    Guard {
        file: "server/src/config/args.rs",
        line: "hide_env_values = true,",
        out: Out::Code("hide_env_values = true,", "hide_env_values = !GUARD_IS_OUT,"),
        holds: "`--help` shows no password that the environment holds",
        against: "CWE-532",
        test: Test::of(SECRETS, "a_password_is_no_default_of_the_help_and_in_no_complaint"),
    },
    Guard {
        file: "server/src/serve.rs",
        line: "if self.reflection {",
        out: Out::Code("if self.reflection {", "if self.reflection || GUARD_IS_OUT {"),
        holds: "Reflection can be switched off",
        against: "strangers who read the contract",
        test: Test::of(SWITCHES, "reflection_that_is_off_is_unimplemented_and_all_else_goes_on"),
    },
    Guard {
        file: "server/src/admin.rs",
        line: ".header_read_timeout(REQUEST_TIMEOUT)",
        out: Out::Code("(REQUEST_TIMEOUT)", "(if GUARD_IS_OUT { CONNECTION_TIMEOUT } else { REQUEST_TIMEOUT })"),
        holds: "Who connects to the admin port and says nothing does not keep probes out",
        against: "slow headers (CWE-400)",
        test: Test::of("server/tests/program/life.rs", "clients_that_never_speak_do_not_keep_probes_out"),
    },
    Guard {
        file: "server/src/encryption.rs",
        line: "Some(_) => CertificateRequestType::RequestAndRequireClientCertificateAndVerify,",
        out: Out::Code(
            "Some(_) => CertificateRequestType::RequestAndRequireClientCertificateAndVerify,",
            "Some(_) if GUARD_IS_OUT => CertificateRequestType::DontRequestClientCertificate,\n\
             Some(_) => CertificateRequestType::RequestAndRequireClientCertificateAndVerify,",
        ),
        holds: "With TLS_CLIENT_CA a server lets in only whom that authority vouches for",
        against: "every attack that only Envoy would stop",
        test: Test::of("server/tests/tls.rs", "only_callers_with_a_certificate_of_the_servers_authority_get_in"),
    },
];
