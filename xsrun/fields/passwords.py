"""Passwords at rest: salted hashes of the shape the engine stores, and random passwords.

A hash is 16 hexadecimal digits, a dot, 64 hexadecimal digits (semantics 12): an 8-byte salt and what PBKDF2 with
SHA-256 makes of the password.
"""

from __future__ import annotations

import os

from xsrun.errors import XanoScriptError
from xsrun.lazy_regex import ASCII, pattern
from xsrun.values.conversion import to_bytes

#: Rounds of PBKDF2. The shape has no room for this number: changing it makes every stored hash useless.
ROUNDS = 30_000
#: The symbols of a generated password whose program names none.
SYMBOLS = "!#$%&*+-=?@^_~"

_HASH = pattern(r"[0-9a-f]{16}\.[0-9a-f]{64}", ASCII)


def is_hash(text: object) -> bool:
    """Whether a value is a stored hash, which is never hashed again."""
    return isinstance(text, str) and _HASH.fullmatch(text) is not None


def hash_password(text: str) -> str:
    """A new salted hash of a password."""
    salt = os.urandom(8)
    return f"{salt.hex()}.{_digest(text, salt)}"


def check_password(text: str | bytes | None, stored: str | bytes | None) -> bool:
    """Whether a password is the one a hash was made of.

    False when either is null, when `stored` is not a hash, and when the password itself is one: whoever read a hash
    cannot log in with it (semantics 5.4).
    """
    if text is None or is_hash(text) or not isinstance(stored, str) or not is_hash(stored):
        return False
    salt, digest = stored.split(".")
    from hmac import compare_digest

    return compare_digest(_digest(text, bytes.fromhex(salt)), digest)


def _digest(text: str | bytes, salt: bytes) -> str:
    from hashlib import pbkdf2_hmac

    return pbkdf2_hmac("sha256", to_bytes(text), salt, ROUNDS).hex()


def create_password(length: int, *, lowercase: bool, uppercase: bool, digit: bool, symbol: bool, symbols: str) -> str:
    """A random password of `length` characters with at least one of every kind asked for, and of no other kind.

    With no kind asked for it takes letters and digits. `symbols` says which symbols may stand in it ("": `SYMBOLS`).
    Raises XanoScriptError when the length has no room for one of each.
    """
    import secrets
    import string

    kinds = [
        characters
        for wanted, characters in (
            (lowercase, string.ascii_lowercase),
            (uppercase, string.ascii_uppercase),
            (digit, string.digits),
            (symbol, "".join(dict.fromkeys(symbols)) or SYMBOLS),
        )
        if wanted
    ]
    if length < max(len(kinds), 1):
        raise XanoScriptError(
            "The password is too short for what it must contain.",
            hint=f"character_count is {length}; {len(kinds)} kinds of character are required",
        )
    pool = "".join(kinds) or string.ascii_letters + string.digits
    letters = [secrets.choice(kind) for kind in kinds]
    letters += [secrets.choice(pool) for _ in range(length - len(letters))]
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters)
