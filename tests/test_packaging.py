"""The wheel holds everything: installed alone in an empty environment, it runs a sample."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

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
    assert "xsrun/catalogue/statements.json" in names
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
