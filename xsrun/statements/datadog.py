"""`datadog.*`: logs and metrics for Datadog, which is not on this machine."""

from __future__ import annotations

from xsrun.statements.unavailable import declare_all

declare_all(
    "datadog.",
    "it needs a connection to Datadog",
    {
        "log": "Send a log entry to Datadog.",
        "log_bulk": "Send several log entries to Datadog.",
        "metric": "Send a metric to Datadog.",
        "metric_bulk": "Send several metrics to Datadog.",
    },
)
