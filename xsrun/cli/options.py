"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import os

from xsrun.cli.arguments import whole_number
from xsrun.cli.declared_options import Declaring, Options
from xsrun.errors import UsageError
from xsrun.hints import TYPE_CHECKING
from xsrun.reading import read_bytes, read_text, require_regular, typed_path
from xsrun.running.context import Limits
from xsrun.values.conversion import Value, from_json, may_be_json
from xsrun.values.digits import whole_of_digits

if TYPE_CHECKING:
    from xsrun.services.files import Upload
    from xsrun.services.network import NetworkPolicy
    from xsrun.workspace.options import WorkspaceOptions


#: Limits are lower than this: a number of more is a mistake, and no machine counts so far.
_MOST_OF_A_LIMIT = 10**18


def add_run_options(parser: Declaring) -> None:
    """Options of everything that runs programs."""
    parser.add_argument(
        "--input",
        "-i",
        action="append",
        default=[],
        metavar="INPUT",
        help="NAME=VALUE (repeatable), NAME=@FILE, a JSON object, or @FILE; a .jsonl file runs once a line; @- is "
        "standard input; a text that begins with @ is written NAME='\"@text\"'",
    )
    parser.add_argument(
        "--file",
        action="append",
        default=[],
        metavar="NAME=PATH",
        help="upload a file into a `file` input; several for one NAME make a list",
    )
    parser.add_argument(
        "--var", action="append", default=[], metavar="NAME=VALUE", help="set a variable before bare statements"
    )
    parser.add_argument("--auth", metavar="TABLE:ID", help="run as this row of an auth table")
    parser.add_argument("--trace", action="store_true", help="show each statement with its time and value")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    add_workspace_options(parser)


def add_fill_options(parser: Declaring) -> None:
    """Options that make up what a program lacks."""
    parser.add_argument(
        "--fill",
        action="store_true",
        help="make up the inputs, variables, rows and caller that a program lacks, from types, names and uses; shown",
    )
    parser.add_argument(
        "--fill-seed", metavar="N", type=whole_number, default=0, help="other made-up values (default: 0)"
    )


def add_environment_option(parser: Declaring) -> None:
    parser.add_argument(
        "--env",
        action="append",
        default=[],
        metavar="NAME[=VALUE]",
        help="set a value of $env; NAME alone takes it from the process",
    )


def read_environment(given: list[str]) -> dict[str, str]:
    """The values of `--env`. Raises UsageError for a name that the process does not have."""
    values = {}
    for text in given:
        if "=" in text:
            name, value = split_pair(text, "--env")
        elif text not in os.environ:
            raise UsageError(f"the process has no variable `{text}`", hint=f"set it, or write --env {text}=VALUE")
        else:
            name, value = text, os.environ[text]
        values[name] = value
    return values


def add_workspace_options(parser: Declaring) -> None:
    """Options of everything that loads a workspace."""
    parser.add_argument(
        "--workspace", "-w", metavar="PATH", help="the workspace's folder (default: that of the target)"
    )
    add_environment_option(parser)
    parser.add_argument(
        "--database", metavar="URL", default="sqlite://", help="sqlite:// (memory, the default), sqlite:///FILE, ..."
    )
    parser.add_argument("--vault", metavar="PATH", help="the folder of stored files (default: .xsrun/vault)")
    parser.add_argument(
        "--base-url", metavar="URL", help="the prefix of the paths of stored files (default: XSRUN_BASE_URL)"
    )
    add_outside_options(parser)
    parser.add_argument(
        "--redis", metavar="URL", help="a Redis server for redis.* and realtime (default: a cache of xsrun's own)"
    )
    parser.add_argument(
        "--seed",
        action="append",
        default=[],
        metavar="FILE",
        help="rows to begin with: JSON, YAML or CSV (repeatable: the rows add up)",
    )
    parser.add_argument("--strict", action="store_true", help="refuse undeclared tables, as the engine does")
    parser.add_argument(
        "--isolation",
        choices=["read-committed"],
        help="let transactions run at once on SQLite, too: what one reads without a lock, another may change",
    )
    parser.add_argument("--now", metavar="TIME", help="fix the clock: milliseconds or an ISO time")
    parser.add_argument(
        "--limit",
        action="append",
        default=[],
        metavar="NAME=N",
        help="steps, depth, seconds, size or memory; 0 is none",
    )


def add_outside_options(parser: Declaring) -> None:
    """Options of what programs reach outside: hosts, recordings, language models, cloud services."""
    parser.add_argument(
        "--allow-net",
        action="append",
        default=[],
        metavar="HOST",
        help="let programs reach this host (example.com, example.com:8443, *.example.com, or * for all)",
    )
    recording = parser.add_mutually_exclusive_group()
    recording.add_argument("--record", metavar="FILE", help="keep the responses of other servers in this file")
    recording.add_argument(
        "--replay", metavar="FILE", help="take the responses of other servers from this file, with the network off"
    )
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="MODEL",
        help="what answers agents: [TYPE=]URL[#MODEL], as http://127.0.0.1:11434/v1#llama3.2, or a file of turns",
    )
    parser.add_argument("--allow-run", action="store_true", help="let cloud.job start processes and containers")
    parser.add_argument(
        "--cloud-endpoint",
        action="append",
        default=[],
        metavar="SERVICE=URL",
        help="where a cloud service is: s3, azure, google, elasticsearch, opensearch, algolia or datadog",
    )


def split_pair(text: str, option: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise UsageError(f"{option} needs NAME=VALUE, not `{text}`")
    return name.removeprefix("$"), value


def read_value(text: str) -> Value:
    """A value on the command line: `@FILE` is a file's content; JSON is taken as JSON; anything else is text."""
    from xsrun.values.json_errors import JsonError

    if text.startswith("@"):
        text = read_value_file(text)
    if not may_be_json(text):
        return text
    try:
        return from_json(text)
    except JsonError as error:
        if error.too_deep:
            raise UsageError(f"a value on the command line cannot be read: {error}") from None
        return text


def read_value_file(text: str) -> str:
    """The content of the file that `@FILE` names. Raises UsageError that also tells how to give a text with an @."""
    try:
        return read_file(text[1:])
    except UsageError as error:
        hint = f"@ begins a file's name; for the text itself write it in double quotes: NAME='\"{text}\"'"
        raise UsageError(str(error), hint=error.hint or hint) from None


def read_file(name: str) -> str:
    """The text of a file, or of standard input for `-`. Raises UsageError."""
    if name == "-":
        from xsrun.workspace.loader import read_standard_input

        return read_standard_input()
    path = typed_path(name)
    try:
        return read_text(path)
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text") from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None


def parse_json(text: str, what: str) -> Value:
    from xsrun.values.json_errors import JsonError

    try:
        return from_json(text)
    except JsonError as error:
        whole = text.rstrip().endswith(("}", "]"))
        hint = (
            None
            if error.too_deep
            else "a bracket or a quotation mark is not closed"
            if not whole
            else 'names need double quotes: {"xs": [1]}'
        )
        raise UsageError(f"{what} is not JSON: {error}", hint=hint) from None


def read_inputs(given: list[str]) -> list[dict[str, Value]]:
    """The inputs of a run: one object, or one for each line of a `.jsonl` file."""
    merged: dict[str, Value] = {}
    named: set[str] = set()
    for text in given:
        if text.startswith("@"):
            content = read_file(text[1:])
            if text.endswith(".jsonl"):
                return [
                    {**merged, **as_object(parse_json(line, f"line {number} of {text[1:]}"), text)}
                    for number, line in enumerate(content.split("\n"), 1)
                    if line.strip()
                ]
            name = "standard input" if text == "@-" else text[1:]
            merged.update(as_object(parse_json(content, name), name))
        elif text.lstrip().startswith(("{", "[")):
            merged.update(as_object(parse_json(text, "the input"), text))
        else:
            name, value = split_pair(text, "--input")
            if name in named:
                raise UsageError(f"--input gives `{name}` twice", hint=f"a list is one value: --input '{name}=[1, 2]'")
            named.add(name)
            merged[name] = read_value(value)
    return [merged]


def as_object(value: Value, where: str) -> dict[str, Value]:
    if not isinstance(value, dict):
        raise UsageError(f"the input must be an object of names and values: {where}")
    return value


def read_auth(text: str | None) -> dict[str, Value] | None:
    """`TABLE:ID` as the identity of the caller."""
    if text is None:
        return None
    table, colon, number = text.partition(":")
    if not colon or not table or not number:
        raise UsageError(f"--auth needs TABLE:ID, not `{text}`")
    whole = whole_of_digits(number)
    return {"table": table, "id": number if whole is None else whole, "extras": {}}


def read_limits(given: list[str]) -> Limits:
    limits = Limits()
    names = list(Limits.__match_args__)
    for text in given:
        name, value = split_pair(text, "--limit")
        if name not in names:
            raise UsageError(f"there is no limit `{name}`", hint=f"the limits are: {', '.join(names)}")
        try:
            number = float(value)
        except ValueError:
            number = -1
        if not 0 <= number < _MOST_OF_A_LIMIT:  # `nan` is not either
            raise UsageError(f"--limit {name} needs a number, not `{value}`", hint=f"--limit {name}=0 is no limit")
        setattr(limits, name, None if number == 0 else number if name == "seconds" else int(number))
    return limits


def read_clock(text: str | None) -> int | None:
    """The fixed time in milliseconds."""
    if text is None:
        return None
    from xsrun.running.fixed_clock import fixed_clock

    return fixed_clock(text, "--now")


def workspace_settings(options: Options) -> WorkspaceOptions:
    """The options as arguments of `Workspace`."""
    return {
        "database": options.database,
        "env": read_environment(options.env),
        "clock": read_clock(options.now),
        "limits": read_limits(options.limit),
        "strict": options.strict,
        "network": network_policy(options),
        "vault": typed_path(options.vault) if options.vault else None,
        "cache": options.redis,
        "base_url": options.base_url,
        "isolation": options.isolation,
        "models": options.model,
        "allow_run": options.allow_run,
        "cloud": dict(split_pair(text, "--cloud-endpoint") for text in options.cloud_endpoint),
    }


def network_policy(options: Options) -> NetworkPolicy | None:
    """The hosts that may be reached, and the recording that answers or grows; None when no option says anything."""
    down = getattr(options, "kind", None) == "smoke" or getattr(options, "net_down", False)  # options of tests alone
    recorded = options.record or options.replay
    if not (options.allow_net or down or recorded):
        return None
    from xsrun.services.network import NetworkPolicy

    policy = NetworkPolicy.of(options.allow_net)
    policy.down = down
    if recorded:
        from xsrun.services.recording import Recording

        policy.recording = Recording(typed_path(recorded), replaying=bool(options.replay))
    return policy


def read_headers(given: list[str]) -> dict[str, str]:
    """The headers of a request, `NAME: VALUE` each."""
    headers = {}
    for text in given:
        name, colon, value = text.partition(":")
        if not colon or not name.strip():
            raise UsageError(f"--header needs NAME:VALUE, not `{text}`")
        headers[name.strip()] = value.strip()
    return headers


def read_body(given: str | None) -> bytes | None:
    """The raw body of a request; `@FILE` is a file's content."""
    if given is None or not given.startswith("@"):
        return None if given is None else os.fsencode(given)  # the bytes that were typed, UTF-8 or not
    try:
        return read_bytes(typed_path(given[1:]))
    except OSError as error:
        raise UsageError(f"cannot read {given[1:]}: {error.strerror}") from None


def read_files(given: list[str]) -> dict[str, Upload | list[Upload]]:
    """The files to upload by input; several of one name are a list."""
    if not given:
        return {}
    from pathlib import Path

    files: dict[str, list[Upload]] = {}
    for text in given:
        name, path = split_pair(text, "--file")
        try:
            require_regular(path)
        except FileNotFoundError:
            pass  # told where it is read
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}") from None
        files.setdefault(name, []).append(Path(path))
    return {name: paths if len(paths) > 1 else paths[0] for name, paths in files.items()}
