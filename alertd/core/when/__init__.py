"""`when`: a Python expression that says which samples of a rule are alerts. May not run anything it does not know.

text ─ ast.parse ─▶ tree ─ grammar and words: only what is on a list ─▶ closures ─ judge(facts) ─▶ True, False, None

Three-valued: None means that it cannot be told, because a number is missing (NaN). It is never taken for False.
"""

from alertd.core.when.grammar import Condition, ConditionError, compile_condition
from alertd.core.when.words import Facts

__all__ = ["Condition", "ConditionError", "Facts", "compile_condition"]
