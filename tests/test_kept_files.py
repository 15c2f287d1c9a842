"""What is kept between runs, and what is read at all: damaged, planted, endless or strange files do no harm."""

from __future__ import annotations

import io
import marshal
import os
import pickle
import random
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import xsrun
from xsrun import cache, reading
from xsrun.analysis.check_cache import check_programs
from xsrun.cli import main
from xsrun.errors import UsageError
from xsrun.workspace import loader
from xsrun.workspace.environment import read_environment_file

posix = pytest.mark.skipif(sys.platform == "win32", reason="owners and pipes are those of POSIX systems")

PROGRAM = """function add {
  input {
    int a
    int b?=2
  }
  stack {
    var $list { value = [$input.a, $input.b, "text", 1.5, {k: null}] }
    foreach ($list) {
      each as $one {
        math.add $n { value = 1 }
      }
    }
  }
  response = {list: $list, n: $n, text: "a" ~ ($input.a|to_text|strlen)}
}
""".replace("    foreach", "    var $n { value = 0 }\n    foreach")
BROKEN = (
    'function f {\n  stack {\n    var $a { value = $none }\n    var $b { value = 1|nope }\n  }\n  response = "x\n}\n'
)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a cache of its own, with a home of its own for the key."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setenv("XSRUN_CACHE", str(tmp_path / "cache"))
    (tmp_path / "home").mkdir(mode=0o700)
    cache._secret.cache_clear()
    return tmp_path / "cache"


def run() -> object:
    with xsrun.Workspace.from_sources({"function/add.xs": PROGRAM}) as workspace:
        result = workspace.run("add", input={"a": 40})
    assert result.error is None
    return result.response


def check() -> list[tuple[str, int, str]]:
    return [(one.code, one.line, one.message) for one in check_programs([{"f.xs": BROKEN}])]


def entries(kept: Path) -> list[Path]:
    return sorted(path for path in kept.rglob("*") if path.is_file())


# The cache -----------------------------------------------------------------------------------------------------------


def test_a_damaged_entry_is_made_anew(kept: Path) -> None:
    expected = run(), check()
    whole = {path: path.read_bytes() for path in entries(kept)}
    assert {path.parent.name for path in whole} >= {"tree", "code", "check"}
    chance = random.Random(7)
    for path, content in whole.items():
        if path.parent.name == "grammar":
            continue  # large, and read in a process that has no tables yet: see below
        for _ in range(60):
            place, change = chance.randrange(len(content)), chance.randrange(4)
            damaged = bytearray(content)
            if change == 0:
                damaged[place] ^= 1 << chance.randrange(8)
            elif change == 1:
                del damaged[place:]
            elif change == 2:
                damaged[place:place] = bytes([chance.randrange(256)])
            else:
                damaged[place : place + 8] = bytes(8)
            path.write_bytes(damaged)
            assert (run(), check()) == expected, (path.name, place, change)
            assert path.read_bytes() == content or bytes(damaged) == content, "it is written anew"


def test_damaged_tables_of_the_grammar_are_made_anew(kept: Path) -> None:
    program = "import xsrun; print(xsrun.evaluate('1 + 2'))"
    command = [sys.executable, "-c", program]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "3\n"
    for path in entries(kept):
        content = path.read_bytes()
        for damaged in (content[:-9], content[: len(content) // 2] + b"\xff" + content[len(content) // 2 + 1 :], b""):
            path.write_bytes(damaged)
            assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "3\n"


class Planted:
    """Runs code when it is read back."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("import builtins; builtins.planted = True",)


def test_code_that_somebody_put_there_does_not_run(kept: Path) -> None:
    import builtins

    expected = run(), check()
    bomb = pickle.dumps(Planted())
    for content in (bomb, bytes(cache._DIGEST) + bomb, marshal.dumps(compile("1/0", "x", "exec"))):
        for path in entries(kept):
            path.write_bytes(content)
        assert (run(), check()) == expected
    assert not hasattr(builtins, "planted")


def test_an_entry_holds_only_in_its_own_place(kept: Path) -> None:
    cache.write("tree", "one", b"1")
    cache.write("code", "one", b"2")
    cache.write("tree", "two", b"3")
    for path, other in (("tree/one", "tree/two"), ("code/one", "tree/one")):
        (kept / path).write_bytes((kept / other).read_bytes())
    assert (cache.read("tree", "one"), cache.read("code", "one"), cache.read("tree", "two")) == (None, None, b"3")


@posix
def test_what_others_may_write_is_no_cache(kept: Path, tmp_path: Path) -> None:
    cache.write("tree", "one", b"1")
    assert cache.read("tree", "one") == b"1"
    (kept / "tree" / "one").chmod(0o666)
    assert cache.read("tree", "one") is None
    cache.write("tree", "one", b"1")
    kept.chmod(0o777)
    cache._secret.cache_clear()
    assert cache.read("tree", "one") is None
    cache.write("tree", "two", b"1")
    assert not (kept / "tree" / "two").exists()
    assert run() == run(), "it goes without"
    kept.chmod(0o700)
    key = tmp_path / "home" / ".local" / "state" / "xsrun" / "cache-key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600 and not list(kept.rglob("cache-key"))
    cache._secret.cache_clear()
    assert cache.read("tree", "one") == b"1"
    key.chmod(0o666)  # others may have chosen it: a new one is made
    cache._secret.cache_clear()
    assert cache.read("tree", "one") is None
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_what_belongs_to_somebody_else_is_no_cache(kept: Path) -> None:
    cache.write("tree", "one", b"1")
    os.chown(kept / "tree" / "one", 12345, 12345)
    assert cache.read("tree", "one") is None
    cache.write("tree", "one", b"1")
    os.chown(kept, 12345, 12345)
    cache._secret.cache_clear()
    assert cache.read("tree", "one") is None


@posix
def test_a_pipe_in_the_cache_holds_nobody_up(kept: Path) -> None:
    cache.write("tree", "one", b"1")
    (kept / "tree" / "one").unlink()
    os.mkfifo(kept / "tree" / "one")
    assert cache.read("tree", "one") is None


def test_without_a_home_the_key_is_beside_the_entries(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "USERPROFILE", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    cache._secret.cache_clear()
    cache.write("tree", "one", b"1")
    assert cache.read("tree", "one") == b"1" and (kept / "cache-key").exists()


# Files that are read -------------------------------------------------------------------------------------------------


@pytest.fixture
def strange(tmp_path: Path) -> dict[str, Path]:
    """Files that no command may read, by what each is called."""
    pipe, endless, large, near = (tmp_path / name for name in ("pipe", "endless", "large", "socket"))
    os.mkfifo(pipe)
    endless.symlink_to("/dev/zero")
    with large.open("wb") as file:
        file.truncate(reading.LARGEST_DATA + 1)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(near))
    return {"a named pipe": pipe, "a device": endless, "larger than 512 MB": large, "a socket": near}


@posix
def test_only_regular_files_of_bounded_size_are_read(strange: dict[str, Path], tmp_path: Path) -> None:
    for what, path in strange.items():
        with pytest.raises(OSError) as caught:
            reading.read_bytes(path)
        assert what in caught.value.strerror
        with pytest.raises(UsageError, match=what):
            read_environment_file(path)
    with pytest.raises(OSError) as caught:
        reading.read_bytes(tmp_path)
    assert "a folder" in caught.value.strerror
    (tmp_path / "full").write_bytes(b"abc")
    assert reading.read_bytes(tmp_path / "full", 3) == b"abc"
    with pytest.raises(OSError, match="larger"):
        reading.read_bytes(tmp_path / "full", 2)


def test_standard_input_without_end_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "LARGEST_DATA", 1 << 20)
    endless = io.TextIOWrapper(io.BytesIO(b"a" * (1 << 20) + b"b"))
    monkeypatch.setattr(sys, "stdin", endless)
    with pytest.raises(UsageError, match="larger than 1 MB"):
        loader.read_standard_input()


@posix
@pytest.mark.parametrize("kind", ["a named pipe", "a device", "larger than 16 MB", "a socket"])
def test_a_strange_program_is_one_problem(
    kind: str, strange: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    strange["larger than 512 MB" if kind.startswith("larger") else kind].rename(folder / "a.xs")
    (folder / "b.xs").write_text("function b {\n  input {\n  }\n  stack {\n  }\n  response = 1\n}\n")
    assert main(["check", str(folder)]) == 1
    printed = capsys.readouterr()
    assert kind in printed.out + printed.err and "XS140" in printed.out + printed.err
    assert main(["run", "function:b", "-w", str(folder)]) == 0
    assert capsys.readouterr().out.strip() == "1"
    assert main(["run", str(folder / "a.xs")]) == 1
    assert kind in capsys.readouterr().err


@posix
@pytest.mark.parametrize(
    "words",
    [
        ["run", "b.xs", "--input", "@{}"],
        ["run", "b.xs", "--input", "x=@{}"],
        ["run", "b.xs", "--seed", "{}"],
        ["run", "b.xs", "--body", "@{}"],
        ["run", "b.xs", "--file", "x={}"],
        ["run", "b.xs", "--replay", "{}"],
        ["doctest", "{}"],
    ],
    ids=" ".join,
)
def test_a_strange_file_of_an_option_is_one_error(
    words: list[str],
    strange: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.xs").write_text("function b {\n  input {\n    json x?\n  }\n  stack {\n  }\n  response = 1\n}\n")
    if "--file" in words:
        del strange["larger than 512 MB"]  # an upload is passed on piece by piece
    for what, path in strange.items():  # a page has a bound of its own
        what = what.removesuffix(" 512 MB")
        status = main([word.format(path) for word in words])
        printed = capsys.readouterr()
        assert status in (1, 2) and what in printed.err + printed.out and "mistake of its own" not in printed.err
