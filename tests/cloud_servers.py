"""Servers of object storage that others wrote, started on loopback for the tests of a module."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from waiting import until

AZURE_ACCOUNT = "devstoreaccount1"
#: The key that Azurite has for everyone.
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
#: Where npm's packages for tests are: `npm install --prefix FOLDER azurite`.
NPM_FOLDER = "XSRUN_TEST_NPM"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def program(words: list[str], url: str) -> Iterator[None]:
    """A server in a process of its own, from when it answers until the end."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: answers(url) or process.poll() is not None, f"{words[0]} does not answer")
        assert process.poll() is None, f"{words[0]} ended"
        yield
    finally:
        process.terminate()
        process.wait()


def answers(url: str) -> bool:
    try:
        httpx.get(url, trust_env=False)
    except httpx.TransportError:
        return False
    return True


@contextmanager
def s3_server() -> Iterator[str]:
    """The address of moto's server, with the bucket `harbour`."""
    pytest.importorskip("moto.server", reason="moto has no wheel here")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with program([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], url):
        assert httpx.put(f"{url}/harbour", trust_env=False).status_code == 200
        yield url


@contextmanager
def google_server() -> Iterator[str]:
    """The address of gcp-storage-emulator, with the bucket `harbour`."""
    pytest.importorskip("gcp_storage_emulator", reason="gcp-storage-emulator has no wheel here")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    code = "from gcp_storage_emulator.__main__ import main; main()"
    words = [sys.executable, "-c", code, "start", "--host=127.0.0.1", f"--port={port}", "--in-memory"]
    with program(words, url):
        made = httpx.post(f"{url}/storage/v1/b?project=tides", json={"name": "harbour"}, trust_env=False)
        assert made.status_code == 200
        yield url


def find_azurite() -> str | None:
    """The program of Azurite, where it is installed."""
    folder = os.environ.get(NPM_FOLDER)
    if folder:
        found = Path(folder, "node_modules", ".bin", "azurite-blob")
        return str(found) if found.exists() else None
    return shutil.which("azurite-blob")


@contextmanager
def azure_server() -> Iterator[str]:
    """The address of Azurite with its account, and the container `charts`."""
    azurite = find_azurite()
    if azurite is None:
        pytest.skip(f"Azurite is not installed: npm install --prefix FOLDER azurite, {NPM_FOLDER}=FOLDER")
    port = free_port()
    url = f"http://127.0.0.1:{port}/{AZURE_ACCOUNT}"
    words = [azurite, "--inMemoryPersistence", "--blobHost", "127.0.0.1", "--blobPort", str(port), "--silent"]
    with program([*words, "--skipApiVersionCheck"], url):
        from xsrun.services.cloud.azure_blobs import AzureContainer
        from xsrun.services.cloud.storage_calls import StorageCalls

        class Direct(StorageCalls):
            """Sends without a program, to make the container."""

            def __init__(self) -> None:
                pass

            def send(self, method, url, headers, body=None, *, key=""):  # type: ignore[no-untyped-def]
                return httpx.request(method, url, headers=headers, content=body, trust_env=False)

        container = AzureContainer(Direct(), url, "charts", AZURE_ACCOUNT, AZURE_KEY)
        made = container._send("PUT", query={"restype": "container"})
        assert made.status_code == 201, made.text  # type: ignore[attr-defined]
        yield url


def service_account() -> str:
    """The key file of a service account that nobody has."""
    from jwcrypto.jwk import JWK

    key = JWK.generate(kty="RSA", size=2048).export_to_pem(private_key=True, password=None).decode()
    return json.dumps(
        {
            "type": "service_account",
            "client_email": "harbour@tides.iam.gserviceaccount.com",
            "private_key_id": base64.b16encode(os.urandom(8)).decode(),
            "private_key": key,
        }
    )
