"""Where pages are known to print what the engine does not give, with the rule (see the evidence in the case folder)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

#: Statements whose result is a set: pages print it in another order.
SETS = ("array.union", "array.difference", "array.intersection")
#: What is said of a list that differs in nothing else.
OTHER_ORDER = "only the order of items differs"

_DIVISION = re.compile(r"[\w)\]]\s*/\s*[\w($]")


@dataclass(frozen=True, slots=True)
class Rule:
    """When it may be the reason (`applies` to the block's text and what was found), and what it says."""

    applies: Callable[[str, str], bool]
    text: str


RULES = (
    Rule(
        lambda source, found: "||" in source and bool(re.search(r"gives (true|false)\b", found)),
        "`||` gives a boolean, not one of its sides; use ?? or |first_notempty (evidence c)",
    ),
    Rule(
        lambda source, found: (
            bool(_DIVISION.search(source)) and bool(re.search(r"says -?\d+, xsrun gives -?\d+\.\d", found))
        ),
        "the quotient of two ints is a decimal unless it is exact (evidence d)",
    ),
    Rule(
        lambda source, found: "Not numeric." in found and "now" in source,
        "`now` cannot be calculated with (evidence v1)",
    ),
    Rule(
        lambda source, found: "Throw Error Statement" in found or ("throw" in source and "$error.message" in source),
        "after a throw, $error.message is a fixed text; the value is in $error.result (evidence i1)",
    ),
    Rule(
        lambda source, found: "to_be_within" in found,
        "both bounds of to_be_within are excluded (evidence k)",
    ),
    Rule(
        lambda source, found: "Unable to locate auth" in found or "ERROR_CODE_ACCESS_DENIED" in found,
        "$auth without an identity is a bare 403 (evidence m)",
    ),
    Rule(
        lambda source, found: OTHER_ORDER in found and any(name in source for name in SETS),
        "union, difference and intersection keep the order of their lists; compare the results as sets (semantics 6)",
    ),
    Rule(
        lambda source, found: bool(re.search(r'says "(-?[\d.]+)", xsrun gives \1(?![\d.])', found)),
        "the page quotes a number",
    ),
    Rule(
        lambda source, found: "itemsTotal" in found or ".total" in found,
        "the envelope of a paged query has `itemsTotal` (evidence w3)",
    ),
)


def known_reasons(source: str, found: str) -> list[str]:
    """The rules that may explain what was found."""
    return [rule.text for rule in RULES if rule.applies(source, found)]
