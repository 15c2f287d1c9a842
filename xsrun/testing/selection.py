"""Which tests of a workspace run, in which order, and what is remembered of those that failed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from xsrun.hints import TYPE_CHECKING
from xsrun.reading import is_there, typed_name
from xsrun.records import made, record
from xsrun.testing.cases import Case, find_cases
from xsrun.testing.report import Outcome
from xsrun.workspace.construct import Construct
from xsrun.workspace.services import STATE_FOLDER, Services

if TYPE_CHECKING:
    from pathlib import Path

_FILE = "failed_tests.json"


@record(frozen=True)
class Selection:
    """The tests that are asked for: see `find_cases` for `pattern`, `kind` and `files`.

    `names` are single tests by file, by name as in node ids (`function/add.xs::adds`) or by identity. `failed` are the
    tests that failed last (`Outcome.identity`): they come first, and with `only_failed` alone, unless there is none.
    """

    pattern: str | None = None
    kind: str | None = None
    files: set[str] | None = None
    names: Mapping[str, set[str]] = made(factory=dict)
    failed: frozenset[str] = frozenset()
    only_failed: bool = False

    def cases(self, constructs: Iterable[Construct]) -> list[Case]:
        """The tests in the order in which they run."""
        found = find_cases(constructs, self.pattern, self.kind, self.files)
        if self.names:
            found = [case for case in found if {case.name, case.identity} & self.names.get(case.file, set())]
        failed = [case for case in found if case.identity in self.failed]
        others = [] if self.only_failed and failed else [case for case in found if case.identity not in self.failed]
        return failed + others

    @property
    def is_narrow(self) -> bool:
        """Does it ask for certain tests, so that to find none is worth a word?"""
        return bool(self.pattern or self.names or self.files is not None)


def split_node_id(text: str) -> tuple[str, str | None]:
    """The path and the test of `function/add.xs::adds`; without a test all of them are meant.

    A file may have `::` in its name: then it is a path.
    """
    if "::" not in text or is_there(typed_name(text)):
        return text, None
    path, _, name = text.partition("::")
    return path, name


def last_failed(root: Path | None) -> frozenset[str]:
    """The tests of a workspace that failed when they last ran."""
    if root is None:
        return frozenset()
    try:
        text = (root / STATE_FOLDER / _FILE).read_bytes()
    except OSError:
        return frozenset()
    from xsrun.values.conversion import from_json

    try:
        kept = from_json(text)
    except ValueError:
        return frozenset()  # nothing was kept, or something that is not ours
    return frozenset(one for one in kept if isinstance(one, str)) if isinstance(kept, list) else frozenset()


def remember_failed(root: Path | None, outcomes: Iterable[Outcome]) -> None:
    """Keep which tests failed, and of those that did not run now what was known."""
    if root is None:
        return
    outcomes = list(outcomes)
    before = last_failed(root)
    ran = {one.identity for one in outcomes}
    after = (before - ran) | {one.identity for one in outcomes if one.failed}
    if after == before:
        return
    path = Services(root).state(_FILE)
    if path is None:
        return
    import json

    try:
        path.write_text(json.dumps(sorted(after), indent=1), encoding="utf-8")
    except OSError:
        return  # a folder that nobody may write to has no memory
