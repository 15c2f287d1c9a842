"""What the texts of a workspace see of one another: names, inputs, columns; and who asked for what.

The checks of a text ask a `View` about the other texts, and it notes each question. As long as the answers stay the
same, so do the problems of the text, whatever else was edited (see `session`). So no rule may look at the tree of
another text; what it needs of one belongs into `Seen`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

#: What is asked (a method of `Answers`), and its arguments.
Question = tuple[str, ...]


#: Names of inputs or columns, each with the values of its enum.
Enums = tuple[tuple[str, tuple[str, ...]], ...]


class Seen(NamedTuple):
    """What other texts may know of a construct: values that can be compared and kept, no nodes."""

    kind: str
    name: str
    #: what tells two constructs apart: kind and name, for queries also verb and group; small letters
    key: tuple[str, ...]
    #: name of an input -> whether a call has to give it
    inputs: tuple[tuple[str, bool], ...]
    #: whether a dblink adds the columns of a table to the inputs
    linked: bool
    #: the columns of a table's schema, empty when it has none; None for other constructs
    columns: tuple[str, ...] | None
    #: whether the text of the construct could be read whole
    complete: bool
    line: int
    #: a digest of its text, blanks drawn together
    text: str
    #: name of an input, of a table a column -> the values that its enum has
    enums: Enums = ()
    #: whether only those who are signed in may call it
    guarded: bool = False


class Called(NamedTuple):
    """What a call may know of the construct that it names."""

    name: str
    inputs: tuple[tuple[str, bool], ...]
    linked: bool
    complete: bool
    enums: Enums


class First(NamedTuple):
    """Where the first construct of a kind and name stands, and the digest of its text."""

    file: str
    line: int
    text: str


#: The constructs of a text in their order.
Interface = tuple[Seen, ...]


class Answers:
    """Everything that texts can ask about one another, of the interfaces of all of them. The order is that of names."""

    def __init__(self) -> None:
        #: name of a file -> its constructs; files without any are not among them
        self.interfaces: dict[str, Interface] = {}
        self._by_name: dict[tuple[str, str], list[tuple[str, Seen]]] = {}
        self._names: dict[str, Counter[str]] = {}
        self._routes: dict[tuple[str, str, str], list[tuple[str, str]]] = {}

    def interface(self, file: str) -> Interface:
        return self.interfaces.get(file, ())

    def update(self, interfaces: Mapping[str, Interface]) -> set[Question]:
        """Make these constructs the ones of their files; gives the questions whose answers are others now."""
        changed = {one for file, new in interfaces.items() for one in {*self.interface(file)} ^ {*new}}
        questions = _questions_about(changed)
        tables = {seen.key[1] for seen in changed if seen.kind == "table"}
        before = {question: self.answer(question) for question in questions}
        columns = {table: {*self.columns(table)} for table in tables}
        for file, new in interfaces.items():
            self.replace(file, new)
        found = {question for question in questions if self.answer(question) != before[question]}
        for table, old in columns.items():
            found |= {("column", table, name) for name in old ^ {*self.columns(table)}}
        return found

    def replace(self, file: str, interface: Interface) -> None:
        """Make these constructs the ones of a file."""
        for seen in self.interfaces.pop(file, ()):
            self._forget(file, seen)
        if interface:
            self.interfaces[file] = interface
        for seen in interface:
            places = self._by_name.setdefault((seen.kind, seen.key[1]), [])
            places.append((file, seen))
            if len(places) > 1:
                places.sort(key=_file_of)
            self._names.setdefault(seen.kind, Counter())[seen.name] += 1
            if seen.kind == "query":
                self._routes.setdefault(_route(seen), []).append((file, seen.name))

    def _forget(self, file: str, seen: Seen) -> None:
        key = seen.kind, seen.key[1]
        self._by_name[key] = [place for place in self._by_name[key] if place[0] != file]
        names = self._names[seen.kind]
        names[seen.name] -= 1
        if not names[seen.name]:
            del names[seen.name]
        if seen.kind == "query":
            self._routes[_route(seen)].remove((file, seen.name))

    def files_of(self, kind: str, name: str) -> list[str]:
        """The files with a construct of this kind and name, in order."""
        return [file for file, _ in self._by_name.get((kind, name), ())]

    def answer(self, question: Question) -> object:
        """The answer to a question as it was noted."""
        found: object = getattr(self, question[0])(*question[1:])
        return found

    # What can be asked ---------------------------------------------------------------------------------------------

    def _find(self, kind: str, name: str) -> Seen | None:
        places = self._by_name.get((kind, name))
        return places[0][1] if places else None

    def called(self, kind: str, name: str) -> Called | None:
        """What a call sees of the construct of this kind and name (in small letters)."""
        seen = self._find(kind, name)
        return None if seen is None else Called(seen.name, seen.inputs, seen.linked, seen.complete, seen.enums)

    def requested(self, name: str, verb: str, group: str) -> Called | None:
        """What a request sees of the one query of this name (in small letters), verb and group, as far as given."""
        places = self._by_name.get(("query", name), ())
        found = [seen for _, seen in places if verb in ("", seen.key[2]) and group in ("", seen.key[3])]
        if len(found) != 1:
            return None
        (seen,) = found
        return Called(seen.name, seen.inputs, seen.linked, seen.complete, seen.enums)

    def declared(self, kind: str, name: str) -> bool:
        return bool(self._by_name.get((kind, name)))

    def names(self, kind: str) -> list[str]:
        """The names of all constructs of a kind, sorted."""
        return sorted(self._names.get(kind, ()))

    def any(self, kind: str) -> bool:
        """Whether there is a construct of a kind."""
        return bool(self._names.get(kind))

    def several(self, kind: str) -> bool:
        """Whether there is more than one construct of a kind."""
        names = self._names.get(kind)
        return names is not None and (len(names) > 1 or names.total() > 1)

    def has_columns(self, table: str) -> bool:
        seen = self._find("table", table)
        return seen is not None and bool(seen.columns)

    def column(self, table: str, name: str) -> bool:
        """Whether a declared table has a column."""
        return name in self.columns(table)

    def guarded(self, query: str) -> bool:
        """Whether only those who are signed in may call a query of this name (in small letters)."""
        return any(seen.guarded for _, seen in self._by_name.get(("query", query), ()))

    def enums(self, table: str) -> Enums:
        """The columns of a table that are enums, with their values."""
        seen = self._find("table", table)
        return seen.enums if seen is not None else ()

    def columns(self, table: str) -> tuple[str, ...]:
        """The columns of a table, none when it is not declared."""
        seen = self._find("table", table)
        return (seen.columns or ()) if seen is not None else ()

    def first(self, *key: str) -> First | None:
        """The first construct of those with one key."""
        for file, seen in self._by_name.get((key[0], key[1]), ()):
            if seen.key == key:
                return First(file, seen.line, seen.text)
        return None

    def routes(self, verb: str, group: str, parts: str) -> list[str]:
        """The addresses of queries with a verb, in a group, of so many parts."""
        return [name for _, name in sorted(self._routes.get((verb, group, parts), ()), key=_file_of)]


def _file_of(place: tuple[str, object]) -> str:
    return place[0]


def _route(seen: Seen) -> tuple[str, str, str]:
    return seen.key[2], seen.key[3], route_parts(seen.name)


def route_parts(name: str) -> str:
    """Of how many parts an address is, as it is asked for."""
    return str(name.count("/") + 1)


def _questions_about(changed: Iterable[Seen]) -> set[Question]:
    """The questions whose answers may be others once some constructs come or go; those about single columns aside."""
    found: set[Question] = set()
    for seen in changed:
        place = seen.kind, seen.key[1]
        found |= {("called", *place), ("declared", *place), ("first", *seen.key)}
        found |= {(name, seen.kind) for name in ("names", "any", "several")}
        if seen.kind == "query":
            found |= {("routes", *_route(seen)), ("guarded", place[1])}
            verbs, groups = {"", seen.key[2]}, {"", seen.key[3]}
            found |= {("requested", place[1], verb, group) for verb in verbs for group in groups}
        elif seen.kind == "table":
            found |= {("has_columns", place[1]), ("columns", place[1]), ("enums", place[1])}
    return found


class View:
    """What the checks of one text may ask about all texts; `asked` holds what they did."""

    __slots__ = ("_answers", "asked")

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self.asked: set[Question] = set()

    def called(self, kind: str, name: str) -> Called | None:
        """The construct that a call names, in any case."""
        plain = _plain(name)
        self.asked.add(("called", kind, plain))
        return self._answers.called(kind, plain)

    def requested(self, name: str, verb: str, group: str) -> Called | None:
        """The query that a request names, in any case."""
        question = _plain(name), verb.upper(), group.lower()
        self.asked.add(("requested", *question))
        return self._answers.requested(*question)

    def declares(self, kind: str, name: str) -> bool:
        """Whether there is a construct of this kind and name, in any case."""
        plain = _plain(name)
        self.asked.add(("declared", kind, plain))
        return self._answers.declared(kind, plain)

    def names(self, kind: str) -> list[str]:
        """The names of all constructs of a kind, sorted."""
        self.asked.add(("names", kind))
        return self._answers.names(kind)

    def any(self, kind: str) -> bool:
        """Whether there is a construct of a kind."""
        self.asked.add(("any", kind))
        return self._answers.any(kind)

    def another(self, kind: str, own: str) -> bool:
        """Whether there is a construct of a kind besides one of the kind `own`."""
        if kind != own:
            return self.any(kind)
        self.asked.add(("several", kind))
        return self._answers.several(kind)

    def columns(self, table: str) -> Columns | None:
        """The columns of a table; None when it is not declared."""
        return Columns(self, _plain(table)) if self.declares("table", table) else None

    def guarded(self, query: str) -> bool:
        """Whether only those who are signed in may call a query of this name."""
        return bool(self.ask("guarded", _plain(query)))

    def enums(self, table: str) -> dict[str, tuple[str, ...]]:
        """The columns of a table that are enums, with their values."""
        plain = _plain(table)
        self.asked.add(("enums", plain))
        return dict(self._answers.enums(plain))

    def first(self, key: tuple[str, ...]) -> First | None:
        """Where the first construct with the key of one is."""
        self.asked.add(("first", *key))
        return self._answers.first(*key)

    def routes(self, verb: str, group: str, parts: str) -> list[str]:
        """The addresses of queries with a verb, in a group, of so many parts."""
        self.asked.add(("routes", verb, group, parts))
        return self._answers.routes(verb, group, parts)

    def ask(self, *question: str) -> object:
        self.asked.add(question)
        return self._answers.answer(question)


class Columns(Collection[str]):
    """The columns of a table by name: who asks for one of them depends on that one, who looks at all on all."""

    __slots__ = ("_table", "_view")

    def __init__(self, view: View, table: str) -> None:
        self._view, self._table = view, table

    def __bool__(self) -> bool:
        return bool(self._view.ask("has_columns", self._table))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(self._view.ask("column", self._table, name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def _all(self) -> tuple[str, ...]:
        self._view.asked.add(("columns", self._table))
        return self._view._answers.columns(self._table)


def _plain(name: str) -> str:
    return name.removeprefix("/").lower()
