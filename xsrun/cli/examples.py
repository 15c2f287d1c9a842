"""Examples of each command, for its help and its page. Tests run them in a copy of samples/shop."""

from __future__ import annotations

#: program -> (command, what it does)
EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "xsrun": (
        ("xsrun run function:discount --input price=2 --input count=10", "run a function of this workspace"),
        ("xsrun check", "report every problem in this folder"),
        ("xsrun test", "run its tests"),
        ("xsrun docs first-steps", "begin here"),
    ),
    "xsrun run": (
        ("xsrun run sum.xs", "a file: of bare statements, the variables that they leave"),
        ("xsrun run function:discount --input price=2 --input count=10", "a function of the workspace around"),
        ("xsrun run 'query:GET items' --input search=jar --seed rows.json", "a query, with rows to begin with"),
        ("xsrun run 'query:GET items' --auth user:1 --json", "as row 1 of the table user, as a JSON document"),
        ("xsrun run page.md:5", "the block at line 5 of a page"),
        ("xsrun run - --var n=21 < sum.xs", "standard input, with a variable set"),
        ("xsrun run function:discount --input @inputs.jsonl", "once for each line of a file"),
        ("xsrun run sum.xs --trace", "with the time and value of each statement"),
    ),
    "xsrun eval": (
        ("xsrun eval '[3, 1, 2]|sort|join:\"-\"'", "an expression"),
        ("xsrun eval '$n * 2' --var n=21", "with a variable"),
    ),
    "xsrun check": (
        ("xsrun check", "this folder"),
        ("xsrun check function/discount.xs", "one file of the workspace around it"),
        ("xsrun check --fix", "apply the safe fixes"),
        ("xsrun check --format github", "as annotations for GitHub"),
        ("xsrun check - < sum.xs", "standard input"),
    ),
    "xsrun format": (
        ("xsrun format", "this folder, in place"),
        ("xsrun format --check", "only say what would change"),
        ("xsrun format - < sum.xs", "standard input to standard output"),
    ),
    "xsrun test": (
        ("xsrun test", "this workspace"),
        ("xsrun test function/discount.xs", "the tests of one file"),
        ("xsrun test 'function/discount.xs::a count of zero is refused'", "one test"),
        ("xsrun test -k discount -x", "tests with this text, up to the first failure"),
        ("xsrun test --lf", "what failed last"),
        ("xsrun test --smoke", "run everything once with made-up input"),
        ("xsrun test --junit report.xml -n 2", "for a CI server, in two processes"),
    ),
    "xsrun doctest": (
        ("xsrun doctest page.md", "the examples of a page"),
        ("xsrun doctest page.md:5", "the one at line 5"),
        ("xsrun doctest . -q", "all pages of a folder; only what differs or fails"),
    ),
    "xsrun serve": (
        ("xsrun serve", "this workspace on port 8000"),
        ("xsrun serve --port 8080 --tasks", "on another port, tasks run when they are due"),
    ),
    "xsrun lsp": (("xsrun lsp", "for an editor that starts it, on standard input and output"),),
    "xsrun dap": (("xsrun dap", "for an editor that starts it, on standard input and output"),),
    "xsrun mcp": (
        ("xsrun mcp", "for an agent that starts it in the workspace's folder"),
        ("xsrun mcp --http --port 8765", "over HTTP on this machine"),
    ),
    "xsrun console": (
        ("xsrun console --open", "this workspace, in the browser"),
    ),
    "xsrun db": (
        ("xsrun db migrate --database sqlite:///shop.db", "make the tables of this workspace"),
        ("xsrun db shell --database sqlite:///shop.db", "ask for rows in SQL"),
    ),
    "xsrun db migrate": (
        ("xsrun db migrate --database sqlite:///shop.db --dry-run", "only say what would be done"),
        ("xsrun db migrate --database sqlite:///shop.db", "do it"),
    ),
    "xsrun db dump": (
        ("xsrun db dump --database sqlite:///shop.db item", "the rows of one table"),
    ),
    "xsrun db load": (
        ("xsrun db load --database sqlite:///shop.db rows.json", "put rows of a file into their tables"),
    ),
    "xsrun db shell": (
        ("xsrun db shell --database sqlite:///shop.db 'select name, price from item'", "one statement"),
        ("xsrun db shell --database sqlite:///shop.db --json 'select count(*) from item'", "its rows as JSON"),
    ),
    "xsrun docs": (
        ("xsrun docs", "what there is"),
        ("xsrun docs db.query", "a statement"),
        ("xsrun docs security", "all whose names begin so"),
        ("xsrun docs --search encrypt token", "look into all pages"),
        ("xsrun docs --html manual", "the whole manual as web pages"),
    ),
    "xsrun verify": (
        ("xsrun verify --dry-run", "only show the requests that would be sent"),
        ("xsrun verify --against https://INSTANCE --token-env XANO_TOKEN", "ask a live instance the same"),
    ),
    "xsrun completion": (
        ("xsrun completion bash > xsrun.bash", "then `source xsrun.bash`, or put it into ~/.bash_completion"),
        ("xsrun completion zsh > _xsrun", "into a folder of $fpath"),
        ("xsrun completion fish > xsrun.fish", "into ~/.config/fish/completions"),
    ),
    "xsrun support": (
        ("xsrun support", "how much is implemented"),
        ("xsrun support --missing", "what is not"),
    ),
    "xsrun init": (("xsrun init --agents", "tell coding agents in AGENTS.md what to run after each edit"),),
}  # fmt: skip
