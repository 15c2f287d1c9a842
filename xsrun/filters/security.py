"""The security filters: digests, keyed digests, ciphers, JSON tokens, opaque ids, unique numbers."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid as uuids

from xsrun.errors import XanoScriptError
from xsrun.registry import filter
from xsrun.running.context import Context
from xsrun.services import ciphers, jose
from xsrun.services.jose_keys import decode_segment, encode_segment
from xsrun.values.conversion import MAX_INT, MIN_INT, Value, text_of_bytes, to_bytes

# Digests -------------------------------------------------------------------------------------------------------------


def _digest(name: str, value: str | bytes, raw: bool) -> Value:
    """Hexadecimal text, or the bytes themselves with `raw` (PHP's flag of the same name)."""
    digest = hashlib.new(name, to_bytes(value), usedforsecurity=False)
    return text_of_bytes(digest.digest()) if raw else digest.hexdigest()


@filter("md5")
def md5(value: str | bytes, raw: bool = False) -> Value:
    """MD5 digest as hexadecimal text, or as bytes with `raw`.

    >>> "hello"|md5
    "5d41402abc4b2a76b9719d911017c592"
    """
    return _digest("md5", value, raw)


@filter("sha1")
def sha1(value: str | bytes, raw: bool = False) -> Value:
    """SHA-1 digest as hexadecimal text, or as bytes with `raw`.

    >>> "hello"|sha1
    "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"
    """
    return _digest("sha1", value, raw)


@filter("sha256")
def sha256(value: str | bytes, raw: bool = False) -> Value:
    """SHA-256 digest as hexadecimal text, or as bytes with `raw`.

    >>> "hello"|sha256
    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    """
    return _digest("sha256", value, raw)


@filter("sha384")
def sha384(value: str | bytes, raw: bool = False) -> Value:
    """SHA-384 digest as hexadecimal text, or as bytes with `raw`.

    >>> "hello"|sha384|strlen
    96
    """
    return _digest("sha384", value, raw)


@filter("sha512")
def sha512(value: str | bytes, raw: bool = False) -> Value:
    """SHA-512 digest as hexadecimal text, or as bytes with `raw`.

    >>> "hello"|sha512|strlen
    128
    """
    return _digest("sha512", value, raw)


# Keyed digests -------------------------------------------------------------------------------------------------------


def _hmac(name: str, value: str | bytes, key: str | bytes, raw: bool) -> Value:
    digest = hmac.new(to_bytes(key), to_bytes(value), name)
    return text_of_bytes(digest.digest()) if raw else digest.hexdigest()


@filter("hmac_md5")
def hmac_md5(value: str | bytes, key: str | bytes, raw: bool = False) -> Value:
    """Digest of a text under a secret key (HMAC with MD5), in hexadecimal, or as bytes with `raw`.

    >>> "payload"|hmac_md5:"k1"
    "175a10ad66a4d38c96e102b1a43f6802"
    """
    return _hmac("md5", value, key, raw)


@filter("hmac_sha1")
def hmac_sha1(value: str | bytes, key: str | bytes, raw: bool = False) -> Value:
    """Digest of a text under a secret key (HMAC with SHA-1), in hexadecimal, or as bytes with `raw`.

    >>> "payload"|hmac_sha1:"k1"
    "d205924b98446f173f55bcf5dd2f25c196d1ef45"
    """
    return _hmac("sha1", value, key, raw)


@filter("hmac_sha256")
def hmac_sha256(value: str | bytes, key: str | bytes, raw: bool = False) -> Value:
    """Digest of a text under a secret key (HMAC with SHA-256), in hexadecimal, or as bytes with `raw`.

    Most webhooks sign their body so.

    >>> "payload"|hmac_sha256:"k1"
    "f55aa6d0d62426dccb8b38e409fcdbd021fa5265dd89788b937614aea435089e"
    """
    return _hmac("sha256", value, key, raw)


@filter("hmac_sha384")
def hmac_sha384(value: str | bytes, key: str | bytes, raw: bool = False) -> Value:
    """Digest of a text under a secret key (HMAC with SHA-384), in hexadecimal, or as bytes with `raw`.

    >>> "payload"|hmac_sha384:"k1"|strlen
    96
    """
    return _hmac("sha384", value, key, raw)


@filter("hmac_sha512")
def hmac_sha512(value: str | bytes, key: str | bytes, raw: bool = False) -> Value:
    """Digest of a text under a secret key (HMAC with SHA-512), in hexadecimal, or as bytes with `raw`.

    >>> "payload"|hmac_sha512:"k1"|strlen
    128
    """
    return _hmac("sha512", value, key, raw)


# Ciphers -------------------------------------------------------------------------------------------------------------


@filter("encrypt")
def encrypt(value: str | bytes, algorithm: str, key: str | bytes, iv: str | bytes) -> Value:
    """Encrypt text with a cipher named as OpenSSL does, to raw bytes.

    A long key is cut, a short one padded with NUL. The statement `security.encrypt` lists the ciphers.

    >>> "attack"|encrypt:"aes-256-cbc":"0123456789abcdef0123456789abcdef":"abcdef9876543210"|bin2hex
    "55e5b5ef4c49e1ca99b235d21a51e76f"
    """
    return text_of_bytes(ciphers.encrypt(to_bytes(value), algorithm, to_bytes(key), to_bytes(iv)))


@filter("decrypt")
def decrypt(value: str | bytes, algorithm: str, key: str | bytes, iv: str | bytes) -> Value:
    """Decrypt raw bytes that `encrypt` or OpenSSL made with the same cipher, key and vector.

    Raises `Unable to decrypt the data.` where one of them is another.

    >>> "55e5b5ef4c49e1ca99b235d21a51e76f"|hex2bin
    ... |decrypt:"aes-256-cbc":"0123456789abcdef0123456789abcdef":"abcdef9876543210"
    "attack"
    """
    return text_of_bytes(ciphers.decrypt(to_bytes(value), algorithm, to_bytes(key), to_bytes(iv)))


# JSON tokens ---------------------------------------------------------------------------------------------------------


@filter("jws_encode")
def jws_encode(context: Context, value: Value, headers: Value, key: Value, algorithm: str, ttl: int = 0) -> str:
    """Sign a payload of any kind as a JWS; `security.jws_encode` explains keys, algorithms and `ttl` (seconds).

    A text becomes the claim `@xano`, with `iat` and `nbf` beside it.

    >>> {role: "pilot"}|jws_encode:{}:"signing_key":"HS256"
    "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoicGlsb3QifQ.wE12dRzjKt6cCab8CPfFv747g2Ay24FAD5kz4lL2WSw"
    """
    now = context.now()
    return jose.sign(jose.wrapped(value, ttl, now), headers, key, algorithm, ttl, now)


@filter("jws_decode")
def jws_decode(
    context: Context,
    value: str,
    check_claims: Value,
    key: Value,
    algorithm: str,
    timeDrift: int = 0,  # noqa: N803 (the language's own spelling)
) -> Value:
    """Check a JWS and give its payload; `security.jws_decode` lists what it raises. `timeDrift` is in seconds.

    >>> "hello"|jws_encode:{}:"signing_key":"HS256"|jws_decode:{}:"signing_key":"HS256"
    "hello"
    """
    return jose.unwrapped(jose.verify(value, key, algorithm, check_claims, timeDrift, context.now()))


@filter("jwe_encode", takes_surplus=True)
def jwe_encode(
    context: Context,
    value: Value,
    headers: Value,
    key: Value,
    key_algorithm: str,
    content_algorithm: str,
    ttl: int = 0,
) -> str:
    """Encrypt a payload of any kind as a JWE; `security.jwe_encode` explains keys, algorithms and `ttl` (seconds).

    >>> ("hello"|jwe_encode:{}:"a secret of any length":"A256KW":"A256GCM"|split:".")|count
    5
    """
    now = context.now()
    return jose.encrypt(jose.wrapped(value, ttl, now), headers, key, key_algorithm, content_algorithm, ttl, now)


@filter("jwe_decode", takes_surplus=True)
def jwe_decode(
    context: Context,
    value: str,
    check_claims: Value,
    key: Value,
    key_algorithm: str,
    content_algorithm: str,
    timeDrift: int = 0,  # noqa: N803 (the language's own spelling)
) -> Value:
    """Decrypt a JWE and give its payload; `security.jwe_decode` lists what it raises. `timeDrift` is in seconds.

    >>> ("hello"|jwe_encode:{}:"a secret":"A256KW":"A256GCM")|jwe_decode:{}:"a secret":"A256KW":"A256GCM"
    "hello"
    """
    now = context.now()
    return jose.unwrapped(jose.decrypt(value, key, key_algorithm, content_algorithm, check_claims, timeDrift, now))


# Ids -----------------------------------------------------------------------------------------------------------------

_NONCE_BYTES = 4
_ID_BYTES = 8


@filter("secureid_encode")
def secureid_encode(value: int, salt: str | bytes) -> str:
    """An opaque text that stands for an integer id: it tells nothing about the id without the salt.

    The same id and salt always give the same text. The real engine mixes in a secret of the instance, so its texts
    cannot be read here, nor these there.

    >>> 12345|secureid_encode:"my_salt"|secureid_decode:"my_salt"
    12345
    """
    if not MIN_INT <= value <= MAX_INT:
        raise XanoScriptError("The id does not fit 64 bits.")
    plain = value.to_bytes(_ID_BYTES, "big", signed=True)
    nonce = _keyed(salt, b"nonce", plain)[:_NONCE_BYTES]
    return f"{encode_segment(nonce)}.{encode_segment(_masked(plain, salt, nonce))}"


@filter("secureid_decode")
def secureid_decode(value: str, salt: str | bytes) -> int:
    """The integer id behind a text of `secureid_encode`. Raises where the text or the salt is another.

    >>> (7|secureid_encode:"s")|secureid_decode:"s"
    7
    """
    try:
        nonce, hidden = (decode_segment(part) for part in value.split("."))
    except (ValueError, TypeError):
        nonce, hidden = b"", b""
    plain = _masked(hidden, salt, nonce)
    if len(plain) != _ID_BYTES or not hmac.compare_digest(_keyed(salt, b"nonce", plain)[:_NONCE_BYTES], nonce):
        raise XanoScriptError("Invalid secure id.", hint="it was changed, or made with another salt or on Xano itself")
    return int.from_bytes(plain, "big", signed=True)


def _keyed(salt: str | bytes, purpose: bytes, data: bytes) -> bytes:
    return hmac.new(to_bytes(salt), purpose + data, "sha256").digest()


def _masked(data: bytes, salt: str | bytes, nonce: bytes) -> bytes:
    """Hide or show an id. The nonce is a keyed digest of the id, so it also proves that the salt is the right one."""
    return bytes(one ^ two for one, two in zip(data, _keyed(salt, b"mask", nonce), strict=False))


@filter("create_uid")
def create_uid(value: Value = None) -> int:
    """A number that no other call gives, of up to 63 bits. The piped value plays no part.

    >>> (null|create_uid) > 0
    true
    """
    return secrets.randbelow(MAX_INT) + 1


@filter("uuid")
def uuid(value: Value = None) -> str:
    """A random identifier (UUID version 4). The piped value plays no part.

    >>> (null|uuid)|strlen
    36
    """
    return str(uuids.uuid4())
