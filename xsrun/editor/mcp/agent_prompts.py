"""The prompts: tasks that an agent is often given, with what to do in which order."""

from __future__ import annotations

from collections.abc import Mapping

from xsrun.errors import UsageError
from xsrun.records import record

_AFTER_EACH_EDIT = """After each edit: call check for the file, fix if it offers repairs, then test. Look names up with
docs and search_docs before you use them; do not guess statements, attributes or filters."""


@record
class AgentPrompt:
    """One prompt. `arguments` says what each is, in the order of the text's places; all are needed."""

    name: str
    about: str
    arguments: dict[str, str]
    text: str

    def filled(self, given: Mapping[str, str]) -> str:
        """The text with its arguments. Raises UsageError for one that is missing."""
        missing = [name for name in self.arguments if not given.get(name, "").strip()]
        if missing:
            raise UsageError(f"the prompt {self.name} needs `{missing[0]}`: {self.arguments[missing[0]]}")
        text = self.text
        for name in self.arguments:
            text = text.replace(f"<{name}>", given[name])
        return text


PROMPTS = {
    one.name: one
    for one in (
        AgentPrompt(
            "write_query",
            "Write an API query in XanoScript, with tests",
            {"task": "what the query is for", "route": "its verb and path, for example GET items/{item_id}"},
            f"""Write the XanoScript query `<route>` in this workspace: <task>

1. Call list_constructs to see what is there and where files lie, and describe_table for each table that you need.
2. Read one query of the workspace as a pattern (resource xsrun://workspace/...), and the pages `query`, `input` and
   `db.query` with docs.
3. Write the file: `query "path" verb=VERB {{ api_group = ... input {{ }} stack {{ }} response = ... }}`, with blocks
   `test "..." {{ }}` in it: unit tests for the good case, for input that is refused, and for what is not found.
4. Run it with input and rows of your own, and look at the response. {_AFTER_EACH_EDIT}

You are done when check reports no problem and test says "all green".""",
        ),
        AgentPrompt(
            "mend_test",
            "Find out why a test fails, and mend the program or the test",
            {"test": "the name of the test, or a part of it"},
            f"""The test `<test>` of this XanoScript workspace fails. Mend it.

1. Call test with pattern = "<test>" and read what differs, where.
2. Call trace for the construct with the input of the test: the first statement whose value is not what it should be
   is where to look. explain tells about error codes.
3. Decide whether the program or the expectation is wrong. Change an expectation only when the program does what its
   description says.
4. {_AFTER_EACH_EDIT}

You are done when test without a pattern says "all green".""",
        ),
        AgentPrompt(
            "port_from_javascript",
            "Port a JavaScript function to a XanoScript function, with tests",
            {"code": "the JavaScript", "name": "the name of the function, for example math/median"},
            f"""Port this JavaScript to the XanoScript function `<name>`, with unit tests for the same cases:

```javascript
<code>
```

1. List what it uses (loops, array methods, string methods, regular expressions, dates) and find the statement or
   filter for each with search_docs: `map`, `filter`, `reduce` and the like are filters; `for`, `foreach`, `while`,
   `conditional`, `switch` are statements; a filtered value needs parentheses before an operator: ($x|count) > 3.
2. Write function/<name>.xs with declared inputs, a stack and a response. Lists and objects are copied on assignment.
3. Compare the two on a handful of inputs, the empty ones too: run shows what the port gives.
4. {_AFTER_EACH_EDIT}""",
        ),
    )
}
