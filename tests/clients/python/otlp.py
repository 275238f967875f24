"""Sends metrics with OpenTelemetry's own SDK and exporter, as a service would.

    SWITCHBACK_TOKEN=... python otlp.py URL < job.json > answers.json

The job is {"temporality": "delta" or "cumulative", "compression": "gzip" or "none", "batches": [[use, ...], ...]}; a use is
{"module", "side", "error": true or false, "seconds", "count"}. Each batch is exported by itself. The answer is whether each
export succeeded.
"""

import json
import os
import sys

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    MetricExportResult,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.resources import Resource


class Noting(OTLPMetricExporter):
    """The exporter, which notes what became of each export."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.results = []

    def export(self, metrics_data, timeout_millis=10_000, **rest):
        """Exports, and notes whether it succeeded."""
        result = super().export(metrics_data, timeout_millis, **rest)
        self.results.append(result is MetricExportResult.SUCCESS)
        return result


def main():
    """Sends the job on standard input."""
    job = json.load(sys.stdin)
    temporality = AggregationTemporality[job["temporality"].upper()]
    exporter = Noting(
        endpoint=sys.argv[1] + "/v1/metrics",
        headers={"Authorization": "Bearer " + os.environ["SWITCHBACK_TOKEN"]},
        compression=Compression.Gzip if job["compression"] == "gzip" else Compression.NoCompression,
        preferred_temporality={Counter: temporality, Histogram: temporality},
    )
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=float("inf"))
    resource = Resource.create({"service.name": "shop", "service.instance.id": "shop-1"})
    provider = MeterProvider(metric_readers=[reader], resource=resource)
    meter = provider.get_meter("shop")
    uses = meter.create_counter("switchback.uses", unit="1")
    duration = meter.create_histogram("switchback.duration", unit="s")
    for batch in job["batches"]:
        for use in batch:
            of = {"switchback.module": use["module"], "switchback.side": use["side"]}
            uses.add(use["count"], {**of, "error": use["error"]})
            for _ in range(use["count"]):
                duration.record(use["seconds"], of)
        provider.force_flush()
    results = list(exporter.results)
    provider.shutdown()
    json.dump(results, sys.stdout)
    print()


main()
