"""The cache behind `redis.*`: a store of the workspace's own, or a real server that the user names.

The workspace's own is a file beside it, which processes share, or memory (`xsrun.services.key_store`). Values are
stored as JSON text, so that what comes back has the type it had.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from xsrun.errors import UnavailableError, XanoScriptError
from xsrun.hints import TYPE_CHECKING, Any, Protocol, TypeVar
from xsrun.running.masking import masked_address
from xsrun.values.conversion import Value, from_json, to_json

if TYPE_CHECKING:
    from xsrun.services.key_store import KeyStore

Done = TypeVar("Done")


class Steps(Protocol):
    """Commands that a server carries out together."""

    def set(self, key: str, text: str, ex: int | None = None, nx: bool = False) -> Steps: ...

    def incrby(self, key: str, amount: int) -> Steps: ...

    def execute(self) -> list[int | bool | None]: ...


class Server(Protocol):
    """What is asked of a Redis server. Its package's own types tell the answers of no command."""

    def get(self, key: str) -> str | None: ...

    def set(self, key: str, text: str, ex: int | None = None, nx: bool = False) -> bool | None: ...

    def exists(self, key: str) -> int: ...

    def delete(self, key: str) -> int: ...

    def incrby(self, key: str, amount: int) -> int: ...

    def scan_iter(self, match: str, count: int) -> Iterator[str]: ...

    def rpush(self, key: str, text: str) -> int: ...

    def lpush(self, key: str, text: str) -> int: ...

    def rpop(self, key: str, count: int | None = None) -> str | list[str] | None: ...

    def lpop(self, key: str, count: int | None = None) -> str | list[str] | None: ...

    def llen(self, key: str) -> int: ...

    def lrange(self, key: str, start: int, stop: int) -> list[str]: ...

    def lrem(self, key: str, count: int, text: str) -> int: ...

    def pipeline(self, transaction: bool) -> Steps: ...

    def close(self) -> None: ...


class Cache:
    """Keys and values. Times to live are in seconds, 0 means forever. Safe to use from several threads.

    `url`: a server (`redis://host:6379/0`, `rediss://...`, `unix://...`); None for a store of its
    own, kept in `file` or else in memory, whose keys expire by `clock`.
    """

    def __init__(
        self, url: str | None = None, file: Path | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.url = url
        self._file = file
        self._clock = clock
        self._client: KeyStore | Server | None = None
        self._opening = threading.Lock()

    # Connecting ----------------------------------------------------------------------------------------------------

    @property
    def client(self) -> KeyStore | Server:
        """The connection, opened at first use."""
        if self._client is None:
            with self._opening:
                if self._client is None:
                    self._client = self._connect()
        return self._client

    def _connect(self) -> KeyStore | Server:
        if self.url is None:
            from xsrun.services.key_store import KeyStore

            return KeyStore(self._file, self._clock)
        import redis

        try:
            made: Any = redis.Redis.from_url(self.url, decode_responses=True, socket_timeout=10)
        except ValueError:
            hint = "it is written redis://HOST:PORT/NUMBER, rediss:// for an encrypted one"
            at = masked_address(self.url)
            raise UnavailableError(f"{at} is not the address of a Redis server", hint=hint) from None
        server: Server = made
        return server

    def _run(self, command: Callable[[KeyStore | Server], Done]) -> Done:
        """Carry out a command; what Redis refuses is an error of the program."""
        if self.url is None:
            return command(self.client)
        import redis

        try:
            return command(self.client)
        except redis.ConnectionError as error:
            hint = "start it, or leave the address out to use xsrun's own cache"
            at = masked_address(self.url)
            raise UnavailableError(f"The Redis server at {at} does not respond: {error}", hint=hint) from None
        except redis.RedisError as error:
            raise XanoScriptError(str(error), hint="is there a value of another kind under this key?") from None

    # Values --------------------------------------------------------------------------------------------------------

    def get(self, key: str) -> Value:
        """The value of a key; false when there is none (semantics 6)."""
        found = self._run(lambda client: client.get(key))
        return False if found is None else _decode(found)

    def set(self, key: str, value: Value, ttl: int = 0, *, create_only: bool = False) -> bool:
        """Store a value. With `create_only`, only if the key is new; tells whether it was stored."""
        expiry = ttl if ttl > 0 else None
        stored = self._run(lambda client: client.set(key, _encode(value), ex=expiry, nx=create_only))
        return bool(stored)

    def has(self, key: str) -> bool:
        return bool(self._run(lambda client: client.exists(key)))

    def delete(self, key: str) -> bool:
        """Forget a key; tells whether it was there."""
        return bool(self._run(lambda client: client.delete(key)))

    def add(self, key: str, amount: int) -> int:
        """Add to a whole number; a key that is not there counts as 0."""
        return self._run(lambda client: client.incrby(key, amount))

    def keys(self, pattern: str) -> list[str]:
        """The keys that a glob pattern matches, sorted."""
        from xsrun.services.key_store import KeyStore

        matches = glob_matcher(pattern)

        def find(client: KeyStore | Server) -> list[str]:
            if isinstance(client, KeyStore):
                return list(filter(matches, client.keys()))
            return list(client.scan_iter(match=pattern, count=1000))

        return sorted(self._run(find))

    def count_up(self, key: str, ttl: int) -> int:
        """Count a use of the key within a window of `ttl` seconds that its first use opens."""
        from xsrun.services.key_store import KeyStore

        expiry = ttl if ttl > 0 else None

        def count(client: KeyStore | Server) -> int:
            if isinstance(client, KeyStore):
                with client.transaction():
                    client.set(key, "0", ex=expiry, nx=True)
                    return int(client.incrby(key, 1))
            steps = client.pipeline(transaction=True)
            steps.set(key, "0", ex=expiry, nx=True)
            steps.incrby(key, 1)
            return int(steps.execute()[-1] or 0)

        return self._run(count)

    # Lists ---------------------------------------------------------------------------------------------------------

    def push(self, key: str, value: Value, *, front: bool = False) -> int:
        """Add a value at one end of a list; gives the new length."""
        text = _encode(value)
        return self._run(lambda client: client.lpush(key, text) if front else client.rpush(key, text))

    def take(self, key: str, count: int | None = None, *, front: bool = False) -> Value:
        """Remove and give the value at one end of a list, false when there is none; with `count` a list of values."""
        found = self._run(lambda client: client.lpop(key, count) if front else client.rpop(key, count))
        if isinstance(found, list):
            return [_decode(text) for text in found]
        if count is not None:
            return []
        return False if found is None else _decode(found)

    def range(self, key: str, start: int = 0, stop: int = -1) -> list[Value]:
        """The values from one position to another, both included; negative ones count from the end."""
        return [_decode(text) for text in self._run(lambda client: client.lrange(key, start, stop))]

    def count(self, key: str) -> int:
        """The length of a list."""
        return self._run(lambda client: client.llen(key))

    def remove(self, key: str, value: Value, count: int = 0) -> int:
        """Remove values from a list: all that are equal (0), the first so many, or the last (negative)."""
        return self._run(lambda client: client.lrem(key, count, _encode(value)))

    def close(self) -> None:
        """End the connection; the next command opens a new one."""
        if self._client is not None:
            self._client.close()
            self._client = None


def _encode(value: Value) -> str:
    """The JSON text of a value, in which every character can be sent."""
    return to_json(value).encode("utf-8", "replace").decode()


def glob_matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a key matches a glob pattern of Redis: `*`, `?`, `[abc]`, `[a-z]`, `[^a]`, and a backslash before any."""
    found = re.findall(r"\\.|\[\^?[^\]]+\]|.", pattern, re.DOTALL)
    tests = [None if token == "*" else _character_test(token) for token in found]

    def matches(key: str) -> bool:
        at = position = 0
        star: tuple[int, int] | None = None  # the last `*`, and where in the key what follows it is tried
        while position < len(key):
            test = tests[at] if at < len(tests) else None
            if at < len(tests) and test is None:
                star, at = (at, position), at + 1
            elif test is not None and test(key[position]):
                at, position = at + 1, position + 1
            elif star is not None:
                star = (star[0], star[1] + 1)
                at, position = star[0] + 1, star[1]
            else:
                return False
        return all(test is None for test in tests[at:])

    return matches


def _character_test(token: str) -> Callable[[str], bool]:
    """What one part of a pattern says about one character."""
    if token == "?":
        return lambda character: True
    if len(token) == 1 or token[0] == "\\":
        return lambda character: character == token[-1]
    inside = token[1:-1].removeprefix("^")
    ranges = [(part[0], part[-1]) for part in re.findall(r".-.|.", inside, re.DOTALL)]
    wanted = token[1] != "^"
    return lambda character: any(low <= character <= high for low, high in ranges) is wanted


def _decode(text: str) -> Value:
    """A stored value. What another program put there need not be JSON; then it is text."""
    try:
        return from_json(text)
    except ValueError:
        return text
