"""JSON tokens: the vectors of RFC 7515, 7516, 7518 and 7520, two other libraries, and the known attacks.

Every token goes through a program, once by the statement and once by the filter. What is attacked is always a token
that passes before it is changed.
"""

from __future__ import annotations

import base64
import hmac
import json
import random
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import jose_doors
import pytest
from jose_doors import (
    DOORS,
    FOLDER,
    Doors,
    made_with_joserfc,
    made_with_jwcrypto,
    read_with_joserfc,
    read_with_jwcrypto,
    vector,
    vectors,
)
from local_server import Server, serving

from xsrun.services import jose, jose_keys
from xsrun.services.jose_keys import decode_segment, encode_segment

VECTORS = [pytest.param(one, id=f"{one['source']} {one['kind']}") for one in vectors()]
CHAPTERS = json.loads((FOLDER / "rfc7518.json").read_text(encoding="utf-8"))

RSA = vector("RFC 7515 A.2")["key"]
CURVES = {
    "P-256": vector("RFC 7515 A.3")["key"],
    "P-384": vector("RFC 7520 5.4")["key"],
    "P-521": vector("RFC 7515 A.4")["key"],
}
#: What a reader says of a token that it refuses.
REFUSALS = {"Invalid token.", "Unable to load and verify the token.", "Unsupported input"}
CLAIMS = {"sub": "7", "role": "pilot", "list": [1, None, "ø"]}


@pytest.fixture(scope="module")
def doors() -> Iterator[Doors]:
    with jose_doors.workspace() as programs:
        yield Doors(programs)


@pytest.fixture(params=DOORS)
def door(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def public(key: dict[str, str]) -> dict[str, str]:
    """The half of a key that may be known to everybody."""
    return {name: value for name, value in key.items() if name in ("kty", "crv", "x", "y", "n", "e")}


def as_value(text: str) -> Any:
    """A payload as a program sees it: the value of its JSON, otherwise the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def part(value: Any) -> str:
    """JSON, or bytes, as one part of a token."""
    return encode_segment(value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode())


def key_for(algorithm: str, content: str = "") -> Any:
    """A key of the right kind and size."""
    if algorithm in jose_keys.RSA_SIGNATURES or algorithm in jose_keys.RSA_ENCRYPTIONS:
        return RSA
    if algorithm in jose_keys.CURVE_OF_SIGNATURE:
        return CURVES[jose_keys.CURVE_OF_SIGNATURE[algorithm]]
    if algorithm in jose_keys.CURVE_ALGORITHMS:
        return CURVES["P-384"]
    sizes = {**jose_keys.HMAC_BYTES, **jose_keys.WRAP_BYTES}
    size = sizes.get(algorithm) or jose_keys.CONTENT_BYTES[content]
    return jose_keys.secret_key(bytes(range(1, size + 1)))


# Vectors -------------------------------------------------------------------------------------------------------------


def is_supported(one: dict[str, Any]) -> bool:
    """Compact, with an algorithm that the language has."""
    known = jose_keys.SIGNATURE_ALGORITHMS if one["kind"] == "jws" else jose_keys.KEY_ALGORITHMS
    return one["form"] == "compact" and one["alg"] in known


@pytest.mark.parametrize("one", VECTORS)
def test_vectors_are_read_or_refused(doors: Doors, door: str, one: dict[str, Any]) -> None:
    alg = one["alg"]
    result = doors.read(door, one["kind"], one["token"], one["key"], alg, one.get("enc"))
    if is_supported(one):
        assert result.error is None
        assert result.response == as_value(one["payload"])
        return
    assert result.error is not None and result.response is None
    unsupported = ("Unsupported signature algorithm: ", "Unsupported key algorithm: ")
    assert result.error.message in REFUSALS or result.error.message.startswith(unsupported)
    if one["form"] == "compact":
        # nor does it pass as another algorithm
        other = doors.read(door, one["kind"], one["token"], "a secret", "A256KW", one.get("enc"))
        assert other.error is not None and other.error.message == "Invalid token."


def test_most_vectors_are_of_algorithms_that_the_language_has() -> None:
    assert sum(map(is_supported, vectors())) == 19


@pytest.mark.parametrize("one", [case for case in VECTORS if is_supported(case.values[0])])
def test_two_other_libraries_agree_about_the_vectors(one: dict[str, Any]) -> None:
    assert as_value(read_with_jwcrypto(one["kind"], one["token"], one["key"], one["alg"], one.get("enc"))) == (
        as_value(read_with_joserfc(one["kind"], one["token"], one["key"], one["alg"], one.get("enc")))
    )


def cbc_hmac(secret: bytes, vector: bytes, text: bytes, data: bytes, digest: str) -> tuple[bytes, bytes]:
    """Ciphertext and tag of AES_CBC_HMAC_SHA2 (RFC 7518, 5.2.2.1), independent of any library for tokens."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    half = len(secret) // 2
    padding = 16 - len(text) % 16
    writer = Cipher(algorithms.AES(secret[half:]), modes.CBC(vector)).encryptor()
    sealed = writer.update(text + bytes([padding]) * padding) + writer.finalize()
    signed = data + vector + sealed + (len(data) * 8).to_bytes(8, "big")
    return sealed, hmac.digest(secret[:half], signed, digest)[:half]


@pytest.mark.parametrize("chapter", CHAPTERS["B"], ids=lambda chapter: chapter["enc"])
def test_rfc_7518_b_content_of_cbc_and_hmac(doors: Doors, door: str, chapter: dict[str, str]) -> None:
    secret, text, iv, data, sealed, tag = (bytes.fromhex(chapter[name]) for name in ("K", "P", "IV", "A", "E", "T"))
    digest = "sha" + chapter["enc"][-3:]
    assert cbc_hmac(secret, iv, text, data, digest) == (sealed, tag)
    # the header of a token is its additional data, so the same key, text and vector make another token
    header = part({"alg": "dir", "enc": chapter["enc"]})
    parts = [header, "", *map(encode_segment, (iv, *cbc_hmac(secret, iv, text, header.encode(), digest)))]
    key = jose_keys.secret_key(secret)
    assert doors.read(door, "jwe", ".".join(parts), key, "dir", chapter["enc"]).response == text.decode()
    # and what a program makes is what these steps make
    made = doors.made(door, "jwe", [1, 2], key, "dir", chapter["enc"]).split(".")
    vector, found_text, found_tag = map(decode_segment, made[2:])
    deflated = zlib.compress(b"[1,2]")[2:-4]
    assert (found_text, found_tag) == cbc_hmac(secret, vector, deflated, made[0].encode(), digest)


def test_rfc_7518_c_key_agreement(doors: Doors, door: str) -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    chapter = CHAPTERS["C"]
    header = part(chapter["header"])
    derived = decode_segment(chapter["derived"])
    sealed = AESGCM(derived).encrypt(bytes(12), b"Derived as Alice and Bob derive", header.encode())
    token = ".".join([header, "", *map(encode_segment, (bytes(12), sealed[:-16], sealed[-16:]))])
    result = doors.read(door, "jwe", token, chapter["key"], "ECDH-ES", "A128GCM")
    assert result.response == "Derived as Alice and Bob derive"
    assert refused(doors.read(door, "jwe", token, chapter["sender"], "ECDH-ES", "A128GCM"))


# Other libraries -----------------------------------------------------------------------------------------------------


SIGNATURES = [("jws", alg, None) for alg in jose_keys.SIGNATURE_ALGORITHMS]
#: every key algorithm and every content algorithm, and all their pairs
ENCRYPTIONS = [
    *(("jwe", alg, "A256GCM") for alg in jose_keys.KEY_ALGORITHMS),
    *(("jwe", alg, enc) for alg in ("dir", "A128KW") for enc in jose_keys.CONTENT_BYTES if enc != "A256GCM"),
]
ALL_ENCRYPTIONS = [("jwe", alg, enc) for alg in jose_keys.KEY_ALGORITHMS for enc in jose_keys.CONTENT_BYTES]
PAIRS = [*SIGNATURES, *ENCRYPTIONS]
SLOW_PAIRS = [pytest.param(*pair, marks=pytest.mark.slow) for pair in ALL_ENCRYPTIONS if pair not in ENCRYPTIONS]


def any_kind_of_pair(test: Any) -> Any:
    """Run a test with every algorithm, and with all pairs of them when it may take long."""
    return pytest.mark.parametrize(("kind", "alg", "enc"), [*PAIRS, *SLOW_PAIRS])(test)


@any_kind_of_pair
def test_tokens_pass_between_libraries(doors: Doors, kind: str, alg: str, enc: str | None) -> None:
    key = key_for(alg, enc or "")
    for door in DOORS:
        ours = doors.made(door, kind, CLAIMS, key, alg, enc)
        assert json.loads(read_with_jwcrypto(kind, ours, key, alg, enc)) == CLAIMS
        assert json.loads(read_with_joserfc(kind, ours, key, alg, enc)) == CLAIMS
        for make in (made_with_jwcrypto, made_with_joserfc):
            theirs = make(kind, json.dumps(CLAIMS), key, alg, enc)
            assert doors.read(door, kind, theirs, key, alg, enc).response == CLAIMS


# Attacks -------------------------------------------------------------------------------------------------------------


def refused(result: Any, *messages: str) -> bool:
    """Is the token refused, in the words of the language, with a hint for the program's author?"""
    error = result.error
    assert error is not None, f"accepted: {result.response!r}"
    assert error.message in (messages or REFUSALS), error.message
    assert error.hint
    return result.response is None


def signed(header: Any, payload: Any, sign: Any) -> str:
    """A JWS of a header and a payload, either of them also as bytes; `sign` gives the signature."""
    text = f"{part(header)}.{part(payload)}"
    return f"{text}.{encode_segment(sign(text.encode()))}"


def with_hmac(secret: bytes) -> Any:
    return lambda text: hmac.digest(secret, text, "sha256")


def with_rsa(text: bytes) -> bytes:
    """A signature of RS256 with the honest key."""
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.hashes import SHA256
    from jwcrypto.jwk import JWK

    made: bytes = JWK(**RSA).get_op_key("sign").sign(text, padding.PKCS1v15(), SHA256())
    return made


def pem_of(key: dict[str, str]) -> str:
    from jwcrypto.jwk import JWK

    return str(JWK(**public(key)).export_to_pem().decode())


#: The forms in which the public key of a server may be known, and taken for a secret.
def forms_of_public_key() -> dict[str, str]:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from jwcrypto.jwk import JWK

    known = JWK(**public(RSA)).get_op_key("verify")
    as_json = json.dumps(public(RSA))
    return {
        "PEM": pem_of(RSA),
        "PEM without its last newline": pem_of(RSA).strip(),
        "PEM behind a comment": "the server's key\n" + pem_of(RSA),
        "PKCS 1": known.public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode(),
        "OpenSSH": known.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode(),
        "JWK": as_json,
        "base64 of a JWK": base64.b64encode(as_json.encode()).decode(),
    }


@pytest.mark.parametrize("form", forms_of_public_key())
def test_a_public_key_is_no_secret(doors: Doors, door: str, form: str) -> None:
    known = forms_of_public_key()[form]
    for secret in (known.encode(), known.strip().encode()):
        forged = signed({"alg": "HS256"}, {"role": "admin"}, with_hmac(secret))
        # the program expects RS256
        assert refused(doors.read(door, "jws", forged, public(RSA), "RS256"))
        assert refused(doors.read(door, "jws", forged, known, "RS256"), "Invalid token.", "Invalid key.")
        # the program lets the token choose
        assert refused(doors.read(door, "jws", forged, known, "HS256"), "Invalid key.")
    sealed = made_with_jwcrypto("jwe", "{}", jose_keys.secret_key(known.encode()[:32]), "A256KW", "A256GCM")
    assert refused(doors.read(door, "jwe", sealed, known, "A256KW", "A256GCM"), "Invalid key.")
    assert refused(doors.read(door, "jwe", sealed, RSA, "RSA-OAEP", "A256GCM"))


def test_none_is_no_algorithm(doors: Doors, door: str) -> None:
    honest = doors.made(door, "jws", CLAIMS, RSA, "RS256")
    assert doors.read(door, "jws", honest, public(RSA), "RS256").response == CLAIMS
    signature = honest.rpartition(".")[2]
    for name in ("none", "None", "NONE", "nOnE", "", " none", None, 0, True, ["RS256"], {"alg": "RS256"}, "RS256 "):
        for header in ({"alg": name}, {"typ": "JWT"}, {"Alg": "RS256"}):
            for end in ("", signature):
                forged = f"{part(header)}.{part(CLAIMS)}.{end}"
                assert refused(doors.read(door, "jws", forged, public(RSA), "RS256"))
                assert refused(doors.read(door, "jws", forged, "a secret", "HS256"))
    for unsupported in ("none", "None", "", "HS1", "ES256K", "EdDSA"):
        error = doors.read(door, "jws", f"{part({'alg': 'none'})}.{part({})}.", "key", unsupported).error
        assert error is not None and error.message.startswith("Unsupported signature algorithm")


@pytest.mark.parametrize("alg", jose_keys.SIGNATURE_ALGORITHMS)
def test_signatures_that_were_cut_or_made_up(doors: Doors, alg: str) -> None:
    key = key_for(alg)
    token = doors.made("statement", "jws", CLAIMS, key, alg)
    assert doors.read("filter", "jws", token, key, alg).response == CLAIMS
    text, _, written = token.rpartition(".")
    signature = decode_segment(written)
    half = len(signature) // 2
    one = (1).to_bytes(half, "big")
    made_up = [b"", signature[:1], signature[:half], signature[:-1], signature[half:], signature + b"\0"]
    made_up += [b"\0" + signature, bytes(len(signature)), bytes(half) + one, one + one, b"\xff" * len(signature)]
    made_up += [signature[half:] + signature[:half], signature * 2, der_of(signature)]
    for number, forged in enumerate(made_up):
        door = DOORS[number % 2]
        assert refused(doors.read(door, "jws", f"{text}.{encode_segment(forged)}", key, alg))
    # by another's key, and for another text
    other = doors.made("statement", "jws", {**CLAIMS, "role": "admin"}, key, alg)
    assert refused(doors.read("statement", "jws", f"{other.rpartition('.')[0]}.{written}", key, alg))


def der_of(signature: bytes) -> bytes:
    """The two halves as DER, the form of signatures of curves outside tokens."""
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    half = len(signature) // 2
    return encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))


def test_the_algorithm_of_a_token_is_the_programs(doors: Doors, door: str) -> None:
    tokens = {alg: doors.made(door, "jws", CLAIMS, key_for(alg), alg) for alg in jose_keys.SIGNATURE_ALGORITHMS}
    for alg, token in tokens.items():
        for expected in jose_keys.SIGNATURE_ALGORITHMS:
            result = doors.read(door, "jws", token, key_for(expected), expected)
            assert (result.response == CLAIMS) if alg == expected else refused(result)


@pytest.fixture(scope="module")
def lure() -> Iterator[Server]:
    with serving() as server:
        yield server


def test_keys_in_a_header_are_not_used(doors: Doors, door: str, lure: Server) -> None:
    from jwcrypto.jwk import JWK

    attacker = vector("RFC 7520 6", "jws")["key"]
    address = f"{lure.url}/keys.json"
    signer = JWK(**attacker)
    for name, value in {
        "jwk": public(attacker),
        "jku": address,
        "x5u": address,
        "x5c": [base64.b64encode(b"a certificate").decode()],
        "x5t": "AAAA",
        "kid": "../../../../dev/null",
    }.items():
        forged = made_with_jwcrypto("jws", json.dumps({"role": "admin"}), attacker, "RS256")
        header = {"alg": "RS256", name: value}
        from jwcrypto.jws import JWS

        token = JWS(json.dumps({"role": "admin"}))
        token.add_signature(signer, "RS256", json.dumps(header))
        for one in (forged, token.serialize(compact=True)):
            assert refused(doors.read(door, "jws", one, public(RSA), "RS256"))
        # the same header on an honest token changes nothing
        honest = signed(header, CLAIMS, with_rsa)
        assert doors.read(door, "jws", honest, public(RSA), "RS256").response == CLAIMS
        sealed = doors.act(door, "seal", value=CLAIMS, headers={name: value}, key="key", alg="A256KW", enc="A256GCM")
        assert refused(doors.read(door, "jwe", sealed.response, "another", "A256KW", "A256GCM"))
        assert doors.read(door, "jwe", sealed.response, "key", "A256KW", "A256GCM").response == CLAIMS
    assert lure.seen == []


#: Headers of tokens that are signed well, and yet not what they must be.
BAD_HEADERS: dict[str, Any] = {
    "crit of a known name": {"alg": "RS256", "crit": ["exp"], "exp": 1},
    "crit of an unknown name": {"alg": "RS256", "crit": ["http://example.com/x"], "http://example.com/x": True},
    "empty crit": {"alg": "RS256", "crit": []},
    "crit that is no list": {"alg": "RS256", "crit": "alg"},
    "null crit": {"alg": "RS256", "crit": None},
    "b64": {"alg": "RS256", "b64": False, "crit": ["b64"]},
    "b64 without crit": {"alg": "RS256", "b64": False},
    "alg twice, none first": b'{"alg":"none","alg":"RS256"}',
    "alg twice, none last": b'{"alg":"RS256","alg":"none"}',
    "crit twice": b'{"alg":"RS256","crit":["x"],"crit":[]}',
    "kid twice": b'{"alg":"RS256","kid":"a","kid":"b"}',
    "an escaped name twice": b'{"alg":"RS256","kid":"a","k\\u0069d":"b"}',
    "a list": ["RS256"],
    "a text": "RS256",
    "null": None,
    "no JSON": b"RS256",
    "nothing": b"",
    "a byte order mark": b'\xef\xbb\xbf{"alg":"RS256"}',
    "UTF-16": '{"alg":"RS256"}'.encode("utf-16"),
    "no UTF-8": b'{"alg":"RS256","kid":"\xff"}',
    "what JSON has not": b'{"alg":"RS256","n":NaN}',
    "a comma too many": b'{"alg":"RS256",}',
    "text behind it": b'{"alg":"RS256"}{"alg":"none"}',
    "nesting": b'{"alg":"RS256","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
}


@pytest.mark.parametrize("name", BAD_HEADERS)
def test_headers_that_are_refused(doors: Doors, door: str, name: str) -> None:
    assert refused(doors.read(door, "jws", signed(BAD_HEADERS[name], CLAIMS, with_rsa), public(RSA), "RS256"))


def test_headers_of_encrypted_tokens_that_name_a_thing_twice(doors: Doors, door: str) -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    def direct(header: bytes) -> str:
        sealed = AESGCM(bytes(range(1, 33))).encrypt(bytes(12), b"{}", encode_segment(header).encode())
        return ".".join([encode_segment(header), "", *map(encode_segment, (bytes(12), sealed[:-16], sealed[-16:]))])

    key = key_for("dir", "A256GCM")
    assert doors.read(door, "jwe", direct(b'{"alg":"dir","enc":"A256GCM"}'), key, "dir", "A256GCM").response == {}
    for header in (b'{"alg":"A256KW","alg":"dir","enc":"A256GCM"}', b'{"alg":"dir","enc":"A128GCM","enc":"A256GCM"}'):
        assert refused(doors.read(door, "jwe", direct(header), key, "dir", "A256GCM"))


def spellings(token: str) -> dict[str, Any]:
    """Other texts and values that a lenient reader might take for the same token."""
    head, body, *rest = token.split(".")
    return {
        "a blank before": " " + token,
        "a newline behind": token + "\n",
        "a blank inside": f"{head}. {body}." + ".".join(rest),
        "padding": f"{head}==.{body}." + ".".join(rest),
        "a dot behind": token + ".",
        "a dot before": "." + token,
        "one part less": token.rpartition(".")[0],
        "a NUL behind": token + "\0",
        "letters of another width": token.replace(".", "\uff0e"),
        "the other alphabet": token.replace("-", "+").replace("_", "/") + ("=" if "-" not in token + "_" else "+"),
        "a last letter of other idle bits": token[:-1] + chr(ord(token[-1]) + 1),
        "a list": [token],
        "an object": {"token": token},
        "null": None,
        "a number": 7,
        "with its scheme": "Bearer " + token,
    }


def serializations(kind: str, token: str) -> dict[str, Any]:
    """A token in the two forms of JSON, as text and as value."""
    parts = token.split(".")
    if kind == "jws":
        flat = dict(zip(("protected", "payload", "signature"), parts, strict=True))
        general = {"payload": parts[1], "signatures": [{"protected": parts[0], "signature": parts[2]}]}
    else:
        flat = dict(zip(("protected", "encrypted_key", "iv", "ciphertext", "tag"), parts, strict=True))
        general = {**flat, "recipients": [{"encrypted_key": flat.pop("encrypted_key")}]}
    return {"flat text": json.dumps(flat), "general text": json.dumps(general), "flat": flat, "general": general}


@pytest.mark.parametrize("kind", ["jws", "jwe"])
def test_only_the_compact_form_is_read(doors: Doors, door: str, kind: str) -> None:
    alg, enc = ("HS256", None) if kind == "jws" else ("A256KW", "A256GCM")
    token = doors.made(door, kind, CLAIMS, "a secret", alg, enc)
    assert doors.read(door, kind, token, "a secret", alg, enc).response == CLAIMS
    for name, other in {**spellings(token), **serializations(kind, token)}.items():
        result = doors.read(door, kind, other, "a secret", alg, enc)
        assert result.error is not None and result.response is None, name
    swapped = "jwe" if kind == "jws" else "jws"
    foreign = ("A256KW", "A256GCM") if kind == "jws" else ("HS256", None)
    assert refused(doors.read(door, swapped, token, "a secret", *foreign))


@any_kind_of_pair
def test_no_changed_bit_passes(doors: Doors, kind: str, alg: str, enc: str | None) -> None:
    key = key_for(alg, enc or "")
    token = doors.made("statement", kind, CLAIMS, key, alg, enc)
    draw = random.Random(f"{alg} {enc}")
    for door, parts in [(name, token.split(".")) for name in DOORS for _ in range(3)]:
        place = draw.choice([number for number, segment in enumerate(parts) if segment])
        data = bytearray(decode_segment(parts[place]))
        bit = draw.randrange(len(data) * 8)
        data[bit // 8] ^= 1 << bit % 8
        parts[place] = encode_segment(bytes(data))
        assert refused(doors.read(door, kind, ".".join(parts), key, alg, enc))


@pytest.mark.parametrize("enc", jose_keys.CONTENT_BYTES)
@pytest.mark.parametrize("alg", ["A256KW", "A128GCMKW", "dir"])
def test_parts_of_encrypted_tokens_that_were_cut(doors: Doors, alg: str, enc: str) -> None:
    key = key_for(alg, enc)
    token = doors.made("statement", "jwe", CLAIMS, key, alg, enc)
    parts = token.split(".")
    for place, segment in enumerate(parts):
        data = decode_segment(segment)
        for changed in {b"", data[:1], data[:4], data[: len(data) // 2], data[:-1], data + b"\0", data * 2} - {data}:
            other = [*parts[:place], encode_segment(changed), *parts[place + 1 :]]
            assert refused(doors.read("statement", "jwe", ".".join(other), key, alg, enc))


def test_tags_of_wrapped_keys_are_not_cut(doors: Doors, door: str) -> None:
    key = key_for("A256GCMKW")
    first, *rest = doors.made(door, "jwe", CLAIMS, key, "A256GCMKW", "A256GCM").split(".")
    header = json.loads(decode_segment(first))
    for changes in ({"tag": part(b"")}, {"tag": header["tag"][:6]}, {"iv": part(b"")}, {"iv": 7}, {"tag": None}):
        forged = ".".join([part({**header, **changes}), *rest])
        assert refused(doors.read(door, "jwe", forged, key, "A256GCMKW", "A256GCM"))
    for missing in ("tag", "iv"):
        short = {name: value for name, value in header.items() if name != missing}
        assert refused(doors.read(door, "jwe", ".".join([part(short), *rest]), key, "A256GCMKW", "A256GCM"))


def test_points_that_do_not_lie_on_the_curve(doors: Doors, door: str) -> None:
    key = CURVES["P-256"]
    first, *rest = doors.made(door, "jwe", CLAIMS, key, "ECDH-ES", "A256GCM").split(".")
    header = json.loads(decode_segment(first))
    point = header["epk"]
    for epk in (
        {**point, "y": part(b"\1" * 32)},
        {**point, "x": part(bytes(32)), "y": part(bytes(32))},
        {"kty": "EC", "crv": "P-256", "x": point["x"]},
        public(CURVES["P-384"]),
        public(RSA),
        {"kty": "oct", "k": "AAAA"},
        {"kty": "OKP", "crv": "X25519", "x": part(bytes(32))},
        {},
        None,
        "AAAA",
    ):
        forged = ".".join([part({**header, "epk": epk}), *rest])
        assert refused(doors.read(door, "jwe", forged, key, "ECDH-ES", "A256GCM"))


# Costly tokens -------------------------------------------------------------------------------------------------------


def test_a_token_cannot_ask_for_work(doors: Doors, door: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

    derived: list[int] = []
    monkeypatch.setattr(PBKDF2HMAC, "derive", lambda *_: derived.append(1) or bytes(32))
    header = {"alg": "PBES2-HS256+A128KW", "enc": "A256GCM", "p2s": part(bytes(8)), "p2c": 2**31 - 1}
    token = ".".join([part(header), *map(part, (bytes(24), bytes(12), b"text", bytes(16)))])
    assert refused(doors.read(door, "jwe", token, "a secret", "A256KW", "A256GCM"))
    error = doors.read(door, "jwe", token, "a secret", "PBES2-HS256+A128KW", "A256GCM").error
    assert error is not None and error.message.startswith("Unsupported key algorithm")
    assert derived == []


def sealed_with(zipped: bytes, header: dict[str, Any]) -> str:
    """A token made by somebody who knows the key, its payload compressed by other rules."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    named = part({"alg": "dir", "enc": "A256GCM", **header})
    sealed = AESGCM(bytes(range(1, 33))).encrypt(bytes(12), zipped, named.encode())
    return ".".join([named, "", *map(encode_segment, (bytes(12), sealed[:-16], sealed[-16:]))])


def deflated(text: bytes) -> bytes:
    return zlib.compress(text, 9)[2:-4]


def test_a_small_token_does_not_fill_the_memory(doors: Doors, door: str) -> None:
    key = key_for("dir", "A256GCM")
    small = sealed_with(deflated(b'"' + b"0" * 1000 + b'"'), {"zip": "DEF"})
    assert doors.read(door, "jwe", small, key, "dir", "A256GCM").response == "0" * 1000
    bomb = sealed_with(deflated(bytes(8 * jose.MAX_PAYLOAD)), {"zip": "DEF"})
    assert len(bomb) < 200_000
    tracemalloc.start()
    try:
        result = doors.read(door, "jwe", bomb, key, "dir", "A256GCM")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refused(result)
    assert peak < 4 * jose.MAX_PAYLOAD


@pytest.mark.parametrize(
    ("payload", "header"),
    [
        (b"no deflated data", {"zip": "DEF"}),
        (b"", {"zip": "DEF"}),
        (deflated(b'"text"')[:-2], {"zip": "DEF"}),
        (zlib.compress(b'"text"'), {"zip": "DEF"}),
        (b'"text"', {"zip": "GZIP"}),
        (b'"text"', {"zip": "def"}),
        (b'"text"', {"zip": None}),
        (b'"text"', {"zip": ["DEF"]}),
    ],
)
def test_payloads_compressed_by_other_rules(doors: Doors, door: str, payload: bytes, header: dict[str, Any]) -> None:
    assert refused(doors.read(door, "jwe", sealed_with(payload, header), key_for("dir", "A256GCM"), "dir", "A256GCM"))


# Keys and times ------------------------------------------------------------------------------------------------------


KEYS = {
    "RSA": RSA,
    **CURVES,
    "OKP": {"kty": "OKP", "crv": "X25519", "x": "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"},
    "oct": jose_keys.secret_key(bytes(range(1, 65))),
}


def fits(name: str, alg: str) -> bool:
    """Is the key of the kind that the algorithm needs?"""
    if alg in jose_keys.RSA_SIGNATURES or alg in jose_keys.RSA_ENCRYPTIONS:
        return name == "RSA"
    if alg in jose_keys.CURVE_OF_SIGNATURE:
        return name == jose_keys.CURVE_OF_SIGNATURE[alg]
    if alg in jose_keys.CURVE_ALGORITHMS:
        return name in (*CURVES, "OKP")
    return name == "oct"


@pytest.mark.parametrize(("kind", "alg", "enc"), PAIRS)
def test_keys_of_another_kind(doors: Doors, door: str, kind: str, alg: str, enc: str | None) -> None:
    token = doors.made(door, kind, CLAIMS, key_for(alg, enc or ""), alg, enc)
    for name, key in KEYS.items():
        act = "sign" if kind == "jws" else "seal"
        if fits(name, alg):
            assert doors.act(door, act, value=CLAIMS, key=key, alg=alg, enc=enc).error is None
            continue
        assert refused(doors.act(door, act, value=CLAIMS, key=key, alg=alg, enc=enc), "Invalid key.")
        assert refused(doors.read(door, kind, token, key, alg, enc), "Invalid key.", "Invalid token.")


@pytest.mark.parametrize(
    "key", ["", "  \n", {"kty": "oct", "k": ""}, {"kty": "oct"}, {}, [], None, True, '{"kty":"oct"}']
)
def test_an_empty_key_is_no_key(doors: Doors, door: str, key: Any) -> None:
    forged = signed({"alg": "HS256"}, {"role": "admin"}, with_hmac(b""))
    assert doors.read(door, "jws", forged, key, "HS256").error is not None
    assert doors.act(door, "sign", value={}, key=key, alg="HS256").error is not None
    assert doors.act(door, "seal", value={}, key=key, alg="A256KW", enc="A256GCM").error is not None


@pytest.mark.parametrize("claim", ["exp", "nbf"])
@pytest.mark.parametrize(
    "written", ['"9999999999"', "null", "true", "[]", "{}", "1" + "0" * 400, "-1" + "0" * 400, "1e400", "NaN", '"x"']
)
def test_times_that_are_none(doors: Doors, door: str, claim: str, written: str) -> None:
    token = signed({"alg": "HS256"}, f'{{"{claim}":{written}}}'.encode(), with_hmac(b"a secret"))
    result = doors.read(door, "jws", token, "a secret", "HS256")
    if result.error is None:  # not JSON: a text without claims; or a time that has not come, or will not
        assert isinstance(result.response, str) or written.lstrip("-").startswith("1")
    else:
        assert refused(result, f"Invalid claim: {claim}", "This token is expired.")


# Fuzz ----------------------------------------------------------------------------------------------------------------


def attack_at_random(doors: Doors, seed: int, rounds: int) -> None:
    """Tokens put together from the parts of others, cut, joined and with bits changed: none passes."""
    draw = random.Random(seed)
    stock = [(kind, doors.made("statement", kind, CLAIMS, key_for(alg, enc or ""), alg, enc), alg, enc)
             for kind, alg, enc in draw.sample(PAIRS, 8)]  # fmt: skip
    honest = {token for _, token, _, _ in stock}
    for number in range(rounds):
        kind, token, alg, enc = draw.choice(stock)
        parts = token.split(".")
        for _ in range(draw.randrange(1, 3)):
            place = draw.randrange(len(parts))
            source = draw.choice(stock)[1].split(".")
            data = parts[place].encode()
            with suppress(ValueError):  # what was changed before need not be base64url any more
                data = decode_segment(parts[place])
            parts[place] = draw.choice(
                [
                    draw.choice(source),
                    encode_segment(draw.randbytes(draw.randrange(40))),
                    encode_segment(data[: draw.randrange(len(data) + 1)]),
                    parts[place] + draw.choice("Aa-_=.+ é"),
                    encode_segment(data.replace(b'"', draw.choice([b'""', b"'", b'"x":1,"']), 1)),
                ]
            )
        forged = ".".join(parts)
        if forged not in honest:
            assert refused(doors.read(DOORS[number % 2], kind, forged, key_for(alg, enc or ""), alg, enc))


def test_tokens_at_random(doors: Doors) -> None:
    attack_at_random(doors, seed=1, rounds=300)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 12))
def test_more_tokens_at_random(doors: Doors, seed: int) -> None:
    attack_at_random(doors, seed, rounds=3_000)
