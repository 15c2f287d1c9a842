"""The `security.*` statements: keys, JSON tokens, ciphers, passwords, auth tokens, randomness (semantics 5).

Times come from the run's clock (`context.now()`), in milliseconds; the `ttl`, `timeDrift` and `expiration` of a
program are seconds.
"""

from __future__ import annotations

import os

from xsrun.errors import MissingParamError, XanoScriptError
from xsrun.fields import passwords
from xsrun.registry import statement
from xsrun.running.context import Context
from xsrun.services import ciphers, jose, jose_keys
from xsrun.values.conversion import Value, text_of_bytes, to_bytes, to_text

#: The largest number a JavaScript client reads exactly, the editor's default for `random_number`.
_MAX_SAFE = 2**53 - 1

#: The algorithms of tokens that are encrypted.
_ENCRYPTING = {"key_algorithm": jose_keys.KEY_ALGORITHMS, "content_algorithm": tuple(jose_keys.CONTENT_BYTES)}


# Keys ----------------------------------------------------------------------------------------------------------------


@statement("security.create_secret_key", values={"format": jose_keys.FORMATS})
def create_secret_key(context: Context, bits: int = 1024, format: str = "object") -> Value:
    """A new random secret for signing or encrypting, as a JWK.

    `bits` is its size, a multiple of 8. `format` is "object" for the JWK itself, "base64" for the base64 text of its
    JSON; every `key` of the language takes both.

    >>> security.create_secret_key {
    ...   bits = 512
    ...   format = "object"
    ... } as $key
    {"key": {"kty": "oct", "k": ...}}
    """
    context.check_size(bits // 8)
    return jose_keys.written(jose_keys.create_secret(bits), format)


@statement("security.create_rsa_key", editor_needs="bits format", values={"format": jose_keys.FORMATS})
def create_rsa_key(bits: int = 2048, format: str = "object") -> Value:
    """A new RSA key pair as a JWK with its private members.

    `bits` is its size, from 1024 to 4096. `format` is "object" or "base64" (of the JSON text).

    >>> security.create_rsa_key {
    ...   bits = 1024
    ...   format = "object"
    ... } as $key
    {"key": {"kty": "RSA", "n": ..., "e": "AQAB", "d": ..., "p": ..., "q": ..., "dp": ..., "dq": ..., "qi": ...}}
    """
    return jose_keys.written(jose_keys.create_rsa(bits), format)


@statement(
    "security.create_curve_key",
    editor_needs="curve format",
    values={"curve": jose_keys.CURVES, "format": jose_keys.FORMATS},
)
def create_curve_key(curve: str = "P-256", format: str = "object") -> Value:
    """A new elliptic curve key pair as a JWK with its private member `d`.

    `curve` is "P-256" (for ES256), "P-384" (ES384) or "P-521" (ES512). `format` is "object" or "base64" (of the JSON
    text). Leave `d` out of the object to hand the public key to somebody.

    >>> security.create_curve_key {
    ...   curve = "P-256"
    ...   format = "object"
    ... } as $key
    {"key": {"kty": "EC", "crv": "P-256", "d": ..., "x": ..., "y": ...}}
    """
    return jose_keys.written(jose_keys.create_curve(curve), format)


# Signed tokens -------------------------------------------------------------------------------------------------------


@statement("security.jws_encode", values={"signature_algorithm": jose_keys.SIGNATURE_ALGORITHMS})
def jws_encode(
    context: Context,
    key: Value,
    claims: Value = None,
    headers: Value = None,
    signature_algorithm: str = "HS256",
    ttl: int = 0,
) -> str:
    """Sign claims: a JWT of three parts that everybody can read and only the key's owner can make.

    `signature_algorithm` is HS256, HS384 or HS512 (a secret), RS256 to RS512 or PS256 to PS512 (an RSA key), ES256 to
    ES512 (a curve key). `key` is a JWK object, its JSON or base64 of that, PEM text, or any text as a secret. A `ttl`
    in seconds adds the claims `iat`, `nbf` and `exp`; 0 adds none. `claims` may be any value.

    >>> security.jws_encode {
    ...   claims = {role: "pilot"}
    ...   key = "signing_key"
    ...   signature_algorithm = "HS256"
    ... } as $token
    {"token": "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoicGlsb3QifQ.wE12dRzjKt6cCab8CPfFv747g2Ay24FAD5kz4lL2WSw"}
    """
    payload = {} if claims is None else claims
    return jose.sign(payload, headers, key, signature_algorithm, ttl, context.now())


@statement("security.jws_decode", values={"signature_algorithm": jose_keys.SIGNATURE_ALGORITHMS})
def jws_decode(
    context: Context,
    token: str,
    key: Value,
    check_claims: Value = None,
    signature_algorithm: str = "HS256",
    timeDrift: int = 0,  # noqa: N803 (the language's own spelling)
) -> Value:
    """Check a signed token and give its claims.

    Raises `Invalid token.` where the signature or the algorithm is another, `This token is expired.` after its `exp`,
    `Invalid claim: nbf` before its `nbf`, and `Invalid claim: NAME` where a claim differs from the one in
    `check_claims`. `timeDrift` is a leeway for both times, in seconds.

    >>> security.jws_decode {
    ...   token = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoicGlsb3QifQ.wE12dRzjKt6cCab8CPfFv747g2Ay24FAD5kz4lL2WSw"
    ...   key = "signing_key"
    ...   check_claims = {role: "pilot"}
    ...   signature_algorithm = "HS256"
    ... } as $claims
    {"claims": {"role": "pilot"}}
    """
    return jose.verify(token, key, signature_algorithm, check_claims, timeDrift, context.now())


# Encrypted tokens ----------------------------------------------------------------------------------------------------


@statement("security.jwe_encode", values=_ENCRYPTING)
def jwe_encode(
    context: Context,
    key: Value,
    claims: Value = None,
    headers: Value = None,
    key_algorithm: str = "A256KW",
    content_algorithm: str = "A256CBC-HS512",
    ttl: int = 0,
) -> str:
    """Encrypt claims: a token of five parts that only the key's owner can read.

    `key_algorithm` is A128KW, A192KW, A256KW, one of their GCMKW forms or `dir` (a secret), ECDH-ES with or without
    `+A128KW` to `+A256KW` (a curve key), RSA-OAEP or RSA-OAEP-256 (an RSA key). `content_algorithm` is A128GCM,
    A192GCM, A256GCM, A128CBC-HS256, A192CBC-HS384 or A256CBC-HS512. A secret longer than the algorithm needs is cut to
    its leading bytes, a shorter one padded with NUL. A `ttl` in seconds adds the claims `iat`, `nbf` and `exp`; 0 adds
    none. `claims` may be any value.

    >>> security.create_secret_key {
    ...   bits = 512
    ...   format = "object"
    ... } as $key
    ... security.jwe_encode {
    ...   headers = {alg: "A256KW"}
    ...   claims = {note: "the tide is out"}
    ...   key = $key
    ...   key_algorithm = "A256KW"
    ...   content_algorithm = "A256GCM"
    ...   ttl = 3600
    ... } as $token
    {"key": ..., "token": ...}
    """
    payload = {} if claims is None else claims
    return jose.encrypt(payload, headers, key, key_algorithm, content_algorithm, ttl, context.now())


@statement("security.jwe_decode", values=_ENCRYPTING)
def jwe_decode(
    context: Context,
    token: str,
    key: Value,
    check_claims: Value = None,
    key_algorithm: str = "A256KW",
    content_algorithm: str = "A256CBC-HS512",
    timeDrift: int = 0,  # noqa: N803 (the language's own spelling)
) -> Value:
    """Decrypt a token and give its claims.

    Raises `Invalid token.` where the key or an algorithm is another or the token was changed, `This token is expired.`
    after its `exp`, `Invalid claim: nbf` before its `nbf`, and `Invalid claim: NAME` where a claim differs from the
    one in `check_claims`. `timeDrift` is a leeway for both times, in seconds.

    >>> security.jwe_encode {
    ...   claims = {berth: 4}
    ...   key = "a secret of any length"
    ...   key_algorithm = "A256KW"
    ...   content_algorithm = "A256GCM"
    ... } as $token
    ... security.jwe_decode {
    ...   token = $token
    ...   key = "a secret of any length"
    ...   key_algorithm = "A256KW"
    ...   content_algorithm = "A256GCM"
    ... } as $claims
    {"token": ..., "claims": {"berth": 4}}
    """
    return jose.decrypt(token, key, key_algorithm, content_algorithm, check_claims, timeDrift, context.now())


@statement("security.jwe_encode_legacy", values=_ENCRYPTING)
def jwe_encode_legacy(
    context: Context,
    key: Value,
    payload: Value = None,
    audience: str = "",
    key_algorithm: str = "A256KW",
    content_algorithm: str = "A256CBC-HS512",
    ttl: int = 0,
) -> str:
    """The old form of `security.jwe_encode`: the claims are called `payload`, and `audience` becomes the claim `aud`.

    Without an audience the token is the one that `security.jwe_encode` makes. With one the payload must be an object.

    >>> security.jwe_encode_legacy {
    ...   payload = {berth: 4}
    ...   audience = "harbour"
    ...   key = "a secret of any length"
    ...   key_algorithm = "A256KW"
    ...   content_algorithm = "A256CBC-HS512"
    ... } as $token
    {"token": ...}
    """
    claims = {} if payload is None else payload
    if audience:
        claims = {**jose.object_of(claims, "payload"), "aud": audience}
    return jose.encrypt(claims, None, key, key_algorithm, content_algorithm, ttl, context.now())


@statement("security.jwe_decode_legacy", values=_ENCRYPTING)
def jwe_decode_legacy(
    context: Context,
    token: str,
    key: Value,
    audience: str = "",
    key_algorithm: str = "A256KW",
    content_algorithm: str = "A256CBC-HS512",
    timeDrift: int = 0,  # noqa: N803 (the language's own spelling)
) -> Value:
    """The old form of `security.jwe_decode`: gives the claims of a token made for `audience`.

    A token for another audience raises `Invalid claim: aud`; without an audience that claim is not looked at.

    >>> security.jwe_encode_legacy {
    ...   payload = {berth: 4}
    ...   audience = "harbour"
    ...   key = "a secret of any length"
    ... } as $token
    ... security.jwe_decode_legacy {
    ...   token = $token
    ...   key = "a secret of any length"
    ...   audience = "harbour"
    ... } as $claims
    {"token": ..., "claims": {"berth": 4, "aud": "harbour"}}
    """
    wanted = {"aud": audience} if audience else None
    return jose.decrypt(token, key, key_algorithm, content_algorithm, wanted, timeDrift, context.now())


# Auth tokens and passwords -------------------------------------------------------------------------------------------


@statement("security.create_auth_token")
def create_auth_token(context: Context, table: str, id: Value, extras: Value, expiration: int | None) -> str:
    """A token that authenticates its bearer as row `id` of an auth table.

    A request sends it as `Authorization: Bearer TOKEN`; its `extras` are then in `$auth.extras`. `expiration` is in
    seconds, 0 means never. The token is bound to the data source of the run that makes it.

    >>> security.create_auth_token {
    ...   table = "user"
    ...   extras = {role: "lead"}
    ...   expiration = 3600
    ...   id = 1
    ... } as $token
    {"token": ...}
    """
    for name, value in (("table", table), ("id", id)):
        if value is None or value == "":
            raise MissingParamError(name, hint="a token names a row of an auth table")
    added = jose.object_of(extras, "extras")
    seconds = 86400 if expiration is None else expiration
    token: str = context.service("tokens").encode(table, id, added, seconds, context.datasource, context.now())
    context.keep_secret(token)
    return token


@statement("security.check_password")
def check_password(text_password: str | bytes | None = None, hash_password: str | bytes | None = None) -> bool:
    """Whether a password in plain text is the one that was hashed into `hash_password`.

    False where either is null, where `hash_password` is not a hash, and where `text_password` is itself a hash: an
    input of type password is hashed when it is bound, so a login takes a `text` input.

    >>> security.check_password {
    ...   text_password = "Secret1"
    ...   hash_password = null
    ... } as $same
    {"same": false}
    """
    return passwords.check_password(text_password, hash_password)


@statement(
    "security.create_password",
    editor_needs="character_count require_lowercase require_uppercase require_digit require_symbol",
)
def create_password(
    context: Context,
    character_count: int = 12,
    require_lowercase: bool = True,
    require_uppercase: bool = True,
    require_digit: bool = True,
    require_symbol: bool = False,
    symbol_whitelist: str = "",
) -> str:
    """A random password of `character_count` characters.

    It has at least one of every kind of character that is required, and none of the others. `symbol_whitelist` says
    which symbols may stand in it.

    >>> security.create_password {
    ...   character_count = 4
    ...   require_lowercase = false
    ...   require_uppercase = false
    ...   require_digit = false
    ...   require_symbol = true
    ...   symbol_whitelist = "#"
    ... } as $password
    {"password": "####"}
    """
    context.check_size(character_count)
    return passwords.create_password(
        character_count,
        lowercase=require_lowercase,
        uppercase=require_uppercase,
        digit=require_digit,
        symbol=require_symbol,
        symbols=to_text(symbol_whitelist),
    )


# Ciphers -------------------------------------------------------------------------------------------------------------


@statement("security.encrypt")
def encrypt(
    data: str | bytes, key: str | bytes, algorithm: str = "aes-256-cbc", iv: str | bytes | None = None
) -> Value:
    """Encrypt text with a cipher named as OpenSSL does, to raw bytes; `|base64_encode` makes text of them.

    `algorithm` is aes-128, aes-192 or aes-256 with -cbc, -ecb, -ctr, -cfb, -cfb8, -ofb or -gcm, or des-ede3-cbc, or
    chacha20-poly1305. A long key is cut, a short one padded with NUL. `iv` is the initialization vector: 16 bytes, 12
    for -gcm, whose tag of 16 bytes follows the data.

    >>> security.encrypt {
    ...   data = "low tide at six"
    ...   algorithm = "aes-256-cbc"
    ...   key = "reef-key-77"
    ...   iv = "0123456789abcdef"
    ... } as $sealed
    ... var $text {
    ...   value = $sealed|base64_encode
    ... }
    {"sealed": ..., "text": "nYCkG8YfQP+8B3ESAJwKnA=="}
    """
    return text_of_bytes(ciphers.encrypt(to_bytes(data), algorithm, to_bytes(key), to_bytes(iv)))


@statement("security.decrypt")
def decrypt(
    data: str | bytes, key: str | bytes, algorithm: str = "aes-256-cbc", iv: str | bytes | None = None
) -> Value:
    """Decrypt raw bytes that `security.encrypt` or OpenSSL made with the same cipher, key and `iv`.

    Raises `Unable to decrypt the data.` where one of them is another.

    >>> security.decrypt {
    ...   data = "nYCkG8YfQP+8B3ESAJwKnA=="|base64_decode
    ...   algorithm = "aes-256-cbc"
    ...   key = "reef-key-77"
    ...   iv = "0123456789abcdef"
    ... } as $text
    {"text": "low tide at six"}
    """
    return text_of_bytes(ciphers.decrypt(to_bytes(data), algorithm, to_bytes(key), to_bytes(iv)))


# Randomness ----------------------------------------------------------------------------------------------------------


@statement("security.create_uuid")
def create_uuid() -> str:
    """A random identifier (UUID version 4).

    >>> security.create_uuid as $id
    {"id": ...}
    """
    import uuid

    return str(uuid.uuid4())


@statement("security.random_number")
def random_number(min: int = 0, max: int = _MAX_SAFE) -> int:
    """A random whole number from `min` to `max`, both included.

    >>> security.random_number {
    ...   min = 7
    ...   max = 7
    ... } as $number
    {"number": 7}
    """
    if min > max:
        raise XanoScriptError("The minimum is greater than the maximum.", hint=f"min is {min}, max is {max}")
    import secrets

    return min + secrets.randbelow(max - min + 1)


@statement("security.random_bytes")
def random_bytes(context: Context, length: int = 16) -> Value:
    """A byte string of `length` random bytes; `|bin2hex` and `|base64_encode` make text of it.

    >>> security.random_bytes {
    ...   length = 16
    ... } as $bytes
    {"bytes": ...}
    """
    if length < 1:
        raise XanoScriptError("The length must be at least 1.", hint=f"length is {length}")
    context.check_size(length)
    return text_of_bytes(os.urandom(length))
