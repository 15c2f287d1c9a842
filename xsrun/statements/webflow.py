"""`webflow.request`: calls of Webflow's API."""

from __future__ import annotations

from xsrun.registry import statement
from xsrun.running.context import Context
from xsrun.services.http_messages import Headers, header_lines, header_of
from xsrun.statements.api_request import send, tls_of
from xsrun.values.conversion import Value, to_text

BASE_URL = "https://api.webflow.com"
#: The variable of `$env` that holds the token; on the hosted engine it belongs to the workspace's connection.
TOKEN_VARIABLE = "WEBFLOW_API_TOKEN"


@statement("webflow.request")
def webflow_request(
    context: Context,
    path: Value = None,
    method: Value = "GET",
    params: Value = None,
    headers: Value = None,
    timeout: Value = None,
    follow_location: bool = True,
    verify_host: bool = True,
    verify_peer: bool = True,
    ca_certificate: Value = None,
    certificate: Value = None,
    certificate_pass: Value = None,
    private_key: Value = None,
    private_key_pass: Value = None,
) -> Value:
    """Send a request to Webflow's API: like `api.request`, with a `path` below `https://api.webflow.com`.

    The token is `$env.WEBFLOW_API_TOKEN` (`--env WEBFLOW_API_TOKEN` takes it from the process) unless `headers` has an
    `Authorization`. The host must be allowed with
    `--allow-net api.webflow.com`; `$env.WEBFLOW_API_URL` names another server, such as a double on this machine.

    >>> webflow.request {
    ...   path = "http://127.0.0.1:9/v2/sites"
    ...   method = "GET"
    ... } as $reply
    {"reply": {"request": {"url": "http://127.0.0.1:9/v2/sites", "method": "GET", "headers": [], "params": {}},
      "response": {"headers": [], "result": false, "status": 0, "error": ...}}}
    """
    given = to_text(path)
    base = to_text(context.environment.get("WEBFLOW_API_URL")) or BASE_URL
    elsewhere = "://" in given
    url = given if elsewhere else f"{base.rstrip('/')}/{given.removeprefix('/')}"
    token = to_text(context.environment.get(TOKEN_VARIABLE))
    unseen: Headers = []
    if token and not elsewhere and not header_of(header_lines(headers), "authorization"):
        unseen.append(("Authorization", f"Bearer {token}"))
    tls = tls_of(verify_host, verify_peer, ca_certificate, certificate, private_key, private_key_pass, certificate_pass)
    return send(context, "webflow.request", url, method, params, headers, timeout, follow_location, tls, unseen)
