"""What every feature of the language server is given: the open programs, and the texts that an editor asks about."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pygls.uris import from_fs_path, to_fs_path

from xsrun.analysis.mentions import Mention, mentions
from xsrun.analysis.session import CheckSession
from xsrun.editor.lsp.open_programs import OpenPrograms
from xsrun.editor.lsp.text_positions import UTF_16, TextPositions
from xsrun.syntax.nodes import Document
from xsrun.syntax.parsed import Parsed
from xsrun.syntax.source import Source


class Opened:
    """One text that an editor asks about, parsed as far as it can be read, and the program that it is part of."""

    def __init__(self, uri: str, name: str, session: CheckSession, encoding: str) -> None:
        self.uri, self.name, self.session = uri, name, session
        self.positions = TextPositions(self.parsed.source, encoding)

    @property
    def parsed(self) -> Parsed[Document]:
        return self.session.parsed(self.name)

    @property
    def source(self) -> Source:
        return self.parsed.source

    @property
    def line_end(self) -> str:
        """How the lines of the text end."""
        return "\r\n" if "\r\n" in self.source.text else "\n"


class Desk:
    """The programs, the names that the editor has for their texts, and the encoding in which it counts columns."""

    def __init__(self) -> None:
        self.programs = OpenPrograms()
        self.encoding = UTF_16
        #: versions of the texts that the editor holds, by name
        self.versions: dict[str, int] = {}
        #: whether the editor fills in snippets, and the commands that it has itself
        self.snippets = False
        self.commands: frozenset[str] = frozenset()
        self._uris: dict[str, str] = {}
        self._mentions: dict[str, tuple[Parsed[Document], list[Mention]]] = {}

    def name_of(self, uri: str) -> str:
        """The name of a text: the absolute path of its file, or the address of one that is in none."""
        path = to_fs_path(uri) if urlsplit(uri).scheme == "file" else None
        if path is None or "\0" in path:
            return uri
        name = Path(path).resolve().as_posix()
        self._uris[name] = uri  # as this editor spells it
        return name

    def uri_of(self, name: str) -> str:
        """The editor's address of a text."""
        return self._uris.get(name) or (from_fs_path(name) if "://" not in name else None) or name

    def opened(self, uri: str) -> Opened | None:
        """A text of one of the programs, None when it is in none."""
        return self.opened_name(self.name_of(uri))

    def opened_name(self, name: str) -> Opened | None:
        """The same by name."""
        session = self.programs.session_of(name)
        return Opened(self.uri_of(name), name, session, self.encoding) if session is not None else None

    def mentions(self, opened: Opened) -> list[Mention]:
        """Every name in a text; looked for once, as long as it stays the same."""
        parsed = opened.parsed
        kept = self._mentions.get(opened.name)
        if kept is None or kept[0] is not parsed:
            kept = self._mentions[opened.name] = parsed, mentions(parsed)
        return kept[1]
