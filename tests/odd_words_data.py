"""Odd command lines, made at random from a seed: what the options of a command are told, and the folder around it."""

from __future__ import annotations

import argparse
import os
import random
from pathlib import Path

from xsrun.cli.arguments import COMMANDS, build

BARE = "var $x { value = 1 }\nvar $y { value = $x + 1 }\n"
HALF = """function half {
  input {
    int n?=4
  }
  stack {
  }
  response = $input.n / 2
  test halves {
    input = {n: 4}
    expect.to_equal ($response) { value = 2 }
  }
}
"""
QUERY = "query items verb=GET {\n  input {\n    int n?=1\n  }\n  stack {\n  }\n  response = $input\n}\n"
TABLE = "table user {\n  auth = true\n  schema {\n    int id\n    text name?\n    email email?\n  }\n}\n"
PAGE = "# Page\n\n```xs\nvar $x { value = 1 }\n// => 1\n```\n"
#: file -> its content
FILES: dict[str, bytes] = {
    "a.xs": BARE.encode(),
    "half.xs": HALF.encode(),
    "page.md": PAGE.encode(),
    "broken.xs": b'var $x { value = "\n}}}',
    "latin.xs": b"// caf\xe9\n",
    "latin.json": b'{"n": "caf\xe9"}',
    "nothing.xs": b"",
    "zeros.xs": b"\0" * 100,
    "rows.json": b'{"user": [{"name": "Ann"}]}',
    "rows.yaml": b"user:\n  - name: Ann\n",
    "rows.csv": b"name\nAnn\n",
    "user.csv": b"name\nAnn\n",
    "odd.csv": b'a,a,"\n\0,\xff',
    "anchors.yaml": b"a: &a [*a]\n",
    "input.json": b'{"n": 3}',
    "list.json": b"[1, 2]",
    "deep.json": b"[" * 20_000 + b"]" * 20_000,
    "surrogate.json": b'{"n": "\\ud800", "\\udfff": 1}',
    "long.json": b'{"n": ' + b"9" * 5000 + b"}",
    "cases.jsonl": b'{"n": 4}\n{"n": 5}\n',
    "half.jsonl": b'{"n": 4}\n{"n"\n',
    "database.db": b"SQLite format 3\0 but no more",
    "ws/.env": b"NAME=value\n",
    "ws/half.xs": HALF.encode(),
    "ws/items.xs": QUERY.encode(),
    "ws/user.xs": TABLE.encode(),
    "folder.xs/inner.xs": BARE.encode(),
    "folder.json/keep": b"",
}
#: words that fit nowhere in particular
ODD = [
    *(
        "",
        " ",
        "\t",
        "\n",
        "a\nb",
        "-",
        "--",
        "---",
        "=",
        "==",
        "@",
        "@-",
        "@@",
        "@nowhere",
        "²",
        "٣",
        "½",
        "é",
        "\u202e",
    ),
    *(
        "-1",
        "-0",
        "+1",
        "0",
        "1",
        "1.5",
        "1e3",
        "1e999",
        "inf",
        "-inf",
        "nan",
        "NaN",
        "Infinity",
        "0x10",
        "1_000",
        " 1 ",
    ),
    *("9" * 19, "9" * 400, "-" + "9" * 400, "9" * 5000, "0" * 5000, "1e" + "9" * 400, "." * 300, "a" * 5000),
    *(
        "null",
        "true",
        "None",
        "undefined",
        "{}",
        "[]",
        "{",
        "[",
        '"',
        "'",
        '{"a": 1}',
        "[" * 2000,
        "{a: 1}",
        '{"n": NaN}',
    ),
    *(
        "\udcff",
        "\ud800",
        "a\udcffb",
        "\udcc3\udca9",
        "%",
        "%s",
        "%(x)s",
        "{0}",
        "{}{x}",
        "$x",
        "$HOME",
        "`id`",
        "~",
        "~x",
    ),
    *(
        "*",
        "?",
        "[",
        "[a-",
        "**",
        "a*b?[",
        "\\",
        "\\x",
        "\x1b[31m",
        "\x7f",
        "\ufeff",
        "\u00a0",
        "CON",
        "a:b",
        ":",
        "::",
    ),
    *(
        "--help",
        "-h",
        "--json",
        "--version",
        "--=x",
        "-=",
        "--input",
        "help",
        "run",
        "x=1",
        "n=1",
        "--xyzzy",
        "-z",
        "-zq",
    ),
]
#: files and folders, there and not, that fit and that do not
PATHS = [
    *FILES,
    *(
        "ws",
        "ws/",
        "./ws",
        "folder.xs",
        "folder.json",
        "empty",
        "closed",
        "fifo",
        "loop",
        "loop/x",
        "circle",
        "dangling",
    ),
    *("null", "zero", "full", "new", "new.json", "new/below", "ws/new.xs", "a.xs/below", "nowhere/new.json", "."),
    *("mem", "version", "version/x", "\udcff.xs"),
    *("a.xs:1", "half.xs:99", "half.xs:halves", "half.xs::halves", "page.md:4", "page.md:" + "9" * 30, "ws/half.xs:²"),
    *(
        "*.xs",
        "ws/*.xs",
        "**/*.xs",
        "[a].xs",
        "x" * 300,
        "x/" * 2000,
        "~nobody-of-this-name/x",
        "odd\nname.xs",
        "function:half",
        "query:GET items",
    ),
    *("query:", ":half", "function:", "table:user", "test:halves", "query:GET", "query:FOO items", "funktion:half"),
]
URLS = [
    *("sqlite://", "sqlite:///new.db", "sqlite:///database.db", "sqlite:///ws", "sqlite:///nowhere/x.db", "sqlite:///"),
    *(
        "sqlite:///:memory:",
        "sqlite:new.db",
        "sqlite+x://",
        "postgresql://127.0.0.1:1/x",
        "postgresql://",
        "mysql://x/y",
    ),
    *("postgresql://u:p@127.0.0.1:1/x?sslmode=²", "postgresql://127.0.0.1:99999/x", "postgres://[::1/x", "oracle://x"),
    *(
        "http://127.0.0.1:1",
        "http://127.0.0.1:1/",
        "http://127.0.0.1:0",
        "http://127.0.0.1:99999",
        "http://[::1",
        "http:",
    ),
    *("https://u:p@127.0.0.1:1/?q#f", "http://²", "http://a..b", "http://" + "a" * 300, "ftp://127.0.0.1", "redis://"),
    *(
        "redis://127.0.0.1:1/0",
        "redis://127.0.0.1:1/²",
        "rediss://127.0.0.1:1",
        "unix:///nowhere",
        "http:///x",
        "http://\udcff",
    ),
]
PAIRS = [
    *("n=1", "n=", "=1", "n", "n=@input.json", "n=@fifo", "n=@ws", "n=@/dev/zero", "n=@deep.json", "n=@latin.json"),
    *(
        "n=[",
        "n={}",
        "n=" + "9" * 400,
        "n=\udcff",
        "\udcff=1",
        "²=1",
        "$n=1",
        "$=1",
        "a.b=1",
        "n==",
        "x y=1",
        "__class__=1",
    ),
    *(
        "@input.json",
        "@list.json",
        "@deep.json",
        "@cases.jsonl",
        "@half.jsonl",
        "@fifo",
        "@ws",
        "@zero",
        "@surrogate.json",
    ),
    *("steps=1", "steps=inf", "steps=-1", "seconds=1e-9", "memory=1", "size=0", "depth=1", "depth=" + "9" * 17, "x=1"),
    *(
        "s3=http://127.0.0.1:1",
        "s3=",
        "azure=²",
        "nothing=http://127.0.0.1",
        "google=file:///",
        "user:1",
        "user:²",
        "user:",
    ),
    *(
        ":1",
        "user:" + "9" * 400,
        "user:\udcff",
        "nobody:1",
        "user:1:2",
        "X: y",
        ":y",
        "X:",
        "X: \n",
        "X: \udcff",
        "é: é",
    ),
    *(
        ".a=time",
        "a=id",
        ".=any",
        "header:x=uuid",
        "GET /items",
        "POST  /items",
        "get items",
        "GET",
        "status",
        ".items[]",
    ),
]
NUMBERS = [
    "0",
    "1",
    "2",
    "7",
    "65535",
    "65536",
    "1.5",
    "-1",
    "²",
    "٣",
    "1e3",
    "inf",
    "nan",
    "9" * 18,
    "9" * 19,
    "9" * 400,
]
TIMES = [
    "0",
    "1700000000000",
    "2026-01-01",
    "2026-13-45",
    "now",
    "-1",
    "²",
    "9" * 30,
    "1970-01-01T00:00:01+99:99",
    "24:00",
]
HOSTS = [
    "127.0.0.1",
    "localhost",
    "*",
    "*.example.com",
    "a:b",
    "127.0.0.1:99999",
    "[::1]",
    "::1",
    "²",
    "a..b",
    "",
    "x" * 300,
]
WORDS = ["live", "test", "text", "json", "sarif", "github", "unit", "auto", "never", "read-committed", "half", "halves"]
#: what an option's metavar says of its values
KINDS = {
    "PATH": PATHS,
    "FILE": PATHS,
    "FOLDER": PATHS,
    "DIR": PATHS,
    "PAGE": PATHS,
    "CASES": PATHS,
    "URL": URLS,
    "MODEL": URLS,
    "N": NUMBERS,
    "SECONDS": NUMBERS,
    "MEGABYTES": NUMBERS,
    "PORT": NUMBERS,
    "TIME": TIMES,
    "HOST": HOSTS,
    "ADDRESSES": HOSTS,
}
#: what is on standard input
TYPED = [b"", b"var $x { value = 1 }\n", b"\xff", b'{"user": [{"name": "Bo"}]}', b"[1]", b"select 1;\n", b"\0"]
#: What starts something of somebody else's, or takes as long as it is told.
NOT_GIVEN = frozenset(("--push", "--rate", "--timeout"))


def make_folder(folder: Path) -> None:
    """The files and folders of `PATHS`."""
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    folder.joinpath("empty").mkdir()
    folder.joinpath("closed").mkdir(mode=0)
    folder.joinpath("odd\nname.xs").write_text(BARE, encoding="utf-8")
    for name, target in {
        "loop": ".",
        "circle": "circle",
        "dangling": "nowhere",
        "null": "/dev/null",
        "zero": "/dev/zero",
        "full": "/dev/full",
        "mem": "/proc/self/mem",
        "version": "/proc/version",
    }.items():
        folder.joinpath(name).symlink_to(target)
    os.mkfifo(folder / "fifo")
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.xs")).write_text(BARE, encoding="utf-8")


class Lines:
    """Command lines of one seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.options = {name: _actions(build(name)) for name in COMMANDS}

    def line(self) -> list[str]:
        """A command line: mostly a command with some of its options, more or less odd."""
        chance = self.chance
        if chance.random() < 0.02:
            return [self.any_value() for _ in range(chance.randrange(4))]
        return self.line_of(chance.choice(list(self.options)))

    def line_of(self, command: str) -> list[str]:
        """A line of this command."""
        chance = self.chance
        path = chance.choice(list(self.options[command]))
        actions = self.options[command][path]
        words = [word for action in actions if not action.option_strings for word in self.positional(action)]
        options = [action for action in actions if action.option_strings and action.option_strings[-1] not in NOT_GIVEN]
        for _ in range(chance.choice([0, 1, 1, 1, 1, 2, 2, 3, 5])):
            given = self.option(chance.choice(options))
            words[(at := chance.randint(0, len(words))) : at] = given * chance.choice([1, 1, 1, 1, 1, 1, 2])
        return [command, *path.split(), *words]

    def positional(self, action: argparse.Action) -> list[str]:
        if action.nargs in ("*", "?") and self.chance.random() < 0.3:
            return []
        count = self.chance.choice([1, 1, 1, 2]) if action.nargs in ("*", "+") else 1
        return [self.sound(action) if self.chance.random() < 0.6 else self.value(action) for _ in range(count)]

    def sound(self, action: argparse.Action) -> str:
        """A word that fits, so that the options are what is odd."""
        by_name = {"expression": ["1 + 1", "$input.n", "a.xs"], "names": ["substr", "jwe", "run"], "sql": ["select 1"]}
        choices = {"tables": ["user"], "file": ["rows.json"], "shell": ["bash", "fish"], "pages": ["page.md", "a.xs"]}
        return self.chance.choice({**by_name, **choices}.get(action.dest, ["ws", "a.xs", "half.xs", "page.md"]))

    def option(self, action: argparse.Action) -> list[str]:
        name = self.chance.choice(action.option_strings)
        if action.nargs == 0:
            return [name] if self.chance.random() < 0.95 else [f"{name}={self.any_value()}"]
        value = self.value(action)
        form = self.chance.random()
        if form < 0.04:
            return [name]
        if form < 0.5:
            return [name, value]
        return [f"{name}={value}" if name.startswith("--") else name + value]

    def value(self, action: argparse.Action) -> str:
        metavar = action.metavar if isinstance(action.metavar, str) else (action.dest or "").upper()
        kind = PAIRS if any(sign in metavar for sign in "=:") else KINDS.get(metavar, WORDS)
        if action.choices is not None:
            kind = [str(one) for one in action.choices]
        return self.chance.choice(kind) if self.chance.random() < 0.7 else self.any_value()

    def any_value(self) -> str:
        return self.chance.choice(self.chance.choice([ODD, ODD, PATHS, URLS, PAIRS, NUMBERS, TIMES, HOSTS, WORDS]))


def _actions(parser: argparse.ArgumentParser) -> dict[str, list[argparse.Action]]:
    """The options and words of a command by its action, which is "" for a command without actions."""
    inner = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    if not inner:
        return {"": parser._actions}
    return {name: below._actions for name, below in inner[0].choices.items()}
