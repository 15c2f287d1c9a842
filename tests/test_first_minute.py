"""The hundred commands of `first_minute.md`: each prints what stands below it, with an empty cache and with a full one.

`XSRUN_SNAPSHOTS=write` writes the outputs anew; read the difference before you commit it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import run_line

TABLE = Path(__file__).with_name("first_minute.md")
_FILE = re.compile(r"^(`{3,})\w* (\S+)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: What differs from run to run, and how the table shows it.
_CHANGING = (
    (re.compile(r'"duration":[\d.e-]+'), '"duration":...'),
    (re.compile(r'"timing":[\d.]+'), '"timing":...'),
    (re.compile(r"\d+\.\d+s"), "...s"),
    (re.compile(r"\d+\.\d{3} ms"), "... ms"),
    (re.compile(r'("k": ?)"[\w-]+"'), r'\1"..."'),
    (re.compile(r"eyJ[\w-]{20,}(\.[\w-]*)*"), "eyJ..."),
)


def text() -> str:
    return TABLE.read_text(encoding="utf-8")


def commands() -> Iterator[tuple[str, str]]:
    """Every command of the table with what it prints; a last line `[exit N]` is its status, when that is not 0."""
    for block in _CONSOLE.findall(text()):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def prepare(folder: Path) -> None:
    """Make the files of the table."""
    for _, name, content in _FILE.findall(text()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")


def shown(command: str, folder: Path) -> str:
    """What a command leaves on a terminal."""
    place, _, line = command.rpartition(" && ")
    done = run_line(line, folder / place.removeprefix("cd "))
    output = done.shown + (f"[exit {done.returncode}]\n" if done.returncode else "")
    for changing, instead in _CHANGING:
        output = changing.sub(instead, output)
    return re.sub(r"[ \t]+$", "", output, flags=re.MULTILINE)


def test_every_command_prints_what_the_table_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "first"
    prepare(folder)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("XSRUN_REDIS_URL", raising=False)
    cold, warm = [], []
    for number, (command, _) in enumerate(commands()):
        monkeypatch.setenv("XSRUN_CACHE", str(tmp_path / f"cache{number}"))
        cold.append(shown(command, folder))
        warm.append(shown(command, folder))
    if os.environ.get("XSRUN_SNAPSHOTS") == "write":
        write(cold)
    table = dict(enumerate(commands()))
    assert len(table) >= 100
    wrong = [
        f"$ {command}\n{got}"
        for (command, wanted), *both in zip(table.values(), cold, warm, strict=True)
        for got in both
        if got != wanted
    ]
    assert not wrong, "\n".join(wrong)


def write(outputs: list[str]) -> None:
    """Put what the commands print into the table."""
    remaining = iter(outputs)

    def renewed(block: re.Match[str]) -> str:
        lines = [
            f"$ {part.partition(chr(10))[0]}\n{next(remaining)}" for part in re.split(r"^\$ ", block[1], flags=re.M)[1:]
        ]
        return "```console\n" + "".join(lines) + "```"

    TABLE.write_text(_CONSOLE.sub(renewed, text()), encoding="utf-8")
