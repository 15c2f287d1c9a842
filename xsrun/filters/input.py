"""Input filters: what may follow `filters=` on a field of an input or a table (semantics 3.4, language 4).

Each takes the value as its field's type has converted it and returns the value to bind, or raises `InputError` with
the engine's text; `xsrun.fields.declared` fills in which parameter it was, and the order in which filters run, which is
fixed and not the order they are written in.

The examples are a field, then the value that is sent, then what is bound.
"""

from __future__ import annotations

from collections.abc import Callable

from xsrun.errors import InputError, XanoScriptError
from xsrun.lazy_regex import DOTALL
from xsrun.lazy_regex import pattern as late_pattern
from xsrun.registry import input_filter
from xsrun.values.conversion import Value, text_of_number

LETTERS = "abcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"
BLANKS = " \t\n\r\0\x0b"


def _bound_message(value: Value, limit: float, word: str) -> str:
    unit = "characters" if value.__class__ is str else "items"
    return f"Input does not meet {word} length requirement of {text_of_number(limit)} {unit}"


@input_filter("min")
def min_(value: Value, limit: float) -> Value:
    """Refuse a number below the limit, a text with fewer characters or a list with fewer items.

    >>> text name filters=min:3
    ... "Ann"
    "Ann"
    >>> int count filters=min:1
    ... 1
    1
    """
    if value.__class__ is int or value.__class__ is float:
        if value < limit:
            raise InputError(f"Value is less than the minimum value of {text_of_number(limit)}", None)
    elif len(value) < limit:
        raise InputError(_bound_message(value, limit, "minimum"), None)
    return value


@input_filter("max")
def max_(value: Value, limit: float) -> Value:
    """Refuse a number above the limit, a text with more characters or a list with more items.

    >>> text name filters=max:5
    ... "Ann"
    "Ann"
    >>> decimal share filters=max:1
    ... 0.5
    0.5
    """
    if value.__class__ is int or value.__class__ is float:
        if value > limit:
            raise InputError(f"Value is greater than the maximum value of {text_of_number(limit)}", None)
    elif len(value) > limit:
        raise InputError(_bound_message(value, limit, "maximum"), None)
    return value


@input_filter("trim")
def trim(value: str) -> str:
    """Take away blanks, tabs, line ends and NUL from both ends of a text.

    >>> text name filters=trim
    ... "  Ann "
    "Ann"
    """
    return value.strip(BLANKS)


@input_filter("lower")
def lower(value: str) -> str:
    """Turn a text to lower case.

    >>> text code filters=lower
    ... "AbC"
    "abc"
    """
    return value.lower()


@input_filter("upper")
def upper(value: str) -> str:
    """Turn a text to upper case; it wins over `lower`.

    >>> text code filters=lower|upper
    ... "AbC"
    "ABC"
    """
    return value.upper()


@input_filter("startsWith")
def starts_with(value: str, prefix: str) -> str:
    """Refuse a text that does not begin with the prefix. The prefixes `""` and `"0"` ask for nothing.

    >>> text code filters=startsWith:SKU-
    ... "SKU-12"
    "SKU-12"
    """
    if prefix not in ("", "0") and not value.startswith(prefix):
        raise InputError(f"Invalid format detected. Expected {prefix} but received {value}", None)
    return value


@input_filter("prevent")
def prevent(value: str, phrase: str) -> str:
    """Refuse a text that contains the phrase.

    >>> text title filters=prevent:spam
    ... "ham"
    "ham"
    """
    if phrase and phrase in value:
        raise InputError("Invalid characters detected.", None)
    return value


@input_filter("alphaOk")
def alpha_ok(value: str) -> str:
    """Allow letters; together with `digitOk` and `ok`, what any of them allows.

    >>> text code filters=alphaOk|digitOk
    ... "ab1"
    "ab1"
    """
    return ok(value, LETTERS)


@input_filter("digitOk")
def digit_ok(value: str) -> str:
    """Allow digits; together with `alphaOk` and `ok`, what any of them allows.

    >>> text pin filters=digitOk
    ... "0042"
    "0042"
    """
    return ok(value, DIGITS)


@input_filter("ok")
def ok(value: str, characters: str) -> str:
    """Allow the listed characters in either case; with `alphaOk` and `digitOk`, what any of them allows.

    >>> text colour filters=ok:#abcdef0123456789
    ... "#C0FFEE"
    "#C0FFEE"
    """
    if not {*characters.lower(), *characters.upper()}.issuperset(value):
        raise InputError("Invalid characters detected.", None)
    return value


_DELIMITED = late_pattern(r"([/#~!%@]).*\1[imsxADSUXJun]*", DOTALL)
_UNESCAPED_HASH = late_pattern(r"(\\.)|#", DOTALL)


def _delimit(pattern: str) -> str:
    """The pattern with delimiters: its own, or `#`."""
    if _DELIMITED.fullmatch(pattern):
        return pattern
    return f"#{_UNESCAPED_HASH.sub(lambda match: match.group(1) or chr(92) + '#', pattern)}#"


@input_filter("pattern")
def pattern(value: str, regex: str, message: str = "Invalid pattern.") -> str:
    """Refuse a text in which the PCRE pattern is not found, with a message of your own.

    The pattern may stand bare or between delimiters with flags. `$` matches before a final line end too.

    >>> text zip filters=pattern:^\\d{5}$
    ... "12345"
    "12345"
    """
    from xsrun.filters.patterns import compile_pattern

    try:
        found = compile_pattern(_delimit(regex)).search(value) is not None
    except XanoScriptError as error:
        # preg_match gives false for a pattern that is malformed or backtracks too much
        raise InputError(message, None, hint=f"the pattern cannot be used: {error.message}") from None
    if not found:
        raise InputError(message, None)
    return value


def _require(value: str, count: int, belongs: Callable[[str], bool], what: str) -> str:
    if sum(map(belongs, value)) < count:
        raise InputError(f"Weak password detected. Please use at least {count} {what}.", None)
    return value


def _is_letter(character: str) -> bool:
    return character.isascii() and character.isalpha()


@input_filter("minAlpha")
def min_alpha(value: str, count: int) -> str:
    """Ask for that many letters in a password.

    >>> text word filters=minAlpha:2
    ... "ab12"
    "ab12"
    """
    return _require(value, count, _is_letter, "letters")


@input_filter("minLowerAlpha")
def min_lower_alpha(value: str, count: int) -> str:
    """Ask for that many lower-case letters in a password.

    >>> text word filters=minLowerAlpha:1
    ... "aB12"
    "aB12"
    """
    return _require(value, count, lambda character: "a" <= character <= "z", "lowercase letters")


@input_filter("minUpperAlpha")
def min_upper_alpha(value: str, count: int) -> str:
    """Ask for that many upper-case letters in a password.

    >>> text word filters=minUpperAlpha:1
    ... "aB12"
    "aB12"
    """
    return _require(value, count, lambda character: "A" <= character <= "Z", "uppercase letters")


@input_filter("minDigit")
def min_digit(value: str, count: int) -> str:
    """Ask for that many digits in a password.

    >>> text word filters=minDigit:2
    ... "ab12"
    "ab12"
    """
    return _require(value, count, lambda character: "0" <= character <= "9", "numbers")


@input_filter("minSymbol")
def min_symbol(value: str, count: int) -> str:
    """Ask for that many characters in a password that are neither letters nor digits nor blanks.

    >>> text word filters=minSymbol:1
    ... "ab-12"
    "ab-12"
    """
    return _require(
        value,
        count,
        lambda character: not character.isalnum() and not character.isspace(),
        "punctuation symbols, like: $@^&*%^",
    )
