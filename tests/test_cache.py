"""The cache behind `redis.*`: kept between runs, expiring, on a real server, and safe against what programs ask."""

from __future__ import annotations

import fnmatch
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

import xsrun
from xsrun.errors import UnavailableError, XanoScriptError
from xsrun.extras import installing
from xsrun.services.cache import Cache, glob_matcher
from xsrun.services.key_store import KeyStore

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def cache() -> Cache:
    return Cache()


@given(value=json_values)
def test_what_is_stored_comes_back_as_it_was(cache: Cache, value: Any) -> None:
    cache.set("value", value)
    assert cache.get("value") == value
    cache.delete("list")
    cache.push("list", value)
    assert cache.range("list") == [value]
    assert cache.remove("list", value) == 1
    assert cache.take("list") is False


def test_a_cache_is_kept_in_its_file(tmp_path: Path) -> None:
    file = tmp_path / "cache.db"
    now = [1_800_000_000.0]
    first = Cache(file=file, clock=lambda: now[0])
    first.set("colour", {"name": "rød"})
    first.set("soon", 1, ttl=100)
    first.set("gone", 1, ttl=1)
    first.push("list", "a")
    first.push("list", 2)
    first.close()
    now[0] += 1.05
    second = Cache(file=file, clock=lambda: now[0])
    assert second.get("colour") == {"name": "rød"}
    assert second.range("list") == ["a", 2]
    assert second.client.ttl("soon") == 99
    assert not second.has("gone")
    assert second.keys("*") == ["colour", "list", "soon"]


@pytest.mark.parametrize("damaged", [b"{half", b"SQLite format 3\0 and then nothing that is one" * 40])
def test_a_damaged_file_is_not_thrown_away(tmp_path: Path, damaged: bytes) -> None:
    file = tmp_path / "cache.db"
    file.write_bytes(damaged)
    with pytest.raises(UnavailableError, match=r"cache\.db is damaged") as caught:
        Cache(file=file).get("k")
    assert "delete it" in str(caught.value.hint)
    assert file.read_bytes() == damaged


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"none/cache\.db cannot be used"):
        Cache(file=tmp_path / "none" / "cache.db").get("k")


def test_an_empty_file_is_a_new_cache(tmp_path: Path) -> None:
    (tmp_path / "cache.db").touch()
    assert Cache(file=tmp_path / "cache.db").add("k", 2) == 2


_MANY = """
import sys, time
from pathlib import Path
from xsrun.services.cache import Cache

cache = Cache(file=Path(sys.argv[1]))
for turn in range(40):
    cache.add("n", 1)
    cache.push("list", turn)
    cache.count_up("limit", 100)
    if cache.set(f"lock {turn}", 1, create_only=True):
        cache.add("locks", 1)
"""


def test_no_change_of_another_process_is_lost(tmp_path: Path) -> None:
    file = tmp_path / "cache.db"
    words = [sys.executable, "-c", _MANY, str(file)]
    running = [subprocess.Popen(words) for _ in range(4)]
    assert [process.wait() for process in running] == [0] * 4
    cache = Cache(file=file)
    assert [cache.get(key) for key in ("n", "limit", "locks")] == [160, 160, 40]
    assert cache.count("list") == len(cache.range("list")) == 160


def test_runs_at_the_same_time_count_together(tmp_path: Path) -> None:
    (tmp_path / "count.xs").write_text(
        'function count {\n  input {\n  }\n  stack {\n    redis.incr { key = "n" } as $n\n  }\n  response = $n\n}\n'
    )
    with xsrun.Workspace.load(tmp_path) as workspace, xsrun.Workspace.load(tmp_path) as other:
        with ThreadPoolExecutor(8) as pool:
            runs = [pool.submit(one.run, "count") for one in (workspace, other) * 20]
        results = [run.result() for run in runs]
    assert [result.error for result in results if result.error] == []
    assert sorted(result.response for result in results) == list(range(1, 41))


def test_bare_statements_leave_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "a.xs").write_text('redis.incr { key = "n" } as $n\n')
    for _ in range(2):
        with xsrun.Workspace.load(tmp_path / "a.xs") as workspace:
            assert workspace.run().variables == {"n": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["a.xs"]


_commands = st.one_of(
    st.tuples(st.just("get"), st.sampled_from("ab")),
    st.tuples(st.just("set"), st.sampled_from("ab"), st.sampled_from(["1", "x", "01", str(2**63 - 1)])),
    st.tuples(st.just("set"), st.sampled_from("ab"), st.just("2"), st.just(50), st.booleans()),
    st.tuples(st.sampled_from(["exists", "delete", "llen", "ttl"]), st.sampled_from("ab")),
    st.tuples(st.just("incrby"), st.sampled_from("ab"), st.sampled_from([1, -3, 2**63 - 1, 2**64])),
    st.tuples(st.sampled_from(["rpush", "lpush"]), st.sampled_from("ab"), st.sampled_from("xyz")),
    st.tuples(st.sampled_from(["rpop", "lpop"]), st.sampled_from("ab"), st.none() | st.integers(-1, 3)),
    st.tuples(st.just("lrange"), st.sampled_from("ab"), st.integers(-4, 4), st.integers(-4, 4)),
    st.tuples(st.just("lrem"), st.sampled_from("ab"), st.integers(-2, 2), st.sampled_from("xy")),
)


@given(st.lists(_commands, max_size=25))
def test_commands_answer_like_redis(commands: list[tuple[Any, ...]]) -> None:
    import fakeredis

    own = KeyStore()
    model = fakeredis.FakeStrictRedis(server=fakeredis.FakeServer(), decode_responses=True)
    for name, *values in commands:
        answers = []
        for client in (own, model):
            try:
                answers.append(getattr(client, name)(*_as_given(name, values, client is model)))
            except (XanoScriptError, redis.ResponseError) as error:
                answers.append(str(error))
        assert answers[0] == answers[1], (name, values)


def _as_given(name: str, values: list[Any], to_redis: bool) -> list[Any]:
    """A Redis client's `set` has another argument between `ex` and `nx`."""
    return [*values[:3], None, *values[3:]] if to_redis and name == "set" and len(values) > 3 else values


def test_a_workspace_keeps_its_cache_and_a_test_run_does_not_see_it(tmp_path: Path) -> None:
    (tmp_path / "count.xs").write_text(
        'function count {\n  input {\n  }\n  stack {\n    redis.incr { key = "n" } as $n\n  }\n  response = $n\n'
        '\n  test "starts at 1" {\n    expect.to_equal ($response) { value = 1 }\n  }\n}\n'
    )
    for expected in (1, 2):
        with xsrun.Workspace.load(tmp_path) as workspace:
            assert workspace.run("count").response == expected
            assert workspace.test().passed == 1


def test_a_server_is_used_when_it_is_named() -> None:
    import fakeredis

    server = fakeredis.TcpFakeServer(("127.0.0.1", 0), server_type="redis")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"redis://127.0.0.1:{server.server_address[1]}/0"
    source = 'redis.set { key = "k", data = [1] }\nredis.get { key = "k" } as $r\nredis.keys { search = "k*" } as $keys'
    with xsrun.Workspace.from_sources({"x.xs": source}, cache=url) as workspace:
        assert workspace.run().variables == {"r": [1], "keys": ["k"]}
    with xsrun.Workspace.from_sources({"x.xs": 'redis.get { key = "k" } as $r'}, cache=url) as workspace:
        assert workspace.run().variables == {"r": [1]}
    server.shutdown()
    server.server_close()


def test_a_server_that_is_not_there_says_so() -> None:
    with xsrun.Workspace.from_sources({"x.xs": 'redis.get { key = "k" } as $r'}, cache="redis://127.0.0.1:1/0") as w:
        error = w.run().error
    assert isinstance(error, UnavailableError)
    assert "does not respond" in str(error)
    assert isinstance(error.hint, str)
    with pytest.raises(UnavailableError, match="not the address"):
        Cache("http://127.0.0.1").get("k")


def test_the_wrong_kind_of_value_is_an_error_of_the_program(cache: Cache) -> None:
    cache.set("text", "abc")
    for command in (lambda: cache.add("text", 1), lambda: cache.push("text", 1), lambda: cache.range("text")):
        with pytest.raises(XanoScriptError):
            command()


@given(st.text("ab*?[]^-\\", max_size=8), st.text("ab[]-*", max_size=8))
def test_patterns_end(pattern: str, key: str) -> None:
    assert glob_matcher(pattern)(key) in (True, False)


@given(st.text("ab*?", max_size=8), st.text("abc", max_size=10))
def test_plain_patterns_match_like_file_names(pattern: str, key: str) -> None:
    assert glob_matcher(pattern)(key) == fnmatch.fnmatchcase(key, pattern)


def test_patterns_do_not_run_away() -> None:
    assert not glob_matcher("a*" * 40 + "b")("a" * 2000)
    assert glob_matcher(r"\*[a-c][^x]?")("*bzé")
    assert not glob_matcher("[^a]")("a")


def test_rate_limits_open_again() -> None:
    now = [1_800_000_000.0]
    cache = Cache(clock=lambda: now[0])
    assert [cache.count_up("caller", 1) for _ in range(3)] == [1, 2, 3]
    now[0] += 0.95
    assert cache.count_up("caller", 1) == 4
    now[0] += 0.1
    assert cache.count_up("caller", 1) == 1


def test_a_server_needs_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The cache of xsrun's own needs nothing; an address is refused with what to install, however it is given."""
    monkeypatch.setitem(sys.modules, "redis", None)
    (tmp_path / "a.xs").write_text('redis.incr { key = "n" } as $n\n', encoding="utf-8")
    assert xsrun.Workspace.load(tmp_path).run().response == {"n": 1}
    with pytest.raises(xsrun.UsageError, match="not installed: redis") as caught:
        xsrun.Workspace.load(tmp_path, cache="redis://localhost")
    assert installing("redis") in (caught.value.hint or "")
    monkeypatch.setenv("XSRUN_REDIS_URL", "redis://localhost")
    with pytest.raises(xsrun.UsageError, match="not installed: redis"):
        xsrun.Workspace.load(tmp_path)
