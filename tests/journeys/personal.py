"""The people and stories of the hostile journeys, all invented; no log may ever hold them."""

from __future__ import annotations

from candour_protocol.strict_json import JsonObject, JsonValue

TAMSIN: JsonObject = {"name": "Tamsin Oldacre", "birth_date": "2016-02-29", "nhs_number": "9990001014"}
IDRIS: JsonObject = {"name": "Idris Penhallow", "birth_date": "2019-08-01", "nhs_number": "9990001022"}

MERLE: JsonObject = {"name": "Merle Ashdown", "birth_date": "2018-05-04", "nhs_number": "9990001049"}
RUFUS: JsonObject = {"name": "Rufus Tolland", "role": "ALLEGED_RISK", "nhs_number": "9990001030"}

SEEN = "Came in barefoot at half past seven with a cut lip, and ate three breakfasts without stopping."
THIN = "Confidential – cannot disclose at this time."

FACTS: JsonValue = [{"what": SEEN, "when": "2026-11-19 07:30", "basis": "OBSERVED"}]
THIN_FACTS: JsonValue = [{"what": THIN, "when": "2026-11-19", "basis": "PROFESSIONAL_OPINION"}]

BECAUSE = "to judge whether the cut lip is one of several injuries this term"
AUTHOR: JsonObject = {
    "staff_id": "quennell",
    "name": "Dr Quennell Abara",
    "role": "GP safeguarding lead",
    "training_level": "IC4",
}

PERSONAL = (
    "Oldacre",
    "Penhallow",
    "Ashdown",
    "Tolland",
    "Quennell",
    "9990001014",
    "9990001022",
    "9990001030",
    "9990001049",
    "barefoot",
    "cut lip",
    "cannot disclose",
)
