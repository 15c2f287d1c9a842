"""Transactions at once: what another one does between a read and a write, and the warning for where that matters."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from databases import BACKENDS, new_database
from waiting import join

import xsrun
from xsrun.cli import main
from xsrun.errors import UsageError

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


# Two at once ---------------------------------------------------------------------------------------------------------

TABLE = "table counter {\n  auth = false\n  schema {\n    int id\n    int n\n    text note?\n  }\n}\n"
FIND = 'field_name = "id"\n        field_value = 1'
#: Reads a row, waits, and writes one more; `more` stands before the write.
COUNT = """function count {{
  input {{
  }}
  stack {{
    db.transaction {{
      stack {{
        {read}
        util.sleep {{
          value = 1
        }}{more}
        db.edit counter {{
        {find}
          data = {{n: $row.n + 1}}
        }} as $written
      }}
    }}
  }}
  response = $written.n
}}
"""
GET = f"db.get counter {{\n        {FIND}\n        }} as $row"
QUERY_ONE = (
    'db.query counter {\n          where = $db.counter.id == 1\n          return = {type: "single"}\n        } as $row'
)
DIRECT = (
    'db.direct_query {\n          sql = "SELECT n FROM counter WHERE id = 1"\n          response_type = "single"\n'
    "        } as $row"
)


def count(read: str, more: str = "", header: str = "") -> str:
    source = COUNT.format(read=read, find=FIND, more=more)
    return source.replace("db.transaction {\n", f"db.transaction {{\n{header}", 1)


class Meeting:
    """A workspace where the first run, once it has read, lets a second one begin, and perhaps waits for its end."""

    def __init__(self, source: str, database: str, *, waits: bool, **options: Any) -> None:
        sources = {"table/counter.xs": TABLE, "function/count.xs": source, "function/look.xs": LOOK}
        self.workspace = xsrun.Workspace.from_sources(sources, database=database, **options)
        self.workspace.sleep = self.sleep
        self.waits = waits
        self.second: threading.Thread | None = None
        self.responses: list[Any] = []

    def run(self) -> None:
        result = self.workspace.run("count")
        self.responses.append(result.response if result.error is None else result.error.name)

    def sleep(self, _seconds: float) -> None:
        if self.second is None:
            self.second = threading.Thread(target=self.run)
            self.second.start()
            if self.waits:
                join(self.second)

    def outcome(self) -> tuple[list[Any], int]:
        """What the runs gave, in the order in which they ended if that is certain, and what is in the row then."""
        with self.workspace:
            self.workspace.seed({"counter": [{"id": 1, "n": 0}]})
            self.run()
            assert self.second is not None
            join(self.second)
            responses = self.responses if self.waits else sorted(self.responses, key=str)
            return responses, self.workspace.run("look").response["n"]


LOOK = f"function look {{\n  input {{\n  }}\n  stack {{\n    {GET}\n  }}\n  response = $row\n}}\n"
LOCKED = GET.replace("= 1", "= 1\n          lock = true")
LOCKED_QUERY = QUERY_ONE.replace("return", "lock = true\n          return")
LOCKED_DIRECT = DIRECT.replace("id = 1", "id = 1 FOR UPDATE")
WRITE_FIRST = f"db.edit counter {{\n        {FIND}\n          data = {{note: 'mine'}}\n        }}\n        {GET}"
SERIAL = '      isolation = "serializable"\n'


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("read", [GET, QUERY_ONE, DIRECT], ids=["get", "query", "direct"])
def test_what_another_one_wrote_is_lost(backend: str, read: str) -> None:
    meeting = Meeting(count(read), new_database(backend), waits=True, isolation="read-committed")
    assert meeting.outcome() == ([1, 1], 1)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "source",
    [count(LOCKED), count(LOCKED_QUERY), count(LOCKED_DIRECT), count(WRITE_FIRST)],
    ids=["get", "query", "direct", "written before"],
)
def test_nothing_is_lost_of_what_is_locked(backend: str, source: str) -> None:
    meeting = Meeting(source, new_database(backend), waits=False, isolation="read-committed")
    assert meeting.outcome() == ([1, 2], 2)


@pytest.mark.parametrize("backend", ["memory", "file"])
@pytest.mark.parametrize(
    ("header", "options"), [("", {}), (SERIAL, {}), (SERIAL, {"isolation": "read-committed"})], ids=str
)
def test_one_after_another(backend: str, header: str, options: dict[str, Any]) -> None:
    meeting = Meeting(count(GET, header=header), new_database(backend), waits=False, **options)
    assert meeting.outcome() == ([1, 2], 2)


UNDONE = f"""
        try_catch {{
          try {{
            db.transaction {{
              stack {{
                {GET}
                db.edit counter {{
        {FIND}
                  data = {{n: 70, note: "undone"}}
                }}
                throw {{
                  name = "no"
                  value = "no"
                }}
              }}
            }}
          }}
          catch {{
          }}
        }}"""


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_transaction_inside_begins_with_the_one_around_it(backend: str) -> None:
    sources = {"counter.xs": TABLE, "count.xs": count(GET, UNDONE), "look.xs": LOOK}
    options: dict[str, Any] = {"isolation": "read-committed", "database": new_database(backend)}
    with xsrun.Workspace.from_sources(sources, **options) as workspace:
        workspace.sleep = lambda _seconds: None
        workspace.seed({"counter": [{"id": 1, "n": 0}]})
        for number in (1, 2):
            assert workspace.run("count").response == number
        assert workspace.run("look").response == {"id": 1, "n": 2, "note": ""}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("written", [False, True])
def test_a_transaction_that_fails_leaves_nothing(backend: str, written: bool) -> None:
    failing = '\n        throw {\n          name = "no"\n          value = "no"\n        }'
    if written:
        failing = f"\n        db.edit counter {{\n        {FIND}\n          data = {{n: 70}}\n        }}{failing}"
    sources = {"counter.xs": TABLE, "count.xs": count(GET, failing), "look.xs": LOOK}
    options: dict[str, Any] = {"isolation": "read-committed", "database": new_database(backend)}
    with xsrun.Workspace.from_sources(sources, **options) as workspace:
        workspace.sleep = lambda _seconds: None
        workspace.seed({"counter": [{"id": 1, "n": 0}]})
        for _ in range(2):
            result = workspace.run("count")
            assert result.error is not None and result.error.name == "no"
        assert workspace.run("look").response["n"] == 0


def test_the_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "counter.xs").write_text(TABLE, encoding="utf-8")
    (tmp_path / "count.xs").write_text(count(GET), encoding="utf-8")
    (tmp_path / "rows.json").write_text('{"counter": [{"id": 1, "n": 0}]}', encoding="utf-8")
    words = ["run", "function:count", "-w", str(tmp_path), "--seed", str(tmp_path / "rows.json")]
    assert main([*words, "--isolation", "read-committed"]) == 0
    assert capsys.readouterr().out == "1\n"
    assert main([*words, "--isolation", "none"]) == 2
    with pytest.raises(UsageError, match="isolation must be"):
        xsrun.Workspace.from_sources({"a.xs": ""}, isolation="serial")  # type: ignore[arg-type]
    for command in ("test", "serve"):
        main([command, "--help"])
        assert "--isolation {read-committed}" in capsys.readouterr().out
