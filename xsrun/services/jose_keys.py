"""Keys of JSON tokens: the forms a program may write them in, made to fit an algorithm, and new ones.

A key is an object with the members of a JWK (RFC 7517). `read_key` takes every form the language allows and gives
that object; `signing_key` and `encryption_key` make it fit an algorithm the way OpenSSL does under the real engine
(semantics 5.1): a secret longer than the algorithm needs is cut to its leading bytes, a short AES key is padded with
NUL.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from xsrun.errors import InputError, XanoScriptError
from xsrun.hints import TYPE_CHECKING, NoReturn
from xsrun.values.conversion import Value, describe, from_json, not_allowed, to_bytes, to_json

if TYPE_CHECKING:
    from jwcrypto.jwk import JWK

#: HMAC algorithm -> the bytes of its digest. The whole key is used, whatever its length.
HMAC_BYTES = {"HS256": 32, "HS384": 48, "HS512": 64}
#: ECDSA algorithm -> the curve its key lies on.
CURVE_OF_SIGNATURE = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
RSA_SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
SIGNATURE_ALGORITHMS = (*HMAC_BYTES, *RSA_SIGNATURES, *CURVE_OF_SIGNATURE)

#: Key algorithm that wraps with a shared AES key -> the bytes of that key.
WRAP_BYTES = {"A128KW": 16, "A192KW": 24, "A256KW": 32, "A128GCMKW": 16, "A192GCMKW": 24, "A256GCMKW": 32}
CURVE_ALGORITHMS = ("ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW")
RSA_ENCRYPTIONS = ("RSA-OAEP", "RSA-OAEP-256")
KEY_ALGORITHMS = (*WRAP_BYTES, "dir", *CURVE_ALGORITHMS, *RSA_ENCRYPTIONS)
#: Content algorithm -> the bytes of the key that encrypts the payload.
CONTENT_BYTES = {
    "A128GCM": 16,
    "A192GCM": 24,
    "A256GCM": 32,
    "A128CBC-HS256": 32,
    "A192CBC-HS384": 48,
    "A256CBC-HS512": 64,
}

CURVES = ("P-256", "P-384", "P-521")
FORMATS = ("object", "base64")
#: RSA sizes in bits: OpenSSL refuses less, and more takes minutes to generate.
RSA_BITS = (1024, 4096)

#: Characters an RSA or curve member may have (8192 bits), and bytes of PEM text: loading more takes minutes.
MAX_MEMBER = 1366
MAX_PEM = 16_384

INVALID_KEY = "Invalid key."

#: The members that say what a key is. Others (names, notes, certificates) have no part in signing or encrypting.
_MEMBERS = ("kty", "crv", "k", "x", "y", "n", "e", "d", "p", "q", "dp", "dq", "qi")
#: How the text of an OpenSSH public key begins.
_OPENSSH = re.compile(rb"(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp\d+)\s")
_SEGMENT = re.compile(r"[A-Za-z0-9_-]*")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_\-\s]+=*")


def encode_segment(data: bytes) -> str:
    """Bytes as base64url without padding, the alphabet of every member and token segment."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode_segment(text: str) -> bytes:
    """The bytes of base64url text. Raises ValueError for anything `encode_segment` would not have written."""
    if _SEGMENT.fullmatch(text) is None:  # Python takes or leaves out others, as its version will have it
        raise ValueError("not base64url text")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode_segment(data) != text:
        raise ValueError("not base64url text")
    return data


def refuse(hint: str) -> NoReturn:
    """Raise the error of a key that cannot be used; `hint` says why."""
    raise XanoScriptError(INVALID_KEY, hint=hint)


@contextmanager
def library_refusals(hint: str) -> Iterator[None]:
    """Turn what jwcrypto and cryptography raise about a key into the language's error.

    They let many kinds of exception through (JWException, ValueError, TypeError, UnsupportedAlgorithm), so only the
    one call into the library belongs inside.
    """
    try:
        yield
    except Exception as error:
        raise XanoScriptError(INVALID_KEY, hint=f"{hint}: {error}") from error


# Reading -------------------------------------------------------------------------------------------------------------


def read_key(value: Value) -> dict[str, str]:
    """The JWK members of a key: a JWK object, its JSON, base64 of its JSON, PEM text, or any text as a secret.

    Raises XanoScriptError for a value that is none of them, and for an empty secret: every token made with it could
    be forged, and the usual reason is an environment variable that nobody set.
    """
    if value.__class__ is dict:
        return _checked(value)
    if value is None or value.__class__ is list or value.__class__ is bool:
        refuse(f"a key is a JWK object, PEM text or a secret text; this is {describe(value)}")
    data = to_bytes(value)
    if not data.strip():
        refuse("the key is empty; is its environment variable set?")
    trimmed = data.strip()
    if b"-----BEGIN" in trimmed:  # comments may stand before it; a public key must never pass as a secret
        return _from_pem(trimmed)
    if _OPENSSH.match(trimmed):
        refuse("this is a public key as OpenSSH writes it; ssh-keygen -e -m pkcs8 -f FILE gives its PEM text")
    found = _jwk_in(trimmed)
    return found if found is not None else secret_key(data)


def secret_key(secret: bytes) -> dict[str, str]:
    """The JWK of a shared secret."""
    return {"kty": "oct", "k": encode_segment(secret)}


def _jwk_in(data: bytes) -> dict[str, str] | None:
    """The JWK that a text holds as JSON or as base64 of JSON, or None."""
    text = data
    if not text.startswith(b"{"):
        if _BASE64.fullmatch(data) is None:
            return None
        compact = b"".join(data.split()).rstrip(b"=").translate(bytes.maketrans(b"+/", b"-_"))
        try:
            text = base64.urlsafe_b64decode(compact + b"=" * (-len(compact) % 4)).strip()
        except binascii.Error:
            return None
        if not text.startswith(b"{"):
            return None
    try:
        found = from_json(text)
    except ValueError:
        return None
    return _checked(found) if isinstance(found, dict) and "kty" in found else None


def _checked(jwk: dict[str, Value]) -> dict[str, str]:
    if jwk.get("kty") not in ("oct", "RSA", "EC", "OKP"):
        refuse('a JWK object has a member kty with "oct", "RSA", "EC" or "OKP"')
    members: dict[str, str] = {name: jwk[name] for name in _MEMBERS if name in jwk}
    for name, member in members.items():
        if not isinstance(member, str):
            refuse(f"the member {name} of the JWK must be text; it is {describe(member)}")
        members[name] = member.rstrip("=")
        if name != "k" and len(members[name]) > MAX_MEMBER:
            refuse(f"the member {name} of the JWK is longer than that of a key of 8192 bits")
    return members


def _from_pem(pem: bytes) -> dict[str, str]:
    from jwcrypto.jwk import JWK

    if len(pem) > MAX_PEM:
        refuse(f"PEM text of a key has at most {MAX_PEM:,} bytes; this has {len(pem):,}")
    with library_refusals("the PEM text cannot be read"):
        key = JWK.from_pem(pem)
        exported = key.export(private_key=key.has_private, as_dict=True)
    return _checked(exported)


# Fitting -------------------------------------------------------------------------------------------------------------


def fit(secret: bytes, size: int) -> bytes:
    """A secret cut to `size` bytes, or padded with NUL up to it, as OpenSSL treats the key of an AES cipher."""
    return secret[:size].ljust(size, b"\0")


def signing_key(value: Value, algorithm: str) -> JWK:
    """The key of a signature algorithm. Raises XanoScriptError for a key of another kind."""
    jwk = read_key(value)
    if algorithm in HMAC_BYTES:
        _require(jwk, "oct", algorithm)
        # HMAC itself fills a short key with NUL, so this changes no signature; it satisfies jwcrypto's minimum length.
        return _load(secret_key(_secret(jwk).ljust(HMAC_BYTES[algorithm], b"\0")))
    _require(jwk, "RSA" if algorithm in RSA_SIGNATURES else "EC", algorithm)
    curve = CURVE_OF_SIGNATURE.get(algorithm)
    if curve is not None and jwk.get("crv") != curve:
        refuse(f"{algorithm} needs a key on the curve {curve}; this one lies on {jwk.get('crv')}")
    return _load(jwk)


def encryption_key(value: Value, key_algorithm: str, content_algorithm: str) -> JWK:
    """The key of a JWE key algorithm. Raises XanoScriptError for a key of another kind."""
    jwk = read_key(value)
    if key_algorithm in CURVE_ALGORITHMS:
        if jwk["kty"] != "OKP":
            _require(jwk, "EC", key_algorithm)
        return _load(jwk)
    if key_algorithm in RSA_ENCRYPTIONS:
        _require(jwk, "RSA", key_algorithm)
        return _load(jwk)
    _require(jwk, "oct", key_algorithm)
    size = CONTENT_BYTES[content_algorithm] if key_algorithm == "dir" else WRAP_BYTES[key_algorithm]
    return _load(secret_key(fit(_secret(jwk), size)))


_KINDS = {"oct": "a secret", "RSA": "an RSA key", "EC": "an elliptic curve key", "OKP": "an Edwards curve key"}


def _require(jwk: dict[str, str], kind: str, algorithm: str) -> None:
    if jwk["kty"] != kind:
        refuse(f"{algorithm} needs {_KINDS[kind]}; this is {_KINDS[jwk['kty']]}")


def _secret(jwk: dict[str, str]) -> bytes:
    text = jwk.get("k", "")
    if _SEGMENT.fullmatch(text) is None or len(text) % 4 == 1:
        refuse("the member k of the JWK is not base64url text")
    secret = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if not secret:
        refuse("the secret is empty")
    return secret


def _load(jwk: dict[str, str]) -> JWK:
    from jwcrypto.jwk import JWK

    with library_refusals("the JWK cannot be used"):
        return JWK(**jwk)


# Making --------------------------------------------------------------------------------------------------------------


def create_secret(bits: int) -> dict[str, str]:
    """A new random secret of `bits` bits (a multiple of 8) as a JWK."""
    if bits < 8 or bits % 8:
        raise InputError("Invalid key size.", "bits", hint=f"bits must be a multiple of 8, at least 8; it is {bits}")
    return secret_key(os.urandom(bits // 8))


def create_rsa(bits: int) -> dict[str, str]:
    """A new RSA key pair of `bits` bits as a JWK with its private members."""
    from jwcrypto.jwk import JWK

    least, most = RSA_BITS
    if not least <= bits <= most or bits % 8:
        hint = f"bits must be a multiple of 8 from {least} to {most}; it is {bits}"
        raise InputError("Invalid key size.", "bits", hint=hint)
    return _private(JWK.generate(kty="RSA", size=bits), ("kty", "n", "e", "d", "p", "q", "dp", "dq", "qi"))


def create_curve(curve: str) -> dict[str, str]:
    """A new elliptic curve key pair as a JWK with its private member, in the engine's order (semantics 5.1)."""
    from jwcrypto.jwk import JWK

    check_choice("curve", curve, CURVES)
    return _private(JWK.generate(kty="EC", crv=curve), ("kty", "crv", "d", "x", "y"))


def _private(key: JWK, order: tuple[str, ...]) -> dict[str, str]:
    members = key.export(private_key=True, as_dict=True)
    return {name: members[name] for name in order}


def written(jwk: dict[str, str], form: str) -> dict[str, str] | str:
    """A new key in the form a program asks for: the object itself, or base64 of its JSON."""
    check_choice("format", form, FORMATS)
    return jwk if form == "object" else base64.b64encode(to_json(jwk).encode()).decode("ascii")


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Refuse a value of the parameter `name` that is none of `choices`."""
    if value not in choices:
        raise not_allowed(value, name, f"{name} is one of {', '.join(choices)}")
