"""What JavaScript costs: the first call, a call after it, and a list of 1,000 elements.

    python tests/benchmarks/javascript.py [--json]

Medians and 95th percentiles in milliseconds, of warm calls unless a line says otherwise.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable

from xsrun.services.javascript import JavaScript

ROWS = [{"id": number, "name": f"vessel {number}", "tons": number * 1.5} for number in range(2000)]
HASH = "return crypto.createHash('sha256').update(Buffer.from('YQ==', 'base64')).digest('hex')"
IMPORT = "return (await import('node:path')).basename('/a/b')"


def measure(action: Callable[[], object], times: int) -> tuple[float, float]:
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    seconds.sort()
    return statistics.median(seconds) * 1000, seconds[int(times * 0.95)] * 1000


def first_call() -> None:
    javascript = JavaScript()
    javascript.call("return 1", {})
    javascript.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    javascript = JavaScript()
    elements = list(range(1000))
    scope = {"$var": {"rows": ROWS}}
    first_call()  # fills Deno's cache
    results = {"first call, start and end of the process": measure(first_call, 10)}
    for name, action, times in (
        ("a call", lambda: javascript.call("return $input.n + 1", {"$input": {"n": 1}}), 500),
        ("a call that logs", lambda: javascript.call("console.log('tide', 3); return 1", {}, log=len), 300),
        ("a call with Buffer and a hash", lambda: javascript.call(HASH, {}), 300),
        ("a call that has a process to itself", lambda: javascript.call(IMPORT, {}), 30),
        ("a call in TypeScript", lambda: javascript.call("const n: number = 1; return n", {}), 300),
        (f"{len(json.dumps(ROWS)) // 1000} kB in", lambda: javascript.call("return 1", scope), 100),
        (f"{len(json.dumps(ROWS)) // 1000} kB in and out", lambda: javascript.call("return $var.rows", scope), 100),
        ("1,000 elements of lambda_map", lambda: javascript.map("return $this * 2", {}, elements), 100),
        (
            "1,000 elements of lambda_filter",
            lambda: javascript.map("return $this % 2", {}, elements, mode="filter"),
            100,
        ),
    ):
        measure(action, 20)
        results[name] = measure(action, times)
    javascript.close()
    if options.json:
        print(json.dumps(results))
        return
    for name, (median, late) in results.items():
        print(f"{name:45} {median:8.2f} {late:8.2f}")


if __name__ == "__main__":
    main()
