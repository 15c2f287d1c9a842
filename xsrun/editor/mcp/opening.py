"""The streams of `xsrun mcp` while the first answer is given (`xsrun.editor.kept_answer`): a message a line."""

from __future__ import annotations

import io
import json
from typing import BinaryIO

from xsrun.editor.kept_answer import FirstAnswer, object_in, packages_stamp


class Opening:
    """The first line of a conversation, and its answer if that is known."""

    def __init__(self, line: str, about: str) -> None:
        self.line = line
        request = object_in(line)
        self.first = FirstAnswer(
            "mcp", request, [about, {name: part for name, part in request.items() if name != "id"}]
        )

    @classmethod
    def read(cls, stream: BinaryIO, about: str) -> Opening:
        """Wait for the first line. `about` names all that the answer depends on besides it."""
        return cls(stream.readline().decode("utf-8", "replace"), about)

    def answer(self) -> str | None:
        """The line that answers it, as it was kept; None when it has to be asked for."""
        body = self.first.known()
        return None if body is None else f"{body.decode()}\n"


def package_stamp() -> str:
    """A name for the installed packages of the protocol; empty when they are not installed."""
    return packages_stamp("mcp", "mcp_types")


class ReplayedInput(io.TextIOWrapper):
    """The lines of a client, the first of which has been read already."""

    def __init__(self, stream: BinaryIO, opening: Opening) -> None:
        super().__init__(stream, encoding="utf-8", errors="replace")
        self._first: str | None = opening.line

    def readline(self, size: int = -1) -> str:  # type: ignore[override] # a whole line is all that is asked for
        first, self._first = self._first, None
        line = super().readline() if first is None else first
        return whole_text(line) if "\\ud" in line.lower() else line


def whole_text(line: str) -> str:
    """A message with `?` for what is one half of a pair of escapes: the packages would drop it unanswered."""
    try:
        plain = json.dumps(json.loads(line), ensure_ascii=False)
    except (ValueError, RecursionError):  # whatever it is, the protocol refuses it
        return line
    return plain.encode("utf-8", "replace").decode() + "\n"


class FilteredOutput(io.TextIOWrapper):
    """The lines to a client, without an answer that it has."""

    def __init__(self, stream: BinaryIO, opening: Opening) -> None:
        super().__init__(stream, encoding="utf-8")
        self._opening = opening

    def write(self, text: str) -> int:
        return super().write(text) if self._opening.first.passes(text) else len(text)
