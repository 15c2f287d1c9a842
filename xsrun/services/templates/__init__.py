"""Twig templates, as `util.template_engine` and the prompts of agents have them (semantics 6).

A template sees `$var`, `$input`, `$env` and `$auth` (and `$name` for `$var.name`); a bare name that nothing set is
empty. Nothing is escaped unless the template asks for it. It reads values and calls Twig's filters and functions and
the filters of the language, nothing else; its loops count as steps of the run, and its text against the size limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from xsrun.errors import LimitError, XanoScriptError
from xsrun.hints import TYPE_CHECKING

if TYPE_CHECKING:
    import jinja2

    from xsrun.services.templates.environment import TwigEnvironment
    from xsrun.services.templates.functions import FilterFinder, TemplateRun
    from xsrun.values.conversion import Value

_TOO_DEEP = "The template is nested too deep."


def render(
    run: TemplateRun,
    text: str,
    roots: dict[str, Value],
    find_filter: FilterFinder,
    is_program_filter: Callable[[str], bool],
) -> str:
    """The text that a template gives. `roots` are the values by `$name`, the dollar sign included.

    Raises XanoScriptError for what is not a template, with the line in it, and for what goes wrong while it is written.
    """
    import jinja2

    from xsrun.services.templates.functions import State

    if "{{" not in text and "{%" not in text and "{#" not in text:
        return text
    try:
        template = _compiled(text, is_program_filter)
        context = template.new_context({"state": State(run, dict(roots), find_filter)})
        return _written(run, template.root_render_func(context))
    except jinja2.TemplateSyntaxError as error:
        raise XanoScriptError(f"Template error on line {error.lineno}: {error.message}") from None
    except jinja2.TemplateError as error:
        raise XanoScriptError(f"Template error: {error.message}") from None
    except RecursionError:
        raise LimitError(_TOO_DEEP) from None


def _written(run: TemplateRun, pieces: Iterable[str]) -> str:
    """The pieces of a template as one text, as long as they fit."""
    written: list[str] = []
    size = 0
    for piece in pieces:
        written.append(piece)
        size += len(piece)
        run.check_size(size)
    return "".join(written)


@lru_cache(maxsize=256)
def _compiled(text: str, is_program_filter: Callable[[str], bool]) -> jinja2.Template:
    try:
        template: jinja2.Template = _environment(is_program_filter).template_of(text)
    except SyntaxError:  # Python's limit on blocks inside blocks
        raise LimitError(_TOO_DEEP) from None
    return template


@lru_cache(maxsize=4)
def _environment(is_program_filter: Callable[[str], bool]) -> TwigEnvironment:
    from xsrun.services.templates.environment import TwigEnvironment, declare_structure
    from xsrun.services.templates.filters import declare_filters
    from xsrun.services.templates.operators import declare_operators

    environment = TwigEnvironment(is_program_filter)
    declare_structure(environment)
    declare_operators(environment)
    declare_filters(environment)
    return environment
