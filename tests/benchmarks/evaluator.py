"""The evaluator against plain Python: each workload in XanoScript and as a Python twin, as ratios of medians.

python tests/benchmarks/evaluator.py [--runs 5] [--json]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any

import orjson
from timing import compare

import xsrun

LOOPS = """function main {
  input {
  }
  stack {
    var $sum { value = 0 }
    for (400) {
      each as $i {
        for (400) {
          each as $j {
            conditional {
              if (($i + $j) % 3 == 0) {
                math.add $sum { value = $i * $j }
              }
              else {
                math.sub $sum { value = 1 }
              }
            }
          }
        }
      }
    }
  }
  response = $sum
}
"""


def loops() -> int:
    total = 0
    for i in range(400):
        for j in range(400):
            if (i + j) % 3 == 0:
                total += i * j
            else:
                total -= 1
    return total


WHILE = """function main {
  input {
  }
  stack {
    var $n { value = 0 }
    var $total { value = 0 }
    while ($n < 200000) {
      each {
        var.update $n { value = $n + 1 }
        var.update $total { value = $total + $n }
      }
    }
  }
  response = $total
}
"""


def while_loop() -> int:
    n = total = 0
    while n < 200_000:
        n = n + 1
        total = total + n
    return total


RECURSION = """function main {
  input {
  }
  stack {
    function.run fib {
      input = {n: 20}
    } as $r
  }
  response = $r
}
---
function fib {
  input {
    int n
  }
  stack {
    conditional {
      if ($input.n < 2) {
        return { value = $input.n }
      }
    }
    function.run fib {
      input = {n: $input.n - 1}
    } as $a
    function.run fib {
      input = {n: $input.n - 2}
    } as $b
  }
  response = $a + $b
}
"""


def recursion() -> int:
    def fib(n: int) -> int:
        if n < 2:
            return n
        a = fib(n - 1)
        b = fib(n - 2)
        return a + b

    return fib(20)


LISTS = """function main {
  input {
  }
  stack {
    var $rows { value = [] }
    for (20000) {
      each as $i {
        array.push $rows { value = {id: $i, price: ($i * 7919) % 1000, name: "n" ~ $i} }
      }
    }
    var $cheap { value = $rows|filter:$$.price < 500 }
    var $sorted { value = $cheap|sort:"price":"number":true }
    var $names { value = $sorted|map:$$.name }
  }
  response = {count: ($names|count), first: ($names|first)}
}
"""


def lists() -> dict[str, Any]:
    rows = []
    for i in range(20_000):
        rows.append({"id": i, "price": (i * 7919) % 1000, "name": f"n{i}"})  # noqa: PERF401 - as the program does
    cheap = [row for row in rows if row["price"] < 500]
    ordered = sorted(cheap, key=lambda row: row["price"])
    names = [row["name"] for row in ordered]
    return {"count": len(names), "first": names[0]}


MAPS = """function main {
  input {
  }
  stack {
    var $counts { value = {} }
    for (50000) {
      each as $i {
        var $key { value = "k" ~ ($i % 100) }
        var.update $counts[$key] { value = ($counts[$key] ?? 0) + 1 }
      }
    }
  }
  response = $counts.k7
}
"""


def maps() -> int:
    counts: dict[str, int] = {}
    for i in range(50_000):
        key = f"k{i % 100}"
        counts[key] = counts.get(key, 0) + 1
    return counts["k7"]


GRID = """function main {
  input {
  }
  stack {
    var $grid { value = [] }
    for (200) {
      each as $i {
        var $row { value = [] }
        for (200) {
          each as $j {
            array.push $row { value = 0 }
          }
        }
        array.push $grid { value = $row }
      }
    }
    for (199) {
      each as $i {
        for (199) {
          each as $j {
            var.update $grid[$i + 1][$j + 1] { value = $grid[$i][$j] + 1 }
          }
        }
      }
    }
  }
  response = $grid[199][199]
}
"""


def grid() -> int:
    rows = []
    for _ in range(200):
        row = []
        for _ in range(200):
            row.append(0)  # noqa: PERF401 - as the program does
        rows.append(row)
    for i in range(199):
        for j in range(199):
            rows[i + 1][j + 1] = rows[i][j] + 1
    return rows[199][199]


TEXT = """function main {
  input {
  }
  stack {
    var $text { value = "" }
    for (20000) {
      each as $i {
        text.append $text { value = $i ~ "," }
      }
    }
  }
  response = $text|strlen
}
"""


def text() -> int:
    made = ""
    for i in range(20_000):
        made += f"{i},"
    return len(made)


SORTING = """function main {
  input {
  }
  stack {
    var $numbers { value = [] }
    for (50000) {
      each as $i {
        array.push $numbers { value = ($i * 7919) % 50021 }
      }
    }
    var $up { value = $numbers|sort:"":"number" }
    var $words { value = $up|map:"w" ~ $$ }
    var $down { value = $words|sort:"":"text":false }
  }
  response = {least: ($up|first), last: ($down|first)}
}
"""


def sorting() -> dict[str, Any]:
    numbers = []
    for i in range(50_000):
        numbers.append((i * 7919) % 50_021)  # noqa: PERF401 - as the program does
    up = sorted(numbers)
    words = [f"w{number}" for number in up]
    down = sorted(words, reverse=True)
    return {"least": up[0], "last": down[0]}


JSON = """function main {
  input {
  }
  stack {
    var $row { value = {id: 7, name: "Ann", tags: ["a", "b"], price: 12.5, nested: {x: 1, y: [1, 2, 3]}} }
    var $length { value = 0 }
    for (5000) {
      each as $i {
        var $text { value = $row|set:"id":$i|json_encode }
        var $back { value = $text|json_decode }
        var.update $length { value = $length + ($text|strlen) + $back.id }
      }
    }
  }
  response = $length
}
"""


def orjson_texts() -> int:
    row = {"id": 7, "name": "Ann", "tags": ["a", "b"], "price": 12.5, "nested": {"x": 1, "y": [1, 2, 3]}}
    length = 0
    for i in range(5_000):
        made = orjson.dumps({**row, "id": i}).decode()
        back = orjson.loads(made)
        length += len(made) + back["id"]
    return length


def json_texts() -> int:
    row = {"id": 7, "name": "Ann", "tags": ["a", "b"], "price": 12.5, "nested": {"x": 1, "y": [1, 2, 3]}}
    length = 0
    for i in range(5_000):
        made = json.dumps({**row, "id": i}, separators=(",", ":"))
        back = json.loads(made)
        length += len(made) + back["id"]
    return length


PUSHES = """function main {{
  input {{
  }}
  stack {{
    var $list {{ value = [] }}
    for ({steps}) {{
      each as $i {{
        {push}
      }}
    }}
  }}
  response = $list|count
}}
"""

WORKLOADS: dict[str, tuple[str, Callable[[], Any]]] = {
    "nested scalar loops": (LOOPS, loops),
    "while with two counters": (WHILE, while_loop),
    "recursive function.run": (RECURSION, recursion),
    "build, filter, sort, map 20,000 objects": (LISTS, lists),
    "count by key in an object": (MAPS, maps),
    "two-dimensional table": (GRID, grid),
    "append to a text": (TEXT, text),
    "sort 50,000 numbers and texts": (SORTING, sorting),
    "JSON out and in, 5,000 times": (JSON, json_texts),
    "JSON out and in, beside orjson": (JSON, orjson_texts),
}
#: What the twin is, where that is not plain Python.
TWINS = {"JSON out and in, 5,000 times": "Python's json", "JSON out and in, beside orjson": "orjson"}


def running(workspace: xsrun.Workspace) -> Callable[[], Any]:
    """What runs the workspace's `main` and gives its response."""

    def run() -> Any:
        result = workspace.run("main", kind="function")
        assert result.error is None, f"{result.error} line {result.error.line}"
        return result.response

    return run


def measure(runs: int) -> list[dict[str, Any]]:
    """Medians of both sides and their ratio, for each workload; the answers must agree."""
    rows = []
    for name, (source, twin) in WORKLOADS.items():
        with xsrun.Workspace.from_sources({"main.xs": source}) as workspace:
            run = running(workspace)
            assert run() == twin(), name
            ours, plain = compare(run, twin, runs)
        row = {"name": name, "xsrun": ours, "python": plain, "ratio": ours / plain}
        rows.append(row | ({"twin": TWINS[name]} if name in TWINS else {}))
    return rows


def growth(runs: int) -> list[tuple[str, float]]:
    """How many times longer ten times the pushes take."""
    forms = {
        "array.push": "array.push $list { value = $i }",
        "|push": "var.update $list { value = $list|push:$i }",
    }
    rows = []
    for name, push in forms.items():
        few, many = (
            xsrun.Workspace.from_sources({"main.xs": PUSHES.format(steps=steps, push=push)})
            for steps in (10_000, 100_000)
        )
        with few, many:
            short, long = compare(running(few), running(many), runs)
        rows.append((name, long / short))
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
        name = f"{row['name']:<42}"
        print(f"{name} {row['xsrun'] * 1000:9.1f} ms  {row['python'] * 1000:8.1f} ms  {row['ratio']:6.2f}x")
    for name, factor in growth(choice.runs):
        print(f"ten times as many {name} steps take {factor:.1f} times as long")


if __name__ == "__main__":
    main()
