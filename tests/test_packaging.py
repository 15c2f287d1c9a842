"""The wheel holds everything and runs alone in an empty environment; which Pythons are tested is told as it is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(words, check=True, capture_output=True)
    (made,) = folder.glob("xsrun-*.whl")
    return made


def test_wheel_carries_grammar_catalogue_and_worker(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "xsrun/syntax/xanoscript.lark" in names
    assert "xsrun/syntax/xanoscript.tables" in names
    assert "xsrun/language/catalogue/statements.json" in names
    assert "xsrun/services/javascript/worker.js" in names
    assert not [name for name in names if name.startswith(("tests/", "samples/"))]


def test_wheel_runs_a_sample_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = environment / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    subprocess.run([str(python), "-m", "pip", "install", "-q", str(wheel)], check=True, capture_output=True)
    sample = ROOT / "samples" / "jwe" / "jwe_encode.xs"
    done = subprocess.run(
        [str(python), "-m", "xsrun", "run", str(sample), "--input", "secret_data=hello"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"expires_in": 3600' in done.stdout
    parses = "from xsrun.syntax import tables, parser; tables._build = None; parser.parser()"  # without building tables
    subprocess.run([str(python), "-c", parses], cwd=tmp_path, env={**os.environ, "XSRUN_CACHE": "off"}, check=True)


# Which Pythons -------------------------------------------------------------------------------------------------------

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
VERSION = re.compile(r"\b3\.(\d+)\b")
PYTHONS = [
    found.group()
    for line in PROJECT["classifiers"]
    if (found := VERSION.search(line.removeprefix("Programming Language :: Python ::")))
]


def test_classifiers_go_on_from_the_oldest_python_without_a_gap() -> None:
    oldest = int(PYTHONS[0].removeprefix("3."))
    assert [f"3.{oldest + step}" for step in range(len(PYTHONS))] == PYTHONS
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"


def test_the_readme_names_the_pythons_that_are_tested() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (told,) = re.findall(r"Tested on Python (.+?):", readme, re.DOTALL)
    assert [found.group() for found in VERSION.finditer(told)] == PYTHONS


def test_the_workflow_tests_them_everywhere() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    matrix = workflow["jobs"]["suite"]["strategy"]["matrix"]
    assert matrix["python"] == PYTHONS
    assert {system.partition("-")[0] for system in matrix["system"]} == {"ubuntu", "macos", "windows"}
    lowest = workflow["jobs"]["lowest"]["steps"]
    assert [step["with"]["python-version"] for step in lowest if "with" in step] == PYTHONS[:1]


def program(folder: Path, name: str, script: str) -> None:
    """Put a shell script of this name into a folder."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="needs bash")
def test_ci_looks_for_all_of_them(tmp_path: Path) -> None:
    """Interpreters are looked for on PATH, in pyenv and in Debian sid; what is not found is named with the reason."""
    program(tmp_path, f"python{PYTHONS[0]}", "echo 2.7")  # of another version than its name says
    for version in PYTHONS[1:]:
        program(tmp_path, f"python{version}", f"echo {version}")
    program(tmp_path, "id", "echo 1000")  # nobody here may set up Debian sid
    nowhere = str(tmp_path / "nowhere")
    environment = {**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin", "PYENV_ROOT": nowhere, "XSRUN_CI_CACHE": nowhere}
    done = subprocess.run([ROOT / ".ci" / "pythons"], capture_output=True, text=True, env=environment, check=True)
    found = [line.split(" ", 2) for line in done.stdout.splitlines()]
    assert [line[0] for line in found] == PYTHONS
    assert [line[1] for line in found[1:]] == [str(tmp_path / f"python{version}") for version in PYTHONS[1:]]
    assert found[0][1] in ("-", "/usr/bin/python3.11", "/bin/python3.11")
    if found[0][1] == "-":
        assert found[0][2].startswith("neither on PATH nor in pyenv, and Debian sid can only be set up by root")


def test_sid_brings_the_newest_ones() -> None:
    script = (ROOT / ".ci" / "sid").read_text(encoding="utf-8")
    (packages,) = re.findall(r"^packages=(.*)$", script, re.MULTILINE)
    assert {f"python{version}" for version in PYTHONS[-2:]} <= set(packages.split(","))


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
@pytest.mark.parametrize("given", ["", "1 passed\n", "a\n\nb\n1 passed in 2 s\n"])
def test_what_ci_found_stands_before_the_last_line(tmp_path: Path, given: str) -> None:
    (tmp_path / "summary").write_text("one\ntwo\n", encoding="utf-8")
    words = [ROOT / ".ci" / "before-last-line", tmp_path / "summary"]
    done = subprocess.run(words, input=given, capture_output=True, text=True, check=True)
    *before, last = given.splitlines() or [""]
    assert done.stdout.splitlines() == [*before, "one", "two", *([last] if given else [])]


@pytest.mark.skipif(sys.platform != "linux", reason="Debian only")
def test_a_half_made_sid_is_thrown_away(tmp_path: Path) -> None:
    """A root folder that is not complete is made anew; one that cannot be made leaves nothing behind but the reason."""
    for name, script in {
        "id": "echo 0",
        "apt-get": "exit 1",
        "flock": "exit 0",
        "unshare": 'shift 3; exec "$@"',
        "chroot": 'test -e "$1/complete"',
        "debootstrap": 'mkdir -p "$4"; echo E: no mirror; test -n "$MIRROR" && touch "$4/complete"',
    }.items():
        program(tmp_path, name, script)
    cache = tmp_path / "cache"
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "XSRUN_CI_CACHE": str(cache), "MIRROR": ""}

    def look() -> subprocess.CompletedProcess[str]:
        words = [ROOT / ".ci" / "sid", "has", "python3.14"]
        return subprocess.run(words, capture_output=True, text=True, env=environment, check=False)

    (cache / "sid").mkdir(parents=True)
    (cache / "sid.part").mkdir()
    done = look()
    assert (done.returncode, done.stderr) == (1, "debootstrap failed: E: no mirror\n")
    assert {path.name for path in cache.iterdir()} == {"lock", "log"}
    environment["MIRROR"] = "yes"
    assert look().returncode == 0
    (cache / "sid" / "kept").touch()
    assert look().returncode == 0
    assert (cache / "sid" / "kept").exists()
