//! What was compared with, as digests.

use prometheus_client::{
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::report::Report;

type Labels = Vec<(&'static str, String)>;

/// What a report was compared with, so that one query tells hosts that compare with something else.
pub(super) fn register(report: &Report, registry: &mut Registry) {
    let matrices = Family::<Labels, Gauge>::default();
    for matrix in &report.matrices {
        let labels = vec![
            ("matrix", matrix.name.clone()),
            ("version", matrix.version.clone().unwrap_or_default()),
            ("sha256", matrix.sha256.clone()),
        ];
        matrices.get_or_create(&labels).set(1);
    }
    registry.register("matrix_info", "Matrices that are compared with", matrices);
    let deployment = Family::<Labels, Gauge>::default();
    let basis = report.basis.as_ref();
    if let Some(file) = basis.and_then(|basis| basis.deployment.as_ref()) {
        let labels = vec![("sha256", file.sha256.clone())];
        deployment.get_or_create(&labels).set(1);
    }
    registry.register("deployment_info", "The deployment in use", deployment);
}
