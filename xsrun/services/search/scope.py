"""The parts of documents that a query looks at, and what its clauses share: matches, fields, options."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from xsrun.services.search.documents import DocumentStore
from xsrun.services.search.fields import number_of
from xsrun.services.search.unsupported import SearchError, refuse_clause
from xsrun.values.conversion import Value, to_text

#: Parts that match, by their number, with their scores.
Matches = dict[int, float]
Options = dict[str, Value]
KEYWORD = ".keyword"


@dataclass(frozen=True, slots=True)
class SearchScope:
    """Which parts are looked at: those of these indexes that stand at a path (empty: whole documents)."""

    store: DocumentStore
    place: str
    names: tuple[str, ...]
    now: int
    path: str = ""

    def everything(self) -> Matches:
        return dict.fromkeys(self.parts(), 1.0)

    def parts(self) -> list[int]:
        sql = f"SELECT part FROM part WHERE {self.inside} AND path = ?"
        return [int(part) for (part,) in self.store.rows(sql, *self.place_and_names, self.path)]

    @property
    def inside(self) -> str:
        """The condition of SQL for what is in these indexes, whose values are `place_and_names`."""
        return f"place = ? AND name IN ({','.join('?' * len(self.names))})"

    @property
    def place_and_names(self) -> tuple[str, ...]:
        return self.place, *self.names

    def select(self, condition: str, *values: Value) -> list[int]:
        """The parts that have a row of `value` with a condition."""
        sql = (
            f"SELECT DISTINCT value.part FROM value JOIN part USING (part) WHERE {self.inside} "
            f"AND path = ? AND {condition}"
        )
        return [int(part) for (part,) in self.store.rows(sql, *self.place_and_names, self.path, *values)]

    def words(self, query: str, fields: list[str]) -> Matches:
        """The parts whose words match a query of FTS5 in any of the fields, the best score of each; none: in all."""
        if not query:
            return {}
        sql = (
            "SELECT text.part, max(-rank) FROM words JOIN text ON text.row = words.rowid "
            "JOIN part ON part.part = text.part WHERE words MATCH ? "
            f"AND {self.inside} AND path = ?"
        )
        if fields:
            sql += f" AND field IN ({','.join('?' * len(fields))})"
        found = self.store.rows(sql + " GROUP BY text.part", query, *self.place_and_names, self.path, *fields)
        # a word that all documents have scores next to nothing with FTS5, and something with Elasticsearch
        return {int(part): max(float(score), 1e-6) for part, score in found}

    def vocabulary(self) -> list[str]:
        return [str(term) for (term,) in self.store.rows("SELECT term FROM vocabulary")]

    def fields(self) -> list[str]:
        """The fields that any of these parts has."""
        sql = f"SELECT DISTINCT field FROM value JOIN part USING (part) WHERE {self.inside} AND path = ?"
        return [str(name) for (name,) in self.store.rows(sql, *self.place_and_names, self.path)]


def boosted(found: Matches, boost: Value) -> Matches:
    factor = number_of(boost)
    return found if factor is None else {part: score * factor for part, score in found.items()}


def quoted(word: str, *, begins: bool = False) -> str:
    """A word, or several as a phrase, for FTS5."""
    return '"' + word.replace('"', '""') + '"' + (" *" if begins else "")


# Fields --------------------------------------------------------------------------------------------------------------


def field_and_options(body: Value, value_name: str) -> tuple[str, Options]:
    """The field of a clause and its options, where `{field: value}` may stand for `{field: {value_name: value}}`."""
    members = (
        {name: one for name, one in body.items() if name not in ("boost", "_name")} if isinstance(body, dict) else {}
    )
    if len(members) != 1:
        raise SearchError("parsing_exception", "the clause takes one field")
    ((field, given),) = members.items()
    return str(field), given if isinstance(given, dict) else {value_name: given}


def check_options(name: str, options: Options, *known: str) -> None:
    """Refuse the options of a clause that would change what it finds."""
    for option in options:
        if option not in known and option not in ("boost", "_name"):
            refuse_clause(f"option of `{name}`", option)


def base_field(field: str) -> str:
    return field.removesuffix(KEYWORD)


def text_fields(scope: SearchScope, names: Iterable[Value]) -> list[tuple[str, float]]:
    """Fields by name or pattern, each with its boost (`title^3`)."""
    found: list[tuple[str, float]] = []
    for given in names:
        name, _, boost = to_text(given).partition("^")
        factor = number_of(boost) or 1.0
        if "*" in name:
            found += [(one, factor) for one in scope.fields() if fnmatchcase(one, name)]
        else:
            found.append((base_field(name), factor))
    return found
