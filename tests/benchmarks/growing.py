"""The workloads of the growth table: what each of them does with n of something.

A workload is a function of n that prepares what is needed and gives the work itself, which alone is measured.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import xsrun

sys.path.insert(0, str(Path(__file__).parents[1]))  # where `large_workspace` is

Work = Callable[[], Any]
Maker = Callable[[int], Work]


class Workload(NamedTuple):
    """`least` is the n of the first column, `most` the greatest exponent that is allowed."""

    least: int
    make: Maker
    most: float = 1.1


TABLES = {
    "item.xs": "table item {\n  schema {\n    int id\n    text name?\n    int n?\n    int owner_id?\n  }\n}\n",
    "owner.xs": "table owner {\n  schema {\n    int id\n    text name?\n  }\n}\n",
    "owner_of.xs": "addon owner_of {\n  input {\n    int owner_id?\n  }\n  stack {\n    db.query owner {\n"
    "      where = $db.owner.id == $input.owner_id\n"
    '      return = {type: "single"}\n    }\n  }\n}\n',
}
CALLEES = """
---
function longer {
  input {
    json list
    int value
  }
  stack {
    var $all { value = $input.list }
    array.push $all { value = $input.value }
  }
  response = $all
}
---
function outer {
  input {
    int[] list
  }
  stack {
    function.run inner {
      input = {list: $input.list}
    } as $r
  }
  response = $r
}
---
function inner {
  input {
    int[] list
  }
  stack {
  }
  response = $input.list.0
}
"""


def main(stack: str, response: str = "null", inputs: str = "") -> str:
    """A function around a stack."""
    return f"function main {{\n  input {{\n{inputs}\n  }}\n  stack {{\n{stack}\n  }}\n  response = {response}\n}}\n"


#: What the runs so far have warned of.
warnings: list[Any] = []


def run(workspace: xsrun.Workspace, given: dict[str, Any] | None = None, trace: bool = False) -> Any:
    """The response of `main`; whatever fails ends the measure."""
    result = workspace.run("main", kind="function", input=given, trace=trace)
    assert result.error is None, f"{result.error}, line {result.error.line}"
    warnings.extend(result.warnings)
    return result.response


def program(stack: str, response: str = "null", files: dict[str, str] | None = None, trace: bool = False) -> Maker:
    """A program in which N stands for n."""

    def make(n: int) -> Work:
        text = main(stack.replace("N", str(n)), response) + CALLEES
        workspace = xsrun.Workspace.from_sources({"main.xs": text, **(files or {})})
        return lambda: run(workspace, trace=trace)

    return make


def loop(body: str, start: str = "", response: str = "null", trace: bool = False) -> Maker:
    """A program that does something n times."""
    return program(f"{start}\nfor (N) {{\n  each as $i {{\n{body}\n  }}\n}}", response, trace=trace)


def of_input(stack: str, given: Callable[[int], Any], response: str = "null") -> Maker:
    """A program whose input `x` is made outside of it, so that it alone is measured."""

    def make(n: int) -> Work:
        value = given(n)
        field = "    text x" if isinstance(value, str) else "    json x"
        workspace = xsrun.Workspace.from_sources({"main.xs": main(stack, response, field)})
        return lambda: run(workspace, {"x": value})

    return make


def expression(text: str, given: Callable[[int], Any]) -> Maker:
    """An expression of `$input.x`, of which no more than the beginning of the answer goes out."""
    return of_input(f"var $y {{ value = {text} }}", given)


def with_rows(stack: str, response: str = "null") -> Maker:
    """A program over a table of n rows."""

    def make(n: int) -> Work:
        workspace = xsrun.Workspace.from_sources({"main.xs": main(stack, response), **TABLES})
        items = ({"name": f"name {i % 97}", "n": i, "owner_id": 1 + i % 50} for i in range(n))
        workspace.seed({"item": list(items), "owner": [{"name": f"owner {i}"} for i in range(50)]})
        return lambda: run(workspace)

    return make


def checked(text: Callable[[int], str]) -> Maker:
    def make(n: int) -> Work:
        source = text(n)
        return lambda: xsrun.check({"a.xs": source})

    return make


def files(n: int) -> Work:
    """The check of a workspace of n files, from their texts."""
    import large_workspace

    texts = large_workspace.texts(n)
    return lambda: xsrun.check(texts)


def formatted(n: int) -> Work:
    text = main('    var $a {value={a:1,b:[1,2,3]}}\n    debug.log { value = ($a|json_encode) ~ "x" }\n' * n)
    return lambda: xsrun.format(text)


def parsed(n: int) -> Work:
    text = main("    var $a { value = $input.x|add:1|multiply:2 }\n" * n)
    return lambda: xsrun.parse(text)


def compiled(n: int) -> Work:
    """The first run of a program of n statements: reading, compiling and running it."""
    text = main("".join(f"    var $a{i % 100} {{ value = {i} + 1 }}\n" for i in range(n)))
    return lambda: run(xsrun.Workspace.from_sources({"main.xs": text}))


def tested(n: int) -> Work:
    """A workspace of n unit tests."""
    test = '  test "{}" {{\n    expect.to_equal ($response) {{\n      value = 3\n    }}\n  }}\n'
    text = main("", "1 + 2")[:-2] + "".join(test.format(number) for number in range(n)) + "}\n"
    workspace = xsrun.Workspace.from_sources({"main.xs": text})

    def work() -> None:
        assert workspace.test().failed == 0

    return work


def lambda_beside_a_large_variable(n: int) -> Work:
    stack = f"var $big {{ value = (1..N) }}\n{CALLS.replace('N', '100')}"
    return program(stack)(n)


def lambdas(n: int) -> Work:
    """n calls, and what the process of JavaScript takes for them."""

    def work() -> None:
        with xsrun.Workspace.from_sources({"main.xs": main(CALLS.replace("N", str(n)))}) as workspace:
            run(workspace)

    return work


CALLS = 'for (N) {\n  each as $i {\n    api.lambda { code = "return $var.i + 1" } as $r\n  }\n}'


def stored(n: int) -> Work:
    """n rows added one by one to a file."""
    folder = tempfile.TemporaryDirectory()
    text = main(f"for ({n}) {{\n  each as $i {{\n    db.add item {{ data = {{n: $i}} }} as $r\n  }}\n}}")
    database = f"sqlite:///{folder.name}/rows.db"
    workspace = xsrun.Workspace.from_sources({"main.xs": text, **TABLES}, database=database)

    def work() -> None:
        with folder, workspace:
            run(workspace)

    return work


def numbers(n: int) -> list[int]:
    return [number * 7919 % n for number in range(n)]


def objects(n: int) -> list[dict[str, Any]]:
    return [{"id": i, "group": f"g{i % 100}", "price": i * 7919 % 1000 / 4, "name": f"name {i}"} for i in range(n)]


def words(n: int) -> str:
    return "alpha beta, 17 gamma. " * n


def json_text(n: int) -> str:
    return json.dumps(objects(n))


def csv_text(n: int) -> str:
    return "id,name,price\n" + "".join(f'{i},"name, {i}",{i / 4}\n' for i in range(n))


PAGE = "{% for x in $input.x %}{{ x.id }}: {{ x.name|upper }}, {% endfor %}"
TEMPLATE = f'util.template_engine {{ value = "{PAGE}" }} as $t'

WORKLOADS: dict[str, Workload] = {
    "array.push": Workload(10_000, loop("array.push $l { value = $i }", "var $l { value = [] }")),
    "|push": Workload(10_000, loop("var.update $l { value = $l|push:$i }", "var $l { value = [] }")),
    "push below a path": Workload(10_000, loop("array.push $o.a.b { value = $i }", "var $o { value = {a: {b: []}} }")),
    "push in a callee, returned": Workload(
        300,
        loop("function.run longer {\n input = {list: $l, value: $i}\n } as $l", "var $l { value = [] }"),
    ),
    "keys into an object": Workload(
        10_000, loop('var.update $o["k" ~ $i] { value = $i }', "var $o { value = {} }", "($o|count)")
    ),
    "|set of keys": Workload(
        10_000, loop('var.update $o { value = $o|set:("k" ~ $i):$i }', "var $o { value = {} }", "($o|count)")
    ),
    "text appended to a variable": Workload(10_000, loop('text.append $t { value = "ab" }', 'var $t { value = "" }')),
    "text appended with ~": Workload(10_000, loop('var.update $t { value = $t ~ "ab" }', 'var $t { value = "" }')),
    "text appended to a path": Workload(
        10_000, loop('text.append $o.t { value = "ab" }', 'var $o { value = {t: ""} }')
    ),
    "writes into a grid": Workload(
        1_000,
        loop(
            "for (10) {\n each as $j {\n var.update $g[$i][$j] { value = $i + $j }\n }\n }",
            "var $g { value = [] }\nfor (N) {\n each as $i {\n array.push $g { value = [0,0,0,0,0,0,0,0,0,0] }\n }\n}",
        ),
    ),
    "queue: push and array.shift": Workload(
        1_000,
        loop("array.shift $q as $x\narray.push $q { value = $x }", "var $q { value = (1..N) }"),
    ),
    "queue: |slice:1": Workload(1_000, loop("var.update $q { value = $q|slice:1 }", "var $q { value = (1..N) }")),
    "array.unshift": Workload(1_000, loop("array.unshift $q { value = $i }", "var $q { value = [] }")),
    "text.prepend": Workload(1_000, loop('text.prepend $t { value = "ab" }', 'var $t { value = "" }')),
    "push to a list with an alias": Workload(
        300, loop("var $a { value = $l }\narray.push $l { value = $i }", "var $l { value = [] }")
    ),
    "calls with a typed list of n": Workload(
        1_000, loop("function.run outer {\n input = {list: $l}\n } as $r", "var $l { value = (1..N) }")
    ),
    "array.push under --trace": Workload(
        300, loop("array.push $l { value = $i }", "var $l { value = [] }", trace=True)
    ),
    "text.append under --trace": Workload(
        300, loop('text.append $t { value = "ab" }', 'var $t { value = "" }', trace=True)
    ),
    "while": Workload(
        10_000, program("var $n { value = 0 }\nwhile ($n < N) {\n each {\n math.add $n { value = 1 }\n }\n}")
    ),
    "util.get_vars": Workload(300, loop("util.get_vars as $v", "var $l { value = (1..N) }")),
    "debug.log": Workload(1_000, loop("debug.log { value = $i }")),
    "try_catch": Workload(1_000, loop('try_catch {\n try {\n throw { name = "x", value = $i }\n }\n catch {\n }\n }')),
    "regex_replace": Workload(1_000, expression('"/[a-z]+/"|regex_replace:"x":$input.x', words)),
    "regex_get_all_matches": Workload(1_000, expression('"/([a-z])[a-z]*/"|regex_get_all_matches:$input.x', words)),
    "|capitalize": Workload(3_000, expression("$input.x|capitalize", words)),
    "|split, |join": Workload(3_000, expression('$input.x|split:" "|join:"-"', words)),
    "|replace, |to_upper, |strlen": Workload(3_000, expression('$input.x|replace:"a":"bc"|to_upper|strlen', words)),
    "|json_decode": Workload(1_000, expression("$input.x|json_decode", json_text)),
    "|json_encode": Workload(1_000, expression("$input.x|json_encode", objects)),
    "|csv_decode": Workload(3_000, expression('$input.x|csv_decode:",":"\\"":"\\""', csv_text)),
    "|csv_encode": Workload(3_000, expression('$input.x|csv_encode:",":"\\"":"\\""', objects)),
    "|yaml_encode, |yaml_decode": Workload(30, expression("$input.x|yaml_encode|yaml_decode", objects)),
    "|map": Workload(3_000, expression("$input.x|map:$$.price * 2", objects)),
    "|filter": Workload(3_000, expression("$input.x|filter:$$.price > 100", objects)),
    "|reduce": Workload(10_000, expression("$input.x|reduce:$$ + $result:0", numbers)),
    "|sort (n log n)": Workload(3_000, expression('$input.x|sort:"price":"number":true', objects), 1.25),
    "|unique": Workload(10_000, expression("$input.x|unique", numbers)),
    "|index_by": Workload(3_000, expression('$input.x|index_by:"group"', objects)),
    "array.group_by": Workload(3_000, of_input("array.group_by ($input.x) {\n by = $this.group\n } as $g", objects)),
    "|merge": Workload(30_000, expression("$input.x|merge:$input.x", numbers)),
    "|diff, |intersect": Workload(3_000, expression("$input.x|diff:[1]|intersect:$input.x", numbers)),
    "|flatten": Workload(10_000, expression("[$input.x, [$input.x]]|flatten", numbers)),
    "== of two lists": Workload(3_000, expression("$input.x == ($input.x|merge:[])", objects)),
    "foreach over objects": Workload(
        3_000,
        of_input(
            "var $s { value = 0 }\nforeach ($input.x) {\n each as $r {\n math.add $s { value = $r.id }\n }\n}", objects
        ),
    ),
    "a response of n objects": Workload(3_000, of_input("", objects, "$input.x")),
    "template of n objects": Workload(1_000, of_input(TEMPLATE, objects)),
    "db.query: list": Workload(1_000, with_rows("db.query item {\n} as $r")),
    "db.query: list as response": Workload(1_000, with_rows("db.query item {\n} as $r", "$r")),
    "db.query: includes": Workload(
        1_000, with_rows('db.query item {\n where = $db.item.name includes "x"\n return = {type: "count"}\n} as $r')
    ),
    "db.query: addon": Workload(
        300,
        with_rows(
            'db.query item {\n addon = [{name: "owner_of", input: {owner_id: $output.owner_id}, as: "owner"}]\n} as $r'
        ),
    ),
    "db.query: stream": Workload(
        1_000,
        with_rows(
            'db.query item {\n return = {type: "stream"}\n} as $r\nvar $s { value = 0 }\n'
            "foreach ($r) {\n each as $x {\n math.add $s { value = $x.n }\n }\n}"
        ),
    ),
    "db.add one by one, in a file": Workload(300, stored),
    "db.bulk.add": Workload(
        1_000,
        program("var $l { value = (1..N)|map:{n: $$} }\ndb.bulk.add item {\n items = $l\n} as $r", files=TABLES),
    ),
    "redis.push and redis.shift": Workload(
        300,
        program(
            'for (N) {\n each as $i {\n redis.push { key = "q", value = $i } as $n\n }\n}\n'
            'for (N) {\n each as $i {\n redis.shift { key = "q" } as $n\n }\n}'
        ),
    ),
    "api.lambda": Workload(10, lambdas),
    "100 lambdas beside a large variable": Workload(10_000, lambda_beside_a_large_variable),
    "parse n statements": Workload(100, parsed),
    "compile and run n statements": Workload(100, compiled),
    "format n statements": Workload(100, formatted),
    "check n statements": Workload(100, checked(lambda n: main("    var $a { value = $input.x|add:1 }\n" * n))),
    "check n unknown names": Workload(
        100, checked(lambda n: main("".join(f"    var $a{i} {{ value = $b{i} }}\n" for i in range(n))))
    ),
    "check n files": Workload(30, files),
    "n unit tests": Workload(30, tested),
}
