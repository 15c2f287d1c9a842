"""Messages are in xsrun's own words, the same whichever Python and library they run on.

`test_house` keeps the words of Python's errors out of all messages; here is what stands in their place.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import xsrun
from xsrun.cli import main
from xsrun.errors import XanoScriptError
from xsrun.values.conversion import from_json
from xsrun.values.json_errors import JsonError


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("[1, 2", "it ends too early"),
        ('"abc', "it ends too early"),
        ("{n: 1}", "`n` does not fit at column 2"),
        ('{"a": 1,}', "`,` does not fit at column 8"),
        ("[1,\n 2,\n }", "`}` does not fit at line 3, column 2"),
        ('["é", x]', "`x` does not fit at column 7"),
        ('["a\tb"]', "U+0009 does not fit at column 4"),
        (b'["\xff"]', "it is not UTF-8 text"),
        ('"\ud800"', "it is not UTF-8 text"),
        ("[1e999]", "the number at column 2 is too large"),
        ("[" * 2000, "it is nested too deeply at column 1026"),
    ],
)
def test_what_is_wrong_with_json(text: str | bytes, reason: str) -> None:
    with pytest.raises(JsonError) as caught:
        from_json(text)
    assert str(caught.value) == reason


@given(st.text('{}[]",:1e-+.truefalsn \\', max_size=12))
def test_there_is_a_reason_for_whatever_json_refuses(text: str) -> None:
    try:
        json.loads(text)
    except ValueError:
        with pytest.raises(JsonError, match=r"\S"):
            from_json(text)


def test_a_number_that_is_too_long_for_python(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rows.json").write_text('{"user": [{"age": %s}]}' % ("1" * 5000), encoding="utf-8")
    (tmp_path / "a.xs").write_text("var $x { value = 1 }\n", encoding="utf-8")
    assert main(["run", str(tmp_path / "a.xs"), "--seed", str(tmp_path / "rows.json")]) == 2
    assert "rows.json is not JSON: " in (shown := capsys.readouterr().err) and "digits" not in shown


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (b"[check]\nignore = [", "is not TOML: it ends too early"),
        (b"[check]\nignore = x", "is not TOML: what stands at line 2, column 10 does not fit"),
        (b"\xff", "is not UTF-8 text"),
    ],
)
def test_settings_that_cannot_be_read(
    tmp_path: Path, settings: bytes, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "xsrun.toml").write_bytes(settings)
    (tmp_path / "a.xs").write_text("var $x { value = 1 }\n", encoding="utf-8")
    assert main(["check", str(tmp_path / "a.xs")]) == 2
    assert f"{tmp_path / 'xsrun.toml'} {told}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("literal", "missing"),
    [
        ("2026-13-01 10:00:00+0000", "month 13"),
        ("2026-02-29 10:00:00+0000", "day 29 does not exist in 2026-02"),
        ("2024-02-30 10:00:00+0000", "day 30 does not exist in 2024-02"),
        ("0000-01-01 10:00:00+0000", "year 0"),
        ("2026-01-01 24:00:00+0000", "hour 24"),
        ("2026-01-01 00:60:00+0000", "minute 60"),
        ("2026-01-01 00:00:60+0000", "second 60"),
        ("2026-01-01 00:00:00+2400", "zone +2400"),
    ],
)
def test_timestamps_that_there_are_not(literal: str, missing: str) -> None:
    with pytest.raises(XanoScriptError, match=f"not a timestamp: (the )?{missing}".replace("+", r"\+")):
        xsrun.evaluate(literal)


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("1970-01-01 00:00:00+0000", 0),
        ("2024-02-29 23:59:59-0130", 1709256599000),
        ("0001-01-01 00:00:00+2359", -62135683140000),
        ("9999-12-31 23:59:59-2359", 253402387139000),
    ],
)
def test_timestamps(literal: str, value: int) -> None:
    assert xsrun.evaluate(f"{literal}|to_int") == value


def archive_of(method: int, flags: int = 0) -> bytes:
    """A zip archive whose only entry claims to be packed by some method."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "hello")
    data = bytearray(buffer.getvalue())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.index(mark) + at
        data[start : start + 4] = flags.to_bytes(2, "little") + method.to_bytes(2, "little")
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (archive_of(99), "Invalid zip archive: its compression method is not supported."),
        (archive_of(0, flags=1), "Invalid zip archive: the archive needs a password."),
        (b"PK nothing", "Invalid zip archive."),
    ],
)
def test_archives_that_cannot_be_unpacked(data: bytes, told: str) -> None:
    from xsrun.services import archives
    from xsrun.services.files import FileResource

    with pytest.raises(XanoScriptError) as caught:
        archives.extract(FileResource("a.zip", data), "", archives.Quota(None))
    assert caught.value.message == told


def test_an_encoding_that_xml_cannot_have() -> None:
    text: Any = b'<?xml version="1.0" encoding="no-such"?><a>\xe9</a>'
    with pytest.raises(XanoScriptError, match="its encoding is not known"):
        xsrun.evaluate("$x|xml_decode", {"x": text})


#: Words that a native speaker would stop at, with what stands in their place.
STOPPED_AT = {
    r"\btime stamps?\b": "timestamp",
    r"(?<![Tt]here )\b(?:is|are) no (?!limit\b|longer\b|more\b|one\b|other\b)[`\"{]?\w": "is not a ...",
}


@pytest.mark.parametrize("words", STOPPED_AT)
def test_words_that_are_not_english(words: str) -> None:
    root = Path(__file__).parents[1]
    texts = [root / "README.md", *(root / "xsrun").rglob("*.py"), *(root / "xsrun").rglob("*.md")]
    found = [
        f"{path.relative_to(root)}:{number}"
        for path in texts
        if "npm" not in path.parts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(words, line, re.IGNORECASE)
    ]
    assert found == [], f"write {STOPPED_AT[words]}"
