"""The README and that of the samples: every command that they show is run and its output compared, `...` stands for
anything; links and pictures lead somewhere; and what the README tells of the package is so."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from xsrun.manual import guides

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SAMPLES = (ROOT / "samples" / "README.md").read_text(encoding="utf-8")


def console_examples() -> list[tuple[str, str]]:
    """(command, output) of each `$ command` in a console block."""
    examples = []
    for block in re.findall(r"```console\n(.*?)```", README + SAMPLES, re.DOTALL):
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


# What it leads to -----------------------------------------------------------------------------------------------------

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
PICTURES = ROOT / ".github" / "pictures"


def headings(text: str) -> set[str]:
    """The anchors that GitHub gives to headings."""
    found = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in found}


@pytest.mark.parametrize("page", ["README.md", "samples/README.md", ".github/CONTRIBUTING.md"])
def test_links_lead_somewhere(page: str) -> None:
    path = ROOT / page
    text = re.sub(r"^(`{3,4})\w(?:.|\n)*?^\1$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    links = _LINK.findall(re.sub(r"`\[[^`]*\]\([^`]*\)`", "", text))
    assert links
    for link in links:
        target, _, anchor = link.partition("#")
        if target.startswith("https://"):
            continue
        aim = (path.parent / target).resolve() if target else path
        assert aim.exists() and aim.is_relative_to(ROOT), link
        assert not anchor or anchor in headings(aim.read_text(encoding="utf-8")), link


def test_every_guide_is_named() -> None:
    """The README leads to every guide, so that who reads on GitHub or PyPI finds them."""
    named = set(re.findall(r"\(xsrun/manual/guides/([\w-]+)\.md", README))
    assert named == set(guides.ORDER)


def test_every_sample_is_told_of() -> None:
    folders = {path.name for path in (ROOT / "samples").iterdir() if path.is_dir()}
    assert {name for name in folders if f"(samples/{name})" in README} == folders
    assert set(re.findall(r"^## \[`(\w+)`\]\(\1\)", SAMPLES, re.MULTILINE)) == folders


def test_pictures_are_small_and_described() -> None:
    shown = {link: alt for alt, link in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", README)}
    assert {ROOT / link for link in shown} == set(PICTURES.iterdir())
    for link, alt in shown.items():
        assert len(alt) > 40, link
        assert (ROOT / link).stat().st_size < 200_000, link


def test_figures_of_speed_are_those_of_the_manual() -> None:
    """`python tests/benchmarks --write` puts the table into the guide and some rows of it into the README."""
    spec = importlib.util.spec_from_file_location("benchmarks", ROOT / "tests" / "benchmarks" / "__main__.py")
    assert spec is not None and spec.loader is not None
    benchmarks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmarks)

    def table(path: Path) -> str:
        (found,) = re.findall(
            f"{re.escape(benchmarks.BEGIN)}\n(.*?)\n{re.escape(benchmarks.END)}", path.read_text("utf-8"), re.DOTALL
        )
        return "\n".join(line for line in found.splitlines() if line.startswith("|"))

    assert table(ROOT / "README.md") == benchmarks.excerpt(table(benchmarks.GUIDE))
    assert table(ROOT / "README.md").count("\n") == 1 + len(benchmarks.SHOWN)
