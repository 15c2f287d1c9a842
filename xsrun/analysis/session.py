"""The problems of texts that are edited again and again: after an edit only those are looked at that it may concern."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from xsrun.analysis.interface import Answers, Interface, Question, View
from xsrun.diagnostics import Diagnostic
from xsrun.diagnostics.progress import tracked
from xsrun.syntax.nodes import Document
from xsrun.syntax.parsed import Parsed


class CheckResult(NamedTuple):
    """What the check of one text gave: what others see of it, what it asked about them, its problems in order."""

    interface: Interface
    asked: frozenset[Question]
    found: list[Diagnostic]


class CheckSession:
    """Holds the texts of one program, takes edits, and answers with the problems of each text.

    They are always those that a fresh check of the same texts finds. An edited text is parsed and checked again; of the
    others only those that asked for what is answered otherwise now. `looked_at` holds the names of all texts that were
    checked, in order.
    """

    def __init__(self, sources: Mapping[str, str] | None = None) -> None:
        self.texts: dict[str, str] = {}
        self.looked_at: list[str] = []
        self._answers = Answers()
        self._results: dict[str, CheckResult] = {}
        self._parsed: dict[str, Parsed[Document]] = {}
        self._edited: set[str] = set()
        for name, text in (sources or {}).items():
            self.edit(name, text)

    @property
    def results(self) -> dict[str, CheckResult]:
        """What the checks gave, of every text."""
        self.update()
        return self._results

    def keep(self, name: str, text: str, result: CheckResult) -> None:
        """Take a text that was checked before, together with all others that it asked about."""
        self.texts[name] = text
        self._results[name] = result
        self._answers.replace(name, result.interface)
        self._edited.discard(name)

    def edit(self, name: str, text: str | None) -> None:
        """Give a file another text, a new one or, with None, none. What follows is found when it is asked for."""
        if text is None:
            self.texts.pop(name, None)
        elif self.texts.get(name) == text and name not in self._edited:
            return
        else:
            self.texts[name] = text
        self._parsed.pop(name, None)
        self._edited.add(name)

    def parsed(self, name: str) -> Parsed[Document]:
        """A text with its tree, which is kept."""
        found = self._parsed.get(name)
        if found is None:
            from xsrun.syntax.source import Source
            from xsrun.workspace.forms import read_form

            found = self._parsed[name] = read_form(Source(self.texts[name], name))
        return found

    def diagnostics(self, name: str) -> list[Diagnostic]:
        """The problems of one text, sorted."""
        return self.results[name].found

    def problems_with(self, name: str, text: str) -> list[Diagnostic]:
        """The problems that a text would have if it were another one; nothing is changed."""
        kept = self.texts[name]
        self.edit(name, text)
        found = self.diagnostics(name)
        self.edit(name, kept)
        return found

    def all_diagnostics(self) -> list[Diagnostic]:
        """The problems of all texts, sorted by file and line."""
        return [one for _, result in sorted(self.results.items()) for one in result.found]

    def update(self) -> list[str]:
        """Check what the edits since the last time may concern; gives the names of the texts that were checked."""
        if not self._edited:
            return []
        names = self.take_over({})
        for name in tracked(names, "checking"):
            self.put(name, None)
        return names

    # Parts of an update --------------------------------------------------------------------------------------------

    @property
    def edited(self) -> set[str]:
        """The names of the texts that were edited since the last update, among them those that are gone."""
        return self._edited

    @property
    def interfaces(self) -> dict[str, Interface]:
        """What the texts see of one another, by name."""
        return self._answers.interfaces

    def names(self, kind: str) -> list[str]:
        """The names of all constructs of a kind, sorted."""
        self.update()
        return self._answers.names(kind)

    def files_of(self, kind: str, name: str) -> list[str]:
        """The files that declare a construct of this kind and name, in small letters."""
        self.update()
        return self._answers.files_of(kind, name)

    def take_over(self, read: Mapping[str, Interface]) -> list[str]:
        """Answer by the edited texts from now on; gives the names of those that are to be checked, sorted.

        What others see of a text is read from it, unless it is among those that were `read` elsewhere.
        """
        changed = self._answers.update(
            {name: read[name] if name in read else self._read(name) for name in self._edited}
        )
        for name in self._edited - self.texts.keys():
            self._results.pop(name, None)
        stale = self._edited & self.texts.keys()
        if changed:
            stale |= {name for name, result in self._results.items() if not changed.isdisjoint(result.asked)}
        self._edited = set()
        self.looked_at += sorted(stale)
        return sorted(stale)

    def put(self, name: str, result: CheckResult | None) -> None:
        """Take what the check of a text gave elsewhere, or check it here."""
        self._results[name] = result or self._check(name)

    def _read(self, name: str) -> Interface:
        from xsrun.analysis.model import CheckedText

        return CheckedText(self.parsed(name)).interface() if name in self.texts else ()

    def _check(self, name: str) -> CheckResult:
        from xsrun.analysis.check import check_text
        from xsrun.analysis.model import CheckedText

        view = View(self._answers)
        found = check_text(view, CheckedText(self.parsed(name)))
        return CheckResult(self._answers.interface(name), frozenset(view.asked), found)
