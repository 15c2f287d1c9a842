"""Run every query, function, task, tool and job of some workspaces with made-up input, without network.

    python tests/smoke.py FOLDER... [--seed N] [--show N] [--match TEXT]

Each FOLDER is a workspace; one that holds run.jobs in folders of their own is one workspace for each of them. Prints
for each how its runs ended, then every kind of failure with how often it happened and where it was first seen. The exit
status is 1 when a run ended in a fault of xsrun or went past a limit. Nothing below FOLDER is changed.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from pathlib import Path

from xsrun.api import Workspace
from xsrun.errors import InternalError, LimitError, UnavailableError, XanoScriptError
from xsrun.evaluator.generated.tracebacks import translate
from xsrun.services.network import NetworkPolicy
from xsrun.testing.cases import find_cases
from xsrun.testing.sandbox import Sandbox
from xsrun.testing.smoke import prepare, refuses, smoke

ENDINGS = ("ran", "refused", "failed", "unavailable", "limit", "internal")
#: What differs from one failure to the next of the same kind: quoted texts and numbers.
_PARTICULAR = re.compile(r"\"[^\"]*\"|`[^`]*`|'[^']*'|\d+")


def ending(error: XanoScriptError | None) -> str:
    """How a run ended, in one word of ENDINGS."""
    if error is None:
        return "ran"
    for kind, word in ((InternalError, "internal"), (LimitError, "limit"), (UnavailableError, "unavailable")):
        if isinstance(error, kind):
            return word
    return "refused" if refuses(error) else "failed"


class Tally:
    """How the runs ended: of each workspace, and how often each kind of failure came."""

    def __init__(self) -> None:
        self.endings: dict[str, Counter[str]] = {}
        self.failures: Counter[tuple[str, str]] = Counter()
        self.first: dict[tuple[str, str], str] = {}

    def note(self, workspace: str, label: str, error: XanoScriptError | None) -> None:
        """Count one run."""
        word = ending(error)
        self.endings.setdefault(workspace, Counter())[word] += 1
        if error is None:
            return
        kind = (word, f"{type(error).__name__}: {_PARTICULAR.sub('…', error.message or '')[:150]}")
        self.failures[kind] += 1
        self.first.setdefault(kind, f"{error.file}:{error.line} ({label}): {str(error)[:300]}")

    def total(self) -> Counter[str]:
        return sum(self.endings.values(), Counter())


def run_all(folder: Path, name: str, seed: int, match: str | None, tally: Tally) -> None:
    """Run everything of one workspace once."""
    with Workspace.load(folder) as workspace, Sandbox(workspace, NetworkPolicy(down=True)) as sandbox:
        prepare(sandbox, seed)
        for case in find_cases(workspace.constructs, match, "smoke"):
            noted = []
            try:
                result = smoke(sandbox, case.construct, seed)
                error = result.error
                noted = [one for one in result.warnings if isinstance(one, (InternalError, LimitError))]
            except Exception as raised:
                error = translate(raised)
            for one in noted or [error]:
                tally.note(name, case.construct.label, one)


def workspaces_of(folder: Path) -> list[Path]:
    """The folder, or the folders below it that hold a `run.job` each."""
    jobs = {path.parent.parent if path.parent.name == "run" else path.parent for path in folder.rglob("run.xs")}
    return sorted(jobs) or [folder]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folders", type=Path, nargs="+")
    options.add_argument("--seed", type=int, default=0, help="other inputs and rows (default: 0)")
    options.add_argument("--show", type=int, default=60, help="how many kinds of failure to print (default: 60)")
    options.add_argument("--match", help="only constructs whose name contains this")
    choice = options.parse_args()
    tally = Tally()
    for folder in choice.folders:
        for workspace in workspaces_of(folder):
            try:
                run_all(workspace, folder.name, choice.seed, choice.match, tally)
            except XanoScriptError as error:
                print(f"{workspace}: {error}", file=sys.stderr)
    print(f"{'':50}" + "".join(f"{word:>12}" for word in ENDINGS))
    for name, ends in [*tally.endings.items(), ("all", tally.total())]:
        print(f"{name[:50]:50}" + "".join(f"{ends[word]:12}" for word in ENDINGS))
    print(f"\n{sum(tally.total().values())} runs\n")
    ranked = sorted(tally.failures.items(), key=lambda entry: (-ENDINGS.index(entry[0][0]), -entry[1]))
    for kind, count in ranked[: choice.show]:
        print(f"{count:5} {kind[0]}: {kind[1]}\n        {tally.first[kind]}")
    return 1 if tally.total()["internal"] or tally.total()["limit"] else 0


if __name__ == "__main__":
    sys.exit(main())
