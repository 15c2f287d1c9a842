"""What a name means: the variable that a place belongs to, what statements bind, what expressions read, fixed values.

The evaluator and the checks both ask here, so that a run and a check never disagree on what a name stands for.
"""
