"""Visual Studio Code in a browser, for tests: code-server from npm, and the Node that it is built for and with."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

#: The version of code-server (VS Code 1.100), and the Node that it is for.
_VERSION, _NODE = "4.100.3", "20"
_ADDRESS = "HTTP server listening on http://"
#: What npm is told each time: nothing is fetched from elsewhere by scripts of packages, only built here.
_INSTALL = ("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")


@dataclass(frozen=True)
class CodeServer:
    """An installed editor; its settings and extensions lie beside it."""

    place: Path

    def words(self, *given: str) -> list[str]:
        """The command line of the editor."""
        (node,) = self.place.glob("node_modules/node-linux-*/bin/node")
        folders = (f"--user-data-dir={self.place / 'data'}", f"--extensions-dir={self.place / 'extensions'}")
        entry = self.place / "node_modules" / "code-server" / "out" / "node" / "entry.js"
        return [str(node), str(entry), *folders, *given]

    def set_up(self, extension: Path, settings: dict[str, object]) -> None:
        """Install an extension from a file, and write the user's settings."""
        subprocess.run(self.words("--install-extension", str(extension)), check=True, capture_output=True)
        user = self.place / "data" / "User"
        user.mkdir(parents=True, exist_ok=True)
        (user / "settings.json").write_text(json.dumps(settings), encoding="utf-8")

    @contextmanager
    def open(self, folder: Path, file: str) -> Iterator[str]:
        """Serve a folder; gives the address under which the editor shows a file of it."""
        quiet = ("--auth=none", "--disable-telemetry", "--disable-update-check", "--disable-workspace-trust")
        words = self.words(*quiet, "--disable-getting-started-override", "--bind-addr=127.0.0.1:0", str(folder))
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            assert process.stdout is not None
            try:
                line = next((one for one in process.stdout if _ADDRESS in one), "")
                assert line, "the editor did not start"
                host = line.rpartition(_ADDRESS)[2].strip().strip("/")
                what = json.dumps([["openFile", f"vscode-remote://{host}{folder / file}"]])
                yield f"http://{host}/?folder={quote(str(folder))}&payload={quote(what)}"
            finally:
                process.terminate()


def install(place: Path) -> CodeServer:
    """Install the editor into an empty folder. Skips the test where that cannot be done."""
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine())
    missing = [one for one in ("npm", "g++", "make") if shutil.which(one) is None]
    if platform.system() != "Linux" or machine is None or missing:
        pytest.skip(f"code-server is installed on Linux, with npm, g++ and make (there is no {', '.join(missing)})")
    node = place / "node_modules" / f"node-linux-{machine}"
    _run(place, *_INSTALL, "--prefix", ".", f"code-server@{_VERSION}", f"{node.name}@{_NODE}")
    built = {**os.environ, "PATH": f"{node / 'bin'}:{os.environ['PATH']}", "npm_config_nodedir": str(node)}
    built["npm_config_build_from_source"] = "true"
    _run(place, "npm", "rebuild", "argon2", environment=built)
    inner = place / "node_modules" / "code-server" / "lib" / "vscode"
    for part in (inner, inner / "extensions"):
        _run(part, *_INSTALL, "--omit=dev")
    (inner / "node_modules.asar").symlink_to("node_modules")
    _run(inner, "npm", "rebuild", "@vscode/spdlog", "native-watchdog", environment=built)
    # the terminal's last script wants what only a checkout has; what it needs is built by then
    _run(inner, "npm", "rebuild", "node-pty", environment=built, may_fail=True)
    assert (inner / "node_modules" / "node-pty" / "build" / "Release" / "pty.node").exists()
    return CodeServer(place)


def _run(place: Path, *words: str, environment: dict[str, str] | None = None, may_fail: bool = False) -> None:
    done = subprocess.run(words, cwd=place, env=environment, capture_output=True, text=True)
    assert may_fail or done.returncode == 0, f"{' '.join(words)}: {done.stderr[-2000:]}"
