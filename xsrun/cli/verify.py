"""`xsrun verify`: ask a live instance the same as the local workspace, and show what differs."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from xsrun.cli.arguments import whole_number
from xsrun.cli.declared_options import Options
from xsrun.cli.options import add_workspace_options, read_auth, workspace_settings
from xsrun.diagnostics.color import paint, use_color
from xsrun.errors import UsageError
from xsrun.reading import is_folder, typed_path
from xsrun.running.masking import masked_address
from xsrun.values.conversion import to_json

if TYPE_CHECKING:
    from xsrun.server.routes import Routes
    from xsrun.server.snapshot import Snapshot
    from xsrun.server.verify.asked import AskedRequest, PlannedRequest
    from xsrun.server.verify.comparing import ComparisonRules
    from xsrun.server.verify.live_side import LiveOptions
    from xsrun.server.verify.snippets import CaseSnippet
    from xsrun.server.verify.verdicts import RequestVerdict
    from xsrun.workspace.workspace import LoadedWorkspace

#: Requests a second and seconds that make sense.
_SLOWEST, _LONGEST = 0.001, 86_400
#: Differences of one request that are printed.
_MOST_SHOWN = 50
_STYLES = {"same": "green", "differs": "red", "failed": "red", "skipped": "yellow"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="?", default=".", help="the workspace (default: this folder)")
    side = parser.add_argument_group("the live side")
    side.add_argument("--against", metavar="URL", help="the instance, such as https://x8ki-letl-twmt.n7.xano.io")
    side.add_argument("--profile", metavar="NAME", help="address and token of a profile of the official command line")
    side.add_argument("--token-env", metavar="NAME", help="the variable of the process that holds the bearer token")
    side.add_argument("--auth", metavar="TABLE:ID", help="whose the token is: the caller on the local side")
    side.add_argument("--datasource", metavar="NAME", help="the data source to ask (X-Data-Source)")
    side.add_argument(
        "--sandbox", action="store_true", help="the address is that of a Xano sandbox, made to be changed"
    )
    side.add_argument("--ca", metavar="FILE", help="certificates to trust besides those of the system")
    side.add_argument("--rate", type=float, default=5.0, metavar="N", help="requests a second (default 5; 0: no limit)")
    side.add_argument("--timeout", type=float, default=30.0, metavar="SECONDS", help="for one answer (default 30)")
    asked = parser.add_argument_group("what is asked (default: workflow tests, and --explore 1)")
    asked.add_argument("--tests", action="store_true", help="the api.call of workflow tests")
    asked.add_argument("--history", action="append", default=[], metavar="FILE", help="the JSON of /xsrun/history")
    asked.add_argument("--har", action="append", default=[], metavar="FILE", help="what a browser recorded")
    asked.add_argument("--openapi", action="append", default=[], metavar="FILE", help="examples of an OpenAPI document")
    asked.add_argument("--explore", type=whole_number, metavar="N", help="N made-up requests to each query")
    asked.add_argument("-k", metavar="TEXT", dest="pattern", help="only requests whose name contains TEXT")
    rules = parser.add_argument_group("what counts")
    rules.add_argument(
        "--ignore", action="append", default=[], metavar="PATH", help=".items[].etag, .etag anywhere, header:x, status"
    )
    rules.add_argument(
        "--map", action="append", default=[], metavar="PATH=KIND", help="compare by kind: time, token, uuid, id or any"
    )
    rules.add_argument("--exact", action="store_true", help="times of now, tokens and UUIDs must be equal, too")
    writes = parser.add_argument_group("writing")
    writes.add_argument("--read", action="append", default=[], metavar="'VERB /PATH'", help="a query that only reads")
    writes.add_argument("--allow-writes", action="store_true", help="send what writes; needs --datasource or --sandbox")
    writes.add_argument("--dry-run", action="store_true", help="show what would be sent, and send nothing")
    cases = parser.add_argument_group("conformance cases, in place of requests")
    cases.add_argument("--endpoint", metavar="CASES", help="write an endpoint that answers the cases of a .jsonl file")
    cases.add_argument("--push", metavar="COMMAND", help="of --endpoint: pushes it; what makes it fail is left out")
    cases.add_argument("--snippets", metavar="CASES", help="ask the endpoint, and write the answers as cases")
    cases.add_argument("--out", metavar="PATH", help="where to (default: verify-endpoint/, answers.jsonl)")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    add_workspace_options(parser)


def run(options: Options) -> int:
    """Verify; the exit status is 1 when an answer differs or did not come."""
    from xsrun.cli.target import folder_target
    from xsrun.server.snapshot import Snapshot
    from xsrun.server.verify.asked import VerifyPermission, plan
    from xsrun.server.verify.comparing import ComparisonRules

    if options.endpoint and options.snippets:
        raise UsageError("--endpoint writes what --snippets asks", hint="push the endpoint before you ask it")
    if options.endpoint:
        return write_cases(options)
    if options.snippets:
        return ask(options)
    live = None if options.dry_run else live_options(options)
    check_writes(options)
    rules = ComparisonRules.of(options.ignore, options.map, options.exact)
    path = typed_path(options.workspace or options.path)
    if not is_folder(path):
        raise UsageError(f"no such folder: {path}")
    workspace = folder_target(path, options, workspace_settings(options)).workspace
    if options.seed:
        from xsrun.cli.seeds import seed_file

        for name in options.seed:
            seed_file(workspace, name)
    snapshot = Snapshot.of(workspace)
    permission = VerifyPermission(options.allow_writes, known_reads(options.read, snapshot.routes))
    planned = plan(workspace, snapshot.routes, chosen(options, workspace, snapshot.routes), permission)
    if not planned:
        hint = "name a source of requests: --explore 3, --har FILE"
        if options.pattern is not None:
            hint = f"no request has `{options.pattern}` in its name, which is as `GET /items`"
        raise UsageError("there is nothing to ask", hint=hint)
    if not options.json:
        show_plan(planned, options.dry_run)
    if live is None:
        if options.json:
            print(to_json({"plan": [described(one) for one in planned]}))
        return 0
    return verify(options, snapshot, planned, live, rules)


def verify(
    options: Options,
    snapshot: Snapshot,
    planned: list[PlannedRequest],
    live: LiveOptions,
    rules: ComparisonRules,
) -> int:
    """Ask both sides and print what came of it."""
    from xsrun.server.verify.live_side import LiveSide
    from xsrun.server.verify.verdicts import Verification
    from xsrun.workspace.argument_checks import identity_of

    color = use_color(sys.stdout)
    identity = identity_of(read_auth(options.auth))
    with LiveSide(live) as side:
        tell = (lambda verdict: None) if options.json else (lambda verdict: show_verdict(verdict, color))
        verdicts = Verification(snapshot, side, rules, identity).run(planned, tell)
    counts = {status: sum(one.status == status for one in verdicts) for status in _STYLES}
    if options.json:
        print(to_json({"cases": [one.as_dict() for one in verdicts], **counts}))
    else:
        print("\nResults: " + ", ".join(f"{number} {status}" for status, number in counts.items()))
    return 1 if counts["differs"] or counts["failed"] else 0


def live_options(options: Options) -> LiveOptions:
    """Where the live side is. Raises UsageError."""
    from xsrun.server.verify.live_side import LiveOptions
    from xsrun.server.verify.profile_file import read_profile

    url, token = read_profile(options.profile) if options.profile else ("", "")
    url = options.against or url
    if not url:
        hint = "--against https://INSTANCE, or --profile NAME"
        raise UsageError("verify needs the address of an instance", hint=hint)
    if not is_instance(url):
        text = f"--against: {masked_address(url)} is not the address of an instance"
        raise UsageError(text, hint="write it as https://INSTANCE")
    if options.token_env:
        token = (os.environ.get(options.token_env) or "").strip()
        if not token:
            raise UsageError(f"the process has no variable `{options.token_env}` that holds a token")
    token = token.strip()
    if not is_header(token):
        raise UsageError("the token holds what no header can: it is a word of ASCII")
    datasource = options.datasource or ""
    if not is_header(datasource):
        raise UsageError("--datasource: a label of ASCII letters, digits and signs is needed")
    if not (options.rate == 0 or _SLOWEST <= options.rate < math.inf) or not 0 < options.timeout <= _LONGEST:
        hint = f"--rate {_SLOWEST} to any number, 0 is no limit; --timeout up to {_LONGEST}"
        raise UsageError("--rate and --timeout take numbers above 0", hint=hint)
    return LiveOptions(url, token, datasource, options.rate, options.timeout, options.ca or "")


def is_instance(url: str) -> bool:
    """Is a text the address of a server, without a user, a query of a workspace or arguments?"""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").encode("idna"), parts.port
    except (ValueError, UnicodeError):
        return False
    bare = not (parts.query or parts.fragment or "@" in url or "/api:" in url or any(map(str.isspace, url)))
    return parts.scheme in ("https", "http") and host != b"" and bare


def is_header(text: str) -> bool:
    """Can a text be the value of a header, as a single word?"""
    return text.isascii() and text.isprintable() and " " not in text


def known_reads(given: list[str], routes: Routes) -> tuple[str, ...]:
    """The requests of `--read`, as `VERB /path` without the group. Raises UsageError for one that is not a query."""
    labels = {f"{route.verb} /{route.query.name}" for group in routes.groups for route in group.routes}
    found = []
    for text in given:
        verb, _, path = text.strip().partition(" ")
        path = path.strip()
        if path.startswith("/api:"):
            path = "/" + path.removeprefix("/api:").partition("/")[2]
        label = f"{verb.upper()} /{path.lstrip('/')}"
        if label not in labels:
            raise UsageError(f"--read: the workspace has no query `{text}`", hint="write it as --read 'POST /search'")
        found.append(label)
    return tuple(found)


def check_writes(options: Options) -> None:
    """Raise UsageError for writes that would go to rows of the live data source."""
    own = (options.datasource or "").strip().lower() not in ("", "live")
    if options.allow_writes and not own and not options.sandbox:
        hint = "name one that may be changed: --datasource test; or a sandbox's address: --sandbox"
        raise UsageError("--allow-writes needs a data source of its own", hint=hint)


def chosen(options: Options, workspace: LoadedWorkspace, routes: Routes) -> list[AskedRequest]:
    """The requests that the options ask for, each once."""
    from xsrun.server.verify.cases import without_repeats

    found = without_repeats(requests(options, workspace, routes))
    return [one for one in found if options.pattern is None or options.pattern in one.name]


def requests(options: Options, workspace: LoadedWorkspace, routes: Routes) -> Iterator[AskedRequest]:
    """The requests of all sources."""
    from xsrun.server.verify import cases

    named = options.tests or options.history or options.har or options.openapi or options.explore is not None
    if options.tests or not named:
        yield from cases.from_workflow_tests(workspace, routes)
    for path in options.history:
        yield from cases.from_history(path)
    for path in options.har:
        yield from cases.from_har(path)
    for path in options.openapi:
        yield from cases.from_openapi(path, routes)
    number = options.explore if named else 1
    if number:
        yield from cases.explored(workspace, routes, number)


# Conformance cases ---------------------------------------------------------------------------------------------------


def write_cases(options: Options) -> int:
    """Write the endpoint of `--endpoint`; with `--push` without the cases that the import refuses."""
    from xsrun.server.verify.snippets import bisected, pushing, read_snippets, write_endpoint

    snippets, others = read_snippets(options.endpoint)
    folder = typed_path(options.out or "verify-endpoint")
    refused: list[CaseSnippet] = []
    if not options.dry_run:
        if options.push:
            write_endpoint(folder, [])
            snippets, refused = bisected(snippets, pushing(folder, options.push))
        write_endpoint(folder, snippets)
    if options.json:
        names = {"cases": [one.id for one in snippets], "refused": [one.id for one in refused], "not_asked": others}
        print(to_json({"folder": str(folder), **names}))
        return 1 if refused else 0
    print(f"{len(snippets)} cases {'would be ' if options.dry_run else ''}in {folder}")
    if others:
        print(f"not asked, because they are not one function: {', '.join(others)}")
    if refused:
        print(f"refused by the import: {', '.join(one.id for one in refused)}")
    return 1 if refused else 0


def ask(options: Options) -> int:
    """Ask the endpoint for the cases of `--snippets` and write its answers."""
    from datetime import UTC, datetime

    from xsrun.server.verify.live_side import LiveSide
    from xsrun.server.verify.snippets import ask_cases, read_snippets

    snippets, _ = read_snippets(options.snippets)
    missing: dict[str, str] = {}
    if options.dry_run:
        names = [one.id for one in snippets]
        print(to_json({"plan": names}) if options.json else f"Plan: {len(names)} cases: {', '.join(names)}")
        return 0

    def tell(snippet: CaseSnippet, problem: str) -> None:
        if problem:
            missing[snippet.id] = problem
            if not options.json:
                print(f"{snippet.id}: {problem}")

    with LiveSide(live_options(options)) as live:
        answered = ask_cases(live, snippets, datetime.now(UTC).date(), tell)
    out = typed_path(options.out or "answers.jsonl")
    try:
        out.write_text("".join(to_json(one) + "\n" for _, one in answered), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror}") from None
    differing = [snippet.id for snippet, one in answered if one["expect"] != snippet.case.get("expect")]
    if options.json:
        print(to_json({"file": str(out), "answers": len(answered), "differing": differing, "missing": missing}))
    else:
        print(f"{len(answered)} answers in {out}, {len(differing)} of them are not what the case expects")
    return 1 if missing else 0


# Showing -------------------------------------------------------------------------------------------------------------


def described(one: PlannedRequest) -> dict[str, str | None]:
    """A planned request in the JSON document of `--dry-run`."""
    asked = one.asked
    return {"verb": asked.verb, "path": asked.shown, "source": asked.source, "skipped": one.refusal}


def show_plan(planned: list[PlannedRequest], whole: bool) -> None:
    """What will be sent; with `--dry-run` one by one."""
    sent = [one for one in planned if one.refusal is None]
    writing = sum(one.writes is not None for one in sent)
    print(f"Plan: {len(sent)} requests ({writing} of them may write), {len(planned) - len(sent)} skipped")
    for one in planned if whole else ():
        verb = "skip" if one.refusal is not None else "write" if one.writes is not None else "read"
        print(f"  {verb:5} {one.asked.verb} {one.asked.shown}" + (f"  ({one.refusal})" if one.refusal else ""))


def show_verdict(verdict: RequestVerdict, color: bool) -> None:
    """One request and what came of it."""
    asked = verdict.planned.asked
    word = {"same": "SAME", "differs": "DIFFERS", "failed": "FAILED", "skipped": "SKIPPED"}[verdict.status]
    print(f"{paint(word, _STYLES[verdict.status], color)}  {asked.verb} {asked.shown} [{asked.source}]")
    for line in verdict.differences[:_MOST_SHOWN]:
        print(f"  {line}")
    if len(verdict.differences) > _MOST_SHOWN:
        print(f"  and {len(verdict.differences) - _MOST_SHOWN} more, which --json shows")
    if verdict.places:
        print(f"  given here by {', '.join(verdict.places)}")
    if verdict.reason:
        print(f"  {verdict.reason}")
