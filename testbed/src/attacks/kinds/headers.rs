//! Calls whose headers are bad, large, or many.

use std::io;

use super::{ANSWER, CREATE, GET, Scene, call};
use crate::attacks::connection::Connection;
use crate::attacks::frames::{Frames, Header, enveloped, flag, kind, literals};
use crate::attacks::got::Got;

/// Of each bad call on a connection, so that tables of header compression would fill.
const OF_EACH: u64 = 20;
const PART: usize = 16 << 10;
const NOT_BASE64: &str = "not base64!";

/// Each variant on a connection of its own, since some end it.
pub(super) fn poisoning(scene: &Scene) -> io::Result<Got> {
    let variants = variants();
    let mut variants = variants.iter().cycle();
    scene.again_and_again(&[], |_, connection| {
        let variant = variants.next().expect("there are some");
        let mut frames = Frames::default();
        for _ in 0..OF_EACH {
            let stream = connection.next_stream();
            frames = match variant {
                Variant::Call(headers) => frames.headers(stream, headers, 0).message(stream, &[]),
                Variant::Trailer(trailer) => frames
                    .headers(stream, &call(GET), 0)
                    .frame(kind::DATA, 0, stream, &enveloped(0, &[]))
                    .headers(stream, &[*trailer], flag::END_STREAM),
            };
        }
        connection.send(&frames);
        connection.hear_answers(OF_EACH, ANSWER.min(scene.left()));
    })
}

/// A proper call, with one thing wrong.
enum Variant {
    /// In these headers.
    Call(Vec<Header<'static>>),
    /// Behind its message.
    Trailer(Header<'static>),
}

fn variants() -> Vec<Variant> {
    let methods = ["HEAD", "GET", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PRI", "post", "PO\0ST", ""];
    let types = ["application/json", "application/grpc-web", "application/grpcx", "", "\u{1}"];
    let paths = [
        "",
        "/",
        "*",
        "no-slash",
        "/a",
        "/a/b/c/d",
        "/ticketing.CustomerController/GetCustomer?x",
        "/\0",
        "//",
        "/../GetCustomer",
    ];
    let more = [
        ("grpc-timeout", "soon"),
        ("grpc-timeout", "123456789S"),
        ("grpc-timeout", "-1S"),
        ("grpc-timeout", ""),
        ("grpc-encoding", "rot13"),
        ("grpc-encoding", ""),
        ("grpc-accept-encoding", "rot13,,,"),
        ("x-mark-bin", NOT_BASE64),
        ("x-mark-bin", "===="),
        ("grpc-trace-bin", NOT_BASE64),
        ("grpc-tags-bin", NOT_BASE64),
        ("grpc-status", "many"),
        ("grpc-previous-rpc-attempts", "many"),
        ("grpc-retry-pushback-ms", "many"),
        ("grpc-internal-encoding-request", "gzip"),
        ("lb-token", "many"),
        ("lb-cost-bin", NOT_BASE64),
        ("endpoint-load-metrics-bin", NOT_BASE64),
        ("content-length", "7777"),
        ("content-length", "many"),
        ("transfer-encoding", "chunked"),
        ("connection", "keep-alive"),
        ("upgrade", "h2c"),
        ("host", "elsewhere"),
        ("X-Upper", "case"),
        ("", "nameless"),
        ("x-line", "one\r\ngrpc-timeout: 1n"),
        ("x-nul", "a\0b"),
        (":path", GET),
        (":unknown", "pseudo"),
        ("x-envoy-upstream-rq-timeout-ms", "1"),
    ];
    let with = |name: &'static str, value: &'static str| {
        let mut headers = call(GET);
        headers.iter_mut().filter(|(known, _)| *known == name).for_each(|header| header.1 = value);
        headers
    };
    let methods = methods.map(|method| with(":method", method));
    let types = types.map(|kind| with("content-type", kind));
    let paths = paths.map(|path| with(":path", path));
    let tes = ["", "gzip"].map(|te| with("te", te));
    let schemes = ["", "ftp", "\0"].map(|scheme| with(":scheme", scheme));
    let trailers = more.map(Variant::Trailer);
    let more = more.map(|header| [&call(GET)[..], &[header]].concat());
    let missing = (0..call(GET).len()).map(|at| {
        let mut headers = call(GET);
        headers.remove(at);
        headers
    });
    let headers = [&methods[..], &types, &paths, &tes, &schemes, &more].concat().into_iter().chain(missing);
    headers.map(Variant::Call).chain(trailers).collect()
}

/// One header of 64 KiB, whose frames hold no whole header, and headers of 1 KiB each.
pub(super) fn large(scene: &Scene) -> io::Result<Got> {
    let (one, each) = ("v".repeat(64 << 10), "v".repeat(1 << 10));
    scene.again_and_again(&[], |number, connection| {
        let more: Vec<Header<'_>> = if number % 2 == 0 { vec![("x-large", &one)] } else { vec![("x-many", &each); 64] };
        call_with(&more, connection);
        connection.hear_answers(1, ANSWER.min(scene.left()));
    })
}

/// A header of 4 kB that is told once and then meant 16,000 times, with a byte each (RFC 7541, 6.1 and 6.2.1): 64 MB.
pub(super) fn bomb(scene: &Scene) -> io::Result<Got> {
    const ADDED: u8 = 0x40;
    const THE_ADDED_ONE: u8 = 0x80 + 62;
    let value = "v".repeat(4_000);
    scene.again_and_again(&[], |_, connection| {
        let mut added = literals(&[("x-large", &value)]);
        added[0] = ADDED;
        let block = [literals(&call(GET)), added, vec![THE_ADDED_ONE; 16_000]].concat();
        send_block(&block, connection);
        connection.hear_answers(1, ANSWER.min(scene.left()));
    })
}

pub(super) fn many(scene: &Scene) -> io::Result<Got> {
    scene.again_and_again(&[], |_, connection| {
        call_with(&[("x-many", "v"); 500], connection);
        connection.hear_answers(1, ANSWER.min(scene.left()));
    })
}

fn call_with(more: &[Header<'_>], connection: &mut Connection) {
    send_block(&literals(&[&call(CREATE)[..], more].concat()), connection);
}

fn send_block(block: &[u8], connection: &mut Connection) {
    let stream = connection.next_stream();
    let parts: Vec<_> = block.chunks(PART).collect();
    let mut frames = Frames::default();
    for (number, part) in parts.iter().enumerate() {
        let kind = if number == 0 { kind::HEADERS } else { kind::CONTINUATION };
        let flags = if number + 1 == parts.len() { flag::END_HEADERS } else { 0 };
        frames = frames.frame(kind, flags, stream, part);
    }
    connection.send(&frames.frame(kind::DATA, flag::END_STREAM, stream, &enveloped(0, &[])));
}
