"""What is around a command and can be in its way: outputs, encodings, files and folders that cannot be used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from xsrun.api import Workspace
from xsrun.cli import main
from xsrun.workspace import loader

ROOT = Path(__file__).parents[1]
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
    assert shown.startswith("error: internal error in xsrun: KeyError: 'lost'\n  help: please report this")
    assert "XSRUN_TRACEBACK=1" in shown and "Traceback" not in shown


@pytest.mark.usefixtures("broken")
def test_a_fault_of_xsrun_shows_where_when_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XSRUN_TRACEBACK", "1")
    assert main(["eval", "1"]) == 1
    shown = capsys.readouterr().err
    assert "internal error" in shown and 'raise KeyError("lost")' in shown


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


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_both_outputs_keep_their_order_in_one_pipe(unbuffered: str) -> None:
    words = [sys.executable, "-m", "xsrun", "check", str(ROOT / "samples" / "snippets" / "mistakes.xs.txt")]
    done = subprocess.run(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        check=False,
    )
    lines = done.stdout.decode().splitlines()
    assert lines[0].startswith("error[") and lines[-1] == "1 file checked: 4 errors, 0 warnings"


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
    assert f"error: cannot write {tmp_path / 'file' / 'below'}: " in done.stderr.decode()
    assert done.stderr.startswith(b"error: ") and done.stdout == b""  # told before the tests run


@pytest.fixture
def unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with one good file, one that is not UTF-8, and a link that leads nowhere."""
    (tmp_path / "half.xs").write_text(TESTED, encoding="utf-8")
    (tmp_path / "latin.xs").write_bytes(b'// first\nfunction latin {\n  "caf\xe9"')
    (tmp_path / "link.xs").symlink_to(tmp_path / "nowhere")
    monkeypatch.chdir(tmp_path)
    return tmp_path


LATIN, LINK = "the file is not UTF-8 text: the byte 0xE9 does not fit here", "the file cannot be read: No such file"


@pytest.mark.usefixtures("unreadable")
def test_a_file_that_cannot_be_read_does_not_stop_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "function:half", "-i", "n=4"]) == 0
    assert capsys.readouterr().out == "2\n"
    for command in ("check", "test", "format"):
        assert main([command, "."]) == 1
        printed = capsys.readouterr()
        shown = printed.out if command == "check" else printed.err
        assert f"error[XS140]: {LATIN}\n --> latin.xs:3:7\n" in shown, command
        assert '3 |   "caf\ufffd"\n' in shown and f"error[XS140]: {LINK}" in shown and "--> link.xs:1:1" in shown
    assert main(["format", "--check", "half.xs"]) == 0


@pytest.mark.usefixtures("unreadable")
@pytest.mark.parametrize("words", [["check", "."], ["test", "."]], ids=" ".join)
def test_the_document_is_printed_all_the_same(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert [one["code"] for one in document["diagnostics"]] == ["XS140", "XS140"]
    assert document.get("passed", 1) == 1


def test_a_file_that_cannot_be_read_is_run(unreadable: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "latin.xs", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["message"] == LATIN


@pytest.mark.usefixtures("unreadable")
def test_fixes_leave_alone_what_cannot_be_read(unreadable: Path) -> None:
    before = (unreadable / "latin.xs").read_bytes()
    assert main(["check", "--fix", "."]) == 1
    assert (unreadable / "latin.xs").read_bytes() == before and (unreadable / "link.xs").is_symlink()


def test_a_file_that_is_closed_to_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "half.xs").write_text(TESTED, encoding="utf-8")
    (tmp_path / "mine.xs").write_text("function mine {\n}\n", encoding="utf-8")
    read = loader.read_bytes

    def refusing(path: str, largest: int) -> bytes:
        if Path(path).name == "mine.xs":
            raise PermissionError(13, "Permission denied")
        return read(path, largest)

    monkeypatch.setattr(loader, "read_bytes", refusing)
    with Workspace.load(tmp_path) as workspace:
        assert [(one.code, one.file) for one in workspace.problems] == [("XS140", "mine.xs")]
        assert workspace.problems[0].message == "the file cannot be read: Permission denied"
        assert workspace.run("half", input={"n": 4}).response == 2


def test_a_folder_that_is_closed_to_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "half.xs").write_text(TESTED, encoding="utf-8")
    (tmp_path / "closed").mkdir()
    look = os.scandir

    def refusing(path: Any) -> Any:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return look(path)

    monkeypatch.setattr(os, "scandir", refusing)
    monkeypatch.chdir(tmp_path)
    assert main(["check", "."]) == 1
    assert "error[XS140]: the file cannot be read: " in (shown := capsys.readouterr().out) and "--> closed:1:1" in shown
    assert main(["run", "function:half", "-i", "n=4"]) == 0


def test_a_page_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.md").write_bytes(b"\xff")
    (tmp_path / "b.md").write_text("```xs\nvar $x { value = 1 }\n// => 1\n```\n", encoding="utf-8")
    assert main(["doctest", str(tmp_path), "--json"]) == 1
    blocks = json.loads(capsys.readouterr().out)["blocks"]
    assert [block["status"] for block in blocks] == ["failed", "passed"]
    assert blocks[0]["message"] == f"{tmp_path / 'a.md'} is not UTF-8 text"


def test_settings_that_are_not_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "half.xs").write_text(TESTED, encoding="utf-8")
    (tmp_path / ".env").write_bytes(b"A=\xff")
    assert main(["run", str(tmp_path), "-i", "n=4"]) == 2
    assert capsys.readouterr().err.startswith(f"error: {tmp_path / '.env'} is not UTF-8 text")


TOKEN = """table user {
  auth = true
  schema {
    int id
  }
}
"""
SIGN = """security.create_auth_token {
  table = "user"
  extras = {}
  expiration = 60
  id = 1
} as $token
"""


@pytest.mark.parametrize("place", [".xsrun", ".xsrun/token_key"])
def test_a_place_that_cannot_be_used_is_told_and_memory_used(
    tmp_path: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "user.xs").write_text(TOKEN, encoding="utf-8")
    (tmp_path / "sign.xs").write_text(SIGN, encoding="utf-8")
    if place == ".xsrun":
        (tmp_path / place).write_text("", encoding="utf-8")  # a file where a folder should be
    else:
        (tmp_path / place).mkdir(parents=True)
    assert main(["run", str(tmp_path / "sign.xs")]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["token"]
    assert printed.err.startswith(f"note: {tmp_path / place} cannot be used (")
    assert printed.err.endswith("lasts as long as this process\n") and printed.err.count("\n") == 1


def test_a_folder_that_may_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "counter.xs").write_text(
        'function counter {\n  input {\n  }\n  stack {\n    redis.incr {\n      key = "a"\n      by = 1\n    } as $n\n'
        "  }\n  response = $n\n}\n",
        encoding="utf-8",
    )

    def refusing(path: Path, *_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refusing)
    assert main(["run", str(tmp_path / "counter.xs")]) == 0
    printed = capsys.readouterr()
    assert printed.out == "1\n" and "cannot be used (Read-only file system)" in printed.err


def test_a_database_in_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.xs").write_text("db.query user {\n} as $rows\n", encoding="utf-8")
    assert main(["run", str(tmp_path / "a.xs"), "--database", f"sqlite:///{tmp_path}/no/x.db"]) != 0
    assert f"{tmp_path}/no/x.db cannot be made: its folder is not there" in capsys.readouterr().err


def test_patterns_and_home_are_filled_in_as_a_shell_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "more" / "below").mkdir(parents=True)
    (tmp_path / ".xsrun").mkdir()
    for name in ("a.xs", "more/b.xs", "more/below/c.xs", ".xsrun/d.xs"):
        text = TESTED.replace("half {", f"{Path(name).stem} {{", 1)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "[a].xs").write_text(TESTED, encoding="utf-8")
    (tmp_path / "page.md").write_text("```xs\nvar $x { value = 1 }\n// => 1\n```\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for words, shown in (
        (["check", "more/*.xs"], "1 file checked"),
        (["check", "more/**/*.xs"], "2 files checked"),
        (["check", "~/more"], "2 files checked"),
        (["check", "~/more/*"], "2 files checked"),
        (["check", "[ab].xs"], "1 file checked"),
        (["check", "[a].xs"], "1 file checked"),
        (["test", "more/?.xs"], "Running 1 unit test"),
        (["test", "**/*.xs"], "Running 4 unit tests"),
        (["format", "more/*.xs"], "1 changed"),
        (["doctest", "*.md"], "1 block: 1 passed"),
    ):
        assert main(words) == 0, words
        printed = capsys.readouterr()
        assert shown in printed.out + printed.err, words
    assert main(["check", "none/*.xs"]) == 2
    assert capsys.readouterr().err == "error: no file or folder fits none/*.xs\n"
