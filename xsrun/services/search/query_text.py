"""The query language of `query_string`: words, phrases, `field:value`, AND, OR, NOT, `+`, `-`, parentheses, `*`."""

from __future__ import annotations

from xsrun.hints import NamedTuple
from xsrun.lazy_regex import pattern
from xsrun.services.search.fields import words_of
from xsrun.services.search.scope import Matches, Options, SearchScope, boosted, text_fields
from xsrun.services.search.unsupported import SearchError, refuse_clause
from xsrun.services.search.value_clauses import terms_of, wildcard
from xsrun.services.search.word_clauses import at_least, best, match_words, phrase
from xsrun.values.conversion import to_text

_TOKEN = pattern(
    r'\s*(?:(?P<mark>&&|\|\||[()+!-])|(?:(?P<field>[\w.*]+):)?(?:"(?P<phrase>[^"]*)"|(?P<word>[^\s()"]+)))'
)
_MARKS = {"&&": "AND", "||": "OR", "!": "NOT"}


class _Token(NamedTuple):
    kind: str
    text: str = ""
    field: str = ""


def _tokens(text: str) -> list[_Token]:
    found, at = [], 0
    while text[at:].strip():
        token = _TOKEN.match(text, at)
        if token is None:
            raise SearchError("parse_exception", f"Cannot parse '{text}'")
        at = token.end()
        word, mark = token["word"] or "", token["mark"]
        if mark or (word in ("AND", "OR", "NOT") and not token["field"]):
            found.append(_Token(_MARKS.get(mark or "", mark or word)))
        elif token["phrase"] is not None:
            found.append(_Token("phrase", token["phrase"], token["field"] or ""))
        else:
            if word[:1] in "[{<>" or "~" in word or "^" in word or word.startswith("/"):
                refuse_clause("part of `query_string`", word)
            found.append(_Token("word", word, token["field"] or ""))
    return found


class _TextReader:
    """Reads a text from left to right, an `OR` of `AND`s of single terms."""

    def __init__(self, scope: SearchScope, options: Options) -> None:
        self.scope = scope
        self.tokens = _tokens(to_text(options.get("query")))
        self.text = to_text(options.get("query"))
        names = options.get("fields") or options.get("default_field") or ["*"]
        self.fields = text_fields(scope, names if isinstance(names, list) else [names])
        self.all_of = to_text(options.get("default_operator")).lower() == "and"
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at].kind if self.at < len(self.tokens) else ""

    def take(self, kind: str) -> bool:
        if self.peek() != kind:
            return False
        self.at += 1
        return True

    def either(self) -> Matches:
        found = [self.both()]
        while self.take("OR"):
            found.append(self.both())
        return found[0] if len(found) == 1 else at_least(found, 1)

    def both(self) -> Matches:
        """Terms beside each other: those with `+` or `AND` must match, those with `-` or `NOT` must not."""
        must: list[Matches] = []
        may: list[Matches] = []
        never: list[Matches] = []
        joined = False
        while self.peek() not in ("", ")", "OR"):
            if self.take("AND"):
                joined = True
                if may:
                    must.append(may.pop())
                continue
            if self.take("NOT") or self.take("-"):
                never.append(self.one())
            elif self.take("+") or joined or self.all_of:
                must.append(self.one())
            else:
                may.append(self.one())
            joined = False
        if must:
            wished = at_least(may, 1)
            found = {part: score + wished.get(part, 0.0) for part, score in at_least(must, len(must)).items()}
        else:
            found = at_least(may, 1) if may else self.scope.everything()
        return {part: score for part, score in found.items() if not any(part in one for one in never)}

    def one(self) -> Matches:
        if self.take("("):
            found = self.either()
            if not self.take(")"):
                raise SearchError("parse_exception", f"Cannot parse '{self.text}': a parenthesis is not closed")
            return found
        if self.peek() not in ("word", "phrase"):
            raise SearchError("parse_exception", f"Cannot parse '{self.text}'")
        token = self.tokens[self.at]
        self.at += 1
        fields = text_fields(self.scope, [token.field]) if token.field else self.fields
        return best([boosted(self._in_field(name, token), boost) for name, boost in fields])

    def _in_field(self, name: str, token: _Token) -> Matches:
        if token.kind == "phrase":
            return phrase(self.scope, [name], token.text)
        if "*" in token.text or "?" in token.text:
            return wildcard(self.scope, {name: {"value": token.text, "case_insensitive": True}})
        worded = match_words(self.scope, [name], words_of(token.text), {"operator": "and"})
        return best([worded, terms_of(self.scope, name, [token.text])])  # numbers have no words


def search_text(scope: SearchScope, options: Options) -> Matches:
    """The parts that match the text of a `query_string`. Raises SearchError for one that cannot be read."""
    reader = _TextReader(scope, options)
    if not reader.tokens:
        return {}
    found = reader.either()
    if reader.at < len(reader.tokens):
        raise SearchError("parse_exception", f"Cannot parse '{reader.text}'")
    return found
