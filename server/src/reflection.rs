//! `grpc.reflection`, v1 and v1alpha: the services and files of the descriptor set, which are public anyway.
//!
//! Both versions have the same messages on the wire, so one implementation serves both names.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;

use futures::future::{Either, FutureExt as _, select};
use futures::{SinkExt as _, StreamExt as _};
use grpcio::{DuplexSink, Method, RequestStream, RpcStatusCode, Service, ServiceBuilder, WriteFlags};
use protobuf::Message as _;
use protobuf::descriptor::{FileDescriptorProto, FileDescriptorSet};
use ticketing_proto::DESCRIPTOR_SET;
use ticketing_proto::reflection_v1::server_reflection_request::Message_request;
use ticketing_proto::reflection_v1::server_reflection_response::Message_response;
use ticketing_proto::reflection_v1::{
    ErrorResponse, ExtensionNumberResponse, FileDescriptorResponse, ListServiceResponse, ServerReflectionRequest,
    ServerReflectionResponse, ServiceResponse,
};
use ticketing_proto::reflection_v1_grpc::METHOD_SERVER_REFLECTION_SERVER_REFLECTION_INFO as METHOD_V1;
use ticketing_proto::reflection_v1alpha_grpc::METHOD_SERVER_REFLECTION_SERVER_REFLECTION_INFO as METHOD_V1ALPHA;

use crate::health::Health;
use crate::rpc::{Decoded, Edge, End, Refusal, checked};

/// The reflection services.
pub(crate) fn services(edge: &Edge, health: &Health) -> Result<[Service; 2], protobuf::Error> {
    let index = Arc::new(Index::new(DESCRIPTOR_SET)?);
    let v1alpha = Method { name: METHOD_V1ALPHA.name, ..checked(&METHOD_V1) };
    Ok([service(checked(&METHOD_V1), &index, edge, health), service(v1alpha, &index, edge, health)])
}

fn service(
    method: Method<Decoded<ServerReflectionRequest>, ServerReflectionResponse>,
    index: &Arc<Index>,
    edge: &Edge,
    health: &Health,
) -> Service {
    let (index, edge, health) = (Arc::clone(index), edge.clone(), health.clone());
    let metrics = edge.method_metrics(&method);
    ServiceBuilder::new()
        .add_duplex_streaming_handler(&method, move |ctx, requests, sink| {
            let (index, health) = (Arc::clone(&index), health.clone());
            edge.converse("Server Reflection", &metrics, &ctx, (requests, sink), move |(requests, sink)| {
                converse(index, health, requests, sink).boxed()
            });
        })
        .build()
}

async fn converse(
    index: Arc<Index>,
    health: Health,
    requests: &mut RequestStream<Decoded<ServerReflectionRequest>>,
    sink: &mut DuplexSink<ServerReflectionResponse>,
) -> Result<End, Refusal> {
    // Tools keep a stream open while they idle; a drain must not wait for them.
    let mut ended = pin!(health.ended());
    loop {
        let request = match select(requests.next(), ended.as_mut()).await {
            Either::Left((Some(Ok(request)), _)) => request?,
            Either::Left((Some(Err(_)), _)) => return Ok(End::CallerGone),
            Either::Left((None, _)) | Either::Right(_) => return Ok(End::Complete),
        };
        if sink.send((index.answer(request), WriteFlags::default())).await.is_err() {
            return Ok(End::CallerGone);
        }
    }
}

/// Which file declares what.
struct Index {
    services: Vec<String>,
    files: HashMap<String, File>,
    /// Full name of a service, method, message, field, enum, enum value → file name.
    symbols: HashMap<String, String>,
}

struct File {
    bytes: Vec<u8>,
    imports: Vec<String>,
}

impl Index {
    fn new(descriptor_set: &[u8]) -> Result<Self, protobuf::Error> {
        let mut index = Self { services: Vec::new(), files: HashMap::new(), symbols: HashMap::new() };
        for file in FileDescriptorSet::parse_from_bytes(descriptor_set)?.file {
            index.add(&file)?;
        }
        index.services.sort();
        Ok(index)
    }

    fn add(&mut self, file: &FileDescriptorProto) -> Result<(), protobuf::Error> {
        let mut symbols = Vec::new();
        for service in &file.service {
            let name = format!("{}.{}", file.package(), service.name());
            symbols.extend(service.method.iter().map(|method| format!("{name}.{}", method.name())));
            self.services.push(name.clone());
            symbols.push(name);
        }
        let mut messages: Vec<_> =
            file.message_type.iter().map(|message| (file.package().to_owned(), message)).collect();
        let mut enums: Vec<_> = file.enum_type.iter().map(|declared| (file.package().to_owned(), declared)).collect();
        while let Some((scope, message)) = messages.pop() {
            let name = format!("{scope}.{}", message.name());
            messages.extend(message.nested_type.iter().map(|nested| (name.clone(), nested)));
            enums.extend(message.enum_type.iter().map(|nested| (name.clone(), nested)));
            symbols.extend(message.field.iter().map(|field| format!("{name}.{}", field.name())));
            symbols.push(name);
        }
        for (scope, declared) in enums {
            // A value's scope is its enum's, not the enum.
            symbols.extend(declared.value.iter().map(|value| format!("{scope}.{}", value.name())));
            symbols.push(format!("{scope}.{}", declared.name()));
        }
        self.symbols.extend(symbols.into_iter().map(|symbol| (symbol, file.name().to_owned())));
        let entry = File { bytes: file.write_to_bytes()?, imports: file.dependency.clone() };
        self.files.insert(file.name().to_owned(), entry);
        Ok(())
    }

    fn answer(&self, request: ServerReflectionRequest) -> ServerReflectionResponse {
        let message = match &request.message_request {
            Some(Message_request::ListServices(_)) => self.list(),
            Some(Message_request::FileByFilename(name)) => self.file(name),
            Some(Message_request::FileContainingSymbol(symbol)) => {
                match self.symbols.get(symbol.trim_start_matches('.')) {
                    Some(name) => self.file(name),
                    None => error(RpcStatusCode::NOT_FOUND, "no file declares this symbol"),
                }
            }
            Some(Message_request::FileContainingExtension(_)) => {
                error(RpcStatusCode::NOT_FOUND, "proto3 has no extensions")
            }
            Some(Message_request::AllExtensionNumbersOfType(name)) => self.extensions(name),
            _ => error(RpcStatusCode::INVALID_ARGUMENT, "the request asks for nothing"),
        };
        ServerReflectionResponse {
            valid_host: request.host.clone(),
            original_request: Some(request).into(),
            message_response: Some(message),
            ..ServerReflectionResponse::default()
        }
    }

    /// None of any message, as proto3 has it; a name that is no symbol here is an error all the same.
    fn extensions(&self, name: &str) -> Message_response {
        let base_type_name = name.trim_start_matches('.').to_owned();
        if !self.symbols.contains_key(&base_type_name) {
            return error(RpcStatusCode::NOT_FOUND, "no file declares this message");
        }
        let none = ExtensionNumberResponse { base_type_name, ..ExtensionNumberResponse::default() };
        Message_response::AllExtensionNumbersResponse(none)
    }

    fn list(&self) -> Message_response {
        let named = |name: &String| ServiceResponse { name: name.clone(), ..ServiceResponse::default() };
        let service = self.services.iter().map(named).collect();
        Message_response::ListServicesResponse(ListServiceResponse { service, ..ListServiceResponse::default() })
    }

    /// The file first, then everything that it imports, each once.
    fn file(&self, name: &str) -> Message_response {
        let mut wanted = vec![name.to_owned()];
        let mut next = 0;
        let mut files = Vec::new();
        while let Some(name) = wanted.get(next) {
            let Some(file) = self.files.get(name) else {
                return error(RpcStatusCode::NOT_FOUND, "no such file");
            };
            files.push(file.bytes.clone());
            let new: Vec<_> = file.imports.iter().filter(|import| !wanted.contains(import)).cloned().collect();
            wanted.extend(new);
            next += 1;
        }
        let response = FileDescriptorResponse { file_descriptor_proto: files, ..FileDescriptorResponse::default() };
        Message_response::FileDescriptorResponse(response)
    }
}

fn error(code: RpcStatusCode, text: &str) -> Message_response {
    Message_response::ErrorResponse(ErrorResponse {
        error_code: code.into(),
        error_message: text.to_owned(),
        ..ErrorResponse::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extensions_of_a_message_are_none_and_those_of_no_message_an_error() {
        let index = Index::new(DESCRIPTOR_SET).expect("it parses");
        let numbers = |name: &str| {
            let asked = Message_request::AllExtensionNumbersOfType(name.to_owned());
            let request = ServerReflectionRequest { message_request: Some(asked), ..Default::default() };
            index.answer(request).message_response
        };
        match numbers("ticketing.Customer") {
            Some(Message_response::AllExtensionNumbersResponse(none)) => {
                assert_eq!((none.base_type_name.as_str(), none.extension_number.len()), ("ticketing.Customer", 0));
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(numbers("ticketing.Nobody"), Some(Message_response::ErrorResponse(_))));
    }
}
