"""Transactions at once: what another one does between a read and a write, and the warning for where that matters."""

from __future__ import annotations

import pytest

import xsrun

READ = '    db.get crate {\n      field_name = "id"\n      field_value = 1\n    } as $row\n'
QUERY = "    db.query crate {\n      where = $db.crate.id == 1\n    } as $rows\n"


def written(data: str, table: str = "crate", statement: str = "db.edit") -> str:
    return f'    {statement} {table} {{\n      field_name = "id"\n      field_value = 1\n      data = {data}\n    }}\n'


def warnings(stack: str, header: str = "") -> list[int]:
    source = f"db.transaction {{\n{header}  stack {{\n{stack}  }}\n}}\n"
    return [one.line for one in xsrun.check({"a.xs": source}) if one.code == "XS724"]


LOOP = """    foreach ($rows) {
      each as $one {
        var $next {
          value = {left: $one.left + 1}
        }
        db.patch crate {
          field_name = "id"
          field_value = $one.id
          data = $next
        }
      }
    }
"""
BRANCH = f"""    conditional {{
      if ($row.left > 0) {{
{written("{left: $row.left - 1}")}      }}
    }}
"""


@pytest.mark.parametrize(
    ("stack", "lines"),
    [
        (READ + written("{left: $row.left - 1}"), [10]),
        (READ + written("{left: 1, note: ($row.note ~ 'x')|trim}"), [10]),
        (READ + written("{left: $row.left}", statement="db.add_or_edit"), [10]),
        (READ + "    var $n {\n      value = $row.left\n    }\n" + written("{left: $n + 1}"), [13]),
        (READ + "    math.add $row.left {\n      value = 1\n    }\n" + written("{left: $row.left}"), [13]),
        (READ + BRANCH, [12]),
        (QUERY + LOOP, [14]),
        (READ + "    db.transaction {\n      stack {\n" + written("{left: $row.left}") + "      }\n    }\n", [12]),
        # nothing is lost
        (READ + written("{left: 0}"), []),
        (READ + written("{left: $row.left}", table="jar"), []),
        (READ + written("{owner: $row.id}"), []),
        (READ.replace("= 1\n", "= 1\n      lock = true\n") + written("{left: $row.left - 1}"), []),
        (READ.replace("= 1\n", "= 1\n      lock = $input.lock\n") + written("{left: $row.left - 1}"), []),
        (READ.replace("= 1\n", "= 1\n      lock = false\n") + written("{left: $row.left - 1}"), [11]),
        (READ + READ.replace("= 1\n", "= 1\n      lock = true\n") + written("{left: $row.left}"), []),
        (written("{left: $row.left - 1}"), []),
        ("    !" + READ.lstrip() + written("{left: $row.left - 1}"), []),
    ],
)
def test_the_warning(stack: str, lines: list[int]) -> None:
    assert warnings(stack) == lines


def test_a_transaction_without_a_stack_lasts_until_the_end() -> None:
    for opened, lines in (("    db.transaction {\n    }\n", [14]), ("", [])):
        body = opened + READ + written("{left: $row.left - 1}")
        source = f"function f {{\n  input {{\n  }}\n  stack {{\n{body}  }}\n  response = null\n}}\n"
        assert [one.line for one in xsrun.check({"f.xs": source}) if one.code == "XS724"] == lines


@pytest.mark.parametrize(
    ("level", "lines"),
    [("read_committed", [11]), ("serializable", []), ("repeatable read", []), ("REPEATABLE_READ", [])],
)
def test_stricter_levels_lose_nothing(level: str, lines: list[int]) -> None:
    assert warnings(READ + written("{left: $row.left - 1}"), f'  isolation = "{level}"\n') == lines
