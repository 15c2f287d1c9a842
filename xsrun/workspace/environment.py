"""`$env`: what of the process a program may see, and the `.env` file beside a workspace."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from xsrun.patterns import pattern

#: `$env.NAME`, `$env["NAME"]`, `$env|get:"NAME"`, in expressions, templates and JavaScript alike.
_NAMED = pattern(r"""\$env(?:\.|\[\s*["'`]|\s*\|\s*get\s*:\s*["'`])([A-Za-z_]\w*)""")
#: The names that `run.job` and `run.service` ask for: `env = ["NAME"]`.
_LISTED = pattern(r"\benv\s*=\s*\[([^\]]*)\]")
_QUOTED = pattern(r"""["'](\w+)["']""")


def named_variables(texts: Iterable[str]) -> dict[str, str]:
    """The variables of the process that some texts name.

    Only those: what enumerates `$env` (`util.get_env`, JavaScript) would else hand out every secret of the shell or
    the CI job that xsrun was started in.
    """
    names: set[str] = set()
    for text in texts:
        if "env" in text:
            names.update(_NAMED.findall(text))
            names.update(name for listed in _LISTED.findall(text) for name in _QUOTED.findall(listed))
    return {name: os.environ[name] for name in sorted(names) if name in os.environ}


def read_environment_file(path: Path) -> dict[str, str]:
    """Names and values of a `.env` file: `NAME=value` lines, `#` comments, optional quotes and `export`."""
    values = {}
    for line in path.read_text(encoding="utf-8-sig").splitlines():
        text = line.strip().removeprefix("export ").strip()
        name, sign, value = text.partition("=")
        if not sign or text.startswith("#"):
            continue
        value = value.strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        else:
            value = value.partition(" #")[0].rstrip()
        values[name.strip()] = value
    return values
