"""The command line with odd words: whatever is typed, it ends with a documented status and a message of its own.

`odd_words_data.py` makes the lines from a seed. Small here, large with `-m slow`.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import signal
import socket
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from odd_words_data import FILES, NOT_GIVEN, TYPED, Lines, make_folder

from xsrun.cli import main
from xsrun.cli.arguments import COMMANDS
from xsrun.cli.failure import wants_document

#: done, failed, wrong use, and no test fits
STATUSES = (0, 1, 2, 5)


class Ended:
    """How a command line ended, and what it left in its folder."""

    def __init__(self, words: list[str], status: int, out: str, err: str, changed: set[str]) -> None:
        self.words = words
        self.status = status
        self.out = out
        self.err = err
        self.changed = changed

    def wrong(self) -> str | None:
        """What should not be, or None."""
        told = self.out + self.err
        if self.status not in STATUSES:
            return f"status {self.status}"
        if "internal error" in told or "Traceback (most" in told:
            return next(line for line in told.splitlines() if "internal error" in line or "Traceback (most" in line)
        if self.status == 2 and self.words:
            return self.wrong_refusal()
        if wants_document(self.words) and not {"--help", "-h", "--version", "-V"} & set(self.words):
            return self.wrong_document()
        return None

    def wrong_refusal(self) -> str | None:
        if self.changed:
            return f"refused, and changed {sorted(self.changed)}"
        if "error: " not in self.err and "error[" not in self.err:
            return f"refused without a word: {self.err[:200]!r}"
        if wants_document(self.words):
            return self.wrong_document()
        return None

    def wrong_document(self) -> str | None:
        decoder, text = json.JSONDecoder(), self.out.strip()
        if not text:
            return "no document"
        while text:
            try:
                _, end = decoder.raw_decode(text)
            except ValueError as error:
                return f"not JSON: {error}: {text[:100]!r}"
            text = text[end:].lstrip()
        return None


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of `odd_words_data`, in a folder of its own; what would wait or go outside comes back at once."""
    place = tmp_path / "inner"
    place.mkdir()
    make_folder(place)
    monkeypatch.chdir(place)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    end_what_waits(monkeypatch)
    yield place
    place.joinpath("closed").chmod(0o700)


def end_what_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers, watchers and editors end where they would wait; names of hosts are not looked up."""

    async def over(*_: object) -> None:
        """Stands for a server that serves until it is stopped."""

    def nobody() -> tuple[Any, Any]:
        return Path(os.devnull).open("rb"), Path(os.devnull).open("wb")

    def no_client(*_: object) -> None:
        raise SystemExit(0)

    look_up = socket.getaddrinfo

    def numbers_only(host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:
        local = host in (None, "", "localhost")
        return look_up(host, port, family, type, proto, flags if local else flags | socket.AI_NUMERICHOST)

    monkeypatch.setattr("xsrun.server.listening.run", lambda *_: None)
    monkeypatch.setattr("xsrun.server.listening.settle_server", lambda: None)
    monkeypatch.setattr("xsrun.server.supervisor.Supervisor.run", lambda self: 0)
    monkeypatch.setattr("xsrun.testing.watch.changes", lambda root: ())
    monkeypatch.setattr("xsrun.editor.dap.dap_doors._converse", no_client)
    monkeypatch.setattr("xsrun.editor.own_streams.claim_streams", nobody)
    monkeypatch.setattr("uvicorn.Server.run", lambda *_, **__: None)
    monkeypatch.setattr(asyncio.base_events.Server, "serve_forever", over)
    monkeypatch.setattr(webbrowser, "open", lambda *_: True)
    monkeypatch.setattr(socket, "getaddrinfo", numbers_only)


def state(folder: Path) -> dict[str, tuple[int, int, int]]:
    """What is in a folder, but for what xsrun keeps: name -> kind, size and the time of its last change."""
    found = {}
    for above, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != ".xsrun"]
        for name in (*folders, *files):
            status = os.lstat(os.path.join(above, name))
            place = os.path.relpath(os.path.join(above, name), folder)
            of_content = (0, 0) if name in folders else (status.st_size, status.st_mtime_ns)
            found[place] = status.st_mode, *of_content
    return found


@contextmanager
def kept() -> Iterator[None]:
    """What a command changes in the process is put back."""
    before, on_end, folder = dict(os.environ), signal.getsignal(signal.SIGTERM), Path.cwd()
    streams = sys.stdin, sys.stdout, sys.stderr
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = streams
        os.environ.clear()
        os.environ.update(before)
        signal.signal(signal.SIGTERM, on_end)
        os.chdir(folder)


def call(words: list[str], typed: bytes, folder: Path) -> Ended:
    """Run a command line in a folder, with outputs as a process has them."""
    before = state(folder)
    out = io.TextIOWrapper(io.BytesIO(), "utf-8")
    err = io.TextIOWrapper(io.BytesIO(), "utf-8", errors="backslashreplace")
    with kept():
        sys.stdin = io.TextIOWrapper(io.BytesIO(typed), "utf-8", errors="surrogateescape")
        sys.stdout, sys.stderr = out, err
        status = main(list(words))
    after = state(folder)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    for name in changed:
        renew(folder, name)
    return Ended(words, status, written(out), written(err), changed)


def written(stream: io.TextIOWrapper) -> str:
    """What was written to a stream in memory."""
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()


def renew(folder: Path, name: str) -> None:
    """Make a file what it was before."""
    path = folder / name
    if name in FILES:
        path.write_bytes(FILES[name])
    elif path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def run_lines(folder: Path, first: int, count: int) -> None:
    """Run the lines of some seeds; each failure names its seed."""
    found = []
    for seed in range(first, first + count):
        lines = Lines(seed)
        words, typed = lines.line(), lines.chance.choice(TYPED)
        wrong = call(words, typed, folder).wrong()
        if wrong is not None:
            found.append((seed, wrong, words))
    assert not found, "\n".join(ascii(one) for one in found[:20])


def test_odd_command_lines(folder: Path) -> None:
    run_lines(folder, 1_000_000, 300)


@pytest.mark.slow
def test_many_odd_command_lines(folder: Path) -> None:
    run_lines(folder, 2_000_000, 30_000)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_drawn(command: str) -> None:
    """What the fuzz gives is what the command takes: an option that is added is fuzzed from then on."""
    lines = Lines(3)
    drawn = {word.partition("=")[0] for _ in range(4_000) for word in lines.line_of(command)}
    for actions in lines.options[command].values():
        names = [name for one in actions for name in one.option_strings if name.startswith("--")]
        assert set(names) - NOT_GIVEN <= drawn


# Lines that failed once ----------------------------------------------------------------------------------------------

LONG = "9" * 400


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run", "a.xs", "-w", "~nobody-of-this-name/x"], "--workspace needs a folder"),
        (["check", "~nobody-of-this-name/x"], "no such file or folder: ~nobody-of-this-name/x"),
        (["format", LONG], f"no such file or folder: {LONG}"),
        (["serve", LONG], f"no such file or folder: {LONG}"),
        (["test", "--record", LONG], "cannot write the recording 999"),
        (["run", "a.xs", "--record", "full"], "cannot write the recording full: it is a device, not a regular file"),
        (["run", "a.xs", "--profile", "nowhere/p.json"], "cannot write nowhere/p.json: there is no folder nowhere"),
        (["db", "migrate", "-w", "http://new"], "no such file or folder: http://new"),
        (["lsp", "--tcp", "65536"], "there is no port 65536"),
        (["lsp", "--tcp", "0", "--host", "a..b"], "cannot listen on a..b:0: that is not the name of a host"),
        (["lsp", "--tcp", "0", "--host", "192.0.2.1"], "cannot listen on 192.0.2.1:0: "),
        (["serve", "ws", "--tls-cert", "fifo"], "no such file: fifo"),
        (["serve", "ws", "--token-key-file", "zero"], "zero: it is a device, not a regular file"),
    ],
)
def test_lines_that_failed_once(folder: Path, words: list[str], told: str) -> None:
    ended = call(words, b"", folder)
    assert ended.wrong() is None
    assert (ended.status, told in ended.err) == (2, True), ended.err


def test_a_command_that_is_refused_leaves_a_recording_as_it_was(folder: Path) -> None:
    recording = folder / "input.json"
    before = recording.read_bytes()
    for words in (["nowhere.xs"], ["a.xs", "--limit", "steps=x"], ["a.xs", "--seed", "nowhere.json"]):
        assert call(["run", *words, "--record", "input.json"], b"", folder).status == 2
        assert recording.read_bytes() == before
    assert call(["run", "a.xs", "--record", "input.json"], b"", folder).changed == {"input.json"}
