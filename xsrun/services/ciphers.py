"""Symmetric ciphers by their OpenSSL names, with OpenSSL's treatment of keys and vectors, through cryptography.

A key longer than the cipher needs is cut to its leading bytes and a short one is padded with NUL (semantics 5.1); so
is the initialization vector, except that GCM and the like take one of any length they can.
"""

from __future__ import annotations

from collections.abc import Callable

from xsrun.errors import XanoScriptError
from xsrun.hints import TYPE_CHECKING, NamedTuple, NoReturn
from xsrun.lazy_regex import ASCII, pattern
from xsrun.values.conversion import to_text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
    from cryptography.hazmat.primitives.ciphers.modes import (
        ECB,
        ModeWithInitializationVector,
        ModeWithNonce,
        ModeWithTweak,
    )

    #: a cipher without an authentication tag
    PlainCipher = Cipher[ModeWithNonce | ModeWithTweak | ECB | ModeWithInitializationVector | None]

#: Bytes of the authentication tag that AEAD ciphers put behind the encrypted data.
TAG_BYTES = 16

_AES = pattern(r"aes-?(128|192|256)(?:-(cbc|ecb|ctr|cfb|cfb8|cfb128|ofb|gcm))?", ASCII)
_TRIPLE_DES = {"des-ede3-cbc": "cbc", "des3": "cbc", "des-ede3": "ecb", "des-ede3-ecb": "ecb"}
_CHACHA = "chacha20-poly1305"
_OTHERS = "the data, the key or the initialization vector is not the one it was encrypted with"


class _Kind(NamedTuple):
    """What a cipher's name stands for; sizes are in bytes."""

    family: str
    mode: str
    key_bytes: int
    block_bytes: int

    @property
    def authenticated(self) -> bool:
        return self.mode in ("gcm", "poly1305")

    @property
    def padded(self) -> bool:
        return self.mode in ("cbc", "ecb")


def encrypt(data: bytes, algorithm: str, key: bytes, vector: bytes) -> bytes:
    """Encrypt bytes. CBC and ECB pad as PKCS#7 does; an authenticated cipher's tag follows the data.

    Raises XanoScriptError for an unknown cipher and a vector it cannot take.
    """
    kind = _kind(algorithm)
    if kind.authenticated:
        return _aead(kind, key, algorithm, vector).encrypt(_nonce(kind, vector), data, None)
    if kind.padded:
        from cryptography.hazmat.primitives.padding import PKCS7

        padder = PKCS7(kind.block_bytes * 8).padder()
        data = padder.update(data) + padder.finalize()
    encryptor = _cipher(kind, key, vector).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def decrypt(data: bytes, algorithm: str, key: bytes, vector: bytes) -> bytes:
    """Undo `encrypt`. Raises XanoScriptError where the data, the key or the vector is not the one it was made with.

    Without a tag that shows only in the padding, so a wrong key of CBC gives noise once in a few hundred times.
    """
    kind = _kind(algorithm)
    if kind.authenticated:
        return _open_aead(kind, data, key, algorithm, vector)
    if kind.padded and (not data or len(data) % kind.block_bytes):
        blocks = f"{algorithm} data comes in blocks of {kind.block_bytes} bytes"
        _refuse(f"{blocks}, this is {len(data)} bytes; is it still base64?")
    decryptor = _cipher(kind, key, vector).decryptor()
    plain = decryptor.update(data) + decryptor.finalize()
    return _unpadded(plain, kind.block_bytes) if kind.padded else plain


def _kind(algorithm: str) -> _Kind:
    name = to_text(algorithm).strip().lower()
    found = _AES.fullmatch(name)
    if found is not None:
        mode = found[2] or "cbc"
        return _Kind("aes", "cfb" if mode == "cfb128" else mode, int(found[1]) // 8, 16)
    if name in _TRIPLE_DES:
        return _Kind("des3", _TRIPLE_DES[name], 24, 8)
    if name == _CHACHA:
        return _Kind("chacha20", "poly1305", 32, 1)
    raise XanoScriptError(
        "Invalid algorithm mode.",
        hint=f"there is no cipher {to_text(algorithm)}; "
        "use aes-128, aes-192 or aes-256 with -cbc, -ecb, -ctr, -cfb, -cfb8, -ofb or -gcm, "
        f"or des-ede3-cbc, or {_CHACHA}",
    )


def _cipher(kind: _Kind, key: bytes, vector: bytes) -> PlainCipher:
    from cryptography.hazmat.decrepit.ciphers import modes as old_modes
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    fitted = _fit(key, kind.key_bytes)
    cipher = TripleDES(fitted) if kind.family == "des3" else algorithms.AES(fitted)
    start = _fit(vector, kind.block_bytes)
    made: dict[str, Callable[[bytes], modes.ModeWithInitializationVector | modes.ModeWithNonce]] = {
        "cbc": modes.CBC,
        "ctr": modes.CTR,
        "cfb": old_modes.CFB,
        "cfb8": old_modes.CFB8,
        "ofb": old_modes.OFB,
    }
    return Cipher(cipher, made[kind.mode](start) if kind.mode in made else modes.ECB())


def _aead(kind: _Kind, key: bytes, algorithm: str, vector: bytes) -> AESGCM | ChaCha20Poly1305:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

    fitted = _fit(key, kind.key_bytes)
    if kind.family == "chacha20":
        return ChaCha20Poly1305(fitted)
    if not 8 <= len(vector) <= 128:
        raise XanoScriptError(
            "Invalid initialization vector.", hint=f"{algorithm} takes 8 to 128 bytes, best 12; this has {len(vector)}"
        )
    return AESGCM(fitted)


def _nonce(kind: _Kind, vector: bytes) -> bytes:
    return _fit(vector, 12) if kind.family == "chacha20" else vector


def _open_aead(kind: _Kind, data: bytes, key: bytes, algorithm: str, vector: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag

    opener = _aead(kind, key, algorithm, vector)
    if len(data) < TAG_BYTES:
        _refuse(f"{algorithm} data ends in a tag of {TAG_BYTES} bytes; this has {len(data)} in all")
    try:
        plain = opener.decrypt(_nonce(kind, vector), data, None)
    except InvalidTag:
        _refuse(_OTHERS)
    return plain


def _unpadded(plain: bytes, block: int) -> bytes:
    from cryptography.hazmat.primitives.padding import PKCS7

    unpadder = PKCS7(block * 8).unpadder()
    try:
        return unpadder.update(plain) + unpadder.finalize()
    except ValueError:
        _refuse(_OTHERS)


def _refuse(hint: str) -> NoReturn:
    raise XanoScriptError("Unable to decrypt the data.", hint=hint)


def _fit(data: bytes, size: int) -> bytes:
    return data[:size].ljust(size, b"\0")
