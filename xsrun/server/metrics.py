"""What the server counts, for Prometheus at `/xsrun/metrics`."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from xsrun.errors import UnavailableError

if TYPE_CHECKING:
    from prometheus_client.core import Metric

#: Where Prometheus reads them.
METRICS = "/xsrun/metrics"
#: The ends of the intervals in which durations are counted, in seconds; the last has no end.
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
#: Which requests are counted together: query, status.
Key = tuple[str, int]


class Counted:
    """Requests of one query with one status: how many took how long."""

    __slots__ = ("intervals", "seconds")

    def __init__(self) -> None:
        self.intervals = [0] * (len(SECONDS) + 1)
        self.seconds = 0.0


class Metrics:
    """Counts requests. The package that writes them for Prometheus is needed only where somebody asks for them."""

    def __init__(self) -> None:
        self._requests: dict[Key, Counted] = {}
        self._lock = threading.Lock()
        #: figures of the moment: name and what it is -> the number
        self.gauges: dict[tuple[str, str], Callable[[], float]] = {}

    def count(self, query: str, status: int, seconds: float) -> None:
        """Note a request that was answered."""
        with self._lock:
            found = self._requests.get((query, status))
            if found is None:
                found = self._requests[query, status] = Counted()
            found.intervals[bisect_left(SECONDS, seconds)] += 1
            found.seconds += seconds

    def collect(self) -> Iterator[Metric]:
        """What Prometheus' own package asks a collector for."""
        from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily

        with self._lock:
            requests = [(key, list(one.intervals), one.seconds) for key, one in self._requests.items()]
        durations = HistogramMetricFamily(
            "xsrun_request_seconds", "How long requests took, by query and status", labels=["query", "status"]
        )
        ends = [*map(str, SECONDS), "+Inf"]
        for (query, status), intervals, seconds in requests:
            total, buckets = 0, []
            for end, count in zip(ends, intervals, strict=True):
                total += count
                buckets.append((end, float(total)))
            durations.add_metric([query, str(status)], buckets, seconds)
        yield durations
        for (name, about), value in self.gauges.items():
            yield GaugeMetricFamily(name, about, value=value())

    def text(self) -> bytes:
        """All figures as Prometheus reads them. Raises UnavailableError without its package."""
        try:
            from prometheus_client import CollectorRegistry, generate_latest
        except ImportError:
            raise UnavailableError(
                "/xsrun/metrics needs the package prometheus_client, which is not installed",
                hint="install it with: pip install 'xsrun[metrics]'",
            ) from None
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        written: bytes = generate_latest(registry)
        return written
