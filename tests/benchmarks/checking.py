"""Checking generated workspaces: everything anew, after one edit in a new process, after a keystroke in the editor.

    python tests/benchmarks/checking.py [--runs 7] [--json] [--files 600 --files 6000]

CPU time, that of the processes which share the work included. The twin of a check after one edit is one of everything;
of a keystroke in a session, as an editor has it, checking the edited file in a workspace of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from startup import seconds
from timing import compare

sys.path.insert(0, str(Path(__file__).parents[1]))
import large_workspace

from xsrun.analysis.session import CheckSession
from xsrun.editor.lsp.open_programs import OpenPrograms

#: How large the workspaces are.
SIZES = (600, 6_000)
#: What is edited: a function that two others call.
EDITED = "function/pricing/price_3.xs"


def row(name: str, ours: float, twin: float, what: str) -> dict[str, Any]:
    return {"name": name, "xsrun": ours, "python": twin, "ratio": ours / twin, "twin": what}


def processes(files: int, runs: int) -> dict[str, Any]:
    """`xsrun check` of a workspace in which one file was edited; each time what it does is another."""
    with tempfile.TemporaryDirectory() as place:
        folder = large_workspace.write(Path(place, "workspace"), files)
        caches = {"XSRUN_CACHE": str(Path(place, "cache")), "PYTHONPYCACHEPREFIX": str(Path(place, "modules"))}
        environment = {**os.environ, **caches}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        command = [sys.executable, "-m", "xsrun", "check", str(folder)]
        text = (folder / EDITED).read_text(encoding="utf-8")
        seconds(command, environment)  # what is made once
        cold, edited = [], []
        for number in range(runs):
            if number < 3:
                shutil.rmtree(Path(place, "cache", "check"))
                cold.append(seconds(command, environment))
            lines = f"    int more_{number}?\n    text owner filters=trim\n"
            changed = text.replace("    text owner filters=trim\n", lines).replace("> 100", f"> {number}")
            (folder / EDITED).write_text(changed, encoding="utf-8")
            edited.append(seconds(command, environment))
    name = f"check after one edit in {files:,} files"
    return row(name, statistics.median(edited), statistics.median(cold), "everything anew")


def keystroke(files: int, runs: int) -> dict[str, Any]:
    """The problems of a file, asked for after each letter that is typed into it."""
    texts = large_workspace.texts(files)
    sessions = CheckSession(texts), CheckSession({EDITED: texts[EDITED]})
    numbers = [0, 0]

    def type_into(which: int) -> None:
        numbers[which] += 1
        sessions[which].edit(EDITED, texts[EDITED].replace("> 100", f"> {numbers[which]}"))
        sessions[which].diagnostics(EDITED)

    type_into(0), type_into(1)
    name = f"a keystroke in a session of {files:,} files"
    return row(name, *compare(lambda: type_into(0), lambda: type_into(1), runs), "a session of that file")


def editor(files: int, runs: int) -> dict[str, Any]:
    """The same in the language server's programs, with a letter that other files see: an input gets another name."""
    with tempfile.TemporaryDirectory() as place:
        folder = large_workspace.write(Path(place, "workspace"), files)
        programs, name = OpenPrograms(), (folder.resolve() / EDITED).as_posix()
        programs.load(folder)
        programs.update()
        text = programs.sessions[0].texts[name]
        alone, numbers = CheckSession({EDITED: text}), [0, 0]

        def rename() -> None:
            numbers[0] += 1
            programs.hold(name, text.replace("factor", "factor" + "s" * (numbers[0] % 2)))
            assert len(programs.update()) == 3, "it and those who call it are told of an input that is missing"

        def one() -> None:
            numbers[1] += 1
            alone.edit(EDITED, text.replace("factor", "factor" + "s" * (numbers[1] % 2)))
            alone.update()

        rename(), one()
        found = compare(rename, one, runs)
    return row(f"a keystroke that two others see, {files:,} files", *found, "a session of that file")


def measure(runs: int, sizes: tuple[int, ...] = SIZES) -> list[dict[str, Any]]:
    """Seconds of each piece of work and of its twin, and their ratio."""
    found = [processes(files, runs) for files in sizes]
    return [*found, *(work(files, runs) for files in sizes for work in (keystroke, editor))]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=7)
    options.add_argument("--json", action="store_true")
    options.add_argument("--files", type=int, action="append")
    choice = options.parse_args()
    rows = measure(choice.runs, tuple(choice.files or SIZES))
    if choice.json:
        print(json.dumps(rows))
        return
    for one in rows:
        times = f"{one['xsrun'] * 1000:9.1f} ms  {one['python'] * 1000:8.1f} ms"
        print(f"{one['name']:<38} {times}  {one['ratio']:6.3f}x of {one['twin']}")


if __name__ == "__main__":
    main()
