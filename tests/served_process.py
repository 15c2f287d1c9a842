"""`xsrun serve` as a process of its own, for tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from http_server import Client
from waiting import until

#: What a server prints last when it is ready.
READY = "press Ctrl+C"


def save(file: Path, text: str) -> None:
    """Give a file a text in one step: a server that watches it never sees it empty."""
    whole = file.with_name(f"{file.name}.new")
    whole.write_text(text, encoding="utf-8")
    os.replace(whole, file)


class ServedProcess:
    """A server that runs, and the lines that it has printed so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        assert process.stderr is not None
        self._stream = process.stderr
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._stream:
            self.lines.append(line.rstrip("\n"))

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def until(self, test: Callable[[], object]) -> None:
        """Wait for a test to hold."""
        until(lambda: test() or self.process.poll() is not None, self.lines)
        assert test(), self.text

    @property
    def client(self) -> Client:
        line = next(line for line in self.lines if line.startswith("serving "))
        return Client(int(line.rpartition(":")[2]))

    def end(self, how: int = signal.SIGTERM) -> int:
        """Stop the server; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        status = self.process.wait(60)
        self._reader.join(20)
        return status


@contextmanager
def serve_process(folder: Path, *more: str, env: dict[str, str] | None = None) -> Iterator[ServedProcess]:
    """Run `xsrun serve` on a free port until the block ends; it must end well."""
    words = [sys.executable, "-m", "xsrun", "serve", str(folder), "--port", "0", *more]
    environment = {**os.environ, "NO_COLOR": "1", **(env or {})}
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment) as process:
        served = ServedProcess(process)
        try:
            served.until(lambda: READY in served.text)
            yield served
        finally:
            status = served.end()
        assert status == 0, served.text
