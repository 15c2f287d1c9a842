"""The contributors' page: its map is that of the code, and each recipe does what it says.

A recipe is a section "To add a ...". Where it says "At the end of `FILE`:", "In `FILE`, after the line that begins with
`TEXT`:" or "before the line ...", the block that follows is put there, in a copy of the package; where it says "In
`NAME.xs`:" the block is a program. The commands of its console block then run on the copy, in a process each.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path

import pytest
from test_house import PACKAGE, ROOMS

ROOT = PACKAGE.parent
PAGE = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
#: How many files each recipe may touch.
FILES = {"filter": 2, "statement": 2, "type": 3, "diagnostic": 2, "query operator": 2}
RECIPES = dict(re.findall(r"^## To add a ([\w ]+)\n((?:(?!^## To add).*\n?)*)", PAGE, re.MULTILINE))

_BLOCK = r"(?P<fence>`{3,4})\w+\n(?P<text>(?:.|\n)*?)^(?P=fence)$"
_CHANGE = re.compile(
    r"(?:At the end of `(?P<end>xsrun/[^`]+)`"
    r"|In `(?P<file>xsrun/[^`]+)`, (?P<side>after|before) the line that begins with `(?P<anchor>[^\n]+)`)"
    rf":\n\n{_BLOCK}",
    re.MULTILINE,
)
_PROGRAM = re.compile(rf"In `(?P<name>\w+\.xs)`:\n\n{_BLOCK}", re.MULTILINE)
_CONSOLE = re.compile(r"^```console\n((?:.|\n)*?)^```$", re.MULTILINE)


def put(path: Path, change: re.Match[str]) -> None:
    """Write the block of a change into a file, indented as the line it is put beside."""
    lines, block = path.read_text(encoding="utf-8").splitlines(), change["text"].splitlines()
    apart = [""] * (2 if path.suffix == ".py" else 1)
    if change["end"]:
        lines += apart + block
    else:
        (place,) = [number for number, line in enumerate(lines) if line.strip().startswith(change["anchor"])]
        indent = re.match(" *", lines[place])
        assert indent is not None
        block = [indent.group() + line if line else line for line in block]
        block = block if change["side"] == "after" else block + apart
        place += change["side"] == "after"
        lines[place:place] = block
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def follow(recipe: str, folder: Path) -> set[str]:
    """Do in a copy of the package what a recipe says; the files that it touches."""
    shutil.copytree(PACKAGE, folder / "xsrun", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "grammar", folder / "grammar")
    touched = set()
    for change in _CHANGE.finditer(recipe):
        name = change["end"] or change["file"]
        put(folder / name, change)
        touched.add(name)
    return touched


def fits(shown: str, expected: list[str]) -> bool:
    lines = shown.splitlines()
    if expected[-1] == "...":
        expected = expected[:-1]
        lines = lines[: len(expected)]
    return all(line == wanted for line, wanted in zip_longest(lines, expected))


@pytest.mark.parametrize("what", FILES)
def test_a_recipe(what: str, tmp_path: Path) -> None:
    recipe = RECIPES[what]
    touched = follow(recipe, tmp_path)
    assert 0 < len(touched) <= FILES[what], touched
    programs = tmp_path / "programs"
    programs.mkdir()
    for program in _PROGRAM.finditer(recipe):
        (programs / program["name"]).write_text(program["text"], encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "XSRUN_CACHE": str(tmp_path / "cache"), "NO_COLOR": "1"}
    (console,) = _CONSOLE.findall(recipe)
    commands = [part.splitlines() for part in console.split("$ xsrun ")[1:]]
    assert {command.partition(" ")[0] for command, *_ in commands} >= {"check", "docs"}
    for command, *expected in commands:
        run = [sys.executable, "-m", "xsrun", *shlex.split(command)]
        done = subprocess.run(
            run, cwd=programs, env=environment, capture_output=True, encoding="utf-8", timeout=300, check=False
        )
        assert fits(done.stdout + done.stderr, expected), f"$ xsrun {command}\n{done.stdout}{done.stderr}"


def test_every_recipe_is_followed() -> None:
    assert list(RECIPES) == list(FILES)
    for recipe in RECIPES.values():
        blocks = len(re.findall(r"^(`{3,4})\w+\n(?:.|\n)*?^\1$", recipe, re.MULTILINE))
        assert blocks == len(_CHANGE.findall(recipe)) + len(_PROGRAM.findall(recipe)) + 1


def test_the_map_names_the_rooms_in_their_order() -> None:
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)[: len(ROOMS) - 1] == [
        room for room in ROOMS if room != "__main__"
    ]


def test_the_tests_that_the_page_names_exist() -> None:
    named = re.findall(r"tests/[\w/]+(?:\.\w+)?", PAGE)
    assert [name for name in named if not (ROOT / name).exists()] == []
