"""How to mend each fault: what its author can do, by the rule, the place and what the fault does. Data.

``advice`` finds them. Source: domain 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from candour_protocol.kinds import NUMBERS
from candour_protocol.rules.judgement import Severity
from candour_protocol.rules.table import BY_ID

_REFUSE, _HOLD, _FLAG = Severity.REFUSE, Severity.HOLD, Severity.FLAG
WHO = "{who}"
ANYBODY = "whoever it is lodged with"


@dataclass(frozen=True, slots=True)
class Fix:
    """What mends one fault.

    Attributes:
        pointer: where it is found in the body; ``*`` stands for a number.
        severity: what this fault does to the statement.
        words: for its author; ``{who}`` stands for those whom a hold waits for.
    """

    pointer: str
    severity: Severity
    words: str


_SECOND = "Have a second person of your agency countersign it, or approve it while it waits"
_OTHER_NUMBER = (
    "Check this number: it fails its check digit, or is a test number. If it is not known, leave it out"
)

_NUMBERS = tuple(
    Fix(f"{place}/{member}", severity, f"{_OTHER_NUMBER}{rest}.")
    for member in NUMBERS
    for place, severity, rest in (
        ("/subject", _FLAG, " and choose why there is none"),
        ("/subject", _REFUSE, " and give name and birth date with an address, school, parent or phone"),
        ("/lines/*/person", _REFUSE, ""),
    )
)

FIXES: Mapping[str, tuple[Fix, ...]] = {
    "R01": (
        Fix("/concern_ids", _REFUSE, BY_ID["R01"].fix),
        Fix(
            "/concern_ids/*",
            _REFUSE,
            "This holder was not told this concern in the inbox that you ask, or could not open it. Tell "
            "it to them, then ask again citing what you told.",
        ),
    ),
    "R02": (
        Fix(
            "/facts/*/basis",
            _FLAG,
            "Say how you know this, by a code of the list; without that the fact does not count.",
        ),
        Fix(
            "/facts",
            _FLAG,
            "Say what was seen or heard, when, and by whom, in a reply to its thread. One dated fact of "
            "eight words is enough.",
        ),
        *(
            Fix(
                place,
                _REFUSE,
                "What you cite does not yet say what was seen or heard, when, and by whom. Tell that in a "
                "reply to its thread or in a new concern, then ask again. One dated fact of eight words is "
                "enough.",
            )
            for place in ("/concern_ids", "/concern_ids/*")
        ),
    ),
    "R03": (
        Fix("/categories", _FLAG, "Pick the nearest category, or UNSURE."),
        Fix("/categories/*", _FLAG, "This is no code of the list. Pick the nearest, or UNSURE."),
        Fix(
            "/facts",
            _FLAG,
            "The name of a category says nothing. Describe what happened in your own words.",
        ),
        Fix("/need_level", _FLAG, "Pick a level of need from the list, or leave it out."),
        Fix("/urgency", _FLAG, "Pick an urgency from the list; until then no clock is known for it."),
        Fix(
            "/handling/*",
            _FLAG,
            "This is no handling mark of the list, so nobody acts on it. Pick one that is.",
        ),
        Fix("/openness/position", _FLAG, "Pick from the list what the family was told."),
        Fix("/openness/reason", _FLAG, "Pick from the list why the family was not told, or say it in words."),
        Fix("/withheld/reason", _FLAG, "Pick from the list why this inbox must not see it."),
        Fix(
            "/concern_ids",
            _REFUSE,
            "What you cite is the name of a category and no more. Describe in your own words what "
            "happened, in a reply to its thread or in a new concern, then ask again.",
        ),
    ),
    "R04": (
        Fix("/concern_ids/*", _REFUSE, BY_ID["R04"].fix),
        Fix(
            "/subject",
            _REFUSE,
            "What you cite or pass on is about another child. Check whom you mean; about this child tell "
            "a concern of your own.",
        ),
    ),
    "R05": (
        Fix(
            "/lines",
            _REFUSE,
            "Ask at least one line, and say for each in six words or more which decision it informs.",
        ),
        Fix(
            "/lines/*/category",
            _REFUSE,
            "Pick the categories of what you need from the list. A whole file is never asked for.",
        ),
        Fix(
            "/lines/*/category",
            _HOLD,
            f"For such a concern this wants a second signature. {_SECOND}; or ask without this line.",
        ),
        Fix(
            "/lines/*/months",
            _REFUSE,
            "Say how many months back you ask, within the limit for this category.",
        ),
        Fix(
            "/lines/*/because",
            _REFUSE,
            "Say in six words or more which decision this line informs; or drop the line.",
        ),
        Fix(
            "/lines/*/exception",
            _REFUSE,
            "For such a concern this is not normally asked. Say in `exception` why it is needed here, "
            "and have a second person countersign; or drop the line.",
        ),
        Fix(
            "/outcomes/*",
            _FLAG,
            "It is delivered; such a line wants a second signature at both ends. Have a second person of "
            "your agency look at it, and countersign what you answer to such a line.",
        ),
    ),
    "R06": (
        Fix("/concern_ids", _HOLD, f"Tell this holder what is new, then ask on that. Or: {_SECOND.lower()}."),
        Fix(
            "/concern_ids/*",
            _HOLD,
            "This holder answered you on that concern, and has not heard in time what came of it. Tell them "
            f"the outcome, then ask again. Or: {_SECOND.lower()}.",
        ),
        Fix("/lines", _HOLD, f"Ask fewer lines, or tell this holder what is new. Or: {_SECOND.lower()}."),
        Fix(
            "/recipients",
            _HOLD,
            f"Wait for what the others answer before you ask one more. Or: {_SECOND.lower()}.",
        ),
    ),
    "R07": (
        Fix(
            "/author",
            _REFUSE,
            "Give your own name. If that is there, have your agency's phone number put into the "
            "directory, so that whoever is asked can call back.",
        ),
        Fix("/author/name", _REFUSE, "Give your own name, not that of a team, a role or an inbox."),
        Fix(
            "/author/interest",
            _HOLD,
            f"Have a colleague without that interest ask. Or: {_SECOND.lower()}.",
        ),
        Fix(
            "/author/training_level",
            _REFUSE,
            "Give your training level from the list. If it is none of those that may ask alone, have a "
            "second person countersign.",
        ),
        Fix(
            "/countersigned_by/training_level",
            _REFUSE,
            "Give the training level of the person who countersigns from the list, or leave it out.",
        ),
    ),
    "R08": (
        Fix(
            "/purpose",
            _REFUSE,
            "Pick the purpose from the list; it has to be one that your agency may ask for.",
        ),
        Fix("/power", _REFUSE, "Pick the power from the list; it has to be one that your agency has."),
        Fix("/lawful_basis", _REFUSE, "Pick the lawful basis from the list."),
        Fix(
            "/lawful_basis",
            _FLAG,
            "Consent can be taken back, and is seldom free here. Ask on a public task or a legal duty "
            "where you can.",
        ),
        Fix(
            "/special_category",
            _REFUSE,
            "Health and immigration matters want a condition of Article 9: pick it.",
        ),
        Fix("/openness/position", _REFUSE, "Pick from the list what the family was told."),
        Fix(
            "/openness/position",
            _HOLD,
            f"The family objected, and below level 3 this help is voluntary. {_SECOND}; or ask with the "
            "family's agreement.",
        ),
        Fix(
            "/openness/reason",
            _REFUSE,
            "Say why the family was not told, or did not agree: a code or your words.",
        ),
    ),
    "R09": (
        Fix("/danger_line", _REFUSE, "Say the danger in five words or more."),
        Fix("/urgency", _REFUSE, "Pick an urgency from the list."),
        Fix(
            "/urgency",
            _FLAG,
            "It is in order, and marked as every emergency is. Tell the holder the whole concern within "
            "four hours, and name this request in `pays_back`.",
        ),
        Fix(
            "/concern_ids",
            _FLAG,
            "It goes on. Your agency still owes the concerns behind earlier emergencies, past their "
            "time: tell each, with `pays_back`.",
        ),
        Fix(
            "/purpose",
            _REFUSE,
            "An emergency has the purpose EMERGENCY_SAFETY. Else tell your concern and cite it.",
        ),
        Fix(
            "/lines/*/category",
            _REFUSE,
            "In an emergency ask for KNOWN_YN and DEMOG_HOUSEHOLD only. For more tell your concern and "
            "cite it.",
        ),
    ),
    "R10": (
        Fix(
            "/withheld",
            _FLAG,
            "An allegation against staff goes to a restricted inbox, or is kept from the ordinary one "
            "and lodged whole with somebody who can judge it.",
        ),
        Fix(
            "/withheld/from",
            _FLAG,
            "It went to the very inbox that must not see it. Tell it to that agency's restricted inbox, or "
            "lodge it with somebody who can judge it.",
        ),
        Fix("/withheld/reason", _FLAG, "Pick from the list why this inbox must not see it."),
        Fix(
            "/withheld/lodged_with",
            _FLAG,
            "Lodge it whole with somebody who is neither you nor the agency that it is kept from.",
        ),
        Fix(
            "/withheld/second_signer",
            _FLAG,
            "Have a second person of your agency sign that it is kept back.",
        ),
        Fix("/withheld/review_on", _FLAG, "Name the day of its review, within the time for such a reason."),
        Fix(
            "/concern_ids/*",
            _REFUSE,
            "The inbox that you ask has not seen this concern. Tell it there; or lodge it with somebody "
            "who is neither you nor the holder, say why, have it signed by a second person, and name the "
            "day of its review, within the time for such a reason.",
        ),
        Fix(
            "/concern_ids/*",
            _HOLD,
            "It is lodged as it should be, and there is nothing to mend: the request waits for the word "
            "of {who}, who has notice of it. Ring them if it is urgent.",
        ),
    ),
    "R11": (
        Fix(
            "/outcomes",
            _REFUSE,
            "Give at least one line an outcome; say in eight words or more why anything is withheld, and "
            "what would change your mind.",
        ),
        Fix("/outcomes/*/line", _REFUSE, "Answer each line that was asked once, by its number."),
        Fix("/outcomes/*/outcome", _REFUSE, "Pick the outcome of this line from the list."),
        Fix("/outcomes/*/reason", _REFUSE, "Pick from the list why this line is withheld."),
        Fix(
            "/outcomes/*/reason",
            _FLAG,
            "This reason is not enough on its own, or is not in the list. Give the one that decides in "
            "another answer to this line; until then somebody else is to look again.",
        ),
        Fix("/outcomes/*/text", _REFUSE, "Say in eight words or more why this line is withheld."),
        Fix("/outcomes/*/would_change_if", _REFUSE, "Say what would change your mind about this line."),
        Fix("/outcomes/*/searched", _REFUSE, "Name the systems where you searched for this line."),
        Fix("/decider/name", _REFUSE, "Name who decided."),
        Fix(
            "/decider/training_level",
            _FLAG,
            "It is delivered, and somebody who may refuse looks again: a lead or a named professional of "
            "your agency answers anew, or a second person countersigns.",
        ),
    ),
    "R12": (
        Fix("/lines", _REFUSE, BY_ID["R12"].fix),
        Fix(
            "/lines/*/person",
            _REFUSE,
            "Say who this line is about. For a sibling name the person alleged to be a risk to both, or "
            "tell a fact about the sibling.",
        ),
        Fix(
            "/lines/*/person/role",
            _REFUSE,
            "Pick a role of the list. SUBJECT_CHILD is the child in `subject`, by that name or an alias.",
        ),
        Fix(
            "/lines/*/person/name",
            _REFUSE,
            "Say who this person is: a name, an address or a birth date. 'The neighbours' is nobody.",
        ),
        Fix(
            "/lines/*/because",
            _REFUSE,
            "Say in six words or more why information about this person is needed, not what you said of "
            "another.",
        ),
        Fix("/lines/*/category", _REFUSE, "Ask first whether this other child is known (KNOWN_YN)."),
    ),
    "R13": (
        Fix("/subject", _FLAG, "Check the numbers; without one choose why there is none."),
        Fix(
            "/subject",
            _REFUSE,
            "Give a number, or name and birth date with an address, school, parent or phone.",
        ),
        Fix("/concern_ids", _REFUSE, "What you cite names no child. Tell a concern that says who it is."),
        *_NUMBERS,
        Fix(
            "/subject/identifier_absent_reason",
            _FLAG,
            "Give a number, or choose from the list why there is none.",
        ),
        Fix(
            "/subject/identifier_absent_reason",
            _REFUSE,
            "Choose from the list why there is no number, or leave it out.",
        ),
    ),
    "R14": (
        Fix("/correction_kind", _FLAG, "Pick from the list what kind of correction it is."),
        Fix(
            "/concern_ids/*",
            _REFUSE,
            "This concern was corrected. Confirm that you have applied the correction, and cite what "
            "stands now.",
        ),
        Fix("/concern_ids", _REFUSE, "Its author took this concern back. Pass on what stands now."),
    ),
    "R15": (
        Fix(
            "/handling",
            _REFUSE,
            "Whoever received a mark cannot take it off: pass it on with every mark it has.",
        ),
        Fix(
            "/concern_ids",
            _REFUSE,
            "A mark forbids to pass this on. Ask the originator, or tell what you yourself know in your "
            "own words.",
        ),
        Fix(
            "/recipients",
            _REFUSE,
            "Its originator did not allow this recipient. Ask the originator, or tell what you yourself "
            "know in your own words.",
        ),
        Fix("/onward_to", _REFUSE, "Say no more recipients than the originator named, and not none."),
        Fix("/withheld", _REFUSE, "Pass it on kept from whom its originator kept it."),
    ),
}
"""By the rule's id, each fault that it can find."""
