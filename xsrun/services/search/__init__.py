"""A small search server on this machine: documents by index on SQLite, words in its full-text index FTS5.

`elastic` answers the requests of Elasticsearch and OpenSearch that programs send, `algolia` those of Algolia; both
stand on the same documents. What it cannot do it names (`unsupported.refuse_clause`) and never answers as if it were
not there.
"""
