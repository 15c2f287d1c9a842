"""`cloud.*`: services of cloud providers, imported here so that the registry finds them."""

from __future__ import annotations

from xsrun.statements import cloud_azure, cloud_google, cloud_s3  # noqa: F401
from xsrun.statements.unavailable import declare

_ALGOLIA = "it needs an Algolia application"
_OPENSEARCH = "it needs an OpenSearch domain"
_ELASTICSEARCH = "it needs an Elasticsearch server"
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
declare("cloud.job", _JOBS, "Start a container as a job.", "image?, command?, args?, secret?, template?, await?")
declare("cloud.job.await", _JOBS, "Wait for jobs to end.", "ids, timeout")
declare("cloud.job.status", _JOBS, "Tell how a job is doing.", "id")
