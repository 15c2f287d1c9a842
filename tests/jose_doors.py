"""JSON tokens through programs and through two other libraries, and the vectors of the RFCs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import xsrun

FOLDER = Path(__file__).parent / "jose"
#: The clock of the vectors: their claims end at 1,300,819,380 seconds.
NOW = 1_300_819_000_000

_STATEMENTS = {
    "sign": """
    security.jws_encode {
      headers = $input.given.headers
      claims = $input.given.value
      key = $input.given.key
      signature_algorithm = $input.given.alg
    } as $out""",
    "verify": """
    security.jws_decode {
      token = $input.given.value
      key = $input.given.key
      signature_algorithm = $input.given.alg
    } as $out""",
    "seal": """
    security.jwe_encode {
      headers = $input.given.headers
      claims = $input.given.value
      key = $input.given.key
      key_algorithm = $input.given.alg
      content_algorithm = $input.given.enc
    } as $out""",
    "unseal": """
    security.jwe_decode {
      token = $input.given.value
      key = $input.given.key
      key_algorithm = $input.given.alg
      content_algorithm = $input.given.enc
    } as $out""",
}
_FILTERS = {
    "sign": "$input.given.value|jws_encode:$input.given.headers:$input.given.key:$input.given.alg",
    "verify": "$input.given.value|jws_decode:{}:$input.given.key:$input.given.alg",
    "seal": "$input.given.value|jwe_encode:$input.given.headers:$input.given.key:$input.given.alg:$input.given.enc",
    "unseal": "$input.given.value|jwe_decode:{}:$input.given.key:$input.given.alg:$input.given.enc",
}
DOORS = ("statement", "filter")


def _program(name: str, body: str) -> str:
    # an input that is JSON would read a text, so all stand in one object
    return f"function {name} {{\n  input {{\n    json given\n  }}\n  stack {{{body}\n  }}\n  response = $out\n}}\n"


def workspace() -> xsrun.Workspace:
    """A function for every act through every door: `statement/verify`, `filter/seal`."""
    sources = {f"function/statement_{act}.xs": _program(f"statement/{act}", body) for act, body in _STATEMENTS.items()}
    for act, expression in _FILTERS.items():
        body = f"\n    var $out {{\n      value = {expression}\n    }}"
        sources[f"function/filter_{act}.xs"] = _program(f"filter/{act}", body)
    return xsrun.Workspace.from_sources(sources, clock=NOW)


@dataclass(frozen=True)
class Doors:
    """The acts on tokens, through the programs of a workspace."""

    programs: xsrun.Workspace

    def act(self, door: str, act: str, **values: Any) -> xsrun.Result:
        """One run of a program; `values` are what it reads of its input."""
        return self.programs.run(f"{door}/{act}", input={"given": {"headers": {}, "enc": None, **values}})

    def read(self, door: str, kind: str, token: Any, key: Any, alg: str, enc: str | None = None) -> xsrun.Result:
        """Read a JWS or a JWE."""
        return self.act(door, "verify" if kind == "jws" else "unseal", value=token, key=key, alg=alg, enc=enc)

    def made(self, door: str, kind: str, claims: Any, key: Any, alg: str, enc: str | None = None) -> str:
        """A new JWS or JWE."""
        result = self.act(door, "sign" if kind == "jws" else "seal", value=claims, key=key, alg=alg, enc=enc)
        assert result.error is None, result.error
        token: str = result.response
        return token


@cache
def vectors() -> tuple[dict[str, Any], ...]:
    """The tokens of RFC 7515, 7516 and 7520, in the order of the documents."""
    names = ("rfc7515", "rfc7516", "rfc7520")
    texts = [(FOLDER / f"{name}.jsonl").read_text(encoding="utf-8") for name in names]
    return tuple(json.loads(line) for text in texts for line in text.splitlines())


def vector(source: str, kind: str | None = None) -> dict[str, Any]:
    """The vector of one section."""
    return next(one for one in vectors() if one["source"] == source and kind in (None, one["kind"]))


def read_with_jwcrypto(kind: str, token: str, key: Any, alg: str, enc: str | None = None) -> str:
    from jwcrypto.jwe import JWE
    from jwcrypto.jwk import JWK
    from jwcrypto.jws import JWS

    if kind == "jws":
        signed = JWS()
        signed.allowed_algs = [alg]
        signed.deserialize(token, JWK(**key))
        return signed.payload.decode()
    sealed = JWE(algs=[alg, enc])
    sealed.deserialize(token, JWK(**key))
    return sealed.payload.decode()


def made_with_jwcrypto(kind: str, text: str, key: Any, alg: str, enc: str | None = None) -> str:
    from jwcrypto.jwe import JWE
    from jwcrypto.jwk import JWK
    from jwcrypto.jws import JWS

    if kind == "jws":
        token = JWS(text)
        token.add_signature(JWK(**key), alg, json.dumps({"alg": alg}))
    else:
        token = JWE(text.encode(), json.dumps({"alg": alg, "enc": enc}), algs=[alg, enc])
        token.add_recipient(JWK(**key))
    compact: str = token.serialize(compact=True)
    return compact


def joserfc_key(key: dict[str, str]) -> Any:
    from joserfc.jwk import ECKey, OctKey, RSAKey

    return {"oct": OctKey, "RSA": RSAKey, "EC": ECKey}[key["kty"]].import_key(key)


def read_with_joserfc(kind: str, token: str, key: Any, alg: str, enc: str | None = None) -> str:
    from joserfc import jwe, jws

    if kind == "jws":
        return jws.deserialize_compact(token, joserfc_key(key), algorithms=[alg]).payload.decode()
    registry = jwe.JWERegistry(algorithms=[alg, enc, "DEF"])
    text = jwe.decrypt_compact(token, joserfc_key(key), registry=registry).plaintext
    assert text is not None
    return text.decode()


def made_with_joserfc(kind: str, text: str, key: Any, alg: str, enc: str | None = None) -> str:
    from joserfc import jwe, jws

    if kind == "jws":
        return jws.serialize_compact({"alg": alg}, text.encode(), joserfc_key(key), algorithms=[alg])
    registry = jwe.JWERegistry(algorithms=[alg, enc, "DEF"])
    header = {"alg": alg, "enc": enc, "zip": "DEF"}
    return jwe.encrypt_compact(header, text.encode(), joserfc_key(key), registry=registry)
