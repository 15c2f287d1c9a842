"""Keys, JSON tokens, ciphers, passwords and auth tokens: the services, and the builtins called directly."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xsrun.errors import InputError, LimitError, UnauthorizedError, UsageError, XanoScriptError
from xsrun.fields import passwords
from xsrun.filters import security as filters
from xsrun.running.context import Context, Limits
from xsrun.services import ciphers, jose, jose_keys
from xsrun.services.tokens import AuthToken, TokenService
from xsrun.statements import security as statements

NOW = 1_700_000_000_000
KEY = {"kty": "oct", "k": jose_keys.encode_segment(bytes(range(64)))}


def at(milliseconds: int = NOW) -> Context:
    """A context whose clock stands still."""
    return Context(clock=lambda: milliseconds)


def segments(token: str) -> list[bytes]:
    return [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split(".")]


def raised(call: Callable[[], Any]) -> XanoScriptError:
    with pytest.raises(XanoScriptError) as caught:
        call()
    return caught.value


def seal(claims: Any, ttl: int = 0, now: int = NOW, **options: Any) -> str:
    return statements.jwe_encode(at(now), KEY, claims, {}, "A256KW", "A256GCM", ttl, **options)


def unseal(token: str, now: int = NOW, key: Any = KEY, check_claims: Any = None, drift: int = 0) -> Any:
    return statements.jwe_decode(at(now), token, key, check_claims, "A256KW", "A256GCM", drift)


# What is declared ----------------------------------------------------------------------------------------------------


def test_importing_the_modules_loads_no_cryptography() -> None:
    code = (
        "import sys, xsrun.statements.security, xsrun.filters.security, xsrun.services.tokens\n"
        "print([name for name in ('jwcrypto', 'cryptography') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Encrypted tokens ----------------------------------------------------------------------------------------------------


def test_a_512_bit_key_wraps_with_its_first_32_bytes() -> None:
    from jwcrypto.jwe import JWE
    from jwcrypto.jwk import JWK

    key = statements.create_secret_key(at(), 512)
    token = statements.jwe_encode(at(), key, {"data": "secret"}, {"alg": "A256KW"}, "A256KW", "A256GCM", 3600)
    opened = JWE()
    opened.deserialize(token)
    opened.decrypt(JWK(kty="oct", k=jose_keys.encode_segment(segments(key["k"])[0][:32])))
    seconds = NOW // 1000
    assert list(json.loads(opened.payload).items()) == [
        ("data", "secret"),
        ("iat", seconds),
        ("nbf", seconds),
        ("exp", seconds + 3600),
    ]


def test_another_library_reads_our_tokens_and_we_read_its() -> None:
    from joserfc import jwe, jws
    from joserfc.jwk import OctKey

    registry_of_jwe = jwe.JWERegistry(algorithms=["A256KW", "A256GCM", "DEF"])
    their_key = OctKey.import_key(bytes(range(32)))
    theirs = jwe.decrypt_compact(seal({"a": [1, "ø"]}), their_key, registry=registry_of_jwe)
    assert theirs.protected == {"alg": "A256KW", "enc": "A256GCM", "zip": "DEF"}
    assert theirs.plaintext is not None and json.loads(theirs.plaintext) == {"a": [1, "ø"]}

    header = {"alg": "A256KW", "enc": "A256GCM"}
    plain = jwe.encrypt_compact(header, b'{"b":2}', their_key, registry=registry_of_jwe)
    assert unseal(plain) == {"b": 2}
    deflated = jwe.encrypt_compact({**header, "zip": "DEF"}, b'{"b":2}', their_key, registry=registry_of_jwe)
    assert unseal(deflated) == {"b": 2}

    signed = statements.jws_encode(at(), KEY, {"sub": "7"}, {}, "HS256")
    checked = jws.deserialize_compact(signed, OctKey.import_key(bytes(range(64))))
    assert json.loads(checked.payload) == {"sub": "7"}
    foreign = jws.serialize_compact({"alg": "HS256", "typ": "JWT"}, b'{"sub":"8"}', OctKey.import_key(bytes(range(64))))
    assert statements.jws_decode(at(), foreign, KEY) == {"sub": "8"}


def test_the_header_of_an_encrypted_token_is_alg_enc_zip() -> None:
    for headers in ({"alg": "A256KW"}, {}, None, [], '{"zip":"no","enc":"x"}'):
        token = statements.jwe_encode(at(), KEY, {}, headers, "A256KW", "A256GCM", 0)
        assert segments(token)[0] == b'{"alg":"A256KW","enc":"A256GCM","zip":"DEF"}'
    token = statements.jwe_encode(at(), KEY, {}, {"kid": "k1", "alg": "none"}, "A256KW", "A256GCM", 0)
    assert segments(token)[0] == b'{"kid":"k1","alg":"A256KW","enc":"A256GCM","zip":"DEF"}'


@pytest.mark.parametrize("content", list(jose_keys.CONTENT_BYTES))
@pytest.mark.parametrize("algorithm", jose_keys.KEY_ALGORITHMS)
def test_every_pair_of_algorithms(algorithm: str, content: str) -> None:
    claims = {"a": 1, "æ": [None, 1.5]}
    key = key_for(algorithm)
    token = statements.jwe_encode(at(), key, claims, None, algorithm, content, 60)
    assert statements.jwe_decode(at(), token, key, {"a": 1}, algorithm, content)["æ"] == [None, 1.5]
    header = json.loads(segments(token)[0])
    assert (header["alg"], header["enc"], header["zip"]) == (algorithm, content, "DEF")


RSA_KEY = jose_keys.create_rsa(2048)
CURVE_KEYS = {curve: jose_keys.create_curve(curve) for curve in jose_keys.CURVES}


def key_for(algorithm: str) -> Any:
    if algorithm in jose_keys.RSA_ENCRYPTIONS or algorithm in jose_keys.RSA_SIGNATURES:
        return RSA_KEY
    if algorithm in jose_keys.CURVE_ALGORITHMS:
        return CURVE_KEYS["P-384"]
    curve = jose_keys.CURVE_OF_SIGNATURE.get(algorithm)
    return CURVE_KEYS[curve] if curve else "short"


def test_no_token_inflates_without_limit() -> None:
    from jwcrypto.jwe import JWE

    key = jose_keys.encryption_key(KEY, "A256KW", "A256GCM")
    huge = json.dumps("0" * (jose.MAX_PAYLOAD + 1))
    header = '{"alg":"A256KW","enc":"A256GCM","zip":"DEF"}'
    bomb = JWE(huge, header, recipient=key).serialize(compact=True)
    assert len(bomb) < 100_000
    error = raised(lambda: unseal(bomb))
    assert (error.message, "inflates" in (error.hint or "")) == ("Invalid token.", True)


def test_what_is_too_large_to_read_is_not_written() -> None:
    import random

    noise = random.Random(1).randbytes(300_000).hex()
    assert len(zlib.compress(noise.encode())) > jose.MAX_DEFLATED
    assert raised(lambda: seal(noise)).message == "The payload is too large for a token."
    assert unseal(seal("0" * 1_000_000)) == "0" * 1_000_000


# Signed tokens -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", jose_keys.SIGNATURE_ALGORITHMS)
def test_every_signature_algorithm(algorithm: str) -> None:
    key = key_for(algorithm)
    token = statements.jws_encode(at(), key, {"b": 2, "a": 1}, {"alg": "HS384"}, algorithm, 10)
    header, payload, _ = segments(token)
    assert header == f'{{"alg":"{algorithm}"}}'.encode()
    assert payload == b'{"b":2,"a":1,"iat":1700000000,"nbf":1700000000,"exp":1700000010}'
    assert statements.jws_decode(at(), token, key, None, algorithm)["a"] == 1


@pytest.mark.parametrize(("algorithm", "digest"), [("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512")])
@given(key=st.binary(min_size=1, max_size=200).filter(lambda data: data.strip()))
@settings(max_examples=20)
def test_an_hmac_key_of_any_length_is_used_whole(algorithm: str, digest: str, key: bytes) -> None:
    import hmac

    jwk = jose_keys.secret_key(key)
    token = statements.jws_encode(at(), jwk, {"a": 1}, None, algorithm)
    signed, _, signature = token.rpartition(".")
    assert segments(signature)[0] == hmac.digest(key, signed.encode(), digest)
    assert statements.jws_decode(at(), token, jwk, None, algorithm) == {"a": 1}


def test_given_headers_come_first_and_never_name_the_algorithm() -> None:
    token = statements.jws_encode(at(), "k", {}, {"typ": "JWT", "alg": "none", "kid": "1"}, "HS512")
    assert segments(token)[0] == b'{"typ":"JWT","kid":"1","alg":"HS512"}'
    for name in ("crit", "b64"):
        assert raised(lambda name=name: statements.jws_encode(at(), "k", {}, {name: []})).message.endswith(name)


def test_the_public_half_verifies_and_cannot_sign() -> None:
    for algorithm, key in (("RS256", RSA_KEY), ("ES256", CURVE_KEYS["P-256"])):
        public = {name: key[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in key}
        token = statements.jws_encode(at(), key, {"a": 1}, None, algorithm)
        assert statements.jws_decode(at(), token, public, None, algorithm) == {"a": 1}
        assert (
            raised(lambda a=algorithm, p=public: statements.jws_encode(at(), p, {}, None, a)).message == "Invalid key."
        )


# What is refused -----------------------------------------------------------------------------------------------------


def test_times_are_checked_with_leeway() -> None:
    token = seal({"a": 1}, ttl=60)
    assert unseal(token, NOW + 59_999)["a"] == 1
    error = raised(lambda: unseal(token, NOW + 60_000))
    assert (error.message, error.code, error.status) == ("This token is expired.", "ERROR_FATAL", 500)
    assert unseal(token, NOW + 60_000, drift=1)["a"] == 1
    assert raised(lambda: unseal(token, NOW - 1)).message == "Invalid claim: nbf"
    assert unseal(token, NOW - 1, drift=1)["a"] == 1
    assert raised(lambda: unseal(seal({}, ttl=-5))).message == "This token is expired."
    assert raised(lambda: unseal(seal({"exp": "soon"}))).message == "Invalid claim: exp"
    assert raised(lambda: unseal(seal({"exp": NOW // 1000 - 1}))).message == "This token is expired."


def test_ttl_zero_adds_nothing_and_times_need_an_object() -> None:
    assert unseal(seal({"a": 1})) == {"a": 1}
    assert unseal(seal("hello")) == "hello"
    assert unseal(seal(None, ttl=5)) == {"iat": 1700000000, "nbf": 1700000000, "exp": 1700000005}
    assert raised(lambda: seal("hello", ttl=5)).hint is not None


def test_the_filters_wrap_a_text_in_claims() -> None:
    for ttl, added in ((0, {}), (60, {"exp": 1700000060})):
        token = filters.jws_encode(at(), "hello", {}, "key", "HS256", ttl)
        held = {"@xano": "hello", "iat": 1700000000, "nbf": 1700000000, **added}
        assert statements.jws_decode(at(), token, "key") == held
        assert filters.jws_decode(at(), token, {}, "key", "HS256") == "hello"
        sealed = filters.jwe_encode(at(), "hello", {}, "key", "A128KW", "A128GCM", ttl)
        assert statements.jwe_decode(at(), sealed, "key", None, "A128KW", "A128GCM") == held
        assert filters.jwe_decode(at(), sealed, {}, "key", "A128KW", "A128GCM") == "hello"
    other = {"@xano": "hello", "role": "pilot"}
    assert filters.jws_decode(at(), filters.jws_encode(at(), other, {}, "key", "HS256"), {}, "key", "HS256") == other


@pytest.mark.parametrize(
    ("claims", "wanted", "name"),
    [
        ({"role": "user"}, {"role": "admin"}, "role"),
        ({"role": "user"}, {"other": "user"}, "other"),
        ({"id": 7}, {"id": "7"}, "id"),
        ({"id": 0}, {"id": None}, "id"),
        ({"id": True}, {"id": 1}, "id"),
        ("text", {"id": 1}, "id"),
        ({"aud": ["a", "b"]}, {"aud": "c"}, "aud"),
    ],
)
def test_claims_that_differ(claims: Any, wanted: Any, name: str) -> None:
    assert raised(lambda: unseal(seal(claims), check_claims=wanted)).message == f"Invalid claim: {name}"


def test_claims_that_hold() -> None:
    token = seal({"id": 7, "aud": ["a", "b"], "tags": {"x": [1]}})
    for wanted in ({"id": 7}, {"id": 7.0}, {"aud": "b"}, {"aud": ["a", "b"]}, {"tags": {"x": [1]}}, {}, [], "", None):
        assert unseal(token, check_claims=wanted)["id"] == 7


#: What the engine says of a text that is not a JWS, and of one that is not a JWE.
NO_TOKEN = "Unable to load and verify the token.", "Unsupported input"


@given(st.data())
@settings(max_examples=60)
def test_no_changed_character_passes(data: st.DataObject) -> None:
    for token, read in (
        (seal({"a": 1}), unseal),
        (statements.jws_encode(at(), "key", {"a": 1}), lambda text: statements.jws_decode(at(), text, "key")),
    ):
        place = data.draw(st.integers(0, len(token) - 1))
        letter = data.draw(st.sampled_from("AQgw-_.9=+ é"))
        changed = token[:place] + letter + token[place + 1 :]
        if changed != token:
            assert raised(lambda read=read, changed=changed: read(changed)).message in ("Invalid token.", *NO_TOKEN)


@given(st.text(max_size=60) | st.from_regex(r"[A-Za-z0-9_-]{0,9}(\.[A-Za-z0-9_-]{0,9}){2,4}", fullmatch=True))
@settings(max_examples=40)
def test_no_text_crashes_a_decoder(token: str) -> None:
    assert raised(lambda: unseal(token)).message == NO_TOKEN[1]
    assert raised(lambda: statements.jws_decode(at(), token, "key")).message == NO_TOKEN[0]


def test_only_the_named_algorithm_and_key_are_accepted() -> None:
    token = statements.jws_encode(at(), "key", {"a": 1}, None, "HS256")
    assert raised(lambda: statements.jws_decode(at(), token, "key", None, "HS512")).message == "Invalid token."
    assert raised(lambda: statements.jws_decode(at(), token, "another")).message == "Invalid token."
    unsigned = ".".join([jose_keys.encode_segment(b'{"alg":"none"}'), jose_keys.encode_segment(b"{}"), ""])
    assert raised(lambda: statements.jws_decode(at(), unsigned, "key")).message == "Invalid token."
    assert "none" in raised(lambda: statements.jws_decode(at(), unsigned, "key", None, "none")).message
    assert "none" in raised(lambda: statements.jws_encode(at(), "key", {}, None, "none")).message
    sealed = seal({"a": 1})
    other = lambda: statements.jwe_decode(at(), sealed, KEY, None, "A128KW", "A256GCM")  # noqa: E731
    assert raised(other).message == "Invalid token."
    assert raised(lambda: unseal(sealed, key="another")).message == "Invalid token."
    hint = raised(lambda: statements.jws_decode(at(), sealed, KEY)).hint
    assert hint is not None and "jwe_decode" in hint


def test_a_public_key_never_serves_as_a_secret() -> None:
    from jwcrypto.jwk import JWK

    pem = JWK(**RSA_KEY).export_to_pem().decode()
    forged = statements.jws_encode(at(), jose_keys.secret_key(pem.encode()), {"admin": True}, None, "HS256")
    assert raised(lambda: statements.jws_decode(at(), forged, pem, None, "RS256")).message == "Invalid token."
    assert raised(lambda: statements.jws_decode(at(), forged, pem, None, "HS256")).message == "Invalid key."


# Keys ----------------------------------------------------------------------------------------------------------------


def test_a_key_may_be_written_in_every_form() -> None:
    as_json = json.dumps(KEY)
    for form in (KEY, as_json, f" {as_json}\n", base64.b64encode(as_json.encode()).decode()):
        assert unseal(seal({"a": 1}), key=form) == {"a": 1}
    secret = statements.jws_encode(at(), "signing_key", {"a": 1})
    assert statements.jws_decode(at(), secret, jose_keys.secret_key(b"signing_key")) == {"a": 1}
    assert statements.jws_decode(at(), secret, b"signing_key") == {"a": 1}
    for text in ("{not json", "eyJub3QiOiJhIGtleSJ9", "bm90IGEga2V5"):  # plain secrets, whatever they look like
        assert jose_keys.read_key(text) == jose_keys.secret_key(text.encode())


def test_pem_keys() -> None:
    from jwcrypto.jwk import JWK

    for algorithm, key in (("RS256", RSA_KEY), ("PS384", RSA_KEY), ("ES512", CURVE_KEYS["P-521"])):
        private = JWK(**key).export_to_pem(private_key=True, password=None).decode()
        public = JWK(**key).export_to_pem().decode()
        token = statements.jws_encode(at(), private, {"a": 1}, None, algorithm)
        assert statements.jws_decode(at(), token, public, None, algorithm) == {"a": 1}
    assert raised(lambda: jose_keys.read_key("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n")).message == "Invalid key."


@pytest.mark.parametrize(
    "key",
    [
        None, "", "  ", [], [1], True, {}, {"kty": "oct"}, {"kty": "oct", "k": ""}, {"kty": "oct", "k": "*"},
        {"kty": "oct", "k": 5}, {"kty": "made-up", "k": "AAAA"}, {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ"}, {"generate": "RSA", "size": 65536},
    ],
)  # fmt: skip
def test_what_is_no_key(key: Any) -> None:
    assert raised(lambda: statements.jws_encode(at(), key, {})).message == "Invalid key."
    assert raised(lambda: statements.jwe_encode(at(), key, {})).message == "Invalid key."


def test_a_key_that_would_take_minutes_to_load_is_refused() -> None:
    assert "8192 bits" in (raised(lambda: jose_keys.read_key({**RSA_KEY, "n": "A" * 20_000})).hint or "")
    assert "bytes" in (raised(lambda: jose_keys.read_key("-----BEGIN" + "A" * 20_000)).hint or "")


def test_a_key_of_another_kind() -> None:
    for algorithm, key in (("HS256", RSA_KEY), ("RS256", KEY), ("ES256", CURVE_KEYS["P-384"]), ("ES256", "text")):
        assert raised(lambda a=algorithm, k=key: statements.jws_encode(at(), k, {}, None, a)).message == "Invalid key."
    for algorithm, key in (("A256KW", RSA_KEY), ("RSA-OAEP", KEY), ("ECDH-ES", "text"), ("dir", CURVE_KEYS["P-256"])):
        assert raised(lambda a=algorithm, k=key: statements.jwe_encode(at(), k, {}, {}, a)).message == "Invalid key."


def test_new_keys() -> None:
    key = statements.create_secret_key(at(), 1024)
    assert list(key) == ["kty", "k"] and len(key["k"]) == 171
    assert list(RSA_KEY) == ["kty", "n", "e", "d", "p", "q", "dp", "dq", "qi"]
    assert {curve: len(key["x"]) for curve, key in CURVE_KEYS.items()} == {"P-256": 43, "P-384": 64, "P-521": 88}
    assert list(CURVE_KEYS["P-256"]) == ["kty", "crv", "d", "x", "y"]
    for made in (
        statements.create_secret_key(at(), 256, "base64"),
        statements.create_rsa_key(1024, "base64"),
        statements.create_curve_key("P-256", "base64"),
    ):
        assert jose_keys.read_key(made)["kty"] == json.loads(base64.b64decode(made))["kty"]


def test_keys_that_cannot_be_made() -> None:
    for call in (
        lambda: statements.create_secret_key(at(), 0),
        lambda: statements.create_secret_key(at(), 12),
        lambda: statements.create_secret_key(at(), 256, "pem"),
        lambda: statements.create_rsa_key(512),
        lambda: statements.create_rsa_key(65536),
        lambda: statements.create_curve_key("P-1"),
    ):
        error = raised(call)
        assert isinstance(error, InputError) and error.hint
    with pytest.raises(LimitError):
        statements.create_secret_key(Context(limits=Limits(size=10)), 1024)


# Laws ----------------------------------------------------------------------------------------------------------------

scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    scalars | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_encode_then_decode_gives_any_value_back(value: Any) -> None:
    signed = filters.jws_encode(at(), value, {}, "k", "HS256")
    # a program's own times would be checked
    named = value if isinstance(value, dict) else {}
    if not {"exp", "nbf"} & named.keys():
        assert filters.jws_decode(at(), signed, {}, "k", "HS256") == value
        sealed = filters.jwe_encode(at(), value, {}, "k", "A128KW", "A128CBC-HS256")
        assert filters.jwe_decode(at(), sealed, {}, "k", "A128KW", "A128CBC-HS256") == value


CIPHERS = [
    *(f"aes-{bits}-{mode}" for bits in (128, 192, 256) for mode in ["cbc", "ecb", "ctr", "cfb", "cfb8", "ofb", "gcm"]),
    "AES256", "des-ede3-cbc", "des-ede3", "chacha20-poly1305",
]  # fmt: skip


@given(st.sampled_from(CIPHERS), st.binary(max_size=50), st.binary(max_size=50), st.binary(min_size=8, max_size=24))
@settings(max_examples=200)
def test_encrypt_then_decrypt_gives_any_bytes_back(algorithm: str, data: bytes, key: bytes, vector: bytes) -> None:
    sealed = ciphers.encrypt(data, algorithm, key, vector)
    assert ciphers.decrypt(sealed, algorithm, key, vector) == data


@given(st.integers(-(2**63), 2**63 - 1), st.text(max_size=10))
def test_secure_ids_give_any_id_back(number: int, salt: str) -> None:
    token = filters.secureid_encode(number, salt)
    assert filters.secureid_decode(token, salt) == number
    assert raised(lambda: filters.secureid_decode(token, salt + "x")).message == "Invalid secure id."


@pytest.mark.parametrize("token", ["", ".", "a.b", "ZlV3Lg.-0-UZyQ9xQk", "ZlV3Lg", "é.é", "n1nbxQ.Qvk9mGfi-UU.x"])
def test_what_is_no_secure_id(token: str) -> None:
    assert raised(lambda: filters.secureid_decode(token, "my_salt")).message == "Invalid secure id."


# Ciphers -------------------------------------------------------------------------------------------------------------


def test_keys_and_vectors_are_cut_and_padded_as_openssl_does() -> None:
    vector = b"0123456789abcdef"
    short = ciphers.encrypt(b"Hello World", "aes-256-cbc", b"my-secret-key-1234", vector)
    assert short == ciphers.encrypt(b"Hello World", "aes-256-cbc", b"my-secret-key-1234" + bytes(14), vector)
    long = ciphers.encrypt(b"Hello World", "aes-128-cbc", b"x" * 40, vector + b"more")
    assert long == ciphers.encrypt(b"Hello World", "aes-128-cbc", b"x" * 16, vector)
    assert ciphers.encrypt(b"a", "aes-128-cbc", b"k", b"iv") == ciphers.encrypt(
        b"a", "aes-128-cbc", b"k", b"iv" + bytes(14)
    )


@pytest.mark.parametrize(
    ("algorithm", "sealed"),
    [  # made with: openssl enc -ALGORITHM -K <hex of the key> -iv <hex of the vector>
        ("aes-256-cbc", "ec7dd287ab9dc4b4e44225dc7c6af3b7"),
        ("aes-192-ctr", "87f59299ee68e4bf1dd4478a5e9915"),
        ("aes-128-ecb", "8168e05d29f431bf4b609ae8cea66f95"),
        ("aes-256-cfb", "7aacd0eb6b9e36f0992d97478f8dfd"),
        ("aes-256-cfb8", "7aa6d0e1c7110a42d5ecfd9d4af7d1"),
        ("aes-128-ofb", "891e577292a20d9c4b5ec7fc564998"),
        ("des-ede3-cbc", "5c649c40ffda57d682788fd838cd145d"),
    ],
)
def test_openssl_made_the_same_bytes(algorithm: str, sealed: str) -> None:
    key, vector = b"0123456789abcdef0123456789abcdef", b"abcdef9876543210"
    assert ciphers.encrypt(b"the tide is out", algorithm, key, vector).hex() == sealed


def test_the_tag_of_gcm_follows_the_data() -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    sealed = ciphers.encrypt(b"data", "aes-256-gcm", b"k" * 32, b"n" * 12)
    assert sealed == AESGCM(b"k" * 32).encrypt(b"n" * 12, b"data", None)
    changed = bytes([sealed[0] ^ 1]) + sealed[1:]
    for data, key in ((changed, b"k" * 32), (sealed, b"other"), (sealed[:9], b"k" * 32)):
        assert raised(lambda d=data, k=key: ciphers.decrypt(d, "aes-256-gcm", k, b"n" * 12)).hint
    assert raised(lambda: ciphers.encrypt(b"data", "aes-256-gcm", b"k", b"short")).hint


def test_what_cannot_be_decrypted() -> None:
    vector = b"0123456789abcdef"
    sealed = ciphers.encrypt(b"Hello World", "aes-256-cbc", b"right", vector)
    for data, key in ((sealed, b"wrong"), (sealed[:-1], b"right"), (b"", b"right")):
        error = raised(lambda d=data, k=key: ciphers.decrypt(d, "aes-256-cbc", k, vector))
        assert error.message == "Unable to decrypt the data." and error.hint
    error = raised(lambda: ciphers.encrypt(b"", "rot13", b"k", vector))
    assert error.message == "Invalid algorithm mode." and "rot13" in (error.hint or "")
    assert raised(lambda: statements.encrypt("a", "k", b"\xff")).code == "ERROR_FATAL"  # type: ignore[arg-type]


def test_ciphers_speak_text_and_bytes() -> None:
    sealed = statements.encrypt("æ ø å", "key", "aes-128-cbc", b"\xff" * 16)
    assert statements.decrypt(sealed, b"key", "aes-128-cbc", b"\xff" * 16) == "æ ø å"
    noise = statements.encrypt(b"\xff\x00", "key", "aes-128-ctr")
    assert statements.decrypt(noise, "key", "aes-128-ctr") == b"\xff\x00"


# Passwords -----------------------------------------------------------------------------------------------------------


def test_passwords() -> None:
    stored = passwords.hash_password("Secret1")
    assert passwords.is_hash(stored) and stored != passwords.hash_password("Secret1")
    assert passwords.check_password("Secret1", stored)
    assert not passwords.check_password("secret1", stored)
    for text, against in ((None, stored), ("Secret1", None), ("Secret1", "Secret1"), (stored, stored), ("", "")):
        assert not statements.check_password(text, against)
    for no_hash in ("", stored[:-1], stored + "\n", stored.upper(), None, 5):
        assert not passwords.is_hash(no_hash)


@given(st.integers(4, 40), st.booleans(), st.booleans(), st.booleans(), st.booleans(), st.text("#~?=", max_size=4))
def test_a_new_password_has_what_is_required_and_nothing_else(
    length: int, lower: bool, upper: bool, digit: bool, symbol: bool, symbols: str
) -> None:
    made = statements.create_password(at(), length, lower, upper, digit, symbol, symbols)
    kinds = [
        (lower, str.islower),
        (upper, str.isupper),
        (digit, str.isdigit),
        (symbol, lambda letter: letter in (symbols or passwords.SYMBOLS)),
    ]
    assert len(made) == length
    for wanted, kind in kinds:
        if wanted:
            assert any(map(kind, made))
        elif lower or upper or digit or symbol:
            assert not any(map(kind, made))


def test_passwords_that_cannot_be_made() -> None:
    assert raised(lambda: statements.create_password(at(), 2)).hint
    assert raised(lambda: statements.create_password(at(), 0, False, False, False)).hint
    with pytest.raises(LimitError):
        statements.create_password(at(), 10**9)


# Auth tokens ---------------------------------------------------------------------------------------------------------


def test_auth_tokens() -> None:
    service = TokenService(bytes(32))
    token = service.encode("user", 7, {"role": "lead"}, 60, "live", NOW)
    assert segments(token)[0] == b'{"alg":"A256KW","enc":"A256CBC-HS512","zip":"DEF"}'
    assert service.decode(token, NOW, "live") == AuthToken("user", 7, {"role": "lead"}, "live")
    for call, message in (
        (lambda: service.decode(token, NOW + 60_000), "This token is expired."),
        (lambda: service.decode(token, NOW, "test"), "This token belongs to a different datasource."),
        (lambda: service.decode(token[:-1] + "!", NOW), "Invalid token."),
        (lambda: service.decode("", NOW), "Invalid token."),
        (lambda: TokenService(bytes(range(32))).decode(token, NOW), "Invalid token."),
    ):
        error = raised(call)
        assert isinstance(error, UnauthorizedError)
        assert (error.message, error.status, error.code) == (message, 401, "ERROR_CODE_UNAUTHORIZED")
    forever = service.encode("user", "a-b", {}, 0, "live", NOW)
    assert service.decode(forever, NOW * 2).id == "a-b"
    with pytest.raises(UsageError):
        TokenService(b"short")


def test_another_token_under_the_same_key_is_no_auth_token() -> None:
    key = bytes(range(32))
    for claims in ({"id": 1}, {"table": "user"}, "text", {"id": 1, "table": 5, "extras": {}, "datasource": "live"}):
        token = jose.encrypt(claims, None, jose_keys.secret_key(key), "A256KW", "A256CBC-HS512", 0, NOW)
        assert raised(lambda t=token: TokenService(key).decode(t, NOW)).status == 401


class OneService:
    """A workspace that has nothing but a token service."""

    def __init__(self, tokens: TokenService) -> None:
        self.tokens = tokens

    def service(self, name: str) -> Any:
        assert name == "tokens"
        return self.tokens


def test_create_auth_token() -> None:
    service = TokenService(bytes(32))
    context = Context(OneService(service), clock=lambda: NOW, datasource="test")  # type: ignore[arg-type]
    for extras, wanted in (({"a": 1}, {"a": 1}), ('{"a":1}', {"a": 1}), ([], {}), ("", {}), (None, {})):
        token = statements.create_auth_token(context, "user", 3, extras, None)
        assert service.decode(token, NOW + 86_399_999, "test") == AuthToken("user", 3, wanted, "test")
        assert raised(lambda t=token: service.decode(t, NOW + 86_400_000)).message == "This token is expired."
    for table, identity, name in (("", 1, "table"), ("user", None, "id"), ("user", "", "id")):
        error = raised(lambda t=table, i=identity: statements.create_auth_token(context, t, i, None, None))
        assert error.as_dict() == {
            "code": "ERROR_CODE_INPUT_ERROR",
            "message": f"Missing param: {name}",
            "payload": {"param": name},
        }
    assert raised(lambda: statements.create_auth_token(context, "user", 1, "no json", None)).hint


# The old forms, and randomness ---------------------------------------------------------------------------------------


def test_legacy_tokens_carry_an_audience() -> None:
    token = statements.jwe_encode_legacy(at(), "key", {"user_id": 7}, "Xano")
    assert statements.jwe_decode_legacy(at(), token, "key", "Xano") == {"user_id": 7, "aud": "Xano"}
    assert statements.jwe_decode_legacy(at(), token, "key")["user_id"] == 7
    assert raised(lambda: statements.jwe_decode_legacy(at(), token, "key", "Other")).message == "Invalid claim: aud"
    assert statements.jwe_decode(at(), statements.jwe_encode_legacy(at(), "key", "text"), "key") == "text"
    assert raised(lambda: statements.jwe_encode_legacy(at(), "key", "text", "Xano")).hint


def test_randomness() -> None:
    assert {statements.random_number(1, 3) for _ in range(200)} == {1, 2, 3}
    assert statements.random_number(-5, -5) == -5
    assert raised(lambda: statements.random_number(2, 1)).hint
    assert raised(lambda: statements.random_bytes(at(), 0)).hint
    for length in (1, 16, 100):
        made = statements.random_bytes(at(), length)
        assert len(made if isinstance(made, bytes) else made.encode()) == length
    with pytest.raises(LimitError):
        statements.random_bytes(at(), 10**12)
    assert len({filters.create_uid() for _ in range(100)}) == 100
    assert all(0 < filters.create_uid("seed") < 2**63 for _ in range(100))
    assert statements.create_uuid() != statements.create_uuid() and filters.uuid()[14] == "4"
