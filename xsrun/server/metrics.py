"""What the server counts, for Prometheus at `/xsrun/metrics`."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

from xsrun.errors import UnavailableError
from xsrun.extras import installing
from xsrun.server.figures import Figures

if TYPE_CHECKING:
    from prometheus_client.core import Metric

#: Where Prometheus reads them.
METRICS = "/xsrun/metrics"
#: The ends of the intervals in which durations are counted, in seconds; the last has no end.
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
#: How many intervals that are.
INTERVALS = len(SECONDS) + 1


class Metrics:
    """Counts requests, of all processes of a server together. The package that writes them for Prometheus is needed
    only where somebody asks for them."""

    def __init__(self, figures: Figures | None = None) -> None:
        self.figures = figures or Figures(INTERVALS)
        #: figures of the moment in this process: name and what it is -> the number
        self.gauges: dict[tuple[str, str], Callable[[], float]] = {}

    def count(self, query: str, status: int, seconds: float) -> None:
        """Note a request that was answered."""
        self.figures.add((query, status), bisect_left(SECONDS, seconds), seconds)

    def publish(self) -> None:
        """Show the other processes what the gauges are at the moment."""
        for number, value in enumerate(self.gauges.values()):
            self.figures.set_gauge(number, value())

    async def publish_often(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Show the gauges every second, until cancelled."""
        while True:
            self.publish()
            await sleep(1)

    def collect(self) -> Iterator[Metric]:
        """What Prometheus' own package asks a collector for."""
        from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily

        durations = HistogramMetricFamily(
            "xsrun_request_seconds", "How long requests took, by query and status", labels=["query", "status"]
        )
        ends = [*map(str, SECONDS), "+Inf"]
        for (query, status), (intervals, seconds) in self.figures.totals().items():
            total, buckets = 0, []
            for end, count in zip(ends, intervals, strict=True):
                total += count
                buckets.append((end, float(total)))
            durations.add_metric([query, str(status)], buckets, seconds)
        yield durations
        self.publish()
        for number, (name, about) in enumerate(self.gauges):
            yield GaugeMetricFamily(name, about, value=self.figures.gauge(number))

    def text(self) -> bytes:
        """All figures as Prometheus reads them. Raises UnavailableError without its package."""
        try:
            from prometheus_client import CollectorRegistry, generate_latest
        except ImportError:
            raise UnavailableError(
                "/xsrun/metrics needs the package prometheus_client, which is not installed",
                hint=f"install it with: {installing('metrics')}",
            ) from None
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        written: bytes = generate_latest(registry)
        return written
