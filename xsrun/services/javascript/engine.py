"""Where Deno is, and how it is started: without permissions, without packages, without an environment."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import sys
from pathlib import Path

from xsrun.cache import is_private
from xsrun.errors import UnavailableError, UsageError

WORKER = Path(__file__).with_name("worker.js")
OLDEST = "2.9"

#: Code made from strings is switched off for Deno's own realm only: in the realm of a lambda `eval` works, while the
#: `constructor` of a function from outside cannot reach out of it. V8's own compilation cache holds on to every code it
#: ever saw (5 kB each, and calls slow down to a third after some thousand); the worker has a bounded one.
_V8_FLAGS = "--disallow-code-generation-from-strings,--no-compilation-cache"

#: An address as `--allow-net` takes it: a host, an IP address in brackets, a wildcard, each with or without a port.
_ADDRESS = re.compile(r"(\*|(\*\.)?[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")


def find_deno() -> Path:
    """The Deno of the PyPI package, else the one on PATH. Raises UnavailableError naming the way out.

    The package brings no executable for musl (Alpine): what it installs there does not start.
    """
    musl = uses_musl()
    if not musl:
        try:
            return Path(importlib.import_module("deno").find_deno_bin())
        except (ImportError, AttributeError, FileNotFoundError):
            pass  # not installed, or without its executable, or a folder of that name: PATH may know one
    found = shutil.which("deno")
    if found is None:
        ways = f"put a deno executable (version {OLDEST} or later) on PATH"
        raise UnavailableError(
            "JavaScript needs Deno, which is not installed.",
            hint=f"{ways}; its PyPI package has none for musl" if musl else f"`pip install deno`, or {ways}",
        )
    return Path(found)


def uses_musl() -> bool:
    """Was this Python built for musl instead of the GNU C library?"""
    import sysconfig

    return "musl" in str(sysconfig.get_config_var("SOABI") or "")


def command(deno: Path, allow_net: list[str] | None, memory: int) -> list[str]:
    """The command line of a worker. `memory` is in bytes and bounds the JavaScript heap."""
    return [
        str(deno),
        "run",
        "--quiet",
        "--no-prompt",
        "--no-remote",
        "--no-npm",
        "--no-config",
        "--no-lock",
        *_network(allow_net),
        f"--v8-flags=--max-old-space-size={max(memory >> 20, 16)},{_V8_FLAGS}",
        str(WORKER),
    ]


def _network(allow_net: list[str] | None) -> list[str]:
    if not allow_net:
        return []
    for address in allow_net:
        if not _ADDRESS.fullmatch(address):
            raise UsageError(f"allow_net: {address!r} is not a host or host:port")
    return ["--allow-net" if "*" in allow_net else f"--allow-net={','.join(allow_net)}"]


def environment() -> dict[str, str]:
    """All that a worker inherits. The time zone and language are the hosted engine's, so that dates print alike."""
    variables = {
        "DENO_DIR": str(_cache_folder()),
        "DENO_NO_UPDATE_CHECK": "1",
        "DENO_NO_PACKAGE_JSON": "1",
        "NO_COLOR": "1",
        "TZ": "UTC",
        "LANG": "en_US.UTF-8",
    }
    if sys.platform == "win32":
        variables |= {name: os.environ[name] for name in ("SYSTEMROOT", "TEMP", "TMP") if name in os.environ}
    return variables


def _cache_folder() -> Path:
    """Where Deno keeps compiled code of its own and of the worker: it halves the time of a start.

    No lambda can write there, nor is any lambda's code kept there. Deno runs as well without it, as it does where
    others could write.
    """
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base, "xsrun", "deno")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return Path(os.devnull, "deno")
    return folder if is_private(folder.resolve()) else Path(os.devnull, "deno")
