"""`cloud.google.storage.*`: files in Google Cloud Storage, or in a folder that stands for the bucket."""

from __future__ import annotations

from xsrun.registry import statement
from xsrun.running.context import Context
from xsrun.services.cloud import Cloud
from xsrun.services.cloud.google_storage import ADDRESS, GoogleBucket, ServiceAccount, secrets_in
from xsrun.services.cloud.objects import Bucket
from xsrun.services.cloud.storage_calls import StorageCalls
from xsrun.statements import cloud_storage as storage
from xsrun.statements.cloud_storage import folder_stands_in, local_bucket, needed
from xsrun.values.conversion import Value, not_allowed, to_text

_METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD")


STAND_IN = folder_stands_in(
    "google",
    "bucket",
    "storage.googleapis.com",
    "Google Cloud Storage as `service_account`, the text of its key file",
)


def _bucket(context: Context, name: str, service_account: Value, bucket: Value) -> Bucket:
    """The bucket of a statement: Google's where its host may be reached, else the folder that stands for it."""
    context.keep_secret(secrets_in(service_account))
    wanted = needed("bucket", bucket)
    cloud: Cloud = context.service("cloud")
    address = cloud.endpoints.reach(context, "google", f"cloud.google.storage.{name}", ADDRESS)
    if address is None:
        return local_bucket(context, "google", wanted)
    calls = StorageCalls(context, f"cloud.google.storage.{name}")
    return GoogleBucket(calls, address, wanted, ServiceAccount(service_account))


@statement("cloud.google.storage.list_directory", stand_in=STAND_IN)
def google_list_directory(context: Context, service_account: Value, bucket: Value, path: Value) -> Value:
    """List the files below a path in Google Cloud Storage.

    `files` has `name`, `size`, `etag` and `last_modified` of the first 1000 files below `path`; an empty one lists
    the whole bucket.

    >>> storage.create_file_resource {
    ...   filename = "tides.txt"
    ...   filedata = "high"
    ... } as $file
    ... cloud.google.storage.upload_file {
    ...   service_account = $env.GOOGLE_KEY
    ...   bucket = "harbour"
    ...   filePath = "2026/tides.txt"
    ...   file = $file
    ... }
    ... cloud.google.storage.list_directory {
    ...   service_account = $env.GOOGLE_KEY
    ...   bucket = "harbour"
    ...   path = "2026/"
    ... } as $found
    ... var $file { value = null }
    {"file": null, "found": {"files": [{"name": "2026/tides.txt", "size": 4, "etag": ..., "last_modified": ...}],
      "next_page_token": null}}
    """
    return storage.listed(_bucket(context, "list_directory", service_account, bucket), path)


@statement("cloud.google.storage.read_file", stand_in=STAND_IN)
def google_read_file(context: Context, service_account: Value, bucket: Value, filePath: Value) -> Value:
    """Read a file in Google Cloud Storage: `{name, size, mime, data}`, the content as a text.

    The result may be the `file` of an upload, or the `value` of `storage.create_attachment`. A file that is not
    there raises `ERROR_CODE_NOT_FOUND`.

    >>> storage.create_file_resource {
    ...   filename = "tides.txt"
    ...   filedata = "high"
    ... } as $file
    ... cloud.google.storage.upload_file {
    ...   service_account = $env.GOOGLE_KEY
    ...   bucket = "harbour"
    ...   filePath = "2026/tides.txt"
    ...   file = $file
    ... }
    ... cloud.google.storage.read_file {
    ...   service_account = $env.GOOGLE_KEY
    ...   bucket = "harbour"
    ...   filePath = "2026/tides.txt"
    ... } as $read
    ... var $file { value = null }
    {"file": null, "read": {"name": "tides.txt", "size": 4, "mime": "text/plain", "data": "high"}}
    """
    return storage.read(context, _bucket(context, "read_file", service_account, bucket), needed("filePath", filePath))


@statement("cloud.google.storage.get_file_info", stand_in=STAND_IN)
def google_get_file_info(context: Context, service_account: Value, bucket: Value, filePath: Value) -> Value:
    """Tell what Google Cloud Storage knows of a file, without reading it.

    A file that is not there raises `ERROR_CODE_NOT_FOUND`, which `try_catch` catches.

    >>> storage.create_file_resource {
    ...   filename = "tides.txt"
    ...   filedata = "high"
    ... } as $file
    ... cloud.google.storage.upload_file {
    ...   service_account = $env.GOOGLE_KEY
    ...   bucket = "harbour"
    ...   filePath = "2026/tides.txt"
    ...   file = $file
    ...   metadata = {harbour: "Oban"}
    ... }
    ... cloud.google.storage.get_file_info {
    ...   service_account = $env.GOOGLE_KEY
    ...   bucket = "harbour"
    ...   filePath = "2026/tides.txt"
    ... } as $info
    ... var $file { value = null }
    {"file": null, "info": {"name": "2026/tides.txt", "size": 4, "mime": "text/plain", "etag": ...,
      "last_modified": ..., "metadata": {"harbour": "Oban"}}}
    """
    return storage.info(_bucket(context, "get_file_info", service_account, bucket), needed("filePath", filePath))


@statement("cloud.google.storage.upload_file", stand_in=STAND_IN)
def google_upload_file(
    context: Context, service_account: Value, bucket: Value, filePath: Value, file: Value, metadata: Value = None
) -> Value:
    """Store a file in Google Cloud Storage, in the place of one that was there.

    `file` is the upload of a `file` input, a file resource, or what `read_file` gave; `metadata` an object of
    texts.

    >>> storage.create_file_resource {
    ...   filename = "tides.txt"
    ...   filedata = "high"
    ... } as $file
    ... cloud.google.storage.upload_file {
    ...   service_account = $env.GOOGLE_KEY
    ...   bucket = "harbour"
    ...   filePath = "2026/tides.txt"
    ...   file = $file
    ... } as $stored
    ... var $file { value = null }
    {"file": null, "stored": {"name": "2026/tides.txt", "size": 4, "mime": "text/plain", "etag": ..., "location": ...}}
    """
    return storage.uploaded(
        context, _bucket(context, "upload_file", service_account, bucket), needed("filePath", filePath), file, metadata
    )


@statement("cloud.google.storage.delete_file", stand_in=STAND_IN)
def google_delete_file(context: Context, service_account: Value, bucket: Value, filePath: Value) -> None:
    """Delete a file in Google Cloud Storage.

    A file that is not there raises `ERROR_CODE_NOT_FOUND`.

    >>> storage.create_file_resource {
    ...   filename = "tides.txt"
    ...   filedata = "high"
    ... } as $file
    ... cloud.google.storage.upload_file {
    ...   service_account = $env.GOOGLE_KEY
    ...   bucket = "harbour"
    ...   filePath = "2026/tides.txt"
    ...   file = $file
    ... }
    ... cloud.google.storage.delete_file {
    ...   service_account = $env.GOOGLE_KEY
    ...   bucket = "harbour"
    ...   filePath = "2026/tides.txt"
    ... }
    ... var $file { value = null }
    {"file": null}
    """
    _bucket(context, "delete_file", service_account, bucket).delete(needed("filePath", filePath))


@statement("cloud.google.storage.sign_url", stand_in=STAND_IN)
def google_sign_url(
    context: Context, service_account: Value, bucket: Value, filePath: Value, method: Value = "GET", ttl: int = 300
) -> str:
    """Make an address at which a file in Google Cloud Storage can be had for a time.

    `method` is GET to read, or POST to begin an upload with the header `x-goog-resumable: start`. Here the address
    is for `xsrun serve` of the same workspace, and the body of a POST or PUT is the file itself.

    >>> cloud.google.storage.sign_url {
    ...   service_account = $env.GOOGLE_KEY
    ...   bucket = "harbour"
    ...   filePath = "2026/tides.txt"
    ...   ttl = 60
    ... } as $address
    ... var $address { value = $address|contains:"/2026/tides.txt?expires=" }
    {"address": true}
    """
    wanted = to_text(method).strip().upper() or "GET"
    if wanted not in _METHODS:
        raise not_allowed(wanted, "method", f"methods: {', '.join(_METHODS)}")
    return storage.signed(
        _bucket(context, "sign_url", service_account, bucket), needed("filePath", filePath), ttl, wanted
    )
