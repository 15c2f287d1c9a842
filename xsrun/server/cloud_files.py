"""Files of the folders that stand for buckets, at their signed addresses (`xsrun.services.cloud.signed_addresses`)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from xsrun.errors import XanoScriptError
from xsrun.filters.query_strings import parse_query
from xsrun.server.cors import Policy
from xsrun.server.file_responses import StoredFile
from xsrun.server.http_request import HttpRequest
from xsrun.server.http_response import HttpResponse, error_response
from xsrun.server.vault import kept_file
from xsrun.services.cloud.signed_addresses import PREFIX as CLOUD_PREFIX
from xsrun.services.files import FileResource

if TYPE_CHECKING:
    from xsrun.services.cloud import Cloud
    from xsrun.services.cloud.local_bucket import LocalBucket
    from xsrun.workspace.workspace import LoadedWorkspace

__all__ = ["CLOUD_PREFIX", "cloud_file"]


def cloud_file(workspace: LoadedWorkspace, request: HttpRequest) -> StoredFile | HttpResponse | None:
    """What a signed address gives or takes; None without a valid signature, whatever is there."""
    service, _, rest = request.path.removeprefix(CLOUD_PREFIX).partition("/")
    name, _, path = rest.partition("/")
    bucket_name, key = unquote(name), unquote(path)
    given = parse_query(request.query)
    expires, signature = given.get("expires"), given.get("signature")
    if not isinstance(expires, str) or not isinstance(signature, str):
        return None
    cloud: Cloud = workspace.service("cloud")
    signer = cloud.signer("", workspace.clock)
    if not signer.grants(service, bucket_name, key, request.verb, expires, signature):
        return None
    bucket = cloud.local_bucket(service, bucket_name, signer)
    try:
        return _answer(bucket, key, request, workspace.clock())
    except XanoScriptError as error:
        return error_response(error)
    except OSError:
        return None


def _answer(bucket: LocalBucket, key: str, request: HttpRequest, now: int) -> StoredFile | HttpResponse:
    if request.verb in ("GET", "HEAD"):
        return kept_file(bucket.file(key), request, bucket.info(key).mime, now, private=True)
    headers = list(Policy().headers_for(request))
    if request.verb == "DELETE":
        bucket.delete(key)
        return HttpResponse(204, headers)
    mime = (request.header(b"content-type") or "").partition(";")[0].strip() or None
    bucket.write(key, FileResource(key.rpartition("/")[2] or "file", request.body, mime=mime), {}, None)
    return HttpResponse(200, headers)
