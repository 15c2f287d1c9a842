"""How xsrun speaks at a terminal: colours, help, words that are misspelt, tables, and the shell of a database."""

from __future__ import annotations

import argparse
import io
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from xsrun.cli import main
from xsrun.cli.arguments import COMMANDS, build
from xsrun.cli.examples import EXAMPLES
from xsrun.cli.parser import CommandParser
from xsrun.cli.tables import text_table
from xsrun.diagnostics.color import use_color

ROOT = Path(__file__).parents[1]
#: Commands that run until they are told to stop, or that ask a live instance.
STAY = ("xsrun serve", "xsrun mcp", "xsrun console", "xsrun lsp", "xsrun dap", "xsrun verify")


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of samples/shop with the files that the examples name."""
    folder = tmp_path / "shop"
    shutil.copytree(ROOT / "samples" / "shop", folder, ignore=shutil.ignore_patterns(".xsrun"))
    (folder / "sum.xs").write_text("var $sum {\n  value = 3 + 4\n}\n", encoding="utf-8")
    (folder / "page.md").write_text("# Sums\n\nA sum:\n```xs\nvar $sum { value = 3 + 4 }\n```\n", encoding="utf-8")
    (folder / "rows.json").write_text('{"item": [{"name": "jar", "price": 4, "stock": 3}]}', encoding="utf-8")
    (folder / "inputs.jsonl").write_text('{"price": 2, "count": 10}\n{"price": 1, "count": 1}\n', encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder


# Colours -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "terminal", "colored"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": ""}, False, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_where_there_is_colour(
    variables: dict[str, str], terminal: bool, colored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert use_color(Screen() if terminal else io.StringIO()) is colored


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["run", "nowhere.xs"], "\x1b[1;31merror\x1b[0m\x1b[1m: no such file"),
        (["check"], "\x1b[32mno problems\x1b[0m"),
        (["test"], "\x1b[32m3 passed\x1b[0m"),
        (["doctest", "page.md"], "\x1b[32m1 ran\x1b[0m"),
    ],
)
def test_errors_and_totals_are_painted(
    shop: Path, words: list[str], shown: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    main(words)
    printed = capsys.readouterr()
    assert shown in printed.out + printed.err


# Help ----------------------------------------------------------------------------------------------------------------


def parsers() -> Iterator[argparse.ArgumentParser]:
    """The parsers of all commands, and of their actions."""
    for name in COMMANDS:
        made = build(name)
        yield made
        for action in made._actions:
            if isinstance(action, argparse._SubParsersAction):
                yield from action.choices.values()


ALL = [pytest.param(one, id=one.prog) for one in [build(None), *parsers()]]


@pytest.mark.parametrize("parser", ALL)
def test_help_has_examples_and_tells_every_default(parser: CommandParser) -> None:
    shown = parser.format_help()
    assert parser.examples, f"write an example of {parser.prog} into xsrun/cli/examples.py"
    assert all(command in shown for command, _ in parser.examples)
    for action in parser._actions:
        if isinstance(action, (argparse._SubParsersAction, argparse._HelpAction, argparse._VersionAction)):
            continue
        assert action.help, f"{parser.prog} {action.dest} has no help"
        plain = action.nargs == 0 or action.default in (None, False, [], argparse.SUPPRESS)
        assert plain or "default" in action.help, f"{parser.prog} {action.dest} does not tell its default"


def test_only_commands_have_examples() -> None:
    assert set(EXAMPLES) <= {one.prog for one in [build(None), *parsers()]}


RUNNING = [command for program, given in EXAMPLES.items() if program not in STAY for command, _ in given]


@pytest.mark.parametrize("command", RUNNING)
def test_an_example_runs(shop: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words, _, source = command.partition(" > ")[0].partition(" < ")
    monkeypatch.setattr(sys, "stdin", io.StringIO((shop / source).read_text(encoding="utf-8") if source else ""))
    if " db " in command and "migrate" not in command:
        assert main(shlex.split("db migrate --database sqlite:///shop.db")) == 0
    assert main(shlex.split(words)[1:]) == 0


@pytest.mark.parametrize("command", [command for program in STAY for command, _ in EXAMPLES.get(program, ())])
def test_an_example_of_what_stays_can_be_read(command: str) -> None:
    _, name, *words = shlex.split(command)
    if name in COMMANDS:
        build(name).parse_args(words)


def test_help_is_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for words in (
        ["help"],
        ["--help"],
        ["help", "test"],
        ["test", "--help"],
        ["help", "db", "shell"],
        ["help", "substr"],
    ):
        assert main(words) == 0
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1]
    assert all(f"\n  {name} " in shown[0] for name in COMMANDS if name in COMMANDS)
    assert shown[2] == shown[3]
    assert shown[4].startswith("usage: xsrun db shell")
    assert shown[5].startswith("substr (filter)")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-V"]) == main(["--version"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
    assert first.startswith("xsrun ")


@pytest.mark.parametrize("columns", ["60", "100"])
def test_help_is_as_wide_as_the_terminal(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert main(["test", "--help"]) == 0
    options = capsys.readouterr().out.partition("\nexamples:")[0]
    assert int(columns) - 25 < max(map(len, options.splitlines())) < int(columns)


# Misspelt words ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["tset"], "there is no command `tset`\n  help: did you mean `xsrun test`?"),
        (["hlep"], "there is no command `hlep`"),
        (["run", "--inptu", "a=1", "x.xs"], "there is no option `--inptu`\n  help: did you mean `--input`?"),
        (["run", "query:items", "--verb", "post"], "xsrun run 'query:POST items'"),
        (["run", "items", "-X", "GET", "--input", "a=1"], "xsrun run 'query:GET items'"),
        (
            ["run", "query:/items", "--method=fetch"],
            "there is no option `--method`\n  help: a verb stands before the path",
        ),
        (["run", "query:GET", "items", "--input", "a=1"], "put the name in quotes: xsrun run 'query:GET items'"),
        (["run", "x.xs", "--input", '{"x": 1'], "a bracket or a quotation mark is not closed"),
        (["version"], "did you mean `xsrun --version`?"),
        (["docs", "XS999"], "there is no code `XS999`\n  help: xsrun docs XS9 lists the codes"),
        (["docs", "xs198"], "there is no code `xs198`\n  help: xsrun docs XS1 lists the codes"),
        (["db", "shel"], "there is no action `shel`\n  help: did you mean `shell`?"),
        (["check", "--format", "sarfi"], "--format takes text, sarif or github, not `sarfi`; did you mean `sarif`?"),
        (["test", "--isolation", "serial"], "--isolation does not take `serial`\n  help: there are: read-committed"),
        (["run"], "target is missing\n  help: see xsrun run --help"),
        (["test", "-k"], "-k needs a value"),
        (["test", "-q", "-v"], "exclude one another"),
        (["run", "function:discont"], "there is no function discont\n  help: did you mean `discount`?"),
        (
            ["run", "functon:discount"],
            "there is no kind of construct `functon`\n  help: did you mean `function:discount`?",
        ),
        (["run", "query:DELETE items"], "there is no query DELETE items\n  help: items has GET and POST"),
        (["run", "query:GTE items"], "GTE is not a verb\n  help: did you mean `query:GET items`?"),
    ],
)
def test_words_that_are_misspelt(shop: Path, words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert told in capsys.readouterr().err


# Tables and the shell ------------------------------------------------------------------------------------------------


def test_a_table_of_rows() -> None:
    rows = [{"id": 1, "name": "größe 日本"}, {"id": 10, "name": None}, {"id": 2, "tags": ["a"]}]
    assert text_table(rows).splitlines() == [
        "id | name       | tags",
        "---+------------+------",
        " 1 | größe 日本 | null",
        "10 | null       | null",
        ' 2 | null       | ["a"]',
        "(3 rows)",
    ]
    assert text_table([]) == "(0 rows)"
    assert "\x1b" not in text_table([{"a": "\x1b[31m"}])


def test_a_table_fits_the_terminal() -> None:
    shown = text_table([{"id": 1, "text": "word " * 40, "more": "x" * 30}], width=50)
    assert max(map(len, shown.splitlines())) <= 50
    assert "..." in shown


def test_the_json_of_the_shell_is_one_document(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = ["--database", "sqlite:///shop.db"]
    assert main(["db", "migrate", *database]) == 0
    capsys.readouterr()
    assert main(["db", "shell", *database, "--json", "select 1 as a", r"\dt", "select nope"]) == 1
    first, second, third = json.loads(capsys.readouterr().out)["results"]
    assert (first["rows"], second["rows"]) == ([{"a": 1}], [{"table": "item", "rows": 0}])
    assert third["rows"] is None
    assert "nope" in third["error"]["message"]


def test_what_the_shell_tells_of_tables(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = ["--database", "sqlite:///shop.db"]
    main(["db", "migrate", *database])
    capsys.readouterr()
    assert main(["db", "shell", *database, r"\d item", r"\?", r"\q", "select 1"]) == 0
    shown = capsys.readouterr().out
    assert "name       | text" in shown
    assert r"\dt" in shown
    assert "(1 row)" not in shown
    assert main(["db", "shell", *database, r"\d itme", r"\x"]) == 1
    shown = capsys.readouterr().err
    assert "did you mean `item`?" in shown
    assert r"there is no command `\x`" in shown


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_the_shell_at_a_terminal(shop: Path) -> None:
    """A statement over two lines has a prompt of its own; what was typed is kept, for its owner alone."""
    import pty

    command = [sys.executable, "-m", "xsrun", "db", "shell", "--database", "sqlite:///shop.db"]
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "dumb", "NO_COLOR": "1"}
    process = subprocess.Popen(command, cwd=shop, env=environment, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = ""

    def until(text: str) -> None:
        nonlocal shown
        while text not in shown:
            shown += os.read(ours, 4096).decode()
        shown = shown.partition(text)[2]

    until("sql> ")
    os.write(ours, b"select 1 as a,\n")
    until("...> ")
    os.write(ours, b"2 as b;\n")
    until("1 | 2")
    until("sql> ")
    os.write(ours, b"\\q\n")
    assert process.wait(60) == 0
    os.close(ours)
    history = shop / ".xsrun" / "sql_history"
    assert "select 1 as a," in history.read_text(encoding="utf-8")
    assert history.stat().st_mode & 0o777 == 0o600
