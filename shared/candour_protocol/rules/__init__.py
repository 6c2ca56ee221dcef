"""The reciprocity rules: gate the ask, never the tell. Source: protocol section 4, domain 5.

``check_matter`` is what nodes run, ``judge_*`` what the gateway runs; ``RULES`` is the table for people.
"""

from __future__ import annotations

from candour_protocol.rules.answers import costs_nothing, is_unlocked, says_too_thin, settles_a_line
from candour_protocol.rules.attested import SUBSTANCE, has_substance
from candour_protocol.rules.corrected import ends, retracts
from candour_protocol.rules.facts import Ask, Earlier, Matter, Telling, Told, is_emergency
from candour_protocol.rules.identity import plainly_another
from candour_protocol.rules.judge import (
    check_matter,
    check_subject,
    judge_answer,
    judge_concern,
    judge_correction,
    judge_request,
)
from candour_protocol.rules.judgement import Findings, Judgement, Outcome, Severity, Violation
from candour_protocol.rules.lodging import STAFF, is_asked_apart, is_kept_from, kept_from, review_ends
from candour_protocol.rules.reconsidering import again_by, is_on_the_same, stands_by_word
from candour_protocol.rules.signers import are_two, is_another
from candour_protocol.rules.substance import still_current
from candour_protocol.rules.texts import names_nobody, says_something

__all__ = [
    "STAFF",
    "SUBSTANCE",
    "Ask",
    "Earlier",
    "Findings",
    "Judgement",
    "Matter",
    "Outcome",
    "Severity",
    "Telling",
    "Told",
    "Violation",
    "again_by",
    "are_two",
    "check_matter",
    "check_subject",
    "costs_nothing",
    "ends",
    "has_substance",
    "is_another",
    "is_asked_apart",
    "is_emergency",
    "is_kept_from",
    "is_on_the_same",
    "is_unlocked",
    "judge_answer",
    "judge_concern",
    "judge_correction",
    "judge_request",
    "kept_from",
    "names_nobody",
    "plainly_another",
    "retracts",
    "review_ends",
    "says_something",
    "says_too_thin",
    "settles_a_line",
    "stands_by_word",
    "still_current",
]
