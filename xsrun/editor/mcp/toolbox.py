"""The tools over one folder, and how a call of one becomes an answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from xsrun.editor.mcp.agent_desk import AgentDesk, Arguments
from xsrun.editor.mcp.agent_tool import LONGEST_ANSWER, USUAL_ANSWER, AgentTool, cut
from xsrun.errors import InternalError, UsageError, XanoScriptError
from xsrun.records import record


@record
class ToolAnswer:
    """What a call gives: a text, and whether it tells of a call that could not be carried out."""

    text: str
    failed: bool = False


class Toolbox(AgentDesk):
    """The tools over one folder."""

    @cached_property
    def tools(self) -> dict[str, AgentTool]:
        """The tools by name, in the order in which an agent is shown them."""
        from xsrun.editor.mcp import lookup_tools, manual_tools, program_tools, source_tools

        parts = (source_tools, program_tools, manual_tools, lookup_tools)
        return {tool.name: tool for part in parts for tool in part.TOOLS}

    def call(self, name: str, given: Arguments) -> ToolAnswer:
        """Call a tool. Mistakes of the caller and faults are answers that tell what to do instead."""
        tool = self.tools.get(name)
        if tool is None:
            return ToolAnswer(f"there is no tool `{name}`; there are: {', '.join(self.tools)}", failed=True)
        return self._guarded(lambda: cut(self._run(tool, given), given.get("limit") or USUAL_ANSWER))

    def _run(self, tool: AgentTool, given: Arguments) -> str:
        tool.check(given)
        return tool.run(self, {name: value for name, value in given.items() if value is not None})

    def _guarded(self, answer: Callable[[], str]) -> ToolAnswer:
        try:
            return ToolAnswer(answer())
        except UsageError as error:
            return ToolAnswer(cut(told(error), LONGEST_ANSWER), failed=True)
        except XanoScriptError as error:
            from xsrun.editor.mcp.answers import shown_error

            return ToolAnswer(cut(shown_error(error, self.folder.sources()), USUAL_ANSWER), failed=True)
        except Exception as error:
            return ToolAnswer(told(InternalError(error)), failed=True)


def told(error: XanoScriptError) -> str:
    """An error without a place, with what to do about it."""
    return f"error: {error}" + (f"\nhelp: {error.hint}" if error.hint else "")
