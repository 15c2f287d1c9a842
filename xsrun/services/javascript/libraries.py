"""The libraries from npm that JavaScript programs find; the wheel brings them (see `hatch_build.py`)."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).with_name("libraries")
NAMES = frozenset(
    (
        *("aws4", "axios", "crypto-js", "ethers", "fast-xml-parser", "jose", "lodash", "luxon", "mailparser"),
        *("mathjs", "moment", "nodemailer", "socks", "uuid"),
    )
)


def source(name: str) -> str | None:
    """The text of a library, or None where this xsrun was built without it."""
    if name not in NAMES:
        return None
    try:
        return (FOLDER / f"{name}.js").read_text(encoding="utf-8")
    except OSError:
        return None
