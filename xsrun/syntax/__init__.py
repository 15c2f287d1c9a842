"""Source text to tree and back: lexer, grammar, nodes, bracket check, common mistakes."""
