"""The command line, called in this process: quick, and as its users see it."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from xsrun.cli import main


@dataclass
class Done:
    """What a command left. `shown` is what a terminal shows: both outputs, in the order in which they were written."""

    returncode: int
    stdout: str
    stderr: str
    shown: str


class Both(io.StringIO):
    """A stream whose writing goes to another one, too."""

    def __init__(self, shown: io.StringIO) -> None:
        super().__init__()
        self.shown_too = shown

    def write(self, text: str) -> int:
        self.shown_too.write(text)
        return super().write(text)


def xsrun(*words: str, folder: Path | None = None, stdin: str | None = None) -> Done:
    """Run `xsrun WORDS` in a folder."""
    shown = io.StringIO()
    out, err = Both(shown), Both(shown)
    before, input_before = Path.cwd(), sys.stdin
    os.chdir(folder or before)
    sys.stdin = io.StringIO(stdin or "")
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main(list(words))
    finally:
        sys.stdin = input_before
        os.chdir(before)
    return Done(status, out.getvalue(), err.getvalue(), shown.getvalue())


def run_line(line: str, folder: Path) -> Done:
    """Run a line as a shell would: `xsrun run - < FILE`."""
    words = shlex.split(line)
    assert words[0] == "xsrun", line
    stdin = None
    if "<" in words:
        place = words.index("<")
        stdin = (folder / words[place + 1]).read_text(encoding="utf-8")
        del words[place : place + 2]
    return xsrun(*words[1:], folder=folder, stdin=stdin)
