"""What the forms of statements and filters are given: the state, and what they may ask of the compiler as its methods.

A form (`xsrun.statements`, `xsrun.filters`) is called with a `Compiler` and its node. That of a statement leaves code
with `emit`, that of a filter gives an expression. It need not import the compiler, which a program whose code is in
the cache never needs.
"""

from __future__ import annotations

from xsrun.evaluator import (
    base_cases,
    builtin_calls,
    element_expressions,
    filters,
    inplace_code,
    operators,
    positions,
    statements,
    storing,
    variables,
)
from xsrun.evaluator import expressions as _literals  # noqa: F401  (enters its handlers)
from xsrun.evaluator.state import CompilerState


class Compiler(CompilerState):
    """A state whose methods are the functions of the compiler's parts."""

    # Expressions
    condition = operators.condition
    stored_condition = operators.stored_condition
    joined = operators.joined
    tolerant = variables.tolerant
    environment = variables.environment
    program_environment = variables.program_environment
    all_inputs = variables.all_inputs
    builtin_call = builtin_calls.builtin_call
    filter_call = filters.compile_filter_call
    element_call = element_expressions.element_call
    element_function = element_expressions.element_function
    binds_unchanged = statements.binds_unchanged
    unless_answered = base_cases.unless_answered
    # Statements
    attempt = positions.attempt
    attribute = statements.attribute
    needed = statements.needed
    target = statements.target
    block = statements.block
    stack = statements.compile_statements
    nested_function = statements.nested_function
    # Variables that are given values
    changeable = storing.changeable
    owned = storing.owned
    held = storing.held
    held_keys = storing.held_keys
    store = storing.store
    bind = storing.bind
    bind_result = storing.bind_result
    append = inplace_code.append
    list_in_place = inplace_code.list_in_place
    update_in_place = inplace_code.update_in_place
    grow_text = inplace_code.grow_text
    count_moved = inplace_code.count_moved
