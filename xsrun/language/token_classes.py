"""What the tokens of the language do: which begin a value, which end one, which open, close, separate and join.

The names are those of the terminals in `grammar/xanoscript.lark`. Lexer, messages, repair and formatter read these
sets; a test computes the ones about values from the grammar itself.
"""

from __future__ import annotations

# Brackets ------------------------------------------------------------------------------------------------------------

#: What stands between two brackets, by the token that opens them.
BODY, FIELDS, OBJECT, LIST, PAREN, INDEX = "body", "fields", "object", "list", "paren", "index"
CONTENTS = {
    "BODY_OPEN": BODY,
    "FIELDS_OPEN": FIELDS,
    "LBRACE": OBJECT,
    "LSQB": LIST,
    "LPAR": PAREN,
    "LINDEX": INDEX,
}
OPENERS = frozenset(CONTENTS)
BLOCK_OPENERS = frozenset({"BODY_OPEN", "FIELDS_OPEN"})
#: The token of each closing bracket, and the closing bracket of each opening one.
CLOSING_TOKENS = {")": "RPAR", "]": "RSQB", "}": "RBRACE"}
CLOSERS = frozenset(CLOSING_TOKENS.values())
PARTNERS = {"(": ")", "[": "]", "{": "}"}

#: What separates the items between two brackets.
SEPARATORS = {
    BODY: frozenset({"_NEWLINE", "_DOCUMENT_SEPARATOR"}),
    FIELDS: frozenset({"_NEWLINE"}),
    OBJECT: frozenset({"_NEWLINE", "COMMA"}),
    LIST: frozenset({"_NEWLINE", "COMMA"}),
    PAREN: frozenset({"COMMA"}),
    INDEX: frozenset({"COMMA"}),
}
#: What an item cannot go on after.
ITEM_ENDS = CLOSERS | {"_NEWLINE", "COMMA"}

# Values --------------------------------------------------------------------------------------------------------------

#: Values of a single token.
OPERANDS = frozenset(
    {
        *("STRING", "TEXT_BLOCK", "NUMBER", "TIMESTAMP", "TRUE", "FALSE", "NULL", "NOW", "BACKTICK", "FENCE"),
        *("VARIABLE", "NAME", "PLACEHOLDER"),
    }
)
#: What an operand begins with. Before one a sign may stand, which begins the value then.
VALUE_STARTS = OPERANDS | {"LBRACE", "LSQB", "LPAR", "CALL", "CAST"}
#: What an item of a list begins with.
ITEM_STARTS = VALUE_STARTS | {"WORDS", "SPREAD"}
#: What a value, or an item of a list, ends with: after it a word is an operator and `[` is an index.
VALUE_ENDS = OPERANDS | CLOSERS | {"WORDS", "MEMBER", "FILTER"}

# Operators -----------------------------------------------------------------------------------------------------------

#: Operators that may also stand before a value alone, as its sign.
SIGNS = frozenset({"PLUS", "MINUS", "BANG"})
#: Operators that need a value on their left.
INFIX_OPERATORS = frozenset(
    {
        *("NULLISH", "ELVIS", "OR", "AND", "COMPARE", "WORD_OPERATOR", "BETWEEN", "RANGE", "CONCAT", "TIMES"),
        *("QUESTION", "_COLON"),
    }
)
OPERATORS = INFIX_OPERATORS | {"PLUS", "MINUS"}

# Words ---------------------------------------------------------------------------------------------------------------

#: Statements and blocks whose condition or subject stands in parentheses.
CONDITION_WORDS = ("if", "elseif", "while", "switch", "case", "for", "foreach", "precondition")
#: Blocks that take no value: what follows their name is a brace.
BLOCK_WORDS = ("default", "else", "try", "catch", "finally", "each", "stack", "input", "schema", "conditional")
