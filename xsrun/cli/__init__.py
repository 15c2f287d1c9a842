"""The command line: one small module a command, no logic of its own."""

from __future__ import annotations


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status: 0 done, 1 the program, test or check failed, 2 wrong use."""
    from xsrun.cli.arguments import main as run

    return run(arguments)
