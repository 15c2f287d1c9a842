"""The folder that an agent works in: what it may read there, and write when it asks to."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from xsrun.diagnostics.suggest import one_of
from xsrun.errors import UsageError
from xsrun.reading import LARGEST_SOURCE, read_text
from xsrun.workspace.loader import SKIPPED, find_files, read_source
from xsrun.workspace.lookup import construct_named

#: Which tool tells what there is.
LISTED = "the tool list_constructs tells which constructs and files there are"
#: No path is longer, and no system takes a longer one.
_LONGEST_PATH = 4_000
#: What pages of documentation end in.
PAGES = (".md", ".markdown", ".mdx", ".txt")


class AgentFolder:
    """A folder, and the files in it. What a symbolic link inside it points to outside is outside."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    def path(self, given: str) -> Path:
        """The path that a text names, from the folder. Raises UsageError for what is outside, hidden or not there."""
        if not given or len(given) > _LONGEST_PATH or any(ord(character) < 32 for character in given):
            raise UsageError("this is not a path", hint="name a file from the workspace's folder: function/add.xs")
        try:
            found = (self.root / given).resolve()
            there = found.is_relative_to(self.root) and found.exists()
        except (OSError, RuntimeError):  # a name that is too long, links that lead round in a circle
            there, found = False, self.root
        if not found.is_relative_to(self.root):
            hint = "tools reach the files below it alone; start xsrun mcp with another --workspace for others"
            raise UsageError(f"{given} is outside the folder of the workspace", hint=hint)
        hidden = next((part for part in found.relative_to(self.root).parts if is_hidden(part)), None)
        if hidden is not None:
            raise UsageError(f"{given} is not a file of the workspace: `{hidden}` is kept out of it")
        if not there:
            raise UsageError(f"no such file or folder: {given}", hint=self._meant(given))
        return found

    def _meant(self, given: str) -> str:
        """What may be meant by a path that is not there: a construct, or the file of that name in another folder."""
        if construct_named(given)[0] is not None:
            return "run takes a construct as `construct`, test its name as `pattern`"
        last = given.replace("\\", "/").rpartition("/")[2]
        named = [self.name(path) for path in self.files() if path.name == last][:3]
        return f"did you mean {one_of(named)}?" if named else LISTED

    def name(self, path: Path) -> str:
        """The name of a file in it, with forward slashes."""
        return path.relative_to(self.root).as_posix()

    def files(self) -> list[Path]:
        """The programs in it, without links that lead out of it."""
        found = find_files(self.root)
        return [path for path in found if path.resolve().is_relative_to(self.root)]

    def pages(self) -> list[Path]:
        """The pages of documentation in it."""
        found = (path for path in self.root.rglob("*") if path.suffix.lower() in PAGES and path.is_file())
        return sorted(path for path in found if self._is_open(path))

    def _is_open(self, path: Path) -> bool:
        inside = path.resolve().is_relative_to(self.root)
        return inside and not any(is_hidden(part) for part in path.relative_to(self.root).parts)

    def sources(self) -> dict[str, str]:
        """The texts of the programs by name."""
        return {self.name(path): read_source(path) for path in self.files()}

    def below(self, given: str | None, names: Iterable[str]) -> list[str]:
        """Those of some names that a path means: that of a file, all below one of a folder, all for None."""
        if given is None:
            return list(names)
        path = self.path(given)
        chosen = self.name(path)
        return [name for name in names if name == chosen or path == self.root or name.startswith(f"{chosen}/")]

    def text(self, given: str) -> str:
        """The text of a program or a page. Raises UsageError for anything else."""
        path = self.path(given)
        if path.suffix != ".xs" and path.suffix.lower() not in PAGES:
            raise UsageError(f"{given} is not a program or page", hint=f"these end in .xs, {', '.join(PAGES)}")
        try:
            return read_text(path, LARGEST_SOURCE)
        except UnicodeDecodeError:
            raise UsageError(f"{given} is not UTF-8 text") from None
        except OSError as error:
            raise UsageError(f"cannot read {given}: {error.strerror}") from None


def is_hidden(part: str) -> bool:
    """Is a folder or file of this name no part of a workspace? Files that begin with a dot hold secrets (`.env`)."""
    return part.startswith(".") or part in SKIPPED
