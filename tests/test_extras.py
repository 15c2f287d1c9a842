"""What is told of packages that are not installed: the command works for the install that xsrun runs from."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path

import pytest

from xsrun.extras import installing


class Told:
    """An installed distribution that tells where it came from."""

    def __init__(self, origin: object) -> None:
        self.origin = origin

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return None if self.origin is None else json.dumps(self.origin)


@pytest.mark.parametrize(
    "origin", [None, {"url": "file:///x/xsrun-0.1.0.whl", "archive_info": {}}, {"url": "file:///x", "dir_info": {}}]
)
def test_an_install_from_an_index_or_a_wheel(origin: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "distribution", lambda _: Told(origin))
    assert installing("mcp") == "pip install 'xsrun[mcp]'"


def test_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "with a blank"
    folder.mkdir()
    origin = {"url": folder.as_uri(), "dir_info": {"editable": True}}
    monkeypatch.setattr(importlib.metadata, "distribution", lambda _: Told(origin))
    assert installing("mcp") == f"pip install -e '{folder}[mcp]'"
    monkeypatch.chdir(folder)
    assert installing("mcp") == "pip install -e '.[mcp]'"


def test_no_install_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    assert installing("lsp") == "pip install 'xsrun[lsp]'"


def test_every_message_asks_here() -> None:
    package = Path(__file__).parents[1] / "xsrun"
    written = [path for path in package.rglob("*.py") if "pip install 'xsrun[" in path.read_text(encoding="utf-8")]
    comments = {"extras.py", "mcp_serving.py", "mcp_client.py"}  # as the documentation has it
    assert {path.name for path in written} <= comments
