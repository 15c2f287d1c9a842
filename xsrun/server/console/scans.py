"""Scans that are under way: they can be watched and stopped by their names, in whichever process they run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

#: Scans that are remembered.
_MOST = 100


class Scan:
    """A scan that is under way. Its file, for other processes, tells how many rows it has looked at; one that is
    removed stops it. There is none before the scan has looked at its first rows, nor where nothing is kept."""

    def __init__(self, file: Path | None) -> None:
        self.scanned = 0
        self.stopped = threading.Event()
        self._file = file
        self._shown = False

    def watch(self, scanned: int) -> bool:
        """Note how many rows were looked at; tells whether to go on."""
        self.scanned = scanned
        if scanned and self._file is not None:
            self._show(self._file)
        return not self.stopped.is_set()

    def _show(self, file: Path) -> None:
        """Tell other processes how far the scan is, unless one of them wants it to stop."""
        try:
            with file.open("r+" if self._shown else "w", encoding="utf-8") as opened:
                opened.write(str(self.scanned))
            self._shown = True
        except FileNotFoundError:
            self.stopped.set()
        except OSError:
            self._file = None  # the folder is full or not to be written: this process alone knows of the scan

    def forget(self) -> None:
        """The scan has ended."""
        if self._shown and self._file is not None:
            with suppress(OSError):
                self._file.unlink(missing_ok=True)


class Scans:
    """The scans of a console by their names. `place` gives the folder where those of all processes are shown."""

    def __init__(self, place: Callable[[], Path | None]) -> None:
        self._place = place
        self._here: dict[str, Scan] = {}

    @contextmanager
    def begin(self, name: str) -> Iterator[Scan]:
        """A scan that can be watched and stopped by its name while it lasts."""
        scan = self._here[name] = Scan(self._file(name, make=True))
        while len(self._here) > _MOST:
            del self._here[next(iter(self._here))]
        try:
            yield scan
        finally:
            self._here.pop(name, None)
            scan.forget()

    def progress(self, name: str) -> int | None:
        """How many rows a scan has looked at; None for one that does not run."""
        if (scan := self._here.get(name)) is not None:
            return scan.scanned
        file = self._file(name)
        try:
            return int(file.read_text(encoding="utf-8") or 0) if file is not None else None
        except (OSError, ValueError):
            return None

    def stop(self, name: str) -> bool:
        """Stop a scan, in this process or another; was there one?"""
        if (scan := self._here.get(name)) is not None:
            scan.stopped.set()
            return True
        file = self._file(name)
        if file is None or not file.exists():
            return False
        file.unlink(missing_ok=True)
        return True

    def _file(self, name: str, *, make: bool = False) -> Path | None:
        """The file of a scan; None for one without a name, and where nothing is kept."""
        folder = self._place() if name else None
        if folder is None:
            return None
        if make:
            try:
                folder.mkdir(mode=0o700, exist_ok=True)
                left = sorted(folder.iterdir(), key=lambda one: one.stat().st_mtime)
                for old in left[:-_MOST]:  # of processes that were killed
                    old.unlink(missing_ok=True)
            except OSError:
                return None
        return folder / sha256(name.encode()).hexdigest()[:32]
