"""Spans of OpenTelemetry for requests and tasks, where its SDK is installed.

The SDK is set up as its own variables say (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_SERVICE_NAME`, ...); a provider that
the process has already, from `opentelemetry-instrument` for example, is used as it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec

#: Given the status of the response in the end, and the error if there was one.
Conclude = Callable[[int, str | None], None]


def _ignore(status: int, error: str | None) -> None:
    """Without OpenTelemetry nobody wants to know."""


class Telemetry:
    """Makes spans; `active` tells whether there is anybody to make them for."""

    def __init__(self) -> None:
        self.active = is_installed() and os.environ.get("OTEL_SDK_DISABLED", "").lower() != "true" and set_up()

    @contextmanager
    def span(self, name: str, attributes: Mapping[str, str], headers: Mapping[str, str]) -> Iterator[Conclude]:
        """A span around a block, part of the trace that the headers of a request name."""
        if not self.active:
            yield _ignore
            return
        from opentelemetry import propagate, trace

        tracer = trace.get_tracer("xsrun")
        parent = propagate.extract(headers)
        with tracer.start_as_current_span(name, parent, trace.SpanKind.SERVER, attributes=dict(attributes)) as span:

            def conclude(status: int, error: str | None) -> None:
                span.set_attribute("http.response.status_code", status)
                if error is not None and status >= 500:
                    span.set_attribute("error.type", error)
                    span.set_status(trace.StatusCode.ERROR)

            yield conclude


def is_installed() -> bool:
    """Is the SDK there? Its interface alone makes spans that lead nowhere."""
    try:
        return find_spec("opentelemetry.sdk.trace") is not None
    except ModuleNotFoundError:
        return False


def set_up() -> bool:
    """Give the process a provider of spans, unless it has one or nobody says where spans go. Tells whether it has one:
    spans that go nowhere would cost each request a fifth of its time."""
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter

    if not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return True
    exporter: SpanExporter
    if os.environ.get("OTEL_TRACES_EXPORTER") == "console":
        exporter = ConsoleSpanExporter()
    elif os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        except ImportError:
            return False
        exporter = OTLPSpanExporter()
    else:
        return False
    os.environ.setdefault("OTEL_SERVICE_NAME", "xsrun")
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return True
