"""Files to constructs, constructs to runs.

Here the rooms meet: paths, which stand below the evaluator, are told who can compile the conditions in them.
"""

from __future__ import annotations

from xsrun.values.paths import Condition, install_conditions


def _condition(text: str) -> Condition:
    """The condition in the brackets of a path; the compiler is loaded when the first one is met."""
    from xsrun.evaluator.text_expressions import path_condition

    return path_condition(text)


install_conditions(_condition)
