"""The filters for character encodings: which there are, which one a text has, from one to another; and `unaccent`.

Names and spellings are those of PHP's mbstring, the conversions Python's. A text in another encoding than UTF-8 is a
byte string; it can be hashed, written as hexadecimal or base64, sent, or converted back.
"""

from __future__ import annotations

import re
from functools import cache

from xsrun.errors import XanoScriptError
from xsrun.registry import filter
from xsrun.values.characters import characters, value_of
from xsrun.values.conversion import Value, text_of_bytes, to_bytes

#: mbstring's name -> Python's codec. UTF-16 and UTF-32 without an order are big-endian, without a mark.
_CODECS = {
    "UCS-4": "utf-32-be",
    "UCS-4BE": "utf-32-be",
    "UCS-4LE": "utf-32-le",
    "UCS-2": "utf-16-be",
    "UCS-2BE": "utf-16-be",
    "UCS-2LE": "utf-16-le",
    "UTF-32": "utf-32-be",
    "UTF-32BE": "utf-32-be",
    "UTF-32LE": "utf-32-le",
    "UTF-16": "utf-16-be",
    "UTF-16BE": "utf-16-be",
    "UTF-16LE": "utf-16-le",
    "UTF-8": "utf-8",
    "UTF-7": "utf-7",
    "ASCII": "ascii",
    "EUC-JP": "euc_jp",
    "SJIS": "shift_jis",
    "EUC-JP-2004": "euc_jis_2004",
    "SJIS-2004": "shift_jis_2004",
    "CP932": "cp932",
    "SJIS-win": "cp932",
    "ISO-2022-JP": "iso2022_jp",
    "GB18030": "gb18030",
    "Windows-1252": "cp1252",
    "Windows-1254": "cp1254",
    **{f"ISO-8859-{part}": f"iso8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16)},
    "EUC-CN": "gb2312",
    "CP936": "gbk",
    "HZ": "hz",
    "BIG-5": "big5",
    "CP950": "cp950",
    "EUC-KR": "euc_kr",
    "UHC": "cp949",
    "ISO-2022-KR": "iso2022_kr",
    "Windows-1251": "cp1251",
    "CP866": "cp866",
    "KOI8-R": "koi8-r",
    "KOI8-U": "koi8-u",
    "CP850": "cp850",
    "ISO-2022-JP-2004": "iso2022_jp_2004",
}
_ALIASES = {
    "utf8": "UTF-8",
    "utf7": "UTF-7",
    "utf16": "UTF-16",
    "utf32": "UTF-32",
    "unicode": "UCS-2",
    "usascii": "ASCII",
    **{f"latin{number}": f"ISO-8859-{part}" for number, part in ((1, 1), (2, 2), (3, 3), (4, 4), (5, 9), (6, 10))},
    "latin8": "ISO-8859-14",
    "cyrillic": "ISO-8859-5",
    "arabic": "ISO-8859-6",
    "greek": "ISO-8859-7",
    "hebrew": "ISO-8859-8",
    "cp1252": "Windows-1252",
    "cp1251": "Windows-1251",
    "cp1254": "Windows-1254",
    "shiftjis": "SJIS",
    "windows31j": "CP932",
    "gb2312": "EUC-CN",
    "gbk": "CP936",
    "cp949": "UHC",
}


@cache
def _names() -> dict[str, str]:
    """Spelling without case, hyphens and underscores -> name."""
    return _ALIASES | {_plain(name): name for name in _CODECS}


def _plain(name: str) -> str:
    return re.sub(r"[-_ ]", "", name).lower()


def _encoding(written: str, place: str) -> str:
    name = _names().get(_plain(written.strip()))
    if name is None:
        raise XanoScriptError(
            f'The {place} encoding must be a valid encoding, "{written}" given',
            hint="null|list_encodings gives the names",
        )
    return name


def _decode(data: bytes, encoding: str) -> str:
    """What cannot be read becomes "?", as in mbstring."""
    return data.decode(_CODECS[encoding], "replace").replace("\ufffd", "?")


@filter("list_encodings")
def list_encodings(value: Value = None) -> list[Value]:
    """The names of the character encodings that can be converted. The piped value is not looked at.

    >>> (null|list_encodings)|in:"ISO-8859-1"
    true
    """
    return list(_CODECS)


@filter("detect_encoding", elementwise=True)
def detect_encoding(value: str, encodings: str | None = None) -> str | bool:
    """The first encoding of a list (separated by commas, by default ASCII and UTF-8) that a text can be in, or false.

    A text that is valid UTF-8 and not plain ASCII is UTF-8 wherever that is in the list.

    >>> "étude"|detect_encoding
    "UTF-8"
    >>> ("étude"|from_utf8)|detect_encoding:"UTF-8, ISO-8859-1"
    "ISO-8859-1"
    """
    data = to_bytes(value)
    candidates = _candidates(characters(encodings or ""))
    if "UTF-8" in candidates and not data.isascii():
        candidates.insert(0, "UTF-8")
    for name in candidates:
        try:
            data.decode(_CODECS[name])
        except UnicodeDecodeError:
            continue
        return name
    return False


def _candidates(written: str) -> list[str]:
    if written.strip().lower() in ("", "auto"):
        return ["ASCII", "UTF-8"]
    return [_encoding(name, "source") for name in written.split(",")]


@filter("to_utf8", elementwise=True)
def to_utf8(value: str) -> Value:
    """The bytes of a text, read as ISO-8859-1, as UTF-8.

    >>> ("é"|from_utf8)|to_utf8
    "é"
    """
    return to_bytes(value).decode("latin-1")


@filter("from_utf8", elementwise=True)
def from_utf8(value: str) -> Value:
    """A text in ISO-8859-1, as bytes. Characters that it lacks become "?".

    >>> ("é"|from_utf8)|bin2hex
    "e9"
    """
    return text_of_bytes(_decode(to_bytes(value), "UTF-8").encode("latin-1", "replace"))


@filter("convert_encoding")
def convert_encoding(value: str, to: str, from_: str) -> Value:
    """A text in another encoding: first the encoding to convert to, then the one it has (a list: detected).

    Characters that the new encoding lacks become "?". Raises for a name that is not an encoding.

    >>> ("é"|convert_encoding:"ISO-8859-1":"UTF-8")|bin2hex
    "e9"
    """
    target = _encoding(characters(to), "target")
    written = characters(from_)
    source = written if "," not in written and written.strip().lower() != "auto" else detect_encoding(value, written)
    if not isinstance(source, str):
        raise XanoScriptError("Unable to detect the encoding of the text")
    text = _decode(to_bytes(value), _encoding(source, "source"))
    return text_of_bytes(text.encode(_CODECS[target], "replace"))


#: Letters that are not a plain letter with a mark.
_PLAIN_LETTERS = str.maketrans(
    {
        "ß": "ss",
        "ẞ": "SS",
        "Æ": "AE",
        "æ": "ae",
        "Œ": "OE",
        "œ": "oe",
        "Ø": "O",
        "ø": "o",
        "Ł": "L",
        "ł": "l",
        "Đ": "D",
        "đ": "d",
        "Ð": "D",
        "ð": "d",
        "Þ": "TH",
        "þ": "th",
        "Ħ": "H",
        "ħ": "h",
        "Ŧ": "T",
        "ŧ": "t",
        "ı": "i",
        "Ŋ": "N",
        "ŋ": "n",
        "ĸ": "k",
        "ſ": "s",
        "Ĳ": "IJ",
        "ĳ": "ij",
        "ŉ": "n",
    }
)
_MARKS = re.compile("[\u0300-\u036f]+")


@filter("unaccent", elementwise=True)
def unaccent(value: str) -> Value:
    """A text without accents and other marks on its letters; letters such as ø and ß become plain ones.

    >>> "Mötley Crüe"|unaccent
    "Motley Crue"
    >>> "Straße nach Łódź"|unaccent
    "Strasse nach Lodz"
    """
    import unicodedata

    text = characters(value)
    if text.isascii():
        return text
    bare = _MARKS.sub("", unicodedata.normalize("NFD", text.translate(_PLAIN_LETTERS)))
    return value_of(unicodedata.normalize("NFC", bare))
