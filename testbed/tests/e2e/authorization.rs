//! Who may do what, as Envoy decides it: off by default, by certificate, by token.

use std::fs;
use std::path::Path;

use grpcio::RpcStatusCode;
use serde_json::{Value, json};
use testbed::secured::{Overlay, TokenIssuer};
use testbed::{Bed, Testbed, Use, until_true};

use crate::caller::{Caller, Refusal};

fn bed(overlay: Overlay) -> Bed {
    Testbed::new().servers(1).envoy().overlay(overlay).start().unwrap()
}

fn by_certificate(bed: &Bed, shown: &str) -> Caller {
    let shown = bed.secured().certificates().of(shown);
    Caller::new(bed.envoy_address(), &bed.secured().certificates().of("reader"), Some(&shown))
}

fn without_certificate(bed: &Bed) -> Caller {
    Caller::new(bed.envoy_address(), &bed.secured().certificates().of("reader"), None)
}

fn issuer(bed: &Bed) -> &TokenIssuer {
    bed.secured().tokens().unwrap()
}

fn by_token(bed: &Bed, claims: &Value) -> Caller {
    without_certificate(bed).with_token(issuer(bed).sign(claims).unwrap())
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(outcome: Result<T, Refusal>, code: RpcStatusCode, message: &str) {
    let is_so = |refusal: &Refusal| refusal.code == code && refusal.message.contains(message);
    assert!(outcome.as_ref().is_err_and(is_so), "not refused with {code:?} and '{message}' but {outcome:?}");
}

#[track_caller]
fn assert_denied<T: std::fmt::Debug>(outcome: Result<T, Refusal>) {
    assert_refused(outcome, RpcStatusCode::PERMISSION_DENIED, "RBAC: access denied");
}

/// Refused calls are the only ones that Envoy has a line for here.
#[track_caller]
fn assert_refusal_logged(bed: &Bed, identity: &str) {
    let log = || bed.envoy().process().log();
    until_true("the refusal is logged", || log().contains("PermissionDenied"))
        .unwrap_or_else(|error| panic!("{error}\n{}", log()));
    assert!(log().contains(identity), "no {identity} in {}", log());
}

#[track_caller]
fn assert_reads(caller: &Caller) {
    caller.get().unwrap();
    caller.list().unwrap();
}

#[test]
fn without_authorization_whoever_has_a_certificate_may_do_everything() {
    let bed = bed(Overlay::Tls);
    let reader = by_certificate(&bed, "reader");
    assert_reads(&reader);
    reader.create().unwrap();
}

#[test]
fn a_reader_reads_and_a_writer_creates_too_by_certificate() {
    let bed = bed(Overlay::AuthorizationCertificate);
    let (reader, writer) = (by_certificate(&bed, "reader"), by_certificate(&bed, "writer"));
    assert_reads(&reader);
    assert_denied(reader.create());
    assert_reads(&writer);
    writer.create().unwrap();
    assert_refusal_logged(&bed, r#""peer":"spiffe://ticketing/reader""#);
}

/// The authority vouches for them, but not as one of those who are listed; the last two are a writer by a name of the wrong
/// type, and one whose name only begins so.
#[test]
fn whoever_else_has_a_certificate_may_do_nothing() {
    let bed = bed(Overlay::AuthorizationCertificate);
    for sans in ["URI:spiffe://ticketing/auditor", "DNS:spiffe://ticketing/writer", "URI:spiffe://ticketing/writer/x"] {
        bed.secured().certificates().issue("callers-ca", "other", Use::Client, sans).unwrap();
        let other = by_certificate(&bed, "other");
        assert_denied(other.get());
        assert_denied(other.list());
        assert_denied(other.create());
    }
}

#[test]
fn a_reader_reads_and_a_writer_creates_too_by_token() {
    let bed = bed(Overlay::AuthorizationJwt);
    let mut claims = TokenIssuer::claims("reader");
    claims["sub"] = json!("zoe");
    let (reader, writer) = (by_token(&bed, &claims), by_token(&bed, &TokenIssuer::claims("writer")));
    assert_reads(&reader);
    assert_denied(reader.create());
    assert_refusal_logged(&bed, r#""subject":"zoe""#);
    assert_reads(&writer);
    writer.create().unwrap();
    assert_denied(by_token(&bed, &TokenIssuer::claims("auditor")).get());
}

/// `forward: false`, the default: what a server or its log gives away must not let anybody call in a caller's name.
#[test]
fn the_servers_never_see_the_token() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(authorization_as_forwarded(folder.path(), false), "-");
    let forwarded = authorization_as_forwarded(folder.path(), true);
    assert!(forwarded.starts_with("Bearer "), "a token that is forwarded would be noticed: {forwarded}");
}

/// `authorization` of one call, as it leaves Envoy for the server.
fn authorization_as_forwarded(folder: &Path, forward: bool) -> String {
    let log = folder.join(format!("upstream-{forward}"));
    let file = Overlay::AuthorizationJwt.config().unwrap().changed(|config| {
        let filters = config
            .pointer_mut("/static_resources/listeners/0/filter_chains/0/filters/0/typed_config/http_filters")
            .and_then(Value::as_array_mut)
            .expect("the filters");
        for filter in filters {
            let settings = &mut filter["typed_config"];
            if settings["providers"].is_object() {
                settings["providers"]["issuer"]["forward"] = json!(forward);
            }
            if settings["suppress_envoy_headers"].is_boolean() {
                settings["upstream_log"] = json!([{
                    "name": "envoy.access_loggers.file",
                    "typed_config": {
                        "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
                        "path": log,
                        "log_format": { "text_format_source": { "inline_string": "%REQ(AUTHORIZATION)%\n" } },
                    },
                }]);
            }
        }
    });
    let bed = Testbed::new().servers(1).envoy().overlay(Overlay::AuthorizationJwt).envoy_file(file).start().unwrap();
    by_token(&bed, &TokenIssuer::claims("reader")).get().unwrap();
    // Envoy writes what it has buffered when it ends.
    drop(bed);
    fs::read_to_string(log).unwrap().trim().to_owned()
}

/// A method that is added later is closed until someone opens it.
#[test]
fn a_method_that_is_not_listed_is_closed_to_a_writer_too() {
    let bed = bed(Overlay::AuthorizationCertificate);
    assert_denied(by_certificate(&bed, "writer").delete());
    let bed = self::bed(Overlay::AuthorizationJwt);
    assert_denied(by_token(&bed, &TokenIssuer::claims("writer")).delete());
}

#[test]
fn a_token_that_does_not_hold_opens_nothing() {
    let bed = bed(Overlay::AuthorizationJwt);
    let with = |name: &str, value: Value| {
        let mut claims = TokenIssuer::claims("writer");
        claims[name] = value;
        claims
    };
    for (claims, code, message) in [
        (with("exp", json!(1)), RpcStatusCode::UNAUTHENTICATED, "Jwt is expired"),
        (with("exp", Value::Null), RpcStatusCode::UNAUTHENTICATED, "Jwt"),
        (with("iss", json!("https://stranger.example")), RpcStatusCode::UNAUTHENTICATED, "issuer is not configured"),
        (with("aud", json!("other")), RpcStatusCode::PERMISSION_DENIED, "Audiences in Jwt are not allowed"),
        (with("role", json!(["writer"])), RpcStatusCode::PERMISSION_DENIED, "RBAC"),
        (with("role", Value::Null), RpcStatusCode::PERMISSION_DENIED, "RBAC"),
    ] {
        assert_refused(by_token(&bed, &claims).get(), code, message);
    }
    // Without the claim, not with an empty one.
    let mut endless = TokenIssuer::claims("writer");
    endless.as_object_mut().unwrap().remove("exp");
    assert_refused(by_token(&bed, &endless).get(), RpcStatusCode::UNAUTHENTICATED, "Jwt verification fails");

    assert_refused(without_certificate(&bed).get(), RpcStatusCode::UNAUTHENTICATED, "Jwt is missing");
    let stranger = TokenIssuer::make(bed.folder().join("stranger")).unwrap();
    let forged = stranger.sign(&TokenIssuer::claims("writer")).unwrap();
    assert_refused(
        without_certificate(&bed).with_token(forged).get(),
        RpcStatusCode::UNAUTHENTICATED,
        "Jwt verification",
    );
    let good = issuer(&bed).sign(&TokenIssuer::claims("reader")).unwrap();
    let better = issuer(&bed).sign(&TokenIssuer::claims("writer")).unwrap();
    // The claims of one under the signature of the other.
    let (_, signature) = good.rsplit_once('.').unwrap();
    let (signed, _) = better.rsplit_once('.').unwrap();
    let mixed = without_certificate(&bed).with_token(format!("{signed}.{signature}"));
    assert_refused(mixed.create(), RpcStatusCode::UNAUTHENTICATED, "Jwt verification fails");
    // {"alg":"none"}
    let (_, payload) = signed.split_once('.').unwrap();
    let unsigned = without_certificate(&bed).with_token(format!("eyJhbGciOiJub25lIn0.{payload}."));
    assert_refused(unsigned.create(), RpcStatusCode::UNAUTHENTICATED, "Jwt");
}
