"""Multipart bodies: the fields and files of a form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xsrun.errors import XanoScriptError
from xsrun.filters.query_strings import from_pairs
from xsrun.services.files import FileResource, Spool
from xsrun.values.conversion import Value, text_of_bytes

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

#: A form with more fields than this is refused.
MOST_PARTS = 1_000


class MultipartError(XanoScriptError):
    """A body that is not the multipart form its type says."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Error parsing multipart body: {reason}", code="ERROR_CODE_BAD_REQUEST")


class _Part:
    """One part: its headers and its content."""

    __slots__ = ("content", "filename", "header_name", "header_value", "mime", "name")

    def __init__(self) -> None:
        self.name: str | None = None
        self.filename: str | None = None
        self.mime: str | None = None
        self.header_name = b""
        self.header_value = b""
        self.content = Spool()

    def end_header(self) -> None:
        from python_multipart.multipart import parse_options_header

        name = self.header_name.lower()
        if name == b"content-disposition":
            _, options = parse_options_header(self.header_value)
            self.name = _text(options.get(b"name"))
            self.filename = _text(options.get(b"filename"))
        elif name == b"content-type":
            self.mime = self.header_value.decode("latin-1").strip() or None
        self.header_name = self.header_value = b""

    def value(self) -> Value:
        """A text, or the file; None for a file field that was left empty."""
        content = self.content.finish()
        if self.filename is None:
            return text_of_bytes(content if isinstance(content, bytes) else content.path.read_bytes())
        if not self.filename and not self.content.size:
            return None
        name = self.filename.replace("\\", "/").rpartition("/")[2] or "upload"
        return FileResource(name, content, mime=self.mime)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "replace")


def read_multipart(body: bytes, content_type: str) -> dict[str, Value]:
    """The fields of a multipart form by name, as PHP reads them; files become file resources.

    Raises MultipartError (400).
    """
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import MultipartParser, parse_options_header

    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise MultipartError("the Content-Type names no boundary")
    parts: list[_Part] = []
    try:
        parser = MultipartParser(boundary, _callbacks(parts))
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise MultipartError(str(error)) from None
    if b"--" + boundary + b"--" not in body:
        raise MultipartError("it ends before its last boundary")
    pairs = [(part.name, part.value()) for part in parts if part.name]
    return from_pairs((name, value) for name, value in pairs if value is not None)


def _callbacks(parts: list[_Part]) -> MultipartCallbacks:
    def begin() -> None:
        if len(parts) >= MOST_PARTS:
            raise MultipartError(f"it has more than {MOST_PARTS:,} parts")
        parts.append(_Part())

    def header_name(data: bytes, start: int, end: int) -> None:
        parts[-1].header_name += data[start:end]

    def header_value(data: bytes, start: int, end: int) -> None:
        parts[-1].header_value += data[start:end]

    return {
        "on_part_begin": begin,
        "on_header_field": header_name,
        "on_header_value": header_value,
        "on_header_end": lambda: parts[-1].end_header(),
        "on_part_data": lambda data, start, end: parts[-1].content.write(data[start:end]),
    }
