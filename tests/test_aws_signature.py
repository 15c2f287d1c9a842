"""Signature Version 4: Amazon's published examples, and what botocore makes of the same requests."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from xsrun.services.aws_signature import AwsAccount, signed_headers, signed_url

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
S3 = AwsAccount("AKIAIOSFODNN7EXAMPLE", SECRET, "us-east-1", "s3")
MAY = datetime(2013, 5, 24, tzinfo=UTC)
BUCKET = "https://examplebucket.s3.amazonaws.com"


def signature(account: AwsAccount, moment: datetime, method: str, url: str, headers: list, body: bytes | None) -> str:
    made = signed_headers(account, moment, method, url, headers, body)
    return dict(made)["Authorization"].rpartition("Signature=")[2]


@pytest.mark.parametrize(
    ("method", "url", "headers", "body", "expected"),
    [
        (
            "GET",
            f"{BUCKET}/test.txt",
            [("Range", "bytes=0-9")],
            None,
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT",
            f"{BUCKET}/test%24file.text",
            [("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
            b"Welcome to Amazon S3.",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            "GET",
            f"{BUCKET}?lifecycle",
            [],
            None,
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            "GET",
            f"{BUCKET}?max-keys=2&prefix=J",
            [],
            None,
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
    ids=["get", "put", "lifecycle", "list"],
)
def test_the_examples_of_amazon_s3(method: str, url: str, headers: list, body: bytes | None, expected: str) -> None:
    assert signature(S3, MAY, method, url, headers, body) == expected


def test_the_signed_address_of_amazons_documentation() -> None:
    url = signed_url(S3, MAY, "GET", f"{BUCKET}/test.txt", 86_400)
    query = parse_qs(urlsplit(url).query)
    assert query["X-Amz-Signature"] == ["aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"]
    assert query["X-Amz-Credential"] == ["AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"]


def test_the_example_of_another_service() -> None:
    iam = AwsAccount("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "iam")
    moment = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
    headers = [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")]
    url = "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08"
    assert signature(iam, moment, "GET", url, headers, None) == (
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    )


@pytest.mark.parametrize("service", ["s3", "es"])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/tides/_search", None),
        ("POST", "/tides/_search?size=3&from=2", b'{"query": {"match_all": {}}}'),
        ("PUT", "/tides/_doc/a%20b%2Fc", b"{}"),
        ("GET", "/t%C3%BCr/%7Eann/a+b?q=a%20b&empty=&q=1", None),
        ("DELETE", "/", None),
    ],
)
def test_botocore_signs_the_same(service: str, method: str, path: str, body: bytes | None) -> None:
    from botocore.auth import S3SigV4Auth, SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    url = f"https://search.example.com{path}"
    account = AwsAccount("AKID", "secret", "eu-west-1", service)
    request = AWSRequest(method, url, headers={"Content-Type": "application/json"}, data=body or b"")
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(Credentials("AKID", "secret"), service, "eu-west-1").add_auth(request)
    moment = datetime.strptime(request.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    ours = signed_headers(account, moment, method, url, [("Content-Type", "application/json")], body)
    assert dict(ours)["Authorization"] == request.headers["Authorization"]
