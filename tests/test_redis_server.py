"""`redis.*` on a real Redis server gives what it gives on the cache that xsrun brings along.

The server is the program `redis-server`; where it is not installed these tests are skipped (`.ci/run` installs it).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from redis_process import redis_server
from waiting import until

import xsrun
from xsrun.services.cache import Cache

CASES = Path(__file__).parent / "conformance"


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    with redis_server() as url:
        yield url


@pytest.fixture(params=["own", "server"])
def cache(request: pytest.FixtureRequest) -> Iterator[Cache]:
    url = request.getfixturevalue("server_url") if request.param == "server" else None
    made = Cache(url)
    if url is not None:
        made.client.flushall()
    yield made
    made.close()


def redis_cases() -> Iterator[Any]:
    """The conformance cases whose programs use the cache."""
    for path in [*sorted(CASES.glob("*.jsonl")), *sorted((CASES / "own").glob("*.jsonl"))]:
        for line in path.read_text(encoding="utf-8").splitlines():
            case = json.loads(line) if line.strip() else {}
            sources = case.get("files")
            if isinstance(sources, dict) and "redis." in " ".join(sources.values()) and "response" in case["expect"]:
                yield pytest.param(case, id=case["id"])


@pytest.mark.parametrize("case", list(redis_cases()))
def test_cases_give_the_same_on_a_server(case: dict[str, Any], server_url: str) -> None:
    redis.Redis.from_url(server_url).flushall()
    run = case["run"]
    answers = []
    for url in (None, server_url):
        with xsrun.Workspace.from_sources(case["files"], cache=url) as workspace:
            result = workspace.run(run["name"], kind=run["kind"], input=run.get("input") or {}, verb=run.get("verb"))
            answers.append((result.response, None if result.error is None else result.error.as_dict()))
    assert answers[0] == answers[1]


def test_every_command(cache: Cache) -> None:
    cache.set("a", {"n": 1})
    assert cache.get("a") == {"n": 1}
    assert cache.get("none") is False
    assert cache.has("a")
    assert [cache.add("count", 2), cache.add("count", -3)] == [2, -1]
    for item in (1, "two", [3]):
        cache.push("list", item)
    assert cache.range("list") == [1, "two", [3]]
    assert cache.remove("list", "two") == 1
    assert cache.take("list") == [3]
    assert cache.take("list") == 1
    assert cache.take("list") is False
    cache.delete("a")
    assert not cache.has("a")


def test_the_option_of_the_command_line(server_url: str, tmp_path: Path) -> None:
    (tmp_path / "a.xs").write_text('redis.incr { key = "runs" } as $n\n', encoding="utf-8")
    words = [sys.executable, "-m", "xsrun", "run", "a.xs", "--redis", server_url]
    redis.Redis.from_url(server_url).flushall()
    shown = [subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True).stdout for _ in range(2)]
    assert [json.loads(text)["n"] for text in shown] == [1, 2]
    assert not (tmp_path / ".xsrun" / "cache.db").exists()


def test_expiry(cache: Cache) -> None:
    cache.set("stays", 1)
    cache.set("late", 1, ttl=10_000)
    cache.set("soon", 1, ttl=1)
    until(lambda: cache.get("soon") is False)
    assert [cache.get("stays"), cache.get("late")] == [1, 1]
    assert cache.client.ttl("stays") == -1 and 0 < cache.client.ttl("late") <= 10_000
