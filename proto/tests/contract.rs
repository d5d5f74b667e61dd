//! The wire contract of the first version holds: same names, numbers and types, only additions.

use protobuf::Message as _;
use protobuf::descriptor::field_descriptor_proto::{Label, Type};
use protobuf::descriptor::{DescriptorProto, FileDescriptorProto, FileDescriptorSet};
use ticketing_proto::DESCRIPTOR_SET;

fn ticketing() -> FileDescriptorProto {
    let set = FileDescriptorSet::parse_from_bytes(DESCRIPTOR_SET).expect("descriptors");
    set.file.into_iter().find(|file| file.name() == "ticketing.proto").expect("ticketing.proto")
}

fn message<'a>(file: &'a FileDescriptorProto, name: &str) -> &'a DescriptorProto {
    file.message_type.iter().find(|message| message.name() == name).expect("the message is there")
}

/// Number, name and type of the fields that a message had in the first version.
fn assert_fields(file: &FileDescriptorProto, name: &str, first_version: &[(i32, &str, Label, Type)]) {
    let found: Vec<_> = message(file, name)
        .field
        .iter()
        .map(|field| (field.number(), field.name(), field.label(), field.type_()))
        .collect();
    for field in first_version {
        assert!(found.contains(field), "{name}: {field:?} is not among {found:?}");
    }
}

#[test]
fn the_first_version_of_the_contract_is_kept() {
    use {
        Label::LABEL_OPTIONAL as ONE, Label::LABEL_REPEATED as MANY, Type::TYPE_MESSAGE, Type::TYPE_STRING as STRING,
    };
    let file = ticketing();
    assert_eq!((file.package(), file.syntax()), ("ticketing", "proto3"));
    assert_fields(&file, "GetCustomerRequest", &[(1, "id", ONE, STRING)]);
    assert_fields(
        &file,
        "Customer",
        &[(1, "id", ONE, STRING), (2, "first_name", ONE, STRING), (3, "last_name", ONE, STRING)],
    );
    assert_fields(&file, "CreateCustomerRequest", &[(1, "first_name", ONE, STRING), (2, "last_name", ONE, STRING)]);
    assert_fields(&file, "ListCustomersRequest", &[]);
    assert_fields(&file, "CustomerList", &[(1, "customers", MANY, TYPE_MESSAGE)]);
    assert_eq!(message(&file, "CustomerList").field[0].type_name(), ".ticketing.Customer");
}

#[test]
fn the_first_version_of_the_service_is_kept() {
    let file = ticketing();
    let service = file.service.iter().find(|service| service.name() == "CustomerController").expect("the service");
    let methods: Vec<_> = service
        .method
        .iter()
        .map(|method| {
            assert!(!method.client_streaming() && !method.server_streaming(), "{} is unary", method.name());
            (method.name(), method.input_type(), method.output_type())
        })
        .collect();
    for method in [
        ("GetCustomer", ".ticketing.GetCustomerRequest", ".ticketing.Customer"),
        ("CreateCustomer", ".ticketing.CreateCustomerRequest", ".ticketing.Customer"),
        ("ListCustomers", ".ticketing.ListCustomersRequest", ".ticketing.CustomerList"),
    ] {
        assert!(methods.contains(&method), "{method:?} is not among {methods:?}");
    }
}
