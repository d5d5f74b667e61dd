//! Headers that came with somebody's call or answer and are handed on.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use async_std::task::block_on;
use grpcio::{ChannelBuilder, EnvBuilder, Metadata};
use ticketing_client::{Channels, Code, CreateCustomerRequest, Target};
use ticketing_proto::ticketing::GetCustomerRequest;
use ticketing_proto::ticketing_grpc::CustomerControllerClient;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// Stream 0 is the connection, stream 1 the first call (RFC 9113, 5.1.1).
const CONNECTION: u8 = 0;
const FIRST: u8 = 1;

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
}

/// A header that no table knows (RFC 7541, 6.2.2).
fn literal(name: &str, value: &[u8]) -> Vec<u8> {
    let length = |bytes: &[u8]| u8::try_from(bytes.len()).unwrap();
    [&[0, length(name.as_bytes())], name.as_bytes(), &[length(value)], value].concat()
}

/// Answers the first call, with a header that C-core takes and would not send.
fn answer(mut caller: &TcpStream) {
    let status_200 = [0x88];
    let first = [&status_200[..], &literal("content-type", b"application/grpc"), &literal("x-odd", "café".as_bytes())];
    let empty_message = [0; 5];
    let answer = [
        frame(HEADERS, END_HEADERS, FIRST, &first.concat()),
        frame(DATA, 0, FIRST, &empty_message),
        frame(HEADERS, END_HEADERS | END_STREAM, FIRST, &literal("grpc-status", b"0")),
    ];
    // C-core sends no call before it has heard these.
    caller.write_all(&frame(SETTINGS, 0, CONNECTION, &[])).unwrap();
    let mut opening = [0; 24];
    caller.read_exact(&mut opening).unwrap();
    let mut kind = SETTINGS;
    while kind != HEADERS {
        let mut head = [0; 9];
        caller.read_exact(&mut head).unwrap();
        kind = head[3];
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        caller.read_exact(&mut payload).unwrap();
    }
    caller.write_all(&answer.concat()).unwrap();
    // Until the caller leaves.
    while let Ok(1..) = caller.read(&mut opening) {}
}

fn odd_headers() -> Metadata {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || answer(&listener.accept().unwrap().0));
    let channel = ChannelBuilder::new(Arc::new(EnvBuilder::new().cq_count(1).build())).connect(&address);
    let client = CustomerControllerClient::new(channel);
    let mut receiver = client.get_customer_async(&GetCustomerRequest::new()).unwrap();
    block_on(receiver.message()).unwrap();
    block_on(receiver.headers()).unwrap().clone()
}

#[test]
fn a_header_that_cannot_be_sent_fails_the_call_and_not_its_thread() {
    let headers = odd_headers();
    assert!(headers.iter().any(|(name, value)| name == "x-odd" && value == "café".as_bytes()), "{headers:?}");
    let channels = Channels::builder(Target::new("127.0.0.1", 1).unwrap()).build();
    let customers = channels.customers().with_metadata(headers);
    let request = CreateCustomerRequest::new();
    block_on(async {
        for error in [
            customers.get("").await.map(drop).unwrap_err(),
            customers.create(&request).await.map(drop).unwrap_err(),
            customers.create_once(&request).await.map(drop).unwrap_err(),
        ] {
            assert_eq!((error.code, error.answered, error.attempts), (Code::Internal, false, 1), "{error:?}");
        }
    });
}
