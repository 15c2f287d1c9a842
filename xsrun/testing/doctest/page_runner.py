"""Running the examples of a page."""

from __future__ import annotations

import math
from copy import copy
from dataclasses import dataclass, field, replace

from xsrun.errors import MissingConstructError, UsageError, XanoScriptError
from xsrun.language.constructs import RUNNABLE
from xsrun.names.places import root_of
from xsrun.running.assertions import show
from xsrun.running.context import Identity
from xsrun.syntax.nodes import Expression, Statement
from xsrun.testing.affected import keys_of, reached_by
from xsrun.testing.doctest.example import PageExample, looks_like_program, parts, read_example
from xsrun.testing.doctest.expected import StatedValue, differences, same_in_any_order, stated_beside, stated_in
from xsrun.testing.doctest.known_differences import OTHER_ORDER, SETS, known_reasons
from xsrun.testing.doctest.missing_input import judge_error
from xsrun.testing.doctest.page import Block, read_page
from xsrun.testing.doctest.page_inputs import given_inputs
from xsrun.testing.doctest.page_settings import PageSettings
from xsrun.testing.doctest.stated_result import Comparison, compare_below, compared
from xsrun.testing.doctest.stubs import Missing
from xsrun.values.conversion import Value, type_name
from xsrun.workspace.construct import Construct, text_of
from xsrun.workspace.workspace import LoadedWorkspace

#: How a block ended, the worst last.
STATUSES = ("not_xanoscript", "ran", "passed", "needs_input", "differs", "failed")
#: Kinds of construct on a page that other blocks may use.
_LENT = frozenset(("table", "function", "addon", "query", "task", "tool", "agent", "middleware", "api_group"))


@dataclass(slots=True)
class BlockResult:
    """What came of one block."""

    file: str
    line: int
    title: str
    status: str
    message: str = ""
    details: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, str | int]:
        message = "\n".join([self.message, *self.details]).strip()
        return {"file": self.file, "line": self.line, "title": self.title, "status": self.status, "message": message}


#: What stands where a character of a page was lost.
DAMAGED = "\ufffd"
#: What is said of a block that looks like XanoScript and is not marked as such.
UNTAGGED = "looks like XanoScript, but no language is named: write ```xs above it to have it run"
#: Places that a message lists.
_LISTED = 8


def test_page(
    text: str,
    file: str,
    settings: PageSettings,
    missing: Missing | None = None,
    *,
    line: int | None = None,
    whole: bool = False,
) -> list[BlockResult]:
    """Run every example of a page, in order, or the one at a line. What no block defines is noted in `missing`.

    The `whole` text of a program is one example. Raises UsageError when there is none at the line.
    """
    blocks = [Block(file, 1, "xs", text, "")] if whole else read_page(text, file)
    examples = [read_example(block) for block in blocks if block.is_program]
    page = ExamplePage(examples, settings)
    if missing is not None:
        page.note_missing(missing)
    wanted = [one for one in examples if line is None or one.block.holds(line)]
    if line is not None and not wanted:
        places = ", ".join(f"{file}:{one.block.line}" for one in examples[:_LISTED])
        raise UsageError(f"there is no program at {file}:{line}", hint=f"there are: {places}" if places else None)
    found = [page.run(example) for example in wanted]
    if line is None:
        found += map(_untagged, filter(looks_like_program, blocks))
    return sorted(found, key=lambda result: result.line)


test_page.__test__ = False  # type: ignore[attr-defined] # not one of pytest's


def _untagged(block: Block) -> BlockResult:
    return BlockResult(block.file, block.line, block.title, "not_xanoscript", UNTAGGED)


class Trouble(Exception):
    """An example that does not run to its end: its status, and why."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class ExamplePage:
    """The examples of one page. A block may use the constructs that other blocks define."""

    def __init__(self, examples: list[PageExample], settings: PageSettings) -> None:
        self.settings = settings
        self.examples = examples
        self.own: dict[int, list[Construct]] = {}
        for example in examples:
            source = parts(example)[0].source if example.kind == "mixed" else example.source
            loads = example.kind in ("constructs", "members", "mixed")
            self.own[example.block.line] = settings.make({example.block.file: source}).constructs if loads else []

    def with_settings(self, settings: PageSettings) -> ExamplePage:
        """The same page under other settings."""
        made = copy(self)
        made.settings = settings
        return made

    def note_missing(self, missing: Missing) -> None:
        known = [construct for constructs in self.own.values() for construct in constructs]
        for example in self.examples:
            if example.kind not in ("template", "broken"):
                missing.look(example.items, known)

    def run(self, example: PageExample) -> BlockResult:
        """Run one block."""
        block = example.block
        result = BlockResult(block.file, block.line, block.title, "ran")
        try:
            result.status, result.message, result.details = self._steady_outcome(example)
        except Trouble as trouble:
            result.status, result.message = trouble.status, trouble.message
        except XanoScriptError as error:
            result.status, result.message = judge_error(error, example)
        if result.status == "needs_input" and self.settings.fill is not None:
            self._run_filled(example, result)
        if result.status == "failed" and example.shown_as_wrong:
            result.status, result.message = "ran", f"fails, as the page says it should: {result.message}"
        if result.status in ("differs", "failed"):
            found = " ".join([result.message, *result.details])
            result.details += [f"known: {reason}" for reason in known_reasons(block.text, found)]
        return result

    def _run_filled(self, example: PageExample, result: BlockResult) -> None:
        """Run a block again with made-up values, and put what comes of it into its result."""
        from xsrun.testing.doctest.filled import run_filled

        def again(settings: PageSettings) -> tuple[str, str]:
            made = self.with_settings(settings).run(example)
            return made.status, made.message

        outcome = run_filled(example, self.settings, lambda: self.workspace(example), again)
        if outcome is not None:
            result.status, result.message, result.details = outcome

    def _steady_outcome(self, example: PageExample) -> tuple[str, str, list[str]]:
        """The outcome, without differences that change from run to run: random values, and what depends on the time."""
        status, message, details = self._outcome(example)
        if status != "differs":
            return status, message, details
        if DAMAGED in example.block.text or any(DAMAGED in text.partition("xsrun gives")[0] for text in details):
            return "ran", "characters of the page are damaged (U+FFFD), nothing is compared", []
        settings = replace(self.settings, make=self.settings.make_later or self.settings.make)
        later = self.with_settings(settings)
        lasting = details
        for _ in range(3):
            again = later._outcome(example)
            lasting = [text for text in lasting if text in again[2]] if again[0] == "differs" else []
        if lasting == details:
            return status, message, details
        if all(OTHER_ORDER in text for text in lasting) or any(OTHER_ORDER in text for text in details):
            return "ran", "what differs changes from run to run, and is not compared", []
        return status, message, lasting

    def _outcome(self, example: PageExample) -> tuple[str, str, list[str]]:
        if example.kind == "template":
            return "not_xanoscript", "a template: it leaves places for the reader to fill in", []
        if example.kind == "empty":
            return "not_xanoscript", "nothing but comments", []
        if example.kind == "broken":
            first = example.problems[0]
            text = f"{first.message} (line {first.line})"
            raise Trouble("failed", f"{text}; {first.hint}" if first.hint else text)
        if example.kind in ("fields", "attributes"):
            return "ran", "declarations, nothing to run", []
        if example.kind == "expressions":
            return self._expressions(example)
        if example.kind == "statements":
            return self._statements(example)
        if example.kind == "mixed":
            return self._mixed(example)
        return self._constructs(example)

    def _mixed(self, example: PageExample) -> tuple[str, str, list[str]]:
        """Constructs and statements in one block: the worse of the two outcomes. The statements see the constructs."""
        outcomes = []
        for part in parts(example):
            try:
                outcomes.append(self._outcome(part))
            except Trouble as trouble:
                outcomes.append((trouble.status, trouble.message, []))
        return max(outcomes, key=lambda outcome: STATUSES.index(outcome[0]))

    # Workspaces ----------------------------------------------------------------------------------------------------

    def workspace(self, example: PageExample, source: str | None = None) -> LoadedWorkspace:
        """The block as a workspace, with what it reaches of the page's other constructs."""
        file = example.block.file
        sources = {file: example.source if source is None else source}
        own = self.settings.make(dict(sources)).constructs
        for construct in self._borrowed(own, example):
            lent = f"{construct.file} (line {construct.line})"
            sources[lent] = "\n" * (construct.line - 1) + construct.text
        made = self.settings.make(sources)
        if self.settings.rows:
            made.seed(self.settings.rows)
        if self.settings.filled_rows:
            from xsrun.testing.filling import seeded

            seeded(self.settings.filled_rows, made.seed)
        return made

    def _borrowed(self, own: list[Construct], example: PageExample) -> list[Construct]:
        """The constructs of other blocks, or else around the page, that some constructs reach.

        Of two blocks the nearest before wins.
        """
        block = example.block
        lenders = sorted(self.own, key=lambda line: (line > block.line, abs(line - block.line)))
        offered: dict[tuple[str, str], Construct] = {}
        for line in lenders:
            elsewhere = line != block.line or example.kind == "statements"
            for construct in self.own[line] if elsewhere else []:
                if construct.kind in _LENT and not construct.problems:
                    offered.setdefault((construct.kind, construct.name), construct)
        for construct in self.settings.around:
            offered.setdefault((construct.kind, construct.name), construct)
        taken: dict[tuple[str, str], Construct] = {}
        have = {key for construct in own for key in keys_of(construct)}
        pending = list(own)
        while pending:
            for key in reached_by(pending.pop()):
                found = offered.get(key)
                if found is not None and key not in have and key not in taken:
                    taken[key] = found
                    pending.append(found)
        return list(taken.values())

    # Kinds of block ------------------------------------------------------------------------------------------------

    def _constructs(self, example: PageExample) -> tuple[str, str, list[str]]:
        with self.workspace(example) as workspace:
            own = [one for one in workspace.constructs if one.file == example.block.file]
            for construct in own:
                construct.fail_if_broken()
            outcomes = [self._construct(example, workspace, own, one) for one in own if one.kind in RUNNABLE]
        if not outcomes:
            return "ran", f"declares {', '.join(one.label for one in own)}", []
        status = max((outcome[0] for outcome in outcomes), key=STATUSES.index)
        shown = [outcome for outcome in outcomes if outcome[0] == status]
        return status, "; ".join(message for _, message, _ in shown if message), [d for *_, more in shown for d in more]

    def _construct(
        self, example: PageExample, workspace: LoadedWorkspace, own: list[Construct], construct: Construct
    ) -> tuple[str, str, list[str]]:
        """Run one construct: its tests when it has some, else itself."""
        if construct.tests or construct.kind == "workflow_test":
            return self._tests(workspace, construct)
        given = {**self.settings.inputs, **(given_inputs(example.block, example.comments) or {})}
        bare = construct.kind == "stack"
        said = "" if bare else f"{construct.label} "
        names = set(given) if bare and not construct.declares_inputs else {one.name for one in construct.declared}
        lacking = [one for one in construct.declared if one.required and one.name not in given]
        if lacking:
            listed = ", ".join(f"{one.name} ({one.type})" for one in lacking)
            return "needs_input", f"{said}needs {listed}", []
        inputs = {name: value for name, value in given.items() if name in names}
        context = workspace.context(auth=_identity(self.settings.auth))
        variables = self.settings.variables if bare else None
        result = workspace.execute(construct, inputs, context, variables=variables)
        if result.error is not None:
            return (*judge_error(result.error, example), [])
        expected = self._expected_of(example, own, construct)
        if expected is not None:
            outcome = Comparison(True, compared(expected, result.response))
        else:
            outcome = self._below(example, own, construct, result.response)
        return self._judged(example, outcome, f"{said}gives {show(result.response)}", f"{said}gives something else")

    def _judged(self, example: PageExample, outcome: Comparison, gives: str, other: str) -> tuple[str, str, list[str]]:
        """The outcome of a comparison as that of the block."""
        if outcome.found and self._lacks_rows(example):
            return "needs_input", "needs rows: --seed FILE", outcome.found
        if outcome.found:
            return "differs", other, outcome.found
        if outcome.compared:
            return "passed", "", []
        return "ran", "; ".join(filter(None, (gives, outcome.note))), []

    def _lacks_rows(self, example: PageExample) -> bool:
        """Does a block read tables that were given no rows?"""
        names = {node.name for item in example.items for node in item.walk() if isinstance(node, Statement)}
        reads = names & {"db.query", "db.get", "db.has", "db.direct_query"}
        writes = any(name.startswith("db.") and name not in reads for name in names)
        return bool(reads) and not writes and not self.settings.has_rows

    def _tests(self, workspace: LoadedWorkspace, construct: Construct) -> tuple[str, str, list[str]]:
        from xsrun.testing.runner import run_tests

        report = run_tests(workspace, files={construct.file})
        outcomes = [one for one in report.results if one.construct == construct.label]
        failures = [one for one in outcomes if one.failed]
        if not failures:
            return "passed", f"{len(outcomes)} test{'' if len(outcomes) == 1 else 's'} of {construct.label} pass", []
        details = [f"{one.name}: {message} (line {line})" for one in failures for message, _, line, _ in one.problems()]
        if all(isinstance(one.error, MissingConstructError) for one in failures):
            return "needs_input", f"{construct.label} calls what is not on the page", details
        return "failed", f"{len(failures)} of {len(outcomes)} tests of {construct.label} fail", details

    def _expected_of(self, example: PageExample, own: list[Construct], construct: Construct) -> Expression | None:
        """What a comment after a construct says that it gives."""
        ends, following = _extent(own, construct)
        begins = following if following is not None else math.inf
        merging = _merges(construct)
        for stated in stated_in(example.comments):
            # the result of a middleware that merges is not its response but what becomes of another one (semantics 7.2)
            if ends <= stated.line < begins and not (merging and stated.word.startswith("result")):
                return stated.value
        return None

    def _below(self, example: PageExample, own: list[Construct], construct: Construct, response: Value) -> Comparison:
        """The response of the last construct of a block, compared with what stands below the block."""
        is_last = _extent(own, construct)[1] is None
        if _merges(construct) or not (is_last and example.is_last):
            return Comparison()
        return compare_below(example.block, [response])

    def _statements(self, example: PageExample) -> tuple[str, str, list[str]]:
        """Run a bare list; a stated value belongs to the statement before it, and is compared at that point."""
        items = [item for item in example.items if isinstance(item, Statement)]
        stated = list(stated_in(example.comments))
        count, found = 0, []
        for expectation in stated:
            statement = _statement_of(items, expectation)
            variable = _variable_of(statement) if statement is not None else None
            if statement is None or variable is None:
                continue
            variables = self._run_list(example, statement.end_line)
            if variable in variables:
                count += 1
                value = variables[variable]
                if statement.name not in SETS or not same_in_any_order(expectation.value, value):
                    found += [f"line {expectation.line}: {text}" for text in compared(expectation.value, value)]
        variables = self._run_list(example, None)
        below = self._below_statements(example, items, variables)
        outcome = Comparison(bool(count) or below.compared, found + (below.found or []), below.note)
        shown = {name: value for name, value in variables.items() if type_name(value) != "resource"}
        return self._judged(example, outcome, show(shown) if shown else "", "the page says something else")

    def _below_statements(
        self, example: PageExample, items: list[Statement], variables: dict[str, Value]
    ) -> Comparison:
        """The variables of a bare list, or the last result, compared with what stands below the block."""
        if not example.is_last:
            return Comparison()
        bound = [name for name in map(_variable_of, items) if name in variables]
        return compare_below(example.block, [variables[name] for name in bound[-1:] if name is not None], variables)

    def _run_list(self, example: PageExample, last_line: int | None) -> dict[str, Value]:
        """The variables after the statements up to a line."""
        lines = example.source.split("\n")[:last_line]
        if example.chunks:  # without the expressions between the statements
            kept = {number for first, last, node in example.chunks if node is None for number in range(first, last + 1)}
            lines = [line if number in kept else "" for number, line in enumerate(lines, 1)]
        with self.workspace(example, "\n".join(lines)) as workspace:
            construct = next(one for one in workspace.constructs if one.kind == "stack")
            construct.fail_if_broken()
            context = workspace.context(auth=_identity(self.settings.auth))
            given = {**self.settings.inputs, **(given_inputs(example.block, example.comments) or {})}
            result = workspace.execute(construct, given, context, variables=self.settings.variables)
        if result.error is not None:
            raise Trouble(*judge_error(result.error, example))
        return dict(result.variables)

    def _expressions(self, example: PageExample) -> tuple[str, str, list[str]]:
        """Evaluate the expressions of a block, each with the variables that the statements before it set."""
        stated = list(stated_beside(example.comments))
        variables = dict(self.settings.variables)
        count, found, values, trouble = 0, [], [], None
        for first, last, node in example.chunks:
            try:
                if node is None:
                    variables |= self._run_list(example, last)
                    continue
                value = self._value(node, example, variables)
            except Trouble as met:
                trouble = trouble or met
                continue
            values.append(value)
            for expectation in stated:
                if first <= expectation.line <= last + expectation.own_line:
                    count += 1
                    found += [f"line {expectation.line}: {text}" for text in differences(expectation.value, value)]
        below = compare_below(example.block, [*values[-1:], values] if trouble is None else [])
        outcome = Comparison(bool(count) or below.compared, found + (below.found or []), below.note)
        if not outcome.found and trouble is not None and (trouble.status == "failed" or not outcome.compared):
            raise trouble
        return self._judged(example, outcome, ", ".join(map(show, values)), "the page says something else")

    def _value(self, node: Expression, example: PageExample, variables: dict[str, Value]) -> Value:
        from xsrun.evaluator.generated.tracebacks import translate
        from xsrun.evaluator.stack_functions import compile_expression

        with self.settings.make({}) as workspace:
            context = workspace.context(auth=_identity(self.settings.auth))
            try:
                return compile_expression(node, example.block.file, variables)(context, {}, *variables.values())
            except Exception as error:
                raise Trouble(*judge_error(translate(error), example)) from None


def _extent(own: list[Construct], construct: Construct) -> tuple[int, int | None]:
    """The last line of a construct, and the line at which the next one of its block begins, if there is one."""
    following = [one.line for one in own if one.line > construct.line]
    return construct.line + construct.text.count("\n"), min(following, default=None)


def _merges(construct: Construct) -> bool:
    return construct.kind == "middleware" and text_of(construct.attribute("response_strategy")) != "replace"


def _identity(auth: dict[str, Value] | None) -> Identity | None:
    return Identity(auth.get("id"), auth.get("table", ""), auth.get("extras") or {}) if auth is not None else None


def _statement_of(items: list[Statement], expectation: StatedValue) -> Statement | None:
    """The statement that a comment speaks of: the one on its line, else the last one above."""
    above = [item for item in items if item.line <= expectation.line and item.end_line <= expectation.line]
    return above[-1] if above else None


def _variable_of(statement: Statement) -> str | None:
    """The variable that holds what a statement gave."""
    return root_of(statement.result or statement.target)
