"""What a word of a command line names, and the workspace around it: the same to every command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import xsrun


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A workspace with a page, bare statements and a second function of one name in folders of its own."""
    for name, text in {
        "table/item.xs": "table item {\n  auth = false\n  schema {\n    int id\n    decimal price\n  }\n}\n",
        "function/double.xs": FUNCTION.format(name="double", response="$input.n * 2"),
        "function/other.xs": "function other {\n  input {\n  }\n  stack {\n  }\n  response = 1\n}\n",
        "notes/page.md": PAGE,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


FUNCTION = """function {name} {{
  input {{
    int n?
  }}
  stack {{
    function.run other {{ input = {{}} }}
  }}
  response = {response}
}}
"""
ADDS = 'db.add item {\n  data = {price: "2.5"}\n} as $row\n'
CALLS = "function.run double {\n  input = {n: 21}\n} as $n\n"
PAGE = f"# Page\n\n```xs\n{CALLS}```\n\n```xs\nvar $x {{ value = $lost }}\n```\n"


@pytest.mark.parametrize("command", ["run", "eval"])
@pytest.mark.parametrize("place", ["", "function", "notes"])
def test_standard_input_and_programs_see_the_workspace_around(shop: Path, command: str, place: str) -> None:
    for words, stdin in ((["-"], ADDS), ([ADDS], None), (["-w", str(shop), "-"], ADDS)):
        done = xsrun(command, *words, folder=shop / place, stdin=stdin)
        assert json.loads(done.stdout) == {"row": {"id": 1, "price": 2.5}}, done.stderr


def draft(shop: Path) -> None:
    """A folder with a second function `double`, and one that is broken."""
    (shop / "draft").mkdir()
    (shop / "draft" / "double.xs").write_text(FUNCTION.format(name="double", response="[1, $input.n]|count"))
    (shop / "draft" / "broken.xs").write_text(FUNCTION.format(name="broken", response="1 +"))


def test_a_path_only_selects(shop: Path) -> None:
    assert xsrun("run", "function:double", "-i", "n=4", folder=shop / "notes").stdout == "8\n"
    draft(shop)
    (shop / "function" / "caller.xs").write_text(FUNCTION.format(name="caller", response="1").replace("run o", "run x"))
    checked = xsrun("check", "caller.xs", folder=shop / "function")
    assert "caller.xs:6:18" in checked.stdout
    assert "draft" not in checked.stdout
    assert "the first one is in ../draft/double.xs:1" in xsrun("check", "double.xs", folder=shop / "function").stdout
    assert xsrun("check", "other.xs", folder=shop / "function").stdout == ""
    assert "error[XS109]" in xsrun("check", "../draft", folder=shop / "function").stdout


def test_the_file_that_was_named_runs(shop: Path) -> None:
    draft(shop)
    named = xsrun("run", "draft/double.xs", folder=shop)
    assert named.stdout == "2\n"
    assert "warning: function/double.xs:1 declares function double, too; draft/double.xs was named" in named.stderr
    assert xsrun("run", "function/double.xs", "-i", "n=1", folder=shop).stdout == "2\n"
    broken = xsrun("run", "draft/broken.xs", folder=shop)
    assert (broken.returncode, "draft/broken.xs:8:" in broken.stderr) == (1, True)


def test_a_block_of_a_page_runs_by_its_line(shop: Path) -> None:
    assert json.loads(xsrun("run", "notes/page.md:4", folder=shop).stdout) == {"n": 42}
    assert json.loads(xsrun("run", "page.md:10", "--var", "lost=1", folder=shop / "notes").stdout)["x"] == 1
    several = xsrun("run", "notes/page.md", folder=shop)
    told = "xsrun doctest --fill notes/page.md runs them all and makes up what they lack; xsrun run FILE:LINE one:"
    assert f"{told} notes/page.md:4, " in several.stderr
    tested = json.loads(xsrun("doctest", "notes/page.md:4", "--json", folder=shop).stdout)["blocks"]
    assert [(one["line"], one["status"]) for one in tested] == [(4, "ran")]
    assert xsrun("check", "notes/page.md", folder=shop).stderr == "1 file checked: no problems\n"


def test_documents_name_files_as_their_reader_opens_them(shop: Path) -> None:
    folder = shop / "function"
    (folder / "bad.xs").write_text(
        "function bad {\n  input {\n  }\n  stack {\n    vra $x { value = 1 }\n    oops {\n  }\n}\n"
    )
    ran = json.loads(xsrun("run", "bad.xs", "--json", folder=folder).stdout)
    assert {one["file"] for one in ran["diagnostics"]} == {"bad.xs"} == {ran["error"]["file"]}
    assert [one["code"] for one in ran["diagnostics"]] == ["XS101", "XS305"]
    (folder / "log.xs").write_text("function log {\n  input {\n  }\n  stack {\n    debug.log { value = 1 }\n  }\n}\n")
    assert json.loads(xsrun("run", "log.xs", "--json", folder=folder).stdout)["logs"][0]["file"] == "log.xs"
    tested = json.loads(xsrun("test", "..", "--json", folder=folder).stdout)
    assert {one["file"] for one in tested["diagnostics"]} >= {"bad.xs"}
    assert all((folder / one["file"]).exists() for one in tested["diagnostics"])


def test_what_is_missing_is_asked_for_by_its_option(shop: Path) -> None:
    half = shop / "half"
    half.mkdir()
    (half / "half.xs").write_text(FUNCTION.format(name="half", response="$input.n").replace("n?", "n"))
    assert "help: give it with --input n=VALUE; the inputs are: int n" in xsrun("run", "half.xs", folder=half).stderr
    assert "help: give it with --var x=VALUE" in xsrun("run", "var $y { value = $x }").stderr
    assert "help: give it with --input k=VALUE" in xsrun("run", "var $y { value = $input.k }").stderr
    for words in (["n=4"], ["--n", "4"], ["--n=4"]):
        assert "help: an input is given by --input n=4" in xsrun("run", "half.xs", *words, folder=half).stderr
