"""What xsrun sends to cloud services, compared with what the official clients send.

Those are installed with `pip install --group clients`; without one its tests are skipped.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import cloud_servers
import pytest

from xsrun.services.cloud.azure_blobs import VERSION, AzureContainer
from xsrun.services.cloud.google_storage import GoogleBucket, ServiceAccount
from xsrun.services.cloud.storage_calls import StorageCalls

MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
KEY = "2026/tïd es+%&#~.txt"


class Standing(StorageCalls):
    """Requests at one moment, which nobody sends."""

    def __init__(self) -> None:
        pass

    def moment(self) -> datetime:
        return MOMENT


def client(name: str) -> Any:
    return pytest.importorskip(name, reason=f"{name} is not installed: pip install --group clients")


def test_googles_client_signs_the_same_address() -> None:
    signing = client("google.cloud.storage._signing")
    service_account = client("google.oauth2.service_account")
    document = cloud_servers.service_account()
    credentials = service_account.Credentials.from_service_account_info(
        {**json.loads(document), "token_uri": "https://oauth2.googleapis.com/token"}
    )
    ours = GoogleBucket(Standing(), "https://storage.googleapis.com", "harbour", ServiceAccount(document))
    for method, headers in (("GET", {}), ("POST", {"x-goog-resumable": "start"}), ("PUT", {})):
        theirs = signing.generate_signed_url_v4(
            credentials,
            ours.address(KEY).removeprefix("https://storage.googleapis.com"),
            timedelta(seconds=300),
            method=method,
            headers=headers,
            _request_timestamp=f"{MOMENT:%Y%m%dT%H%M%SZ}",
        )
        made = ours.sign(KEY, method, 300)
        assert made.partition("?")[0] == theirs.partition("?")[0]
        assert parse_qs(urlsplit(made).query) == parse_qs(urlsplit(theirs).query)


def test_googles_client_reads_the_token() -> None:
    crypt, jwt = client("google.auth.crypt"), client("google.auth.jwt")
    document = cloud_servers.service_account()
    account = ServiceAccount(document)
    moment = datetime.now(UTC)
    assert crypt.RSASigner.from_service_account_info(json.loads(document)).key_id == account.key_id
    claims = jwt.decode(account.token(moment), verify=False)
    assert claims["iss"] == claims["sub"] == account.email
    assert (claims["iat"], claims["exp"]) == (int(moment.timestamp()), int(moment.timestamp()) + 3600)


def test_azures_client_signs_the_same_address() -> None:
    blob = client("azure.storage.blob")
    account, secret = cloud_servers.AZURE_ACCOUNT, cloud_servers.AZURE_KEY
    ours = AzureContainer(Standing(), f"https://{account}.blob.core.windows.net", "charts", account, secret)
    made = parse_qs(urlsplit(ours.sign(KEY, "GET", 300)).query)
    theirs = blob.generate_blob_sas(
        account,
        "charts",
        KEY,
        account_key=secret,
        permission="r",
        expiry=MOMENT + timedelta(seconds=300),
        protocol="https",
        version=VERSION,
    )
    found = parse_qs(theirs)
    if found["sv"] == [VERSION]:
        assert made == found
    else:  # a client that signs for its own version alone
        assert {name: made[name] for name in ("se", "sr", "sp", "spr")} == {
            name: found[name] for name in ("se", "sr", "sp", "spr")
        }
