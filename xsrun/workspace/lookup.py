"""Which construct is meant, and what to say when it is not there."""

from __future__ import annotations

from collections.abc import Iterable

from xsrun.errors import MissingConstructError, UsageError
from xsrun.hints import TYPE_CHECKING
from xsrun.language.constructs import DECLARED_KINDS, RUNNABLE
from xsrun.workspace.argument_checks import require
from xsrun.workspace.construct import Construct

if TYPE_CHECKING:
    from xsrun.fields.declared import Declared

#: What may be done with constructs that cannot be run.
_INSTEAD = {
    "table": "xsrun run FILE --seed ROWS.json fills it for a run, and xsrun db manages its rows",
    "mcp_server": "xsrun serve answers its clients; run one of its tools: xsrun run tool:NAME",
    "workflow_test": "xsrun test FILE runs it",
    "api_group": "run one of its queries: xsrun run 'query:GET NAME'",
}


class ConstructTable:
    """Constructs by kind and name."""

    def __init__(self, constructs: list[Construct]) -> None:
        self.constructs = constructs
        self._by_key: dict[tuple[str, str], list[Construct]] = {}
        for construct in constructs:
            self._by_key.setdefault((construct.kind, construct.name), []).append(construct)

    def columns_of(self, table: str) -> list[Declared]:
        """The declared columns of a table, for `dblink` fields; none when no file declares it."""
        from xsrun.fields.compiling import compile_fields

        for construct in self._by_key.get(("table", table), ()):
            nodes = construct.node.fields_of("schema") if construct.node is not None else None
            return compile_fields(nodes or [], construct.file)
        return []

    def find(
        self,
        name: str | None,
        kind: str | None = None,
        verb: str | None = None,
        api_group: str | None = None,
        file: str | None = None,
    ) -> Construct:
        """The one runnable construct that fits. Raises UsageError when none or several do."""
        for argument, value in {"name": name, "kind": kind, "verb": verb, "api_group": api_group, "file": file}.items():
            require(argument, value, (str, type(None)), "a text")
        return runnable(self.constructs, name, kind, verb, api_group, file)

    def lookup(self, kind: str, name: str, verb: str | None = None, api_group: str | None = None) -> Construct | None:
        """The construct of a kind and name, for queries also of a verb and group, or None."""
        found = self._by_key.get((kind, name))
        if found is None or (verb is None and api_group is None):
            return found[0] if found else None
        fitting = [
            c for c in found if verb in (None, c.verb) and (api_group is None or c.api_group in (None, api_group))
        ]
        return fitting[0] if fitting else None

    def no_target(self, kind: str, name: str) -> MissingConstructError:
        """The error of a call whose target is not there (semantics 1.7)."""
        return no_target(self.constructs, kind, name)


def runnable(
    constructs: list[Construct],
    name: str | None,
    kind: str | None,
    verb: str | None,
    api_group: str | None,
    file: str | None,
) -> Construct:
    """The one runnable construct that fits. Raises UsageError when none or several do."""
    candidates = [c for c in constructs if c.kind in RUNNABLE and (kind is None or c.kind == kind)]
    if name is not None:
        candidates = [c for c in candidates if c.name in (name, name.removeprefix("/"))]
    if verb is not None:
        candidates = [c for c in candidates if c.verb in (None, verb.upper())]
    if api_group is not None:
        candidates = [c for c in candidates if c.kind != "query" or c.api_group == api_group]
    if file is not None:
        candidates = [c for c in candidates if same_file(c.file, file)]
    if name is None and len(candidates) > 1:
        jobs = [c for c in candidates if c.kind == "run.job"]
        stacks = [c for c in candidates if c.kind == "stack" and file is not None]  # which uses what stands beside it
        others = [c for c in candidates if c.kind != "workflow_test"] or candidates
        candidates = next((one for one in (jobs, stacks) if len(one) == 1), others)
    if len(candidates) == 1:
        return candidates[0]
    raise _other_verbs(constructs, name, kind, verb) or _not_found(constructs, name, kind, file, candidates)


_VERBS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"})


def construct_named(text: str) -> tuple[str | None, str, str | None]:
    """The kind, name and verb in `function:math/add`, `query:GET items`; the kind is None where none is written."""
    kind, colon, name = text.partition(":")
    if not colon or kind not in DECLARED_KINDS:
        return None, text.strip(), None
    first, blank, rest = name.strip().partition(" ")
    if kind == "query" and blank and first.upper() in _VERBS:
        return kind, rest.strip(), first.upper()
    return kind, name.strip(), None


def command_name(construct: Construct) -> str:
    """How the command line names a construct: `function:math/add`, `query:GET items`."""
    return (
        f"{construct.kind}:{construct.verb} {construct.name}"
        if construct.verb
        else f"{construct.kind}:{construct.name}"
    )


def same_file(one: str, other: str) -> bool:
    """Do two names mean the same file of a workspace?"""
    given = other.replace("\\", "/")
    return one == given or given.endswith("/" + one) or one.endswith("/" + given)


def _other_verbs(
    constructs: list[Construct], name: str | None, kind: str | None, verb: str | None
) -> UsageError | None:
    """The error of a verb that a query does not have, or that there is not, where the rest of it fits."""
    from xsrun.diagnostics.suggest import nearest

    if name is None or kind not in ("query", None):
        return None
    first, _, rest = name.partition(" ")
    if verb is None and first.isupper():
        verb, name = first, rest.strip()
    known = sorted(c.verb for c in constructs if c.kind == "query" and c.verb and c.name == name.removeprefix("/"))
    if verb is None or verb.upper() in known or not known:
        return None
    if verb.upper() not in _VERBS:
        close = nearest(verb.upper(), known)
        hint = f"did you mean `query:{close} {name}`?" if close else f"{name} has {' and '.join(known)}"
        return UsageError(f"{verb} is not a verb", hint=hint)
    return UsageError(f"there is no query {verb.upper()} {name}", hint=f"{name} has {' and '.join(known)}")


def _not_found(
    constructs: Iterable[Construct],
    name: str | None,
    kind: str | None,
    file: str | None,
    candidates: list[Construct],
) -> UsageError:
    """The error of a construct to run that is not there, or that several others could be."""
    from xsrun.diagnostics.suggest import nearest, some_of

    what = f"{kind or 'construct'} {name}" if name else f"{kind or 'construct'} to run"
    where = f" in {file}" if file else ""
    if candidates:
        labels = some_of(sorted(c.label for c in candidates))
        named = " or ".join(f"'{command_name(c)}'" for c in candidates[:8])
        hint = f"name the one to run: {named}" if name else "name the one to run, with its kind or verb"
        return UsageError(f"several constructs fit{where}: {labels}", hint=hint)
    resting = _not_runnable(constructs, name, kind, file)
    if resting is not None:
        return resting
    known = [c for c in constructs if c.kind in RUNNABLE and (kind is None or c.kind == kind)]
    close = _route(name, known) or nearest(name, [c.name for c in known]) if name else None
    listed = some_of(sorted(c.label for c in known))
    hint = f"did you mean `{close}`?" if close else f"there are: {listed}" if listed else "there is none at all"
    return UsageError(f"there is no {what}{where}", hint=hint)


def no_target(constructs: Iterable[Construct], kind: str, name: str) -> MissingConstructError:
    """The error of a call whose target is not there (semantics 1.7)."""
    from xsrun.diagnostics.suggest import nearest

    close = nearest(name, [c.name for c in constructs if c.kind == kind]) if name else None
    return MissingConstructError(kind, name, hint=f"did you mean `{close}`?" if close else None)


def _not_runnable(
    constructs: Iterable[Construct], name: str | None, kind: str | None, file: str | None
) -> UsageError | None:
    """The error of a construct that exists and cannot be run, such as a table; None when there is none."""
    for one in constructs:
        named = one.name == name if name is not None else file is not None
        there = file is None or same_file(one.file, file)
        if named and there and one.kind not in RUNNABLE and kind in (None, one.kind):
            title = one.kind.replace("_", " ")
            article = "an" if title.startswith((*"aeiou", "mcp")) else "a"
            message = f"{one.label} cannot be run: {article} {title} is not a program"
            return UsageError(message, hint=_INSTEAD.get(one.kind))
    return None


def _route(name: str, known: Iterable[Construct]) -> str | None:
    """The query whose path has parameters and is that of a request: `users/{user_id}` of `users/7`."""
    parts = name.strip("/").split("/")
    for construct in known:
        own = construct.name.split("/")
        if construct.kind != "query" or "{" not in construct.name or len(own) != len(parts):
            continue
        if all(mine.startswith("{") or mine == part for mine, part in zip(own, parts, strict=True)):
            return construct.name
    return None
