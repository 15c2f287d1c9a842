"""The guides: their programs and commands do what they show, in the order in which they stand.

A guide runs in a folder of its own, in which `samples` is a copy of the samples. "In `NAME`:" puts the block that
follows into a file; in a block of `console` each line that begins with `$ ` is run by the shell, with what it prints
below it and, where it is not 0, its exit status as `[1]`; `...` stands for any text. What stands in a block of
`console server` runs until the guide ends, on a free port, which the test puts in the place of 8000 everywhere.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from local_server import free_port
from waiting import PATIENCE

from xsrun.cli.docs import whole_manual
from xsrun.manual import guides

ROOT = Path(__file__).parents[1]
_PART = re.compile(
    r"(?:In\s`(?P<file>[^`\n]+)`:\n\n)?^(?P<fence>`{3,4})(?P<language>[\w ]+)\n(?P<text>(?:.|\n)*?)^(?P=fence)$",
    re.MULTILINE,
)
PORT = "8000"


def environment(folder: Path) -> dict[str, str]:
    """The process's own, with xsrun of this environment on the PATH and a cache of the guide's own."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return {**os.environ, "PATH": path, "NO_COLOR": "1", "XSRUN_CACHE": str(folder / "cache"), "COLUMNS": "120"}


def commands(text: str) -> Iterator[tuple[str, str]]:
    """(command, what it prints) of a console block."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output.strip()


def as_pattern(expected: str) -> str:
    return ".*".join(re.escape(piece) for piece in expected.split("..."))


def check(command: str, expected: str, folder: Path, variables: dict[str, str]) -> None:
    """Run a command and compare what it prints and its exit status."""
    done = subprocess.run(
        ["sh", "-c", f"{command} 2>&1"], cwd=folder, env=variables, capture_output=True, encoding="utf-8", timeout=300
    )
    printed = done.stdout.strip() + (f"\n[{done.returncode}]" if done.returncode else "")
    assert re.fullmatch(as_pattern(expected), printed.strip(), re.DOTALL), f"$ {command}\n{printed}"


def follow(text: str, folder: Path, variables: dict[str, str], servers: list[subprocess.Popen[str]]) -> None:
    """Do what a guide shows."""
    for part in _PART.finditer(text):
        if part["file"]:
            path = folder / part["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(part["text"], encoding="utf-8")
        elif part["language"] == "console server":
            ((command, expected),) = commands(part["text"])
            servers.append(start(command, expected, folder, variables))
        elif part["language"] == "console":
            for command, expected in commands(part["text"]):
                check(command, expected, folder, variables)


def start(command: str, expected: str, folder: Path, variables: dict[str, str]) -> subprocess.Popen[str]:
    """Start a server and read what it prints up to the last line that is shown."""
    server = subprocess.Popen(
        ["sh", "-c", f"exec {command} 2>&1"], cwd=folder, env=variables, stdout=subprocess.PIPE, encoding="utf-8"
    )
    assert server.stdout is not None
    timer = threading.Timer(PATIENCE, server.kill)  # one that says something else would be waited for without end
    timer.start()
    lines = ""
    while not re.match(as_pattern(expected), lines, re.DOTALL):
        line = server.stdout.readline()
        assert line, f"$ {command}\n{lines}"
        lines += line
    timer.cancel()
    return server


@pytest.mark.parametrize("guide", guides.ORDER)
def test_a_guide_does_what_it_shows(guide: str, tmp_path: Path) -> None:
    text = (guides.FOLDER / f"{guide}.md").read_text(encoding="utf-8").replace(PORT, str(free_port()))
    folder = tmp_path / "guide"
    shutil.copytree(ROOT / "samples", folder / "samples", ignore=shutil.ignore_patterns(".xsrun"))
    servers: list[subprocess.Popen[str]] = []
    try:
        follow(text, folder, environment(tmp_path), servers)
    finally:
        for server in servers:
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=60)


def test_every_guide_is_listed() -> None:
    assert {path.stem for path in guides.FOLDER.glob("*.md")} == set(guides.ORDER)


@pytest.mark.parametrize("guide", guides.guides(), ids=lambda guide: guide.name)
def test_links_of_a_guide_lead_somewhere(guide: guides.Page) -> None:
    manual = whole_manual()
    text = re.sub(r"^(`{3,4})\w[\w ]*\n(?:.|\n)*?^\1$", "", guide.about, flags=re.MULTILINE)
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("docs:"):
            assert manual.named(target.removeprefix("docs:")), target
        elif not target.startswith(("https://", "#")):
            assert target.partition("#")[0].removesuffix(".md") in guides.ORDER, target
    assert guide.title
    assert not guide.about.startswith("#")
