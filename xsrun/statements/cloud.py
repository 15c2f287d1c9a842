"""`cloud.*`: services of cloud providers. None of them is on this machine; every statement raises its own error."""

from __future__ import annotations

from xsrun.statements.unavailable import declare

_ALGOLIA = "it needs an Algolia application"
_OPENSEARCH = "it needs an OpenSearch domain"
_ELASTICSEARCH = "it needs an Elasticsearch server"
_S3 = "it needs an S3 bucket of AWS"
_AZURE = "it needs a storage account of Azure"
_GOOGLE = "it needs a bucket of Google Cloud"
_JOBS = "it needs the container jobs of the hosted engine"

declare(
    "cloud.algolia.request", _ALGOLIA, "Send a request to Algolia.", "application_id?, api_key?, url, method?, payload"
)
declare(
    "cloud.algolia.search",
    _ALGOLIA,
    "Search an index of Algolia.",
    "app_id?, api_key?, index?, query?, filters?, facets?, hitsPerPage?, page?",
)
declare(
    "cloud.algolia.save_object",
    _ALGOLIA,
    "Write a record to an index of Algolia.",
    "app_id?, api_key?, index?, object?",
)
declare(
    "cloud.algolia.save_objects",
    _ALGOLIA,
    "Write several records to an index of Algolia.",
    "app_id?, api_key?, index?, objects?",
)
declare(
    "cloud.algolia.delete_object",
    _ALGOLIA,
    "Delete a record from an index of Algolia.",
    "app_id?, api_key?, index?, objectID?",
)
declare(
    "cloud.algolia.set_settings",
    _ALGOLIA,
    "Set the settings of an index of Algolia.",
    "app_id?, api_key?, index?, settings?",
)
declare(
    "cloud.aws.opensearch.document",
    _OPENSEARCH,
    "Read, write or delete a document of an index in Amazon OpenSearch.",
    "auth_type?, key_id?, access_key?, region?, method?, index?, base_url?, doc_id?, doc?, "
    "endpoint?, secret_key?, body?",
)
declare(
    "cloud.aws.opensearch.query",
    _OPENSEARCH,
    "Search an index in Amazon OpenSearch.",
    "auth_type?, key_id?, access_key?, region?, index?, payload?, expression?, size?, from?, sort?, "
    "included_fields?, return_type?, endpoint?, secret_key?, query?",
)
declare(
    "cloud.aws.opensearch.request",
    _OPENSEARCH,
    "Send a request in Amazon OpenSearch.",
    "auth_type?, key_id?, access_key?, region?, method?, url?, query?",
)
declare(
    "cloud.elasticsearch.document",
    _ELASTICSEARCH,
    "Read, write or delete a document of an index in Elasticsearch.",
    "auth_type?, key_id?, access_key?, region?, method?, index?, base_url?, doc_id?, doc?, body?",
)
declare(
    "cloud.elasticsearch.query",
    _ELASTICSEARCH,
    "Search an index in Elasticsearch.",
    "auth_type?, key_id?, access_key?, region?, index?, payload?, expression?, size?, from?, sort?, "
    "included_fields?, return_type?, base_url?, query?, aggregations?",
)
declare(
    "cloud.elasticsearch.request",
    _ELASTICSEARCH,
    "Send a request in Elasticsearch.",
    "auth_type?, key_id?, access_key?, region?, method?, url?, query?",
)
declare(
    "cloud.elasticsearch.bulk",
    _ELASTICSEARCH,
    "Carry out several operations on documents at once in Elasticsearch.",
    "auth_type?, key_id?, access_key?, base_url?, index?, operations?",
)
declare("cloud.aws.s3.delete_file", _S3, "Delete a file in Amazon S3.", "bucket, region, key, secret, file_key")
declare(
    "cloud.aws.s3.get_file_info",
    _S3,
    "Read the metadata of a file in Amazon S3.",
    "bucket, region, key, secret, file_key",
)
declare(
    "cloud.aws.s3.list_directory",
    _S3,
    "List the files below a path in Amazon S3.",
    "bucket, region, key, secret, prefix?, next_page_token?",
)
declare(
    "cloud.aws.s3.read_file",
    _S3,
    "Read a file as a file resource in Amazon S3.",
    "bucket, region, key, secret, file_key",
)
declare(
    "cloud.aws.s3.sign_url",
    _S3,
    "Make an address at which a file can be had for a time in Amazon S3.",
    "bucket, region, key, secret, file_key, ttl?",
)
declare(
    "cloud.aws.s3.upload_file",
    _S3,
    "Upload a file in Amazon S3.",
    "bucket, region, key, secret, file_key?, file, metadata?, object_lock_mode?, object_lock_retain_until?",
)
declare(
    "cloud.azure.storage.delete_file",
    _AZURE,
    "Delete a file in Azure Blob Storage.",
    "account_name, account_key, container_name, filePath",
)
declare(
    "cloud.azure.storage.get_file_info",
    _AZURE,
    "Read the metadata of a file in Azure Blob Storage.",
    "account_name, account_key, container_name, filePath",
)
declare(
    "cloud.azure.storage.list_directory",
    _AZURE,
    "List the files below a path in Azure Blob Storage.",
    "account_name, account_key, container_name, path",
)
declare(
    "cloud.azure.storage.read_file",
    _AZURE,
    "Read a file as a file resource in Azure Blob Storage.",
    "account_name, account_key, container_name, filePath",
)
declare(
    "cloud.azure.storage.sign_url",
    _AZURE,
    "Make an address at which a file can be had for a time in Azure Blob Storage.",
    "account_name, account_key, container_name, path, ttl?",
)
declare(
    "cloud.azure.storage.upload_file",
    _AZURE,
    "Upload a file in Azure Blob Storage.",
    "account_name, account_key, container_name, filePath, file, metadata?",
)
declare(
    "cloud.google.storage.delete_file",
    _GOOGLE,
    "Delete a file in Google Cloud Storage.",
    "service_account, bucket, filePath",
)
declare(
    "cloud.google.storage.get_file_info",
    _GOOGLE,
    "Read the metadata of a file in Google Cloud Storage.",
    "service_account, bucket, filePath",
)
declare(
    "cloud.google.storage.list_directory",
    _GOOGLE,
    "List the files below a path in Google Cloud Storage.",
    "service_account, bucket, path",
)
declare(
    "cloud.google.storage.read_file",
    _GOOGLE,
    "Read a file as a file resource in Google Cloud Storage.",
    "service_account, bucket, filePath",
)
declare(
    "cloud.google.storage.sign_url",
    _GOOGLE,
    "Make an address at which a file can be had for a time in Google Cloud Storage.",
    "service_account, bucket, filePath, method?, ttl?",
)
declare(
    "cloud.google.storage.upload_file",
    _GOOGLE,
    "Upload a file in Google Cloud Storage.",
    "service_account, bucket, filePath, file, metadata?",
)
declare("cloud.job", _JOBS, "Start a container as a job.", "image?, command?, args?, secret?, template?, await?")
declare("cloud.job.await", _JOBS, "Wait for jobs to end.", "ids, timeout")
declare("cloud.job.status", _JOBS, "Tell how a job is doing.", "id")
