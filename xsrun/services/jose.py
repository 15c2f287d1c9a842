"""JSON tokens in compact form: signed ones (JWS) and encrypted ones (JWE), through jwcrypto (semantics 5.2).

The payload is the JSON text of the claims, which may be any value. Times are milliseconds since the epoch where a
caller passes them, seconds inside a token. Only the algorithms a caller names are ever accepted, and `none` never.
"""

from __future__ import annotations

from xsrun.errors import XanoScriptError
from xsrun.hints import NoReturn
from xsrun.services.jose_keys import (
    CONTENT_BYTES,
    KEY_ALGORITHMS,
    SIGNATURE_ALGORITHMS,
    decode_segment,
    encryption_key,
    library_refusals,
    signing_key,
)
from xsrun.values.comparison import strict_equal
from xsrun.values.conversion import (
    Value,
    as_object,
    as_text,
    describe,
    from_json,
    text_of_bytes,
    to_json,
)

INVALID_TOKEN = "Invalid token."
#: What the engine says of a text that is not a token at all, by its number of parts (evidence G9).
_NO_TOKEN = {3: "Unable to load and verify the token.", 5: "Unsupported input"}
EXPIRED_TOKEN = "This token is expired."

#: Bytes a payload may have once inflated, so that a small token cannot fill the memory.
MAX_PAYLOAD = 16_000_000
#: Bytes a deflated payload may have: jwcrypto inflates no more than this.
MAX_DEFLATED = 256 * 1024

_TAMPERED = "it was altered, or made with another key"


class TokenError(XanoScriptError):
    """A token that is refused: malformed, changed, made with another key or algorithm, or with other claims."""


class ExpiredTokenError(TokenError):
    """An expired token."""

    def __init__(self, hint: str) -> None:
        super().__init__(EXPIRED_TOKEN, hint=hint)


# Signed tokens -------------------------------------------------------------------------------------------------------


def sign(claims: Value, headers: Value, key: Value, algorithm: str, ttl: int, now: int) -> str:
    """A JWS of the claims. `ttl` is in seconds (0: no times are added), `now` in milliseconds.

    The given headers come first in the protected header, `alg` last and always the algorithm's. Raises
    XanoScriptError for an unknown algorithm and for a key that does not fit it.
    """
    from jwcrypto.jws import JWS

    _check_algorithm(algorithm, SIGNATURE_ALGORITHMS, "signature algorithm")
    header = {**_given_headers(headers, ("alg",)), "alg": algorithm}
    payload = _payload_of(_with_times(claims, ttl, now))
    signer = signing_key(key, algorithm)
    token = JWS(payload)
    with library_refusals(f"it cannot sign with {algorithm}"):
        token.add_signature(signer, algorithm, _header_text(header))
    compact: str = token.serialize(compact=True)
    return compact


def verify(token: Value, key: Value, algorithm: str, check_claims: Value, drift: int, now: int) -> Value:
    """The claims of a JWS, once its signature, algorithm, times and claims have been checked.

    `drift` is the leeway for the times, in seconds. Raises TokenError for a token that does not pass.
    """
    from jwcrypto.jws import JWS

    _check_algorithm(algorithm, SIGNATURE_ALGORITHMS, "signature algorithm")
    compact = as_text(token)
    header = _read_header(compact, 3)
    _check_header(header, "alg", algorithm)
    verifier = signing_key(key, algorithm)
    checked = JWS()
    checked.allowed_algs = [algorithm]
    try:
        checked.deserialize(compact, verifier)
    except Exception as error:  # the library raises many kinds of errors for a token that was tampered with
        raise TokenError(INVALID_TOKEN, hint=_TAMPERED) from error
    return _accept(checked.payload, check_claims, drift, now)


# Encrypted tokens ----------------------------------------------------------------------------------------------------


def encrypt(
    claims: Value, headers: Value, key: Value, key_algorithm: str, content_algorithm: str, ttl: int, now: int
) -> str:
    """A JWE of the claims, deflated. `ttl` is in seconds (0: no times are added), `now` in milliseconds.

    The protected header ends in `alg`, `enc`, `zip`, in that order; the given headers come before. Raises
    XanoScriptError for an unknown algorithm, a key that does not fit it, and a payload too large for a token.
    """
    from jwcrypto.jwe import JWE

    _check_encryption(key_algorithm, content_algorithm)
    payload = _payload_of(_with_times(claims, ttl, now))
    _check_payload_size(payload)
    header = {
        **_given_headers(headers, ("alg", "enc", "zip")),
        "alg": key_algorithm,
        "enc": content_algorithm,
        "zip": "DEF",
    }
    recipient = encryption_key(key, key_algorithm, content_algorithm)
    token = JWE(payload, _header_text(header), algs=[key_algorithm, content_algorithm])
    with library_refusals(f"it cannot encrypt with {key_algorithm}"):
        token.add_recipient(recipient)
        compact: str = token.serialize(compact=True)
    return compact


def decrypt(
    token: Value,
    key: Value,
    key_algorithm: str,
    content_algorithm: str,
    check_claims: Value,
    drift: int,
    now: int,
) -> Value:
    """The claims of a JWE, once its tag, algorithms, times and claims have been checked.

    `drift` is the leeway for the times, in seconds. Raises TokenError for a token that does not pass.
    """
    from jwcrypto.jwe import JWE

    _check_encryption(key_algorithm, content_algorithm)
    compact = as_text(token)
    header = _read_header(compact, 5)
    _check_header(header, "alg", key_algorithm)
    _check_header(header, "enc", content_algorithm)
    if header.get("zip", "DEF") != "DEF":
        _refuse("its payload is compressed with an unknown method")
    recipient = encryption_key(key, key_algorithm, content_algorithm)
    opened = JWE(algs=[key_algorithm, content_algorithm])
    try:
        opened.deserialize(compact)
        opened.decrypt(recipient, max_plaintext=MAX_PAYLOAD)
    except Exception as error:  # the library raises many kinds of errors for a token that was tampered with
        too_large = "exceeds maximum" in str(error)
        hint = f"its payload inflates to more than {MAX_PAYLOAD:,} bytes" if too_large else _TAMPERED
        raise TokenError(INVALID_TOKEN, hint=hint) from error
    return _accept(opened.payload, check_claims, drift, now)


# Algorithms and headers ----------------------------------------------------------------------------------------------


def _check_algorithm(name: str, known: tuple[str, ...], kind: str) -> None:
    if name not in known:
        raise XanoScriptError(f"Unsupported {kind}: {name}", hint=f"it is one of {', '.join(known)}")


def _check_encryption(key_algorithm: str, content_algorithm: str) -> None:
    _check_algorithm(key_algorithm, KEY_ALGORITHMS, "key algorithm")
    _check_algorithm(content_algorithm, tuple(CONTENT_BYTES), "content algorithm")


def object_of(value: Value, name: str) -> dict[str, Value]:
    """An object argument that may also be absent, an empty list, or JSON text. Raises XanoScriptError for others."""
    if value is None or value == "" or value == []:
        return {}
    if isinstance(value, str):
        try:
            value = from_json(value)
        except ValueError:
            raise XanoScriptError("Variable is not an object.", hint=f"{name} is {describe(value)}") from None
    try:
        return as_object(value)
    except XanoScriptError as error:
        error.hint = f"{name} is {describe(value)}"
        raise


def _given_headers(headers: Value, forced: tuple[str, ...]) -> dict[str, Value]:
    given = {name: value for name, value in object_of(headers, "headers").items() if name not in forced}
    for name in ("crit", "b64"):
        if name in given:
            raise XanoScriptError(
                f"Unsupported header: {name}", hint="no statement of the language could read the token"
            )
    return given


def _header_text(header: dict[str, Value]) -> str:
    return to_json(header).encode("utf-8", "replace").decode("utf-8")


def _read_header(token: str, parts: int) -> dict[str, Value]:
    """The protected header of a compact token of so many parts, each of them canonical base64url text."""
    segments = token.split(".") if isinstance(token, str) else []
    if len(segments) != parts:
        raise TokenError(_NO_TOKEN[parts], hint=_shape_hint(len(segments), parts))
    try:
        decoded = [decode_segment(segment) for segment in segments]
        header = from_json(decoded[0])
    except ValueError:
        raise TokenError(_NO_TOKEN[parts], hint="it is not base64url text with a JSON header") from None
    if not isinstance(header, dict):
        raise TokenError(_NO_TOKEN[parts], hint="its header is not an object")
    if "crit" in header or "b64" in header:
        _refuse("its header asks for an extension that is not supported")
    _check_named_once(decoded[0])
    return header


def _check_named_once(header: bytes) -> None:
    """Refuse a header with two members of one name: of the two readers of it each might take another (RFC 7515, 4)."""

    import json

    def members(pairs: list[tuple[str, object]]) -> None:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            _refuse("its header has two members of the same name")

    json.loads(header, object_pairs_hook=members)


def _shape_hint(found: int, wanted: int) -> str:
    names = {3: ("a JWS", "jws_decode"), 5: ("a JWE", "jwe_decode")}
    hint = f"it has {found} parts between dots; {names[wanted][0]} has {wanted}"
    return f"{hint}; {names[found][0]} is read with {names[found][1]}" if found in names else hint


def _check_header(header: dict[str, Value], name: str, wanted: str) -> None:
    if header.get(name) != wanted:
        _refuse(f"its header names {name} {describe(header.get(name))}; the program expects {wanted}")


def _refuse(hint: str) -> NoReturn:
    raise TokenError(INVALID_TOKEN, hint=hint)


# Claims --------------------------------------------------------------------------------------------------------------


def _with_times(claims: Value, ttl: int, now: int) -> Value:
    """The claims followed by `iat`, `nbf` and `exp` in seconds; as they are for a ttl of 0.

    A negative ttl makes a token that is already expired, never one that lives forever.
    """
    if ttl == 0:
        return claims
    seconds = now // 1000
    try:
        named = as_object([] if claims is None else claims)
    except XanoScriptError as error:
        error.hint = f"a ttl adds claims, so the payload must be an object; it is {describe(claims)}"
        raise
    return {**named, "iat": seconds, "nbf": seconds, "exp": seconds + ttl}


#: The claim that holds a payload which is a text.
_WRAPPED = "@xano"


def wrapped(payload: Value, ttl: int, now: int) -> Value:
    """A text as claims, with the times of its making; the filters that make tokens put any text so (evidence G9)."""
    if payload.__class__ is not str:
        return payload
    seconds = now // 1000
    claims = {_WRAPPED: payload, "iat": seconds, "nbf": seconds}
    return {**claims, "exp": seconds + ttl} if ttl else claims


def unwrapped(claims: Value) -> Value:
    """What `wrapped` was given."""
    if claims.__class__ is dict and _WRAPPED in claims and set(claims) <= {_WRAPPED, "iat", "nbf", "exp"}:
        return claims[_WRAPPED]
    return claims


def _payload_of(claims: Value) -> bytes:
    return to_json(claims).encode("utf-8", "replace")


def _check_payload_size(payload: bytes) -> None:
    """Refuse to make a token that `decrypt` would refuse to open."""
    if len(payload) < MAX_DEFLATED - 1024:  # deflating adds a few bytes at most
        return
    import zlib

    if len(payload) > MAX_PAYLOAD or len(zlib.compress(payload)) > MAX_DEFLATED:
        hint = f"a JWE holds at most {MAX_DEFLATED:,} bytes once deflated, {MAX_PAYLOAD:,} before"
        raise XanoScriptError("The payload is too large for a token.", hint=hint)


def _accept(payload: bytes, check_claims: Value, drift: int, now: int) -> Value:
    """The claims of a payload whose times and wanted claims hold. A payload that is not JSON is taken as text."""
    claims: Value
    try:
        claims = from_json(payload)
    except ValueError:
        claims = text_of_bytes(payload)
    named = claims if isinstance(claims, dict) else {}
    _check_times(named, drift, now)
    for name, wanted in object_of(check_claims, "check_claims").items():
        if name not in named:
            raise TokenError(f"Invalid claim: {name}", hint="the token has no such claim")
        if not _claim_holds(name, named[name], wanted):
            hint = f"the token has {describe(named[name])}; the program expects {describe(wanted)}"
            raise TokenError(f"Invalid claim: {name}", hint=hint)
    return claims


def _check_times(claims: dict[str, Value], drift: int, now: int) -> None:
    expires = _seconds(claims, "exp")
    if expires is not None and now >= (expires + drift) * 1000:
        raise ExpiredTokenError(f"it expired {now / 1000 - expires:.0f} seconds ago; the leeway is {drift} seconds")
    starts = _seconds(claims, "nbf")
    if starts is not None and now < (starts - drift) * 1000:
        hint = f"it is not valid for another {starts - now / 1000:.0f} seconds; the leeway is {drift} seconds"
        raise TokenError("Invalid claim: nbf", hint=hint)


def _seconds(claims: dict[str, Value], name: str) -> float | None:
    if name not in claims:
        return None
    value = claims[name]
    if value.__class__ is not int and value.__class__ is not float:
        raise TokenError(f"Invalid claim: {name}", hint=f"it must be a number of seconds; it is {describe(value)}")
    return float(value)


def _claim_holds(name: str, found: Value, wanted: Value) -> bool:
    """Whether a claim is the wanted one: of the same type, numbers by value; `aud` may list several audiences."""
    if name == "aud" and isinstance(found, list) and not isinstance(wanted, list):
        return any(strict_equal(member, wanted) for member in found)
    numbers = found.__class__ in (int, float) and wanted.__class__ in (int, float)
    return bool(found == wanted) if numbers else strict_equal(found, wanted)
