"""The docstring of a builtin: its prose, and its examples as `xsrun docs` shows and the tests run them."""

from __future__ import annotations

from xsrun.hints import NamedTuple


class Example(NamedTuple):
    """An expression or statement list, and the JSON text of what it gives (empty: it only has to run)."""

    source: str
    result: str


def parse_docstring(text: str) -> tuple[str, tuple[Example, ...]]:
    """Split a docstring into its prose and its examples (`>>>` lines, `...` continuations, then the result)."""
    prose: list[str] = []
    examples: list[Example] = []
    source: list[str] = []
    result: list[str] = []

    def finish() -> None:
        if source:
            examples.append(Example("\n".join(source), "\n".join(result)))
        source.clear()
        result.clear()

    lines = text.strip("\n").splitlines()
    margin = min((len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()), default=0)
    for line in [lines[0].strip(), *(line[margin:] for line in lines[1:])] if lines else []:
        if line.startswith(">>>"):
            finish()
            source.append(line[4:])
        elif source and not result and (line == "..." or line.startswith("... ")):
            source.append(line[4:])
        elif source and line.strip():
            result.append(line)
        elif source:
            finish()
        else:
            prose.append(line.rstrip())
    finish()
    return "\n".join(prose).strip(), tuple(examples)
