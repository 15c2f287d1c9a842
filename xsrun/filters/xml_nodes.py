"""The filter `xml_decode`: XML text to nested records, each element as `{name: {"@attributes", "value"}}`.

Expat reads the text. Declarations of entities are refused, and with them entity expansion and everything external.
"""

from __future__ import annotations

from xml.parsers import expat

from xsrun.errors import XanoScriptError
from xsrun.registry import filter
from xsrun.values.conversion import Value, to_bytes

#: Elements inside elements (the limit of libxml2, which PHP uses).
MAX_DEPTH = 256


@filter("xml_decode")
def xml_decode(value: str) -> Value:
    """The root element of an XML text as an object with its name as the only key.

    An element is an object of its `@attributes` (`[]` when it has none) and its `value`: the text, or a list with one
    object for each element inside, texts between them as texts. Prefixes stay part of names. Raises for text that is
    no well-formed XML and for declarations of entities.

    >>> '<order id="7"><item>pen</item><item/></order>'|xml_decode
    {"order": {"@attributes": {"id": "7"}, "value": [{"item": {"@attributes": [], "value": "pen"}}, {"item": {"@attributes": [], "value": ""}}]}}
    """  # noqa: E501
    return _Reader().read(value)


class _Reader:
    def __init__(self) -> None:
        #: the open elements: name, attributes, and what they hold so far
        self.open: list[tuple[str, dict[str, str], list[Value]]] = []
        self.text: list[str] = []
        self.root: Value = None

    def read(self, value: str | bytes) -> Value:
        # a text is UTF-8 here, whatever its declaration says; a byte string speaks for itself
        parser = expat.ParserCreate("utf-8" if isinstance(value, str) else None)
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self.text.append
        parser.EntityDeclHandler = self._entity
        try:
            parser.Parse(to_bytes(value), True)
        except expat.ExpatError as error:
            raise _unreadable(f"{expat.ErrorString(error.code)} at line {error.lineno}") from None
        except (LookupError, ValueError):
            raise _unreadable("its encoding is not known, or cannot be used for XML") from None
        return self.root

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.open) >= MAX_DEPTH:
            raise _unreadable(f"more than {MAX_DEPTH} elements inside each other")
        self._take_text()
        self.open.append((name, attributes, []))

    def _end(self, _name: str) -> None:
        text = "".join(self.text)
        name, attributes, members = self.open[-1]
        if members:
            self._take_text()
        self.text.clear()
        self.open.pop()
        record = {name: {"@attributes": attributes or [], "value": members or text}}
        if self.open:
            self.open[-1][2].append(record)
        else:
            self.root = record

    def _take_text(self) -> None:
        """Text beside elements counts unless it is blank."""
        text = "".join(self.text)
        self.text.clear()
        if self.open and text.strip():
            self.open[-1][2].append(text)

    @staticmethod
    def _entity(*_declaration: str | bool | None) -> None:
        raise _unreadable("declarations of entities are not allowed")


def _unreadable(problem: str) -> XanoScriptError:
    return XanoScriptError(f"Error parsing XML: {problem}")
