"""Whether an answer is right: yes or no, a closed set, the letter of a choice."""

from medmo_evaluation.scoring.answers import Mode, is_correct, parse_choice, parse_choice_compat, parse_yes_no

__all__ = ["Mode", "is_correct", "parse_choice", "parse_choice_compat", "parse_yes_no"]
