"""The log that stands for Datadog: entries and metrics as lines of JSON in a file."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from xsrun.errors import UnavailableError
from xsrun.values.conversion import Value, to_json


class DatadogLog:
    """Takes entries; without a file it keeps none. Safe to use from several threads."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self._lock = threading.Lock()

    def add(self, kind: str, entries: Sequence[Mapping[str, Value]]) -> None:
        """Keep entries of a kind, `log` or `metric`. Raises UnavailableError when the file cannot be written."""
        if self.file is None:
            return
        lines = [{"kind": kind, **one} | {"kind": kind} for one in entries]  # an attribute may have that name, too
        with self._lock:
            try:
                self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with self.file.open("a", encoding="utf-8") as output:
                    output.writelines(to_json(one) + "\n" for one in lines)
            except OSError as error:
                raise UnavailableError(f"the log {self.file} cannot be written: {error.strerror}") from None
