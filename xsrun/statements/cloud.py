"""`cloud.*`: services of cloud providers, imported here so that the registry finds them."""

from __future__ import annotations

from xsrun.statements import (  # noqa: F401
    cloud_algolia,
    cloud_azure,
    cloud_elasticsearch,
    cloud_google,
    cloud_opensearch,
    cloud_s3,
)
from xsrun.statements.unavailable import declare

_JOBS = "it needs the container jobs of the hosted engine"

declare("cloud.job", _JOBS, "Start a container as a job.", "image?, command?, args?, secret?, template?, await?")
declare("cloud.job.await", _JOBS, "Wait for jobs to end.", "ids, timeout")
declare("cloud.job.status", _JOBS, "Tell how a job is doing.", "id")
