"""Regular expressions that are compiled when they are first used: compiling all at import takes a third of a run."""

from __future__ import annotations

from xsrun.hints import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import re

#: The flags of `re`.
IGNORECASE, MULTILINE, DOTALL, ASCII = 2, 8, 16, 256
_METHODS = ("match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer")


class _Pattern:
    """Stands for a compiled pattern: its methods become attributes at the first use of any."""

    def __init__(self, text: str, flags: int) -> None:
        self._text, self._flags = text, flags

    def __getattr__(self, name: str) -> Any:
        import re

        compiled = re.compile(self._text, self._flags)
        if name in _METHODS:
            self.__dict__.update({method: getattr(compiled, method) for method in _METHODS})
        return getattr(compiled, name)


def pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """What `re.compile` would give, later."""
    return _Pattern(text, flags)  # type: ignore[return-value]
