"""The cache behind `redis.*`: a Redis of the workspace's own, in memory, or a real server that the user names.

Without a server the commands run on fakeredis, which is Redis' behaviour in Python; what it holds is kept in a file
beside the workspace between runs. Values are stored as JSON text, so that what comes back has the type it had.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xsrun.errors import UnavailableError, XanoScriptError
from xsrun.runtime.values import Value, from_json, to_json


class Cache:
    """Keys and values. Times to live are in seconds, 0 means forever. Safe to use from several threads.

    `url`: a server (`redis://host:6379/0`, `rediss://...`, `unix://...`); None for one in memory. `file`: where the
    one in memory is kept between runs, if anywhere.
    """

    def __init__(self, url: str | None = None, file: Path | None = None) -> None:
        self.url = url
        self._file = file
        self._client: Any = None
        self._opening = threading.Lock()
        self._changed = False

    # Connecting ----------------------------------------------------------------------------------------------------

    @property
    def client(self) -> Any:
        """The connection, opened at first use."""
        if self._client is None:
            with self._opening:
                if self._client is None:
                    self._client = self._connect()
        return self._client

    def _connect(self) -> Any:
        if self.url is None:
            import fakeredis

            client = fakeredis.FakeStrictRedis(server=fakeredis.FakeServer(), decode_responses=True)
            self._load(client)
            return client
        import redis

        try:
            return redis.Redis.from_url(self.url, decode_responses=True, socket_timeout=10)
        except ValueError as error:
            raise UnavailableError(f"{self.url} is not the address of a Redis server: {error}") from None

    def _run(self, command: Callable[[Any], Any], *, writes: bool = False) -> Any:
        """Carry out a command; what Redis refuses is an error of the program."""
        import redis

        self._changed = self._changed or writes
        try:
            return command(self.client)
        except redis.ConnectionError as error:
            hint = "start it, or leave the address out to use the cache that xsrun brings along"
            raise UnavailableError(f"The Redis server at {self.url} does not answer: {error}", hint=hint) from None
        except redis.RedisError as error:
            raise XanoScriptError(str(error), hint="does another value, of another kind, have this key?") from None

    # Values --------------------------------------------------------------------------------------------------------

    def get(self, key: str) -> Value:
        """The value of a key; false when there is none (semantics 6)."""
        found = self._run(lambda client: client.get(key))
        return False if found is None else _decode(found)

    def set(self, key: str, value: Value, ttl: int = 0, *, create_only: bool = False) -> bool:
        """Store a value. With `create_only`, only if the key is new; tells whether it was stored."""
        expiry = ttl if ttl > 0 else None
        stored = self._run(lambda client: client.set(key, _encode(value), ex=expiry, nx=create_only), writes=True)
        return bool(stored)

    def has(self, key: str) -> bool:
        return bool(self._run(lambda client: client.exists(key)))

    def delete(self, key: str) -> bool:
        """Forget a key; tells whether it was there."""
        return bool(self._run(lambda client: client.delete(key), writes=True))

    def add(self, key: str, amount: int) -> int:
        """Add to a whole number; a key that is not there counts as 0."""
        return int(self._run(lambda client: client.incrby(key, amount), writes=True))

    def keys(self, pattern: str) -> list[str]:
        """The keys that a glob pattern matches, sorted."""
        if self.url is not None:
            return sorted(self._run(lambda client: list(client.scan_iter(match=pattern, count=1000))))
        matches = glob_matcher(pattern)  # fakeredis would build a regular expression that may take for ever
        return sorted(key for key in self._run(lambda client: client.keys()) if matches(key))

    def count_up(self, key: str, ttl: int) -> int:
        """Count a use of the key within a window of `ttl` seconds that its first use opens."""

        def count(client: Any) -> int:
            used = int(client.incr(key))
            if used == 1 and ttl > 0:
                client.expire(key, ttl)
            return used

        return int(self._run(count, writes=True))

    # Lists ---------------------------------------------------------------------------------------------------------

    def push(self, key: str, value: Value, *, front: bool = False) -> int:
        """Add a value at one end of a list; gives the new length."""
        text = _encode(value)
        return int(self._run(lambda client: client.lpush(key, text) if front else client.rpush(key, text), writes=True))

    def take(self, key: str, count: int | None = None, *, front: bool = False) -> Value:
        """Remove and give the value at one end of a list, false when there is none; with `count` a list of values."""
        found = self._run(
            lambda client: client.lpop(key, count) if front else client.rpop(key, count),
            writes=True,
        )
        if count is not None:
            return [_decode(text) for text in found or []]
        return False if found is None else _decode(found)

    def range(self, key: str, start: int = 0, stop: int = -1) -> list[Value]:
        """The values from one position to another, both included; negative ones count from the end."""
        return [_decode(text) for text in self._run(lambda client: client.lrange(key, start, stop))]

    def count(self, key: str) -> int:
        """The length of a list."""
        return int(self._run(lambda client: client.llen(key)))

    def remove(self, key: str, value: Value, count: int = 0) -> int:
        """Remove values from a list: all that are equal (0), the first so many, or the last (negative)."""
        return int(self._run(lambda client: client.lrem(key, count, _encode(value)), writes=True))

    # Keeping -------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """End the connection; what is in memory is written to the file first."""
        if self._client is None:
            return
        if self._file is not None and self.url is None and self._changed:
            self._save(self._file)
        self._client.close()
        self._client = None

    def _save(self, file: Path) -> None:
        """Write every key, whole or not at all. Times to live become times of the clock."""
        kept: dict[str, dict[str, Any]] = {}
        now = time.time()
        for key in self._client.scan_iter(count=1000):
            left = self._client.pttl(key)
            kind = self._client.type(key)
            held = self._client.lrange(key, 0, -1) if kind == "list" else self._client.get(key)
            kept[key] = {"value": held, "expires": now + left / 1000 if left >= 0 else None}
        descriptor, temporary = tempfile.mkstemp(dir=file.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as output:
            json.dump(kept, output)
        os.replace(temporary, file)

    def _load(self, client: Any) -> None:
        """Take over what the run before left. A file that is damaged raises: it is the user's data."""
        if self._file is None or not self._file.exists():
            return
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            entries = [(key, entry["value"], entry["expires"]) for key, entry in kept.items()]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise UnavailableError(f"the cache file {self._file} cannot be read: {error}", hint="delete it") from None
        now = time.time()
        for key, held, expires in entries:
            if expires is not None and expires <= now:
                continue
            if isinstance(held, list):
                client.rpush(key, *held)
            else:
                client.set(key, held)
            if expires is not None:
                client.pexpire(key, max(1, int((expires - now) * 1000)))


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
