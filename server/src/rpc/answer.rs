//! Answers that are no refusals, and what is said beside their message.

use std::time::SystemTime;

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
    /// It says who this server is, of which version, and what its clock says.
    Identity,
}

impl<P> Answer<P> {
    /// A first answer.
    pub(crate) fn new(message: P) -> Self {
        Self { message, kind: Kind::First }
    }
}

/// The metadata of answers, made once where they are always the same: a copy needs no look at each character.
pub(crate) struct AnswerMetadata {
    pod_name: Box<str>,
    first: Metadata,
    replayed: Metadata,
}

impl AnswerMetadata {
    /// `pod_name` is fit for a header.
    pub(crate) fn of(pod_name: &str) -> grpcio::Result<Self> {
        Ok(Self {
            pod_name: pod_name.into(),
            first: with(pod_name, &[])?,
            replayed: with(pod_name, &[("x-request-replayed", "true")])?,
        })
    }

    /// The name that they tell.
    pub(crate) fn pod_name(&self) -> &str {
        &self.pod_name
    }

    /// Those of such an answer.
    pub(crate) fn of_answer(&self, kind: Kind) -> Metadata {
        match kind {
            Kind::First => self.first.clone(),
            Kind::Replayed => self.replayed.clone(),
            // Of the names and values only the pod's is not of this file, and that was taken before.
            Kind::Identity => self.identity().unwrap_or_else(|_| self.first.clone()),
        }
    }

    fn identity(&self) -> grpcio::Result<Metadata> {
        let since_1970 = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let (version, time) = (env!("CARGO_PKG_VERSION"), since_1970.as_millis().to_string());
        with(&self.pod_name, &[("x-server-version", version), ("x-server-time", &time)])
    }
}

fn with(pod_name: &str, more: &[(&str, &str)]) -> grpcio::Result<Metadata> {
    let mut metadata = MetadataBuilder::with_capacity(1 + more.len());
    metadata.add_str("x-pod-name", pod_name)?;
    for (name, value) in more {
        metadata.add_str(name, value)?;
    }
    Ok(metadata.build())
}
