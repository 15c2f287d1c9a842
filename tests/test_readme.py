"""Every command and output that the README shows is run and compared; `...` in an output stands for anything."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def console_examples() -> list[tuple[str, str]]:
    """(command, output) of each `$ command` in a console block."""
    examples = []
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        for part in block.split("$ ")[1:]:
            command, _, output = part.partition("\n")
            examples.append((command, output.strip()))
    return examples


def as_pattern(shown: str) -> str:
    return ".*".join(re.escape(piece) for piece in shown.split("..."))


def run(command: str) -> str:
    words = shlex.split(command)
    assert words[0] == "xsrun"
    done = subprocess.run(
        [sys.executable, "-m", "xsrun", *words[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
        check=False,
    )
    return (done.stdout + done.stderr).strip()


@pytest.mark.parametrize(("command", "output"), console_examples())
def test_console_example(command: str, output: str) -> None:
    shown = run(command)
    pattern = as_pattern(output)
    assert re.match(pattern, shown, re.DOTALL), shown


def test_first_command_prints_what_the_readme_shows() -> None:
    setup = re.findall(r"```sh\n(.*?)\n```", README, re.DOTALL)
    assert len(setup) == 2
    command = setup[0].rpartition(".venv/bin/")[2]
    (shown,) = re.findall(r"```json\n(.*?)\n```", README, re.DOTALL)
    assert re.fullmatch(as_pattern(shown), run(command), re.DOTALL)


def test_python_example() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    checked = []
    for line in code.splitlines():
        expression, comment, expected = line.partition("  # ")
        indent = expression[: len(expression) - len(expression.lstrip())]
        checked.append(f"{indent}assert ({expression.strip()}) == {expected}" if comment else line)
    before = os.getcwd()
    os.chdir(ROOT)
    try:
        exec("\n".join(checked), {})
    finally:
        os.chdir(before)
