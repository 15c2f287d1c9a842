"""`cloud.*`: services of cloud providers. None of them is on this machine; every statement raises its own error."""

from __future__ import annotations

from xsrun.statements.unavailable import declare_all

_FILES = {
    "delete_file": "Delete a file",
    "get_file_info": "Read the metadata of a file",
    "list_directory": "List the files below a path",
    "read_file": "Read a file as a file resource",
    "sign_url": "Make an address at which a file can be had for a time",
    "upload_file": "Upload a file",
}
_SEARCH = {
    "bulk": "Carry out several operations on documents at once",
    "document": "Read, write or delete a document of an index",
    "query": "Search an index",
    "request": "Send a request",
}


def _summaries(actions: dict[str, str], where: str) -> dict[str, str]:
    return {name: f"{text} {where}." for name, text in actions.items()}


declare_all("cloud.aws.s3.", "it needs an S3 bucket of AWS", _summaries(_FILES, "in Amazon S3"))
declare_all("cloud.azure.storage.", "it needs a storage account of Azure", _summaries(_FILES, "in Azure Blob Storage"))
declare_all("cloud.google.storage.", "it needs a bucket of Google Cloud", _summaries(_FILES, "in Google Cloud Storage"))
declare_all("cloud.aws.opensearch.", "it needs an OpenSearch domain", _summaries(_SEARCH, "in Amazon OpenSearch"))
declare_all("cloud.elasticsearch.", "it needs an Elasticsearch server", _summaries(_SEARCH, "in Elasticsearch"))
declare_all(
    "cloud.algolia.",
    "it needs an Algolia application",
    {
        "delete_object": "Delete a record from an index of Algolia.",
        "request": "Send a request to Algolia.",
        "save_object": "Write a record to an index of Algolia.",
        "save_objects": "Write several records to an index of Algolia.",
        "search": "Search an index of Algolia.",
        "set_settings": "Set the settings of an index of Algolia.",
    },
)
declare_all(
    "cloud.job",
    "it needs the container jobs of the hosted engine",
    {
        "": "Start a container as a job.",
        ".await": "Wait for jobs to end.",
        ".status": "Tell how a job is doing.",
    },
)
