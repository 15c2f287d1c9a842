"""`cloud.azure.storage.*`: files in Azure Blob Storage, or in a folder that stands for the container."""

from __future__ import annotations

from xsrun.registry import statement
from xsrun.running.context import Context
from xsrun.services.cloud import Cloud
from xsrun.services.cloud.azure_blobs import AzureContainer, azure_address
from xsrun.services.cloud.objects import Bucket
from xsrun.services.cloud.storage_calls import StorageCalls
from xsrun.statements import cloud_storage as storage
from xsrun.statements.cloud_storage import folder_stands_in, host_part, local_bucket, needed
from xsrun.values.conversion import Value, to_text

STAND_IN = folder_stands_in(
    "azure", "container", "ACCOUNT.blob.core.windows.net", "Azure Blob Storage with `account_key`"
)


def _container(context: Context, name: str, account: Value, key: Value, container: Value) -> Bucket:
    """The container of a statement: Azure's where its host may be reached, else the folder that stands for it."""
    context.keep_secret(key)
    owner, wanted = host_part("account_name", account), needed("container_name", container)
    cloud: Cloud = context.service("cloud")
    address = cloud.endpoints.reach(context, "azure", f"cloud.azure.storage.{name}", azure_address(owner))
    if address is None:
        return local_bucket(context, "azure", wanted)
    return AzureContainer(StorageCalls(context, f"cloud.azure.storage.{name}"), address, wanted, owner, to_text(key))


@statement("cloud.azure.storage.list_directory", stand_in=STAND_IN)
def azure_list_directory(
    context: Context, account_name: Value, account_key: Value, container_name: Value, path: Value
) -> Value:
    """List the files below a path in Azure Blob Storage.

    `files` has `name`, `size`, `etag` and `last_modified` of the first 1000 files below `path`; an empty one lists
    the whole container.

    >>> storage.create_file_resource {
    ...   filename = "tides.txt"
    ...   filedata = "high"
    ... } as $file
    ... cloud.azure.storage.upload_file {
    ...   account_name = "harbour"
    ...   account_key = $env.AZURE_KEY
    ...   container_name = "charts"
    ...   filePath = "2026/tides.txt"
    ...   file = $file
    ... }
    ... cloud.azure.storage.list_directory {
    ...   account_name = "harbour"
    ...   account_key = $env.AZURE_KEY
    ...   container_name = "charts"
    ...   path = "2026/"
    ... } as $found
    ... var $file { value = null }
    {"file": null, "found": {"files": [{"name": "2026/tides.txt", "size": 4, "etag": ..., "last_modified": ...}],
      "next_page_token": null}}
    """
    return storage.listed(_container(context, "list_directory", account_name, account_key, container_name), path)


@statement("cloud.azure.storage.read_file", stand_in=STAND_IN)
def azure_read_file(
    context: Context, account_name: Value, account_key: Value, container_name: Value, filePath: Value
) -> Value:
    """Read a file in Azure Blob Storage: `{name, size, mime, data}`, the content as a text.

    The result may be the `file` of an upload, or the `value` of `storage.create_attachment`. A file that is not
    there raises `ERROR_CODE_NOT_FOUND`.

    >>> storage.create_file_resource {
    ...   filename = "tides.txt"
    ...   filedata = "high"
    ... } as $file
    ... cloud.azure.storage.upload_file {
    ...   account_name = "harbour"
    ...   account_key = $env.AZURE_KEY
    ...   container_name = "charts"
    ...   filePath = "2026/tides.txt"
    ...   file = $file
    ... }
    ... cloud.azure.storage.read_file {
    ...   account_name = "harbour"
    ...   account_key = $env.AZURE_KEY
    ...   container_name = "charts"
    ...   filePath = "2026/tides.txt"
    ... } as $read
    ... var $file { value = null }
    {"file": null, "read": {"name": "tides.txt", "size": 4, "mime": "text/plain", "data": "high"}}
    """
    return storage.read(
        context,
        _container(context, "read_file", account_name, account_key, container_name),
        needed("filePath", filePath),
    )


@statement("cloud.azure.storage.get_file_info", stand_in=STAND_IN)
def azure_get_file_info(
    context: Context, account_name: Value, account_key: Value, container_name: Value, filePath: Value
) -> Value:
    """Tell what Azure Blob Storage knows of a file, without reading it.

    A file that is not there raises `ERROR_CODE_NOT_FOUND`, which `try_catch` catches.

    >>> storage.create_file_resource {
    ...   filename = "tides.txt"
    ...   filedata = "high"
    ... } as $file
    ... cloud.azure.storage.upload_file {
    ...   account_name = "harbour"
    ...   account_key = $env.AZURE_KEY
    ...   container_name = "charts"
    ...   filePath = "2026/tides.txt"
    ...   file = $file
    ...   metadata = {harbour: "Oban"}
    ... }
    ... cloud.azure.storage.get_file_info {
    ...   account_name = "harbour"
    ...   account_key = $env.AZURE_KEY
    ...   container_name = "charts"
    ...   filePath = "2026/tides.txt"
    ... } as $info
    ... var $file { value = null }
    {"file": null, "info": {"name": "2026/tides.txt", "size": 4, "mime": "text/plain", "etag": ...,
      "last_modified": ..., "metadata": {"harbour": "Oban"}}}
    """
    return storage.info(
        _container(context, "get_file_info", account_name, account_key, container_name), needed("filePath", filePath)
    )


@statement("cloud.azure.storage.upload_file", stand_in=STAND_IN)
def azure_upload_file(
    context: Context,
    account_name: Value,
    account_key: Value,
    container_name: Value,
    filePath: Value,
    file: Value,
    metadata: Value = None,
) -> Value:
    """Store a file in Azure Blob Storage, in the place of one that was there.

    `file` is the upload of a `file` input, a file resource, or what `read_file` gave; `metadata` an object of
    texts.

    >>> storage.create_file_resource {
    ...   filename = "tides.txt"
    ...   filedata = "high"
    ... } as $file
    ... cloud.azure.storage.upload_file {
    ...   account_name = "harbour"
    ...   account_key = $env.AZURE_KEY
    ...   container_name = "charts"
    ...   filePath = "2026/tides.txt"
    ...   file = $file
    ... } as $stored
    ... var $file { value = null }
    {"file": null, "stored": {"name": "2026/tides.txt", "size": 4, "mime": "text/plain", "etag": ..., "location": ...}}
    """
    return storage.uploaded(
        context,
        _container(context, "upload_file", account_name, account_key, container_name),
        needed("filePath", filePath),
        file,
        metadata,
    )


@statement("cloud.azure.storage.delete_file", stand_in=STAND_IN)
def azure_delete_file(
    context: Context, account_name: Value, account_key: Value, container_name: Value, filePath: Value
) -> None:
    """Delete a file in Azure Blob Storage.

    A file that is not there raises `ERROR_CODE_NOT_FOUND`.

    >>> storage.create_file_resource {
    ...   filename = "tides.txt"
    ...   filedata = "high"
    ... } as $file
    ... cloud.azure.storage.upload_file {
    ...   account_name = "harbour"
    ...   account_key = $env.AZURE_KEY
    ...   container_name = "charts"
    ...   filePath = "2026/tides.txt"
    ...   file = $file
    ... }
    ... cloud.azure.storage.delete_file {
    ...   account_name = "harbour"
    ...   account_key = $env.AZURE_KEY
    ...   container_name = "charts"
    ...   filePath = "2026/tides.txt"
    ... }
    ... var $file { value = null }
    {"file": null}
    """
    _container(context, "delete_file", account_name, account_key, container_name).delete(needed("filePath", filePath))


@statement("cloud.azure.storage.sign_url", stand_in=STAND_IN)
def azure_sign_url(
    context: Context, account_name: Value, account_key: Value, container_name: Value, path: Value, ttl: int = 300
) -> str:
    """Make an address at which a file in Azure Blob Storage can be had for a time.

    The address lets anyone read the file for `ttl` seconds. Here it is for `xsrun serve` of the same workspace.

    >>> cloud.azure.storage.sign_url {
    ...   account_name = "harbour"
    ...   account_key = $env.AZURE_KEY
    ...   container_name = "charts"
    ...   path = "2026/tides.txt"
    ...   ttl = 60
    ... } as $address
    ... var $address { value = $address|contains:"/2026/tides.txt?expires=" }
    {"address": true}
    """
    return storage.signed(
        _container(context, "sign_url", account_name, account_key, container_name), needed("path", path), ttl
    )
