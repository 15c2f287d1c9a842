"""`cloud.aws.s3.*`: files in Amazon S3, or in a folder that stands for the bucket (see `cloud_storage`)."""

from __future__ import annotations

from xsrun.registry import statement
from xsrun.running.context import Context
from xsrun.services.cloud import Cloud
from xsrun.services.cloud.objects import Bucket, StoredObject
from xsrun.services.cloud.s3 import S3Bucket, s3_address
from xsrun.services.cloud.storage_calls import StorageCalls
from xsrun.statements import cloud_storage as storage
from xsrun.statements.cloud_storage import folder_stands_in, host_part, local_bucket, needed
from xsrun.values.conversion import Value, to_text

STAND_IN = folder_stands_in("s3", "bucket", "s3.REGION.amazonaws.com", "Amazon S3 with `key` and `secret`")


def _bucket(context: Context, name: str, bucket: Value, region: Value, key: Value, secret: Value) -> Bucket:
    """The bucket of a statement: Amazon's where its host may be reached, else the folder that stands for it."""
    context.keep_secret(secret)
    wanted, place = needed("bucket", bucket), host_part("region", region, "us-east-1")
    cloud: Cloud = context.service("cloud")
    address = cloud.endpoints.reach(context, "s3", f"cloud.aws.s3.{name}", s3_address(place))
    if address is None:
        return local_bucket(context, "s3", wanted)
    calls = StorageCalls(context, f"cloud.aws.s3.{name}")
    return S3Bucket(calls, address, wanted, place, to_text(key), to_text(secret))


def _entry(found: StoredObject) -> Value:
    """A file in a listing, as Amazon names its parts."""
    return {"Key": found.key, "LastModified": found.modified_text, "ETag": found.etag, "Size": found.size}


@statement("cloud.aws.s3.list_directory", stand_in=STAND_IN)
def s3_list_directory(
    context: Context,
    bucket: Value,
    region: Value,
    key: Value,
    secret: Value,
    prefix: Value = None,
    next_page_token: Value = None,
) -> Value:
    """List the files below a path in Amazon S3.

    `files` has `Key`, `LastModified`, `ETag` and `Size` of each file whose key begins with `prefix`, 1000 at a
    time; `next_page_token` asks for the next ones and is null on the last page.

    >>> storage.create_file_resource {
    ...   filename = "tides.txt"
    ...   filedata = "high"
    ... } as $file
    ... cloud.aws.s3.upload_file {
    ...   bucket = "harbour"
    ...   region = "eu-west-1"
    ...   key = $env.AWS_KEY
    ...   secret = $env.AWS_SECRET
    ...   file_key = "2026/tides.txt"
    ...   file = $file
    ... }
    ... cloud.aws.s3.list_directory {
    ...   bucket = "harbour"
    ...   region = "eu-west-1"
    ...   key = $env.AWS_KEY
    ...   secret = $env.AWS_SECRET
    ...   prefix = "2026/"
    ... } as $found
    ... var $file { value = null }
    {"file": null, "found": {"files": [{"Key": "2026/tides.txt", "LastModified": ..., "ETag": ..., "Size": 4}],
      "next_page_token": null}}
    """
    return storage.listed(
        _bucket(context, "list_directory", bucket, region, key, secret), prefix, next_page_token, _entry
    )


@statement("cloud.aws.s3.read_file", stand_in=STAND_IN)
def s3_read_file(context: Context, bucket: Value, region: Value, key: Value, secret: Value, file_key: Value) -> Value:
    """Read a file in Amazon S3: `{name, size, mime, data}`, the content as a text.

    The result may be the `file` of an upload, or the `value` of `storage.create_attachment`. A file that is not
    there raises `ERROR_CODE_NOT_FOUND`.

    >>> storage.create_file_resource {
    ...   filename = "tides.txt"
    ...   filedata = "high"
    ... } as $file
    ... cloud.aws.s3.upload_file {
    ...   bucket = "harbour"
    ...   region = "eu-west-1"
    ...   key = $env.AWS_KEY
    ...   secret = $env.AWS_SECRET
    ...   file_key = "2026/tides.txt"
    ...   file = $file
    ... }
    ... cloud.aws.s3.read_file {
    ...   bucket = "harbour"
    ...   region = "eu-west-1"
    ...   key = $env.AWS_KEY
    ...   secret = $env.AWS_SECRET
    ...   file_key = "2026/tides.txt"
    ... } as $read
    ... var $file { value = null }
    {"file": null, "read": {"name": "tides.txt", "size": 4, "mime": "text/plain", "data": "high"}}
    """
    return storage.read(
        context, _bucket(context, "read_file", bucket, region, key, secret), needed("file_key", file_key)
    )


@statement("cloud.aws.s3.get_file_info", stand_in=STAND_IN)
def s3_get_file_info(
    context: Context, bucket: Value, region: Value, key: Value, secret: Value, file_key: Value
) -> Value:
    """Tell what Amazon S3 knows of a file, without reading it.

    A file that is not there raises `ERROR_CODE_NOT_FOUND`, which `try_catch` catches.

    >>> storage.create_file_resource {
    ...   filename = "tides.txt"
    ...   filedata = "high"
    ... } as $file
    ... cloud.aws.s3.upload_file {
    ...   bucket = "harbour"
    ...   region = "eu-west-1"
    ...   key = $env.AWS_KEY
    ...   secret = $env.AWS_SECRET
    ...   file_key = "2026/tides.txt"
    ...   file = $file
    ...   metadata = {harbour: "Oban"}
    ... }
    ... cloud.aws.s3.get_file_info {
    ...   bucket = "harbour"
    ...   region = "eu-west-1"
    ...   key = $env.AWS_KEY
    ...   secret = $env.AWS_SECRET
    ...   file_key = "2026/tides.txt"
    ... } as $info
    ... var $file { value = null }
    {"file": null, "info": {"name": "2026/tides.txt", "size": 4, "mime": "text/plain", "etag": ...,
      "last_modified": ..., "metadata": {"harbour": "Oban"}}}
    """
    return storage.info(_bucket(context, "get_file_info", bucket, region, key, secret), needed("file_key", file_key))


@statement("cloud.aws.s3.upload_file", stand_in=STAND_IN)
def s3_upload_file(
    context: Context,
    bucket: Value,
    region: Value,
    key: Value,
    secret: Value,
    file: Value,
    file_key: Value = None,
    metadata: Value = None,
    object_lock_mode: Value = None,
    object_lock_retain_until: Value = None,
) -> Value:
    """Store a file in Amazon S3, in the place of one that was there.

    `file` is the upload of a `file` input, a file resource, or what `read_file` gave; `metadata` an object of
    texts. Without a `file_key` the file gets a random one. `object_lock_mode` ("governance" or "compliance") keeps
    it from being replaced or deleted until `object_lock_retain_until`, where the bucket has object lock. The folder
    keeps that too, in both modes alike.

    >>> storage.create_file_resource {
    ...   filename = "tides.txt"
    ...   filedata = "high"
    ... } as $file
    ... cloud.aws.s3.upload_file {
    ...   bucket = "harbour"
    ...   region = "eu-west-1"
    ...   key = $env.AWS_KEY
    ...   secret = $env.AWS_SECRET
    ...   file_key = "2026/tides.txt"
    ...   file = $file
    ... } as $stored
    ... var $file { value = null }
    {"file": null, "stored": {"name": "2026/tides.txt", "size": 4, "mime": "text/plain", "etag": ..., "location": ...}}
    """
    lock = storage.object_lock(context, object_lock_mode, object_lock_retain_until)
    return storage.uploaded(
        context, _bucket(context, "upload_file", bucket, region, key, secret), to_text(file_key), file, metadata, lock
    )


@statement("cloud.aws.s3.delete_file", stand_in=STAND_IN)
def s3_delete_file(context: Context, bucket: Value, region: Value, key: Value, secret: Value, file_key: Value) -> None:
    """Delete a file in Amazon S3.

    To delete a file that is not there is no error, as with Amazon.

    >>> storage.create_file_resource {
    ...   filename = "tides.txt"
    ...   filedata = "high"
    ... } as $file
    ... cloud.aws.s3.upload_file {
    ...   bucket = "harbour"
    ...   region = "eu-west-1"
    ...   key = $env.AWS_KEY
    ...   secret = $env.AWS_SECRET
    ...   file_key = "2026/tides.txt"
    ...   file = $file
    ... }
    ... cloud.aws.s3.delete_file {
    ...   bucket = "harbour"
    ...   region = "eu-west-1"
    ...   key = $env.AWS_KEY
    ...   secret = $env.AWS_SECRET
    ...   file_key = "2026/tides.txt"
    ... }
    ... var $file { value = null }
    {"file": null}
    """
    _bucket(context, "delete_file", bucket, region, key, secret).delete(needed("file_key", file_key))


@statement("cloud.aws.s3.sign_url", stand_in=STAND_IN)
def s3_sign_url(
    context: Context, bucket: Value, region: Value, key: Value, secret: Value, file_key: Value, ttl: int = 300
) -> str:
    """Make an address at which a file in Amazon S3 can be had for a time.

    The address lets anyone read the file for `ttl` seconds. Here it is for `xsrun serve` of the same workspace.

    >>> cloud.aws.s3.sign_url {
    ...   bucket = "harbour"
    ...   region = "eu-west-1"
    ...   key = $env.AWS_KEY
    ...   secret = $env.AWS_SECRET
    ...   file_key = "2026/tides.txt"
    ...   ttl = 60
    ... } as $address
    ... var $address { value = $address|contains:"/2026/tides.txt?expires=" }
    {"address": true}
    """
    return storage.signed(_bucket(context, "sign_url", bucket, region, key, secret), needed("file_key", file_key), ttl)
