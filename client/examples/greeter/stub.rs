//! The stub of a small service, as grpcio's generator writes one: `rpc Greet(StringValue) returns (StringValue)`.

use grpcio::{CallOption, Channel, Client, ClientUnaryReceiver, Marshaller, Method, MethodType, pb_de, pb_ser};
use protobuf::well_known_types::wrappers::StringValue;

pub(crate) const GREET: Method<StringValue, StringValue> = Method {
    ty: MethodType::Unary,
    name: "/greeter.Greeter/Greet",
    req_mar: Marshaller { ser: pb_ser, de: pb_de },
    resp_mar: Marshaller { ser: pb_ser, de: pb_de },
};

pub(crate) struct GreeterClient(Client);

impl GreeterClient {
    pub(crate) fn new(channel: Channel) -> Self {
        Self(Client::new(channel))
    }

    pub(crate) fn greet_async_opt(
        &self,
        request: &StringValue,
        options: CallOption,
    ) -> grpcio::Result<ClientUnaryReceiver<StringValue>> {
        self.0.unary_call_async(&GREET, request, options)
    }
}

pub(crate) fn text(value: &str) -> StringValue {
    StringValue { value: value.to_owned(), ..StringValue::new() }
}
