//! Prometheus metrics, under the names that dashboards for gRPC services know.
//!
//! No label is made from anything that a caller sends. Handles are resolved once, so a call only adds to atomics.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use grpcio::{MethodType, RpcStatusCode};
use prometheus::core::Collector as _;
use prometheus::proto::MetricFamily;
use prometheus::{
    Encoder as _, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

/// Codes 0 to 16 of the gRPC status code page, in the spelling of the ecosystem's metrics.
const CODES: [&str; 17] = [
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated",
];

/// Seconds. A cached read takes some tens of microseconds, a durable write some milliseconds.
const BUCKETS: [f64; 16] = [
    0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0,
];

/// All metrics of one server. Clones share their numbers.
#[derive(Clone)]
pub(crate) struct Metrics {
    registry: Registry,
    calls: bool,
    started: IntCounterVec,
    handled: IntCounterVec,
    seconds: HistogramVec,
    in_flight: IntGaugeVec,
    store: IntCounterVec,
    serving: IntGauge,
}

impl Metrics {
    /// Registers everything; fails only where two metrics have one name. Without `calls` no call is counted or timed, but
    /// for those in flight, which the drain looks at.
    pub(crate) fn new(pod_name: &str, app_version: &str, calls: bool) -> prometheus::Result<Self> {
        const METHOD: [&str; 3] = ["grpc_type", "grpc_service", "grpc_method"];
        const HANDLED: [&str; 4] = ["grpc_type", "grpc_service", "grpc_method", "grpc_code"];
        let metrics = Self {
            registry: Registry::new(),
            calls,
            started: IntCounterVec::new(Opts::new("grpc_server_started_total", "RPCs begun."), &METHOD)?,
            handled: IntCounterVec::new(Opts::new("grpc_server_handled_total", "RPCs ended, by code."), &HANDLED)?,
            seconds: HistogramVec::new(
                HistogramOpts::new("grpc_server_handling_seconds", "Seconds from an RPC's begin to its answer.")
                    .buckets(BUCKETS.to_vec()),
                &METHOD,
            )?,
            in_flight: IntGaugeVec::new(Opts::new("grpc_server_in_flight", "RPCs begun and not yet ended."), &METHOD)?,
            store: IntCounterVec::new(
                Opts::new("ticketing_store_operations_total", "Operations of the store, by outcome."),
                &["operation", "outcome"],
            )?,
            serving: IntGauge::new("ticketing_serving", "1 while health says SERVING, else 0.")?,
        };
        let info = IntGaugeVec::new(
            Opts::new("ticketing_build_info", "Always 1: which program runs in which pod."),
            &["version", "app_version", "pod"],
        )?;
        info.with_label_values(&[env!("CARGO_PKG_VERSION"), app_version, pod_name]).set(1);
        metrics.registry.register(Box::new(metrics.started.clone()))?;
        metrics.registry.register(Box::new(metrics.handled.clone()))?;
        metrics.registry.register(Box::new(metrics.seconds.clone()))?;
        metrics.registry.register(Box::new(metrics.in_flight.clone()))?;
        metrics.registry.register(Box::new(metrics.store.clone()))?;
        metrics.registry.register(Box::new(metrics.serving.clone()))?;
        metrics.registry.register(Box::new(info))?;
        Ok(metrics)
    }

    /// The metrics of one method; `path` is `/package.Service/Method`.
    pub(crate) fn method(&self, path: &str, kind: MethodType) -> MethodMetrics {
        let (service, method) = path.trim_start_matches('/').split_once('/').unwrap_or((path, ""));
        let kind = match kind {
            MethodType::Unary => "unary",
            MethodType::ClientStreaming => "client_stream",
            MethodType::ServerStreaming => "server_stream",
            MethodType::Duplex => "bidi_stream",
        };
        let labels = [kind, service, method];
        let counted = || Counted {
            started: self.started.with_label_values(&labels),
            handled: CODES.map(|code| self.handled.with_label_values(&[kind, service, method, code])),
            seconds: self.seconds.with_label_values(&labels),
        };
        MethodMetrics {
            counted: self.calls.then(counted).map(Arc::new),
            in_flight: self.in_flight.with_label_values(&labels),
        }
    }

    /// The counter of one outcome of the store.
    pub(crate) fn store(&self, operation: &str, outcome: &str) -> IntCounter {
        self.store.with_label_values(&[operation, outcome])
    }

    /// Calls of all methods that have begun and not yet ended.
    pub(crate) fn calls_in_flight(&self) -> f64 {
        let families = self.in_flight.collect();
        let methods = families.iter().flat_map(MetricFamily::get_metric);
        methods.map(|method| method.get_gauge().get_value()).sum::<f64>()
    }

    /// What health says.
    pub(crate) fn set_serving(&self, serving: bool) {
        self.serving.set(i64::from(serving));
    }

    /// The metrics of certificates, which are there only where calls are encrypted.
    pub(crate) fn encryption(&self) -> prometheus::Result<EncryptionMetrics> {
        let metrics = EncryptionMetrics {
            not_after: IntGauge::new(
                "ticketing_tls_certificate_not_after_seconds",
                "When the certificate in use expires, in seconds since 1970.",
            )?,
            reloads: IntCounterVec::new(
                Opts::new("ticketing_tls_reloads_total", "Changed certificates that were taken, or refused as unfit."),
                &["outcome"],
            )?,
        };
        for outcome in ["taken", "refused"] {
            metrics.reloads.with_label_values(&[outcome]);
        }
        self.registry.register(Box::new(metrics.not_after.clone()))?;
        self.registry.register(Box::new(metrics.reloads.clone()))?;
        Ok(metrics)
    }

    /// Everything in the text format of Prometheus, version 0.0.4.
    pub(crate) fn text(&self) -> prometheus::Result<Vec<u8>> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

/// The metrics of certificates.
#[derive(Clone)]
pub(crate) struct EncryptionMetrics {
    not_after: IntGauge,
    reloads: IntCounterVec,
}

impl EncryptionMetrics {
    /// Tells when the certificate in use expires.
    pub(crate) fn expires(&self, end: SystemTime) {
        let since = end.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.not_after.set(i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
    }

    /// Counts a renewed certificate that is in use from now on.
    pub(crate) fn taken(&self, end: SystemTime) {
        self.expires(end);
        self.reloads.with_label_values(&["taken"]).inc();
    }

    /// Counts one that is not.
    pub(crate) fn refused(&self) {
        self.reloads.with_label_values(&["refused"]).inc();
    }
}

/// The metrics of one method.
#[derive(Clone)]
pub(crate) struct MethodMetrics {
    counted: Option<Arc<Counted>>,
    in_flight: IntGauge,
}

struct Counted {
    started: IntCounter,
    handled: [IntCounter; CODES.len()],
    seconds: Histogram,
}

impl MethodMetrics {
    /// Counts a call that begins.
    pub(crate) fn start(&self) -> CallMetrics {
        self.in_flight.inc();
        let timed = self.counted.as_ref().map(|counted| {
            counted.started.inc();
            (Arc::clone(counted), Instant::now())
        });
        CallMetrics { timed, in_flight: self.in_flight.clone() }
    }
}

/// The metrics of one call; in flight until it is dropped.
pub(crate) struct CallMetrics {
    timed: Option<(Arc<Counted>, Instant)>,
    in_flight: IntGauge,
}

impl CallMetrics {
    /// Counts the call's end.
    pub(crate) fn handled(&self, code: RpcStatusCode) {
        let Some((counted, begun)) = &self.timed else { return };
        counted.seconds.observe(begun.elapsed().as_secs_f64());
        let index = usize::try_from(i32::from(code)).unwrap_or(usize::MAX);
        if let Some(counter) = counted.handled.get(index) {
            counter.inc();
        }
    }
}

impl Drop for CallMetrics {
    fn drop(&mut self) {
        self.in_flight.dec();
    }
}
