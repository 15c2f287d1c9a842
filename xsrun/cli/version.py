"""`xsrun --version --verbose`: what a report of a fault should say of the machine, and nothing personal."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from importlib import metadata

from xsrun import __version__
from xsrun.lazy_regex import pattern

#: The name of a package, and the extra for which it is asked.
_REQUIREMENT = pattern(r"^([\w.-]+)")
_EXTRA = pattern(r"""extra == ['"]([\w-]+)['"]""")
#: Extras that are made of others.
_MADE_OF_OTHERS = ("all", "dev")


def verbose() -> str:
    """The versions of xsrun, Python, the system and of all that xsrun asks for, by extra; what is missing is named."""
    needed = requirements()
    lines = [
        f"xsrun {__version__}",
        f"Python {platform.python_version()} ({platform.python_implementation()})",
        f"system: {platform.platform()}",
        f"settings: {', '.join(sorted(name for name in os.environ if name.startswith('XSRUN_'))) or 'none'}",
        f"packages: {told(needed.pop('', ()))}",
        "extras:",
    ]
    return "\n".join([*lines, *(f"  {extra:<10} {told(names)}" for extra, names in needed.items())])


def requirements() -> dict[str, list[str]]:
    """The packages that each extra asks for; those that everybody needs stand at the empty name."""
    found: dict[str, list[str]] = {"": []}
    for name, extra in _asked_for():
        if extra not in _MADE_OF_OTHERS:
            found.setdefault(extra, []).append(name)
    return found


def _asked_for() -> Iterator[tuple[str, str]]:
    try:
        asked = metadata.requires("xsrun") or []
    except metadata.PackageNotFoundError:  # it runs from its source
        asked = []
    for line in asked:
        name, extra = _REQUIREMENT.match(line), _EXTRA.search(line)
        if name is not None:
            yield name[1], extra[1] if extra else ""


def told(names: list[str] | tuple[()]) -> str:
    """Packages with their versions."""
    return ", ".join(f"{name} {installed(name) or '(not installed)'}" for name in names) or "unknown"


def installed(name: str) -> str | None:
    """The version of a package that is there."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
