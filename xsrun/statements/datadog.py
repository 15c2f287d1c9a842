"""`datadog.*`: logs and metrics for Datadog, which is not on this machine."""

from __future__ import annotations

from xsrun.statements.unavailable import declare

_DATADOG = "it needs a connection to Datadog"

declare(
    "datadog.log",
    _DATADOG,
    "Send a log entry to Datadog.",
    "message?, status?, attributes?, service?, source?, env?, hostname?, tags?, timestamp?, connection?",
)
declare("datadog.log_bulk", _DATADOG, "Send several log entries to Datadog.", "entries, connection?")
declare(
    "datadog.metric",
    _DATADOG,
    "Send a metric to Datadog.",
    "metric?, value, type?, tags?, service?, source?, env?, hostname?, timestamp?, connection?",
)
declare("datadog.metric_bulk", _DATADOG, "Send several metrics to Datadog.", "entries, connection?")
