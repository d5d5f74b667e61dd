//! Answers that are no refusals, and what is said beside their message.

use grpcio::{Metadata, MetadataBuilder};

/// A response and what its metadata say.
pub(crate) struct Answer<P> {
    /// The response message.
    pub(crate) message: P,
    /// What it is.
    pub(crate) kind: Kind,
}

/// What an answer is, beside its message.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// One of its own.
    First,
    /// It only repeats what an earlier call was answered.
    Replayed,
    /// It says who this server is, and of which version.
    Identity,
}

impl<P> Answer<P> {
    /// A first answer.
    pub(crate) fn new(message: P) -> Self {
        Self { message, kind: Kind::First }
    }
}

/// The metadata of answers, made once: a copy needs no look at each character.
pub(crate) struct AnswerMetadata {
    first: Metadata,
    replayed: Metadata,
    identity: Metadata,
}

impl AnswerMetadata {
    /// `pod_name` is fit for a header.
    pub(crate) fn of(pod_name: &str) -> grpcio::Result<Self> {
        let with = |more: Option<(&str, &str)>| -> grpcio::Result<Metadata> {
            let mut metadata = MetadataBuilder::new();
            metadata.add_str("x-pod-name", pod_name)?;
            if let Some((name, value)) = more {
                metadata.add_str(name, value)?;
            }
            Ok(metadata.build())
        };
        Ok(Self {
            first: with(None)?,
            replayed: with(Some(("x-request-replayed", "true")))?,
            identity: with(Some(("x-server-version", env!("CARGO_PKG_VERSION"))))?,
        })
    }

    /// Those of such an answer.
    pub(crate) fn of_answer(&self, kind: Kind) -> Metadata {
        match kind {
            Kind::First => self.first.clone(),
            Kind::Replayed => self.replayed.clone(),
            Kind::Identity => self.identity.clone(),
        }
    }
}
