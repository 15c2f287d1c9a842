"""The options of a command as they are declared, and command lines read by them without argparse.

Importing argparse and making a parser of it takes half as long again as Python's own start. Most command lines hold
options and values exactly as they are declared: these are read here. Whatever else they hold, help and mistakes
included, is left to argparse, which reads the same declarations (`xsrun.cli.parser`).
"""

from __future__ import annotations

from types import SimpleNamespace

from xsrun.hints import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Options(SimpleNamespace):
    """What a command line says, by the names of the options."""


class Declaring(Protocol):
    """What options are declared to: a parser of argparse or a part of one, or `Declarations`."""

    def add_argument(self, *names: str, **facts: Any) -> Any: ...
    def add_mutually_exclusive_group(self) -> Declaring: ...
    def set_defaults(self, **values: Any) -> None: ...


class _Elsewhere(Exception):
    """Only argparse can say what this means."""


class _Declared:
    """One option, or the words of a command that are none."""

    __slots__ = ("action", "choices", "const", "convert", "default", "group", "key", "many")

    def __init__(self, names: tuple[str, ...], facts: dict[str, Any], group: object) -> None:
        self.action = facts.pop("action", "store")
        self.many = facts.pop("nargs", None)
        self.const = facts.pop("const", None)
        self.default = facts.pop("default", False if self.action == "store_true" else None)
        self.convert: Callable[[str], Any] = facts.pop("type", str)
        self.choices = facts.pop("choices", None)
        long = [name for name in names if name.startswith("--")]
        self.key: str = facts.pop("dest", (long or names)[0].lstrip("-").replace("-", "_"))
        self.group = group
        is_option = names[0].startswith("-")
        known = ("store", "append", "store_true", "store_const") if is_option else ("store",)
        left = facts.keys() - {"help", "metavar"}
        if left or self.action not in known or (is_option and self.many is not None):
            raise _Elsewhere

    @property
    def takes_value(self) -> bool:
        return self.action in ("store", "append")

    def value(self, word: str) -> Any:
        """The value that a word stands for."""
        try:
            value = self.convert(word)
        except Exception:  # argparse says what is wrong
            raise _Elsewhere from None
        if self.choices is not None and value not in self.choices:
            raise _Elsewhere
        return value


class Declarations:
    """What a command declares. Of what argparse takes, this is what commands use that are started often."""

    def __init__(self) -> None:
        self._options: dict[str, _Declared] = {}
        self._words: list[_Declared] = []
        self._defaults: dict[str, Any] = {}
        self._group: object = None

    def add_argument(self, *names: str, **facts: Any) -> None:
        """Declare an option by its names, or the words that belong to none by theirs."""
        declared = _Declared(names, facts, self._group)
        if names[0].startswith("-"):
            self._options.update(dict.fromkeys(names, declared))
        else:
            self._words.append(declared)

    def add_mutually_exclusive_group(self) -> Declaring:
        """Where options are declared of which one may be given."""
        group = Declarations()
        group._options, group._words, group._group = self._options, self._words, group
        return group

    def set_defaults(self, **values: Any) -> None:
        """Set what is there besides, and in place of defaults."""
        self._defaults.update(values)

    def read(self, words: list[str]) -> Options | None:
        """The options that a command line gives, as argparse would read it; None when only that can tell."""
        try:
            return self._read(words)
        except _Elsewhere:
            return None

    def _read(self, words: list[str]) -> Options:
        found = {one.key: one.default for one in (*self._words, *self._options.values())} | self._defaults
        plain: list[str] = []
        ended = False  # argparse takes words in one go, wherever they are
        groups: dict[object, _Declared] = {}
        left = iter(words)
        for word in left:
            if word == "-" or not word.startswith("-"):
                if ended:
                    raise _Elsewhere
                plain.append(word)
                continue
            ended = bool(plain)
            name, sign, value = word.partition("=") if word.startswith("--") else (word, "", "")
            declared = self._options.get(name)
            if declared is None or (sign and not (declared.takes_value and value)):
                raise _Elsewhere
            if declared.group is not None and groups.setdefault(declared.group, declared) is not declared:
                raise _Elsewhere
            if not declared.takes_value:
                found[declared.key] = True if declared.action == "store_true" else declared.const
                continue
            if not sign:
                value = next(left, "--")
                if value.startswith("-") and value != "-":
                    raise _Elsewhere
            self._store(found, declared, declared.value(value))
        self._place(found, plain)
        return Options(**found)

    def _store(self, found: dict[str, Any], declared: _Declared, value: Any) -> None:
        if declared.action == "append":
            value = [*(found[declared.key] or ()), value]
        found[declared.key] = value

    def _place(self, found: dict[str, Any], plain: list[str]) -> None:
        """Store the words that belong to no option."""
        if len(self._words) != 1:
            if self._words or plain:
                raise _Elsewhere
            return
        declared = self._words[0]
        most = 1 if declared.many in (None, "?") else len(plain)
        least = 1 if declared.many in (None, "+") else 0
        if not least <= len(plain) <= most or declared.many not in (None, "?", "*", "+"):
            raise _Elsewhere
        values = [declared.value(word) for word in plain]
        if declared.many in (None, "?"):
            found[declared.key] = values[0] if values else declared.default
        else:
            found[declared.key] = values or declared.default or []
