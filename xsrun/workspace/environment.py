"""`$env`: what of the process a program may see, and the `.env` file beside a workspace."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from pathlib import Path

from xsrun.errors import UsageError
from xsrun.lazy_regex import pattern
from xsrun.reading import read_text
from xsrun.syntax.nodes import Entry, ObjectLiteral
from xsrun.syntax.source import Source
from xsrun.workspace.construct import Construct, text_of

#: `$env.NAME`, `$env["NAME"]`, `$env|get:"NAME"`, in expressions, templates and JavaScript alike.
_NAMED = pattern(r"""\$env(?:\.|\[\s*["'`]|\s*\|\s*get\s*:\s*["'`])([A-Za-z_]\w*)""")
#: The names that `run.job` and `run.service` ask for: `env = ["NAME"]`.
_LISTED = pattern(r"\benv\s*=\s*\[([^\]]*)\]")
_QUOTED = pattern(r"""["'](\w+)["']""")


def own_environment(constructs: Iterable[Construct], sources: Iterable[Source], root: Path | None) -> dict[str, str]:
    """What a workspace knows of `$env` by itself: the process's variables that a program names, over these its own
    values, over these the `.env` file beside it."""
    values = named_variables(source.text for source in sources)
    for construct in constructs:
        node = construct.attribute("env") if construct.kind == "workspace" else None
        for entry in node.entries if isinstance(node, ObjectLiteral) else []:
            if isinstance(entry, Entry) and (text := text_of(entry.value)) is not None:
                values[entry.key] = text
    if root is not None and (root / ".env").is_file():
        values.update(read_environment_file(root / ".env"))
    return values


def named_variables(texts: Iterable[str]) -> dict[str, str]:
    """The variables of the process that some texts name.

    Only those: what enumerates `$env` (`util.get_env`, JavaScript) would else hand out every secret of the shell or
    the CI job that xsrun was started in.
    """
    names: set[str] = set()
    for text in texts:
        if "env" in text:
            names.update(_NAMED.findall(text))
            names.update(name for listed in _LISTED.findall(text) for name in _QUOTED.findall(listed))
    return {name: os.environ[name] for name in sorted(names) if name in os.environ}


def read_environment_file(path: Path) -> dict[str, str]:
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
