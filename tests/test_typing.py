"""The types that callers get: what mypy says about the cases in `typing_cases.py`, and that options have one list."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from xsrun.server import settings
from xsrun.workspace import options
from xsrun.workspace.argument_checks import keywords_of
from xsrun.workspace.workspace import LoadedWorkspace

ROOT = Path(__file__).parents[1]
CASES = Path(__file__).with_name("typing_cases.py")
_SAID = re.compile(
    r".*typing_cases\.py:(?P<line>\d+): (?:error: .*\[(?P<code>[a-z-]+)\]|note: Revealed .*\"(?P<type>.*)\")"
)
_MARK = re.compile(r"  # (?P<what>refused|is): (?P<value>.+)$")


def test_callers_see_the_types() -> None:
    # In a process of its own: mypy raises Python's limit of recursion for good.
    done = subprocess.run([sys.executable, "-m", "mypy", str(CASES)], cwd=ROOT, capture_output=True, text=True)
    assert not done.stderr
    shown = done.stdout
    found: dict[int, str] = {}
    for said in filter(None, map(_SAID.match, shown.splitlines())):
        plain = (said["type"] or "").replace("builtins.", "")
        found[int(said["line"])] = f"refused: {said['code']}" if said["code"] else f"is: {plain}"
    expected = {
        number: f"{mark['what']}: {mark['value']}"
        for number, line in enumerate(CASES.read_text(encoding="utf-8").splitlines(), 1)
        if (mark := _MARK.search(line)) is not None
    }
    assert len(expected) > 40
    assert found == expected


def test_typed_options_are_the_keywords() -> None:
    assert set(options.WorkspaceOptions.__annotations__) == set(keywords_of(LoadedWorkspace.__init__))
    assert set(settings.SettingOptions.__annotations__) == set(settings.Settings.__slots__)
