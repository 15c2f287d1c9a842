"""The command line: one small module a command, no logic of its own."""

from __future__ import annotations

import gc


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status: 0 done, 1 the program, test or check failed, 2 wrong use."""
    collect_less_often()
    from xsrun.cli.arguments import main as run

    return run(arguments)


def collect_less_often() -> None:
    """Let Python look for objects that hold themselves less often: no value of a program does.

    The collector goes through all lists and objects again and again while they grow in number: half the time of a
    program that goes through a million of them.
    """
    gc.set_threshold(20_000, 20, 100)
