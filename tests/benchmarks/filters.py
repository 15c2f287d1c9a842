"""The twenty most used filters against their plain-Python twins, as ratios of medians in one run.

    python tests/benchmarks/filters.py [--runs 5] [--json]

Each filter runs 20,000 times in a loop of generated code, its twin as often in a Python loop; what an empty loop costs
is taken off both. The values come from outside the program, so that nothing is known of them before it runs.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable
from typing import Any

from timing import compare

import xsrun

PASSES = 20_000
VARIABLES: dict[str, Any] = {
    "o": {"a": 1, "b": {"c": 2}, "name": "Ann"},
    "p": {"d": 4, "e": 5},
    "l": [3, 1, 2, 3, 5, 8],
    "t": "Hello, World",
    "n": 42,
    "s": "1234",
    "w": ["a", "b", "c"],
}

o, p, lst, t, n, s, w = (VARIABLES[name] for name in ("o", "p", "l", "t", "n", "s", "w"))

#: filter -> (expression, what a Python programmer would write)
FILTERS: dict[str, tuple[str, Callable[[], Any]]] = {
    "get": ('$o|get:"b.c":0', lambda: o.get("b", {}).get("c", 0)),
    "set": ('$o|set:"a":5', lambda: {**o, "a": 5}),
    "count": ("$l|count", lambda: len(lst)),
    "to_text": ("$n|to_text", lambda: str(n)),
    "push": ("$l|push:9", lambda: [*lst, 9]),
    "merge": ("$o|merge:$p", lambda: {**o, **p}),
    "strlen": ("$t|strlen", lambda: len(t)),
    "slice": ("$l|slice:1:2", lambda: lst[1:3]),
    "lower": ("$t|lower", lambda: t.lower()),
    "substr": ("$t|substr:2:5", lambda: t[2:7]),
    "first": ("$l|first", lambda: lst[0] if lst else None),
    "has": ('$o|has:"name"', lambda: "name" in o),
    "to_int": ("$s|to_int", lambda: int(s)),
    "last": ("$l|last", lambda: lst[-1] if lst else None),
    "sprintf": ('"%05d %s"|sprintf:$n:$s', lambda: "%05d %s" % (n, s)),  # noqa: UP031
    "split": ('$t|split:", "', lambda: t.split(", ")),
    "concat": ('$t|concat:$s:"-"', lambda: t + "-" + s),
    "append": ("$l|append:9", lambda: [*lst, 9]),
    "unique": ("$l|unique", lambda: list(dict.fromkeys(lst))),
    "json_encode": ("$o|json_encode", lambda: json.dumps(o, separators=(",", ":"))),
}


def source(expression: str | None) -> str:
    line = f"        var $x {{ value = {expression} }}\n" if expression else ""
    return f"for ({PASSES}) {{\n  each as $i {{\n{line}  }}\n}}\n"


def passes(expression: str | None, twin: Callable[[], Any] | None, runs: int) -> tuple[float, float]:
    """Microseconds of one pass on both sides."""
    with xsrun.Workspace.from_sources({"a.xs": source(expression)}) as workspace:

        def ours() -> None:
            result = workspace.run(variables=VARIABLES)
            assert result.error is None, result.error

        def theirs() -> None:
            if twin is None:
                for _ in range(PASSES):
                    pass
            else:
                for _ in range(PASSES):
                    twin()

        one, two = compare(ours, theirs, runs)
    return one / PASSES * 1e6, two / PASSES * 1e6


def measure(runs: int) -> list[dict[str, Any]]:
    """Microseconds of one use on both sides and their ratio; the answers must agree."""
    empty, empty_twin = passes(None, None, runs)
    rows = []
    for name, (expression, twin) in FILTERS.items():
        assert xsrun.evaluate(expression, VARIABLES) == twin(), name
        one, two = passes(expression, twin, runs)
        ours, plain = max(one - empty, 0.001), max(two - empty_twin, 0.001)
        rows.append({"name": name, "xsrun": ours * 1e-6, "python": plain * 1e-6, "ratio": ours / plain})
    return rows


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--json", action="store_true")
    choice = options.parse_args()
    rows = measure(choice.runs)
    if choice.json:
        print(json.dumps(rows))
        return
    for row in rows:
        print(f"{row['name']:<12} {row['xsrun'] * 1e6:8.3f} us  {row['python'] * 1e6:8.3f} us  {row['ratio']:6.2f}x")
    print(f"{'geometric mean':<34} {statistics.geometric_mean(row['ratio'] for row in rows):6.2f}x")


if __name__ == "__main__":
    main()
