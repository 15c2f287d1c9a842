"""Auth tokens: what `security.create_auth_token` gives a client, and what a request proves its identity with.

A token is a JWE under a key that the workspace keeps for itself, so a client can neither read nor make one. It is
bound to the table and the data source it was made for (semantics 5.3).
"""

from __future__ import annotations

from dataclasses import dataclass

from xsrun.errors import UnauthorizedError, UsageError
from xsrun.services import jose, jose_keys
from xsrun.values.conversion import Value

#: The algorithms of the engine's own tokens (semantics 5.2).
KEY_ALGORITHM = "A256KW"
CONTENT_ALGORITHM = "A256CBC-HS512"
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class AuthToken:
    """What a valid token says: a row of an auth table, the extras put in with it, and its data source."""

    table: str
    id: Value
    extras: dict[str, Value]
    datasource: str


class TokenService:
    """Makes and reads auth tokens with one secret key.

    The key is kept with the workspace, so that tokens outlive the process.
    """

    def __init__(self, key: bytes) -> None:
        """`key` is a secret of at least 32 bytes. Raises UsageError for a shorter one."""
        if len(key) < KEY_BYTES:
            raise UsageError(f"A token key needs {KEY_BYTES} bytes; this one has {len(key)}.")
        self._key = jose_keys.secret_key(key)

    def encode(
        self, table: str, id: Value, extras: dict[str, Value], expiration: int, datasource: str, now_ms: int
    ) -> str:
        """A token for row `id` of an auth table. `expiration` is in seconds, 0 for a token that never expires."""
        claims = {"table": table, "id": id, "extras": extras, "datasource": datasource}
        return jose.encrypt(claims, None, self._key, KEY_ALGORITHM, CONTENT_ALGORITHM, expiration, now_ms)

    def decode(self, token: str, now_ms: int, datasource: str | None = None) -> AuthToken:
        """What a token says. Raises UnauthorizedError (401, texts of semantics 3.6) for one that is not accepted.

        With `datasource` the token must have been made for that data source.
        """
        try:
            claims = jose.decrypt(token, self._key, KEY_ALGORITHM, CONTENT_ALGORITHM, None, 0, now_ms)
        except jose.ExpiredTokenError as error:
            raise UnauthorizedError(error.message, hint=error.hint) from error
        except jose.TokenError as error:
            raise UnauthorizedError(jose.INVALID_TOKEN, hint=error.hint) from error
        found = _token_of(claims)
        if found is None:
            raise UnauthorizedError(jose.INVALID_TOKEN, hint="it is not an auth token")
        if datasource is not None and found.datasource != datasource:
            raise UnauthorizedError(
                "This token belongs to a different datasource.",
                hint=f"it was made for {found.datasource}; the request runs on {datasource}",
            )
        return found


def _token_of(claims: Value) -> AuthToken | None:
    if not isinstance(claims, dict) or "id" not in claims:
        return None
    table, extras, datasource = (claims.get(name) for name in ("table", "extras", "datasource"))
    if not isinstance(table, str) or not isinstance(extras, dict) or not isinstance(datasource, str):
        return None
    return AuthToken(table, claims["id"], extras, datasource)
