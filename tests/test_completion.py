"""`xsrun completion`: real shells complete commands, options and the names of constructs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from xsrun.cli import main
from xsrun.cli.completion import SHELLS
from xsrun.extras import installing

pytest.importorskip("shtab")
ROOT = Path(__file__).parents[1]
#: Calls what bash has for xsrun as it does when the tab key is pressed: words part at colons, too.
ASK = """
source "$1"; shift
COMP_LINE="$1"; COMP_POINT=${#COMP_LINE}; shift
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 ))
function=$(complete -p xsrun | sed 's/.*-F \\([^ ]*\\).*/\\1/')
"$function" xsrun "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shop"
    shutil.copytree(ROOT / "samples" / "shop", folder, ignore=shutil.ignore_patterns(".xsrun"))
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.skipif(shutil.which("bash") is None or sys.platform == "win32", reason="needs bash")
@pytest.mark.parametrize(
    ("line", "words", "offered"),
    [
        ("xsrun te", ["xsrun", "te"], {"test"}),
        ("xsrun test --l", ["xsrun", "test", "--l"], {"--lf", "--last-failed", "--limit"}),
        ("xsrun db mi", ["xsrun", "db", "mi"], {"migrate"}),
        ("xsrun run fu", ["xsrun", "run", "fu"], {"function:discount", "function"}),
        ("xsrun test fu", ["xsrun", "test", "fu"], {"function:discount", "function"}),
        ("xsrun run function:di", ["xsrun", "run", "function", ":", "di"], {"discount"}),
    ],
)
def test_bash_completes(
    shop: Path, line: str, words: list[str], offered: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", "bash"]) == 0
    script = shop / "xsrun.bash"
    script.write_text(capsys.readouterr().out, encoding="utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", ASK, "bash", str(script), line, *words],
        cwd=shop,
        env={**os.environ, "PATH": path},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert set(done.stdout.split()) == offered, done.stderr


#: What is typed before the tab key, and what the shells make of it or offer.
TYPED = [
    ("xsrun db mi", "xsrun db migrate", {"migrate"}),
    ("xsrun completion zs", "xsrun completion zsh", {"zsh"}),
    ("xsrun run function:di", "xsrun run function:discount", {"function:discount"}),
    ("xsrun test --las", "xsrun test --last-failed", {"--last-failed"}),
]


@pytest.mark.skipif(shutil.which("fish") is None, reason="needs fish")
@pytest.mark.parametrize(("line", "whole", "offered"), TYPED)
def test_fish_completes(
    shop: Path, line: str, whole: str, offered: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", "fish"]) == 0
    (shop / "xsrun.fish").write_text(capsys.readouterr().out, encoding="utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"source xsrun.fish; complete -C '{line}'"],
        env={**os.environ, "PATH": path, "HOME": str(shop)},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert {one.split("\t")[0] for one in done.stdout.splitlines()} == offered, done.stderr


@pytest.mark.skipif(shutil.which("zsh") is None or sys.platform == "win32", reason="needs zsh")
@pytest.mark.parametrize(("line", "whole", "offered"), TYPED)
def test_zsh_completes(
    shop: Path, line: str, whole: str, offered: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A terminal with zsh, where a line is typed, the tab key pressed, and the line then printed in place of run."""
    import pty

    assert main(["completion", "zsh"]) == 0
    (shop / "functions").mkdir()
    (shop / "functions" / "_xsrun").write_text(capsys.readouterr().out, encoding="utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "TERM": "dumb", "COLUMNS": "200", "HOME": str(shop)}
    process, terminal = pty.fork()
    if not process:
        os.execvpe("zsh", ["zsh", "-f", "-i"], environment)
    start = "bindkey -e; fpath=($PWD/functions $fpath); autoload -U compinit && compinit -u -D\n"
    # control-a and control-e put the line between quotes
    os.write(terminal, f"{start}{line}\t\x01print -r -- 'whole: \x05'\rexit\r".encode())
    shown = b""
    try:
        while part := os.read(terminal, 65536):
            shown += part
    except OSError:  # the terminal is gone with its shell
        pass
    os.waitpid(process, 0)
    os.close(terminal)
    printed = [one.strip() for one in shown.decode().splitlines() if one.startswith("whole: ")]
    assert printed == [f"whole: {whole}"], shown


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_one_that_the_shell_can_read(
    shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    assert main(["completion", shell]) == 0
    script = tmp_path / "script"
    script.write_text(capsys.readouterr().out, encoding="utf-8")
    subprocess.run([shell, "-n", str(script)], check=True)
    assert "xsrun completion names" in script.read_text(encoding="utf-8")


def test_names_begin_with_the_word(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "names", "query:G"]) == 0
    assert capsys.readouterr().out == "query:GET items\n"


def test_an_unknown_shell_and_a_missing_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", "basch"]) == 2
    assert "did you mean `bash`?" in capsys.readouterr().err
    assert main(["completion", "fisch"]) == 2
    assert "takes bash, zsh or fish, not `fisch`; did you mean `fish`?" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 2
    assert installing("completion") in capsys.readouterr().err
