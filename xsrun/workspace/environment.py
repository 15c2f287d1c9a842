"""`$env`: what of the process a program may see, and the `.env` file beside a workspace."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator

from xsrun.errors import UsageError
from xsrun.lazy_regex import pattern
from xsrun.reading import AnyPath, is_file, read_text
from xsrun.syntax.nodes import Entry, ObjectLiteral
from xsrun.syntax.source import Source
from xsrun.workspace.construct import Construct, text_of
from xsrun.workspace.environment_reads import NAMED, read_names

#: The names that `run.job` and `run.service` ask for: `env = ["NAME"]`.
_LISTED = pattern(r"\benv\s*=\s*\[([^\]]*)\]")
_QUOTED = pattern(r"""["'](\w+)["']""")


def own_environment(constructs: Iterable[Construct], sources: Iterable[Source], root: AnyPath | None) -> dict[str, str]:
    """What a workspace knows of `$env` by itself: the process's variables that a program names, over these its own
    values, over these the `.env` file beside it."""
    constructs = list(constructs)
    values = named_variables(constructs, sources)
    for construct in constructs:
        node = construct.attribute("env") if construct.kind == "workspace" else None
        for entry in node.entries if isinstance(node, ObjectLiteral) else []:
            if isinstance(entry, Entry) and (text := text_of(entry.value)) is not None:
                values[entry.key] = text
    beside = None if root is None else os.path.join(root, ".env")
    if beside is not None and is_file(beside):
        values.update(read_environment_file(beside))
    return values


def named_variables(constructs: Iterable[Construct], sources: Iterable[Source]) -> dict[str, str]:
    """The variables of the process that some programs read.

    Only those: what enumerates `$env` (`util.get_env`, JavaScript) would else hand out every secret of the shell or
    the CI job that xsrun was started in. The texts tell at once whether any may be meant; then the programs are asked,
    since a remark or a text that says `$env.NAME` reads nothing.
    """
    files = {source.filename for source in sources if any(name in os.environ for name in _mentioned(source.text))}
    if not files:
        return {}
    return values_of_process(name for one in constructs if one.file in files for name in read_names(one))


def values_of_process(names: Iterable[str]) -> dict[str, str]:
    """The variables of the process that have one of these names."""
    return {name: os.environ[name] for name in sorted(set(names)) if name in os.environ}


def _mentioned(text: str) -> Iterator[str]:
    """The names that a text may read, or only mention."""
    if "env" in text:
        yield from NAMED.findall(text)
        yield from (name for listed in _LISTED.findall(text) for name in _QUOTED.findall(listed))


def read_environment_file(path: AnyPath) -> dict[str, str]:
    """Names and values of a `.env` file, as python-dotenv reads them; `${NAME}` in a value stands for itself.

    Raises UsageError for a file that cannot be read, and for a line that does not read as a name and a value.
    """
    from dotenv.parser import parse_stream

    try:
        content = read_text(path)
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text", hint="save it as UTF-8") from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    values = {}
    for binding in parse_stream(io.StringIO(content)):
        if binding.error and "=" in binding.original.string:
            hint = "write NAME=value, and close the quotes around a value"
            raise UsageError(
                f"{path}:{binding.original.line}: this line does not read as a name and a value", hint=hint
            )
        if binding.key and binding.value is not None:
            values[binding.key] = binding.value
    return values
