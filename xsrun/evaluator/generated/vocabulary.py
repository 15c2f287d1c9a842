"""What generated code may call: the only names, besides its own, that a template can use.

Each is a function or constant of a room below; `tests/test_vocabulary.py` compares the list with the templates.
Builtins, constants and callees of one construct are added by the linker.
"""

from __future__ import annotations

from itertools import repeat
from operator import length_hint

from xsrun.evaluator.generated import operations, passes
from xsrun.fields.declared import bind_one
from xsrun.fields.literals import OMITTED, UNBOUND
from xsrun.hints import Any
from xsrun.running.context import Context
from xsrun.values import arithmetic, change, comparison, conversion
from xsrun.values.ownership import Owned

_FUNCTIONS = (
    # the slow paths of operators
    arithmetic.add,
    arithmetic.divide,
    arithmetic.modulo,
    arithmetic.multiply,
    arithmetic.negate,
    arithmetic.subtract,
    # comparisons of conditions
    comparison.between,
    comparison.contains,
    comparison.greater,
    comparison.greater_or_equal,
    comparison.ilike,
    comparison.includes,
    comparison.is_in,
    comparison.less,
    comparison.less_or_equal,
    comparison.like,
    comparison.not_equal,
    comparison.not_identical,
    comparison.overlaps,
    # conversions
    conversion.as_array,
    conversion.as_bool,
    conversion.as_int,
    conversion.as_list,
    conversion.as_number,
    conversion.as_object,
    conversion.as_text,
    conversion.as_utf8,
    conversion.clamp_int,
    comparison.compare,
    comparison.loose_equal,
    comparison.strict_equal,
    conversion.to_number,
    conversion.to_text,
    conversion.truthy,
    # changing in place
    change.assign,
    change.container_at,
    change.grow_text_at,
    change.list_at,
    change.own_containers,
    change.own_list,
    change.pushable,
    change.set_here,
    change.set_member,
    # everything else
    Context.authentication,
    operations.await_all,
    operations.await_one,
    operations.call_construct,
    operations.caught,
    operations.concatenate_all,
    operations.element,
    operations.fail_precondition,
    operations.filled_path,
    Context.identity_or_nobody,
    Context.toolset,
    operations.lambda_environment,
    operations.lookup,
    operations.maybe,
    operations.member,
    operations.missing,
    operations.missing_statement,
    operations.mocked_test,
    operations.no_value_here,
    operations.number_range,
    operations.raise_unavailable,
    operations.raw_inputs,
    operations.refuse_now,
    operations.request_variable,
    operations.spread_list,
    operations.spread_object,
    operations.start_construct,
    operations.stop,
    operations.throw,
    operations.too_deep,
    operations.trace_end,
    operations.trace_start,
    operations.unlocated_input,
    operations.unset_variable,
    operations.variables_by,
    operations.variables_of,
    operations.without_unbound,
    # loops
    passes.counted,
    passes.iterate,
    passes.pieces,
    passes.removable,
    passes.tick,
    passes.times,
    # inputs
    bind_one,
)
#: name -> what it stands for in the globals of every generated function
GLOBALS: dict[str, Any] = {
    **{function.__name__: function for function in _FUNCTIONS},
    "MAX_INT": conversion.MAX_INT,
    "MIN_INT": conversion.MIN_INT,
    "OMITTED": OMITTED,
    "UNBOUND": UNBOUND,
    "Owned": Owned,
    # of loops, too: how many passes may run before the next look at the limits
    "length_hint": length_hint,
    "repeat": repeat,
}
