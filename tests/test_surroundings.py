"""What is around a command and can be in its way: outputs, encodings, files and folders that cannot be used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from xsrun.cli import main

FULL = Path("/dev/full")
TESTED = """function half {
  input {
    int n
  }
  stack {
  }
  response = $input.n / 2
  test halves {
    input = {n: 4}
    expect.to_equal ($response) { value = 2 }
  }
}
"""


def xsrun(*words: str, stdin: bytes | None = None, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "xsrun", *words],
        capture_output=True,
        input=stdin,
        env={**os.environ, **environment},
        check=False,
    )


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that fails as only a fault of xsrun makes it fail."""

    def run(options: object) -> int:
        raise KeyError("lost")

    monkeypatch.setattr("xsrun.cli.evaluate.run", run)


@pytest.mark.usefixtures("broken")
def test_a_fault_of_xsrun_is_one_message(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("XSRUN_TRACEBACK", raising=False)
    assert main(["eval", "1"]) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("error: xsrun made a mistake of its own: KeyError: 'lost'\n  help: please report this")
    assert "XSRUN_TRACEBACK=1" in shown and "Traceback" not in shown


@pytest.mark.usefixtures("broken")
def test_a_fault_of_xsrun_shows_where_when_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XSRUN_TRACEBACK", "1")
    assert main(["eval", "1"]) == 1
    shown = capsys.readouterr().err
    assert "mistake of its own" in shown and 'raise KeyError("lost")' in shown


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
@pytest.mark.parametrize(
    ("words", "unbuffered"),
    [(["eval", "1"], ""), (["eval", "1"], "1"), (["--help"], ""), (["support", "--json"], "")],
)
def test_full_disk_is_one_message(words: list[str], unbuffered: str) -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "xsrun", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, b"error: cannot write the output: No space left on device\n")


def test_a_reader_that_has_enough_is_no_error() -> None:
    words = [sys.executable, "-m", "xsrun", "support", "--json"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait()


def test_characters_that_the_output_lacks_are_escaped() -> None:
    done = xsrun("eval", '"é€😀"', PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b'"\\u00e9\\u20ac\\ud83d\\ude00"\n'
    assert json.loads(done.stdout) == "é€😀"


def test_programs_are_utf8_whatever_the_terminal_is() -> None:
    text = 'var $x {\n  value = "é"\n}\n'.encode()
    assert xsrun("format", "-", stdin=text, PYTHONIOENCODING="ascii").stdout == text
    assert json.loads(xsrun("run", "-", stdin=text, PYTHONIOENCODING="ascii").stdout) == {"x": "é"}


@pytest.mark.parametrize("command", ["run", "check", "format", "doctest"])
def test_standard_input_that_is_not_text(command: str) -> None:
    done = xsrun(command, "-", stdin=b"\xff\xfe")
    assert (done.returncode, done.stderr) == (2, b"error: standard input is not UTF-8 text\n")


@pytest.mark.parametrize("option", ["--coverage-html", "--coverage-lcov", "--junit"])
def test_reports_that_cannot_be_written(tmp_path: Path, option: str) -> None:
    (tmp_path / "half.xs").write_text(TESTED, encoding="utf-8")
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = xsrun("test", str(tmp_path), option, str(tmp_path / "file" / "below"))
    assert done.returncode == 2
    assert done.stderr.decode().startswith(f"error: cannot write {tmp_path / 'file' / 'below'}: ")
