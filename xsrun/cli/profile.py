"""`xsrun run --profile FILE`: where a run spends its time, as a speedscope file of XanoScript functions and lines.

A thread looks at the running program's stack every millisecond and keeps the frames that are generated code. Open the
file at https://www.speedscope.app or with any viewer of that format.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from types import FrameType
from typing import TYPE_CHECKING

from xsrun import __version__
from xsrun.errors import UsageError
from xsrun.evaluator.generated.tracebacks import is_generated, line_of
from xsrun.reading import typed_path

if TYPE_CHECKING:
    from xsrun.documents import Json

#: Seconds between two looks.
INTERVAL = 0.001

Frame = tuple[str, int]


class Sampler:
    """Samples the stack of the program while it is entered, on whichever thread that runs (`workspace.deep_calls`)."""

    def __init__(self) -> None:
        self.samples: list[tuple[tuple[Frame, ...], float]] = []
        self._stopping = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Sampler:
        self._sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._sampler.join()

    def _sample(self) -> None:
        before = time.perf_counter()
        while not self._stopping.wait(INTERVAL):
            stacks = map(stack_of, sys._current_frames().values())
            now = time.perf_counter()
            stack = next(filter(None, stacks), None)
            if stack is not None:
                self.samples.append((stack, now - before))
            before = now

    def document(self, name: str) -> dict[str, Json]:
        """The samples as a speedscope document: weights in seconds, frames with file and line."""
        frames: dict[Frame, int] = {}
        samples = [[frames.setdefault(frame, len(frames)) for frame in stack] for stack, _ in self.samples]
        weights = [seconds for _, seconds in self.samples]
        total = sum(weights)
        return {
            "$schema": "https://www.speedscope.app/file-format-schema.json",
            "exporter": f"xsrun {__version__}",
            "name": name,
            "shared": {"frames": [{"name": f"{file}:{line}", "file": file, "line": line} for file, line in frames]},
            "profiles": [
                {
                    "type": "sampled",
                    "name": name,
                    "unit": "seconds",
                    "startValue": 0,
                    "endValue": total,
                    "samples": samples,
                    "weights": weights,
                }
            ],
        }

    def write(self, path: str, name: str) -> None:
        """Write the document to a file."""
        try:
            typed_path(path).write_text(json.dumps(self.document(name)), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror}") from None


def stack_of(frame: FrameType | None) -> tuple[Frame, ...]:
    """The generated frames of a stack as (file, line), outermost first."""
    found: list[Frame] = []
    while frame is not None:
        if is_generated(frame.f_code.co_filename):
            found.append((frame.f_code.co_filename, line_of(frame)))
        frame = frame.f_back
    return tuple(reversed(found))
