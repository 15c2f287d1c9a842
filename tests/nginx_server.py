"""nginx as a proxy before a server on this machine, where it is installed."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from waiting import until

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")
needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")

_CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  {http}
}}
"""


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def nginx(folder: Path, http: str) -> Iterator[subprocess.Popen[bytes]]:
    """nginx with its files in a folder, until the block ends; `http` is what its `http` block says besides."""
    assert NGINX is not None
    text = _CONFIGURATION.format(folder=folder, http=http)
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    command = [NGINX, "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with subprocess.Popen(command) as process:
        try:
            until(lambda: process.poll() is not None or _pid(folder / "nginx.pid"))
            assert process.poll() is None, (folder / "error.log").read_text("utf-8")
            yield process
        finally:
            process.terminate()
            process.wait(20)


def _pid(file: Path) -> str:
    return file.read_text("utf-8") if file.exists() else ""
