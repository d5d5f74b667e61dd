//! A bad request hurts only its caller: a clear status for it, a living server and an unchanged store.

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use common::raw::{frame, message, preface, start_of_call};
use common::{TestServer, call_raw, connect, connect_compressing, patiently, serve, unfit_fields};
use grpcio::RpcStatusCode;
use protobuf::Message as _;
use ticketing_proto::ticketing::{CreateCustomerRequest, GetCustomerRequest, ListCustomersRequest};
use ticketing_proto::ticketing_grpc::CustomerControllerClient;

const CREATE: &str = "/ticketing.CustomerController/CreateCustomer";
const GET: &str = "/ticketing.CustomerController/GetCustomer";
const LIST: &str = "/ticketing.CustomerController/ListCustomers";

/// The server still answers others, and nothing was stored.
fn assert_unharmed(server: &TestServer) {
    let other = CustomerControllerClient::new(connect(server.grpc));
    let probe = other.get_customer_opt(&GetCustomerRequest::default(), patiently()).expect("it lives");
    assert_eq!((probe.id.as_str(), probe.first_name.as_str(), probe.last_name.as_str()), ("pod-a", "acac", "accqqq"));
    let list = other.list_customers_opt(&ListCustomersRequest::default(), patiently()).expect("it lists");
    assert_eq!(list.customers.len(), 0);
}

fn create(server: &TestServer, first_name: &str, last_name: &str, request_id: &str) -> grpcio::RpcStatus {
    let request = CreateCustomerRequest {
        first_name: first_name.to_owned(),
        last_name: last_name.to_owned(),
        request_id: request_id.to_owned(),
        ..Default::default()
    };
    match server.customers().create_customer_opt(&request, patiently()) {
        Err(grpcio::Error::RpcFailure(status)) => status,
        other => panic!("{other:?}"),
    }
}

#[test]
fn unfit_names_are_refused_and_the_field_is_named() {
    let server = serve();
    let long = "x".repeat(201);
    for unfit in ["", "  ", &long, "a\0b", "a\nb", "\u{7f}"] {
        let status = create(&server, unfit, "Good", "");
        assert_eq!(status.code(), RpcStatusCode::INVALID_ARGUMENT, "{unfit:?}");
        assert_eq!(unfit_fields(&status), ["first_name"], "{unfit:?}");
        assert_eq!(unfit_fields(&create(&server, "Good", unfit, "")), ["last_name"], "{unfit:?}");
    }
    assert_eq!(unfit_fields(&create(&server, "", "", &long)), ["first_name", "last_name", "request_id"]);
    assert_unharmed(&server);
}

#[test]
fn an_unfit_page_is_refused_and_the_field_is_named() {
    let server = serve();
    for (page_size, page_token, field) in
        [(-1, "", "page_size"), (i32::MIN, "", "page_size"), (0, "nonsense", "page_token")]
    {
        let request = ListCustomersRequest { page_size, page_token: page_token.to_owned(), ..Default::default() };
        match server.customers().list_customers_opt(&request, patiently()) {
            Err(grpcio::Error::RpcFailure(status)) => {
                assert_eq!(status.code(), RpcStatusCode::INVALID_ARGUMENT);
                assert_eq!(unfit_fields(&status), [field]);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_unharmed(&server);
}

#[test]
fn a_message_that_does_not_decode_is_an_invalid_argument_with_the_field_where_it_is_known() {
    let server = serve();
    for (method, bytes, field) in [
        (CREATE, &b"\x0a\x02\xff\xfe\x12\x01b"[..], "first_name"),
        (CREATE, b"\x0a\x01a\x12\x7fb", "last_name"),
        (GET, b"\x0a\x01\xc3", "id"),
        (LIST, b"\x12\x01\xff", "page_token"),
        (LIST, b"\x08", "page_size"),
        (GET, b"\xff\xff", ""),
    ] {
        let status = server.call_raw(method, bytes.to_vec()).expect_err("it does not decode");
        assert_eq!(status.code(), RpcStatusCode::INVALID_ARGUMENT, "{method} {bytes:?}: {status:?}");
        assert_eq!(unfit_fields(&status), [field], "{method} {bytes:?}");
    }
    assert_unharmed(&server);
}

#[test]
fn an_unknown_method_is_unimplemented() {
    let server = serve();
    for method in ["/ticketing.CustomerController/DeleteCustomer", "/ticketing.Nobody/GetCustomer", "/"] {
        let status = server.call_raw(method, Vec::new()).expect_err("there is no such method");
        assert_eq!(status.code(), RpcStatusCode::UNIMPLEMENTED, "{method}");
    }
    assert_unharmed(&server);
}

/// Half a megabyte of gzip can be half a gigabyte of message. RESOURCE_EXHAUSTED would say that it was unpacked.
#[test]
fn a_compressed_message_is_refused_before_it_is_unpacked() {
    let server = serve();
    // Later than the self-test, whose connection is lean too.
    let filters_left_out = corking::filters_left_out();
    assert_unharmed(&server);
    // Without corking connections are not lean, and the call has to refuse it before the filter sees it.
    let is_lean = std::env::var("CORKING").as_deref() != Ok("off");
    assert!(!is_lean || corking::filters_left_out() >= filters_left_out + 2, "the filter that unpacks is still there");
    let bomb = vec![0; 64 << 20];
    let status = call_raw(connect_compressing(server.grpc), GET, bomb).expect_err("it is compressed");
    assert_eq!(status.code(), RpcStatusCode::UNIMPLEMENTED, "{status:?}");
    assert_unharmed(&server);
}

#[test]
fn a_message_over_4_mib_is_resource_exhausted() {
    let server = serve();
    for method in [GET, CREATE, LIST, "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"] {
        let status = server.call_raw(method, vec![0; (4 << 20) + 1]).expect_err("it is too large");
        assert_eq!(status.code(), RpcStatusCode::RESOURCE_EXHAUSTED, "{method}: {status:?}");
    }
    assert_unharmed(&server);
}

#[test]
fn a_message_of_4_mib_is_taken() {
    let server = serve();
    // An id that fills the message behind its tag and length.
    let id = "x".repeat((4 << 20) - 5);
    let status = server.call_raw(GET, GetCustomerRequest { id, ..Default::default() }.write_to_bytes().expect("bytes"));
    assert_eq!(status.expect_err("it is no id").code(), RpcStatusCode::NOT_FOUND);
    assert_unharmed(&server);
}

#[test]
fn an_id_that_is_none_is_not_found() {
    let server = serve();
    for id in ["x", "00000000-0000-0000-0000-000000000000", "'; DROP TABLE customers; --", " "] {
        let request = GetCustomerRequest { id: id.to_owned(), ..Default::default() };
        match server.customers().get_customer_opt(&request, patiently()) {
            Err(grpcio::Error::RpcFailure(status)) => assert_eq!(status.code(), RpcStatusCode::NOT_FOUND, "{id}"),
            other => panic!("{other:?}"),
        }
    }
    assert_unharmed(&server);
}

#[test]
fn a_flag_byte_of_2_arrives_as_an_empty_message_and_stores_nothing() {
    let server = serve();
    let flag_2 = |method| grpc_status_of(&server, &[start_of_call(method), message(1, 2)].concat(), &[]);
    assert_eq!(flag_2(CREATE), "3", "INVALID_ARGUMENT: an empty message has no names");
    assert_eq!(flag_2(GET), "0", "an empty id is the identity probe");
    assert_eq!(flag_2(LIST), "0", "an empty request lists the first page");
    assert_unharmed(&server);
}

/// A message that comes behind the headers may find C-core waiting for it; then C-core sees the bad flag itself and hands
/// over no message at all. GetCustomer is answered by grpcio then, which knows INTERNAL ("13") only.
#[test]
fn a_flag_byte_of_2_behind_the_headers_stores_nothing_either() {
    let server = serve();
    for (method, possible) in [(CREATE, &["3"][..]), (LIST, &["0", "3"]), (GET, &["0", "13"])] {
        let status = grpc_status_of(&server, &start_of_call(method), &message(1, 2));
        assert!(possible.contains(&status.as_str()), "{method}: {status}");
    }
    assert_unharmed(&server);
}

/// What a caller ends its side with in place of a message: nothing, a part of the prefix, a part of what it announces.
const NO_WHOLE_MESSAGE: [&[u8]; 3] = [b"", b"\0\0\0", b"\0\0\0\0\x14\x0a\x01a\x12\x01b"];

#[test]
fn a_call_without_a_whole_message_is_an_invalid_argument_and_is_counted() {
    let server = serve();
    for method in [CREATE, LIST] {
        for cut in NO_WHOLE_MESSAGE {
            let (begin, end) = (start_of_call(method), frame(0, 1, 1, cut));
            assert_eq!(grpc_status_of(&server, &[&begin[..], &end].concat(), &[]), "3", "{method} {cut:?}");
            assert_eq!(grpc_status_of(&server, &begin, &end), "3", "{method} {cut:?}, behind the headers");
        }
        let (_, name) = method.rsplit_once('/').expect("a path");
        let counted = format!(
            "grpc_server_handled_total{{grpc_code=\"InvalidArgument\",grpc_method=\"{name}\",\
             grpc_service=\"ticketing.CustomerController\",grpc_type=\"unary\"}} 6"
        );
        assert!(server.get("/metrics").1.contains(&counted), "{counted}");
    }
    assert_unharmed(&server);
}

/// grpcio answers a unary call without a message itself, before any code of ours: INTERNAL, and not counted. To see such
/// a call GetCustomer would have to read a stream of requests, which costs 18 % more of the server's CPU for each call.
#[test]
fn a_get_without_a_whole_message_is_refused_by_grpcio_itself() {
    let server = serve();
    for cut in NO_WHOLE_MESSAGE {
        let call = [start_of_call(GET), frame(0, 1, 1, cut)].concat();
        assert_eq!(grpc_status_of(&server, &call, &[]), "13", "{cut:?}");
    }
    assert_unharmed(&server);
}

/// The grpc-status of a call whose second part is sent only once the server has begun with the first.
fn grpc_status_of(server: &TestServer, first: &[u8], then: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.grpc).expect("connected");
    stream.write_all(first).expect("sent");
    let mut received = Vec::new();
    let mut chunk = [0; 4096];
    if !then.is_empty() {
        // A ping behind the headers that is answered (type 6, flag 1): the server has read the headers.
        stream.write_all(&frame(6, 0, 0, &[7; 8])).expect("sent");
        while !received.windows(9).any(|head| head == [0, 0, 8, 6, 1, 0, 0, 0, 0]) {
            let read = stream.read(&mut chunk).expect("answered");
            assert_ne!(read, 0, "the connection ended before the ping was answered");
            received.extend_from_slice(&chunk[..read]);
        }
        stream.write_all(then).expect("sent");
    }
    loop {
        // C-core writes a name that is new on the connection as a literal, without Huffman coding.
        const NAME: &[u8] = b"grpc-status";
        if let Some(at) = received.windows(NAME.len()).position(|bytes| bytes == NAME) {
            let value = &received[at + NAME.len()..];
            if let Some((&length, value)) = value.split_first()
                && let Some(value) = value.get(..usize::from(length))
            {
                return String::from_utf8_lossy(value).into_owned();
            }
        }
        let read = stream.read(&mut chunk).expect("answered");
        assert_ne!(read, 0, "the connection ended without a grpc-status: {:?}", String::from_utf8_lossy(&received));
        received.extend_from_slice(&chunk[..read]);
    }
}

#[test]
fn a_caller_that_pings_all_the_time_is_sent_away() {
    const PING: u8 = 6;
    const GOAWAY: u8 = 7;
    const ENHANCE_YOUR_CALM: [u8; 4] = [0, 0, 0, 11];
    let server = serve();
    let mut caller = TcpStream::connect(server.grpc).expect("the port is open");
    caller.set_read_timeout(Some(std::time::Duration::from_secs(20))).expect("set");
    let pings: Vec<_> = (0..5).flat_map(|_| frame(PING, 0, 0, &[7; 8])).collect();
    caller.write_all(&[preface(), pings].concat()).expect("sent");
    loop {
        let mut head = [0; 9];
        caller.read_exact(&mut head).expect("a frame");
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        caller.read_exact(&mut payload).expect("whole");
        if head[3] == GOAWAY {
            assert_eq!(payload[4..8], ENHANCE_YOUR_CALM);
            break;
        }
    }
    assert_unharmed(&server);
}

/// `HANDSHAKE_TIMEOUT_MS`: else whoever connects and says nothing, or half of what comes first, is held for two minutes.
#[test]
fn a_connection_that_does_not_come_to_its_settings_is_closed() {
    let server = serve();
    for said in [&[][..], &preface()[..10]] {
        let mut stream = TcpStream::connect(server.grpc).expect("the port is open");
        stream.set_read_timeout(Some(std::time::Duration::from_mins(1))).expect("set");
        stream.write_all(said).expect("sent");
        // What the server says first comes, and then the end.
        let ended = stream.read_to_end(&mut Vec::new());
        assert!(!ended.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock), "{said:?} is held");
    }
    assert_unharmed(&server);
}
