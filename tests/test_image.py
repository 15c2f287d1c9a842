"""The image of `.github/Dockerfile`, without Docker: its RUN and CMD lines are carried out in a clean root.

The root has the system's programs and libraries read-only, a Python of its own without packages, and nothing else.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from http_server import Client
from nginx_server import free_port
from waiting import until

ROOT = Path(__file__).parents[1]
CHROOT = shutil.which("chroot", path="/usr/sbin:/sbin:/usr/bin:/bin")
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/dev")


def steps() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile with what they say, in order."""
    lines = (ROOT / ".github" / "Dockerfile").read_text("utf-8").splitlines()
    found = [line.partition(" ") for line in lines if line and not line.startswith("#")]
    return [(name, rest) for name, _, rest in found]


def can_isolate() -> bool:
    """May this process make a root of its own?"""
    if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("unshare") or CHROOT is None:
        return False
    done = subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True)
    return done.returncode == 0


def test_the_image_is_made_of_what_is_known() -> None:
    names = [name for name, _ in steps()]
    assert names[0] == "FROM" and names[-1] == "CMD"
    assert set(names) <= {"FROM", "COPY", "RUN", "WORKDIR", "EXPOSE", "CMD"}
    command = json.loads(steps()[-1][1])
    assert command[:2] == ["xsrun", "serve"]
    options = subprocess.run(
        [sys.executable, "-m", "xsrun", "serve", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert all(word in options for word in command if word.startswith("--"))


class CleanRoot:
    """A folder as the root of processes: the system read-only, and what the image brings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("tmp", "proc", "root", "src", "workspace", "python", "base", *(one[1:] for one in SYSTEM)):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.base = Path(sys.base_prefix)

    def command(self, words: list[str], where: str) -> list[str]:
        """The command that runs words in the root, in a folder of it."""
        mounts = [f"mount --rbind {one} {self.folder}{one}" for one in SYSTEM if Path(one).exists()]
        inside = self.folder / str(self.base)[1:]
        inside.mkdir(parents=True, exist_ok=True)
        mounts.append(f"mount --bind {shlex.quote(str(self.base))} {shlex.quote(str(inside))}")
        mounts.append(f"mount -t proc proc {self.folder}/proc")
        run = f"exec {CHROOT} {self.folder} /bin/sh -c {shlex.quote(f'cd {where} && exec {shlex.join(words)}')}"
        return ["unshare", "-m", "sh", "-ec", "\n".join([*mounts, run])]

    @property
    def environment(self) -> dict[str, str]:
        """What processes see: the image's PATH, and how packages are reached from here."""
        reached = {
            name: value for name, value in os.environ.items() if re.match(r"PIP_|UV_|(https?|no)_proxy", name, re.I)
        }
        return {**reached, "PATH": "/python/bin:/usr/bin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}


@pytest.mark.slow
@pytest.mark.skipif(not can_isolate(), reason="a root of its own takes Linux, root's rights and the program unshare")
def test_the_image_serves(tmp_path: Path) -> None:
    root = CleanRoot(tmp_path / "root")
    made = [str(root.base / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"), "-m", "venv", "/python"]
    subprocess.run(root.command(made, "/"), env=root.environment, check=True)
    where = "/"
    for name, rest in steps():
        if name == "COPY":
            source, target = rest.split()
            kept = shutil.ignore_patterns(".git", ".venv", ".xsrun", "__pycache__", ".mypy_cache", ".ruff_cache")
            shutil.copytree(ROOT / source, root.folder / target[1:], ignore=kept, dirs_exist_ok=True)
        elif name == "RUN":
            done = subprocess.run(
                root.command(["/bin/sh", "-c", rest], where),
                env=root.environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
        elif name == "WORKDIR":
            where = rest
    shutil.copytree(ROOT / "samples" / "logbook", root.folder / "workspace", dirs_exist_ok=True)
    command = [*json.loads(steps()[-1][1]), "--port", str(port := free_port())]
    with subprocess.Popen(
        root.command(command, where), env=root.environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        lines = []
        while not lines or "press Ctrl+C" not in lines[-1]:
            lines.append(process.stderr.readline())
            assert process.poll() is None and lines[-1], lines
        try:
            assert until(lambda: Client(port).get("/xsrun/health").json) == {"status": "ok"}
            sailor = {"name": "Ann", "email": "ann@example.com", "password": "three hulls"}
            assert Client(port).post("/api:account/signup", sailor).status == 200
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    assert (root.folder / "workspace" / ".xsrun" / "database.db").exists()
