"""`cloud.*`: services of cloud providers, imported here so that the registry finds them."""

from __future__ import annotations

from xsrun.statements import (  # noqa: F401
    cloud_algolia,
    cloud_azure,
    cloud_elasticsearch,
    cloud_google,
    cloud_jobs,
    cloud_opensearch,
    cloud_s3,
)
