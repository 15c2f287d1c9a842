"""The `.env` file beside a workspace."""

from __future__ import annotations

from pathlib import Path


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
