"""The field types that several kinds share: what a code, a token or a hash may look like on the wire.

Wire models are frozen, closed and strict. In T1 every member is required, absent ones are ``null``; in T2
everything is optional, and ``null``, ``""`` and absent mean the same. Source: protocol sections 3 and 8.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from candour_protocol.errors import MalformedError
from candour_protocol.ids import (
    ActorToken,
    AdultToken,
    AgencyId,
    ChildToken,
    Jti,
    StatementHash,
    Txn,
    parse_address,
)

MAX_LINES = 40
MAX_REFERENCES = 10
MAX_TOKENS = 64
MAX_ROWS = 64

_SHA256 = r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"
_NAME = r"[a-z0-9]+(-[a-z0-9]+)*"
THREAD = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TOKEN = rf"[vr]1\.{_SHA256}"
ADULT_TOKEN = rf"a1\.{_SHA256}"

Item = TypeVar("Item")
_Token = TypeVar("_Token", bound=str)


class WireModel(BaseModel):
    """A closed object: an unknown or missing member, or one of another type, does not parse."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, serialize_by_alias=True)


def _address(text: str) -> str:
    try:
        parse_address(text)
    except MalformedError as error:
        raise ValueError(error.detail) from None
    return text


# An unknown code must survive parsing: a concern with one is delivered and flagged, a request is refused
# by name.
Code = Annotated[str, Field(pattern=r"^[A-Z0-9_]{1,40}$")]
TxnField = Annotated[Txn, Field(pattern=rf"^{THREAD}$")]
JtiField = Annotated[Jti, Field(pattern=rf"^{THREAD}$")]
Actor = Annotated[ActorToken, Field(pattern=r"^[A-Za-z0-9_-]{21}[AQgw]$")]
Hash = Annotated[StatementHash, Field(pattern=rf"^{_SHA256}$")]
Agency = Annotated[AgencyId, Field(pattern=rf"^{_NAME}$", min_length=3, max_length=48)]
Inbox = Annotated[str, Field(pattern=rf"^{_NAME}$", min_length=2, max_length=32)]
# What is read here can be taken apart anywhere: nobody who reads it later has to expect an odd one.
AddressText = Annotated[str, Field(pattern=rf"^{_NAME}(/{_NAME})?$", max_length=81), AfterValidator(_address)]
DateText = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
Line = Annotated[int, Field(ge=1, le=MAX_LINES)]
Months = Annotated[int, Field(ge=-10_000, le=10_000)]

# JSON arrays arrive as lists; only this level is lenient about that, what stands in them stays strict.
Rows = Annotated[tuple[Item, ...], Field(strict=False, max_length=MAX_ROWS)]
CodeList = Annotated[tuple[Code, ...], Field(strict=False, max_length=MAX_LINES)]
HashList = Annotated[tuple[Hash, ...], Field(strict=False, max_length=MAX_REFERENCES)]
AgencyList = Annotated[tuple[Agency, ...], Field(strict=False, max_length=MAX_ROWS)]


def _ascending(tokens: tuple[_Token, ...]) -> tuple[_Token, ...]:
    if any(left >= right for left, right in pairwise(tokens)):
        raise ValueError("tokens stand in ascending order, each once")
    return tokens


Child = Annotated[
    tuple[Annotated[ChildToken, Field(pattern=rf"^{TOKEN}$")], ...],
    Field(strict=False, min_length=1, max_length=MAX_TOKENS),
    AfterValidator(_ascending),
]

# Where there are none the member is left out: it is never empty, and never null.
Adults = Annotated[
    tuple[Annotated[AdultToken, Field(pattern=rf"^{ADULT_TOKEN}$")], ...],
    Field(strict=False, min_length=1, max_length=MAX_TOKENS),
    AfterValidator(_ascending),
]

_RULE = re.compile(r"R[0-9]{2}\Z")
_RULESET = re.compile(_SHA256 + r"\Z")
_RESULTS = ("pass", "hold", "fail")


def _attested(checks: Mapping[str, str]) -> Mapping[str, str]:
    for name, result in checks.items():
        known = _RULESET.match(result) if name == "ruleset" else _RULE.match(name) and result in _RESULTS
        if not known:
            raise ValueError("a ruleset and rules with pass, hold or fail")
    if "ruleset" not in checks:
        raise ValueError("results without the rule set that gave them")
    return checks


def _reran(rules: Mapping[str, str]) -> Mapping[str, str]:
    return _attested(rules) if rules else rules


# What a sender's node found: {"ruleset": policy id, "R02": "pass", "hold" or "fail", …}.
Checks = Annotated[Mapping[str, str], Field(max_length=MAX_ROWS), AfterValidator(_attested)]
# What a recipient's node found; empty where it hasn't the rule set.
Reran = Annotated[Mapping[str, str], Field(max_length=MAX_ROWS), AfterValidator(_reran)]


class Codes(WireModel):
    """T1 of any kind: the thread, and who acted in it (``None`` where no person did)."""

    txn: TxnField
    actor: Actor | None


class NamingAdults(Codes):
    """T1 of a kind that may name adults; one that names none is written as if there were no such member."""

    @model_serializer(mode="wrap")
    def _without_nobody(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = write(self)
        if not written.get("adults"):
            written.pop("adults", None)
        return written


class Content(WireModel):
    """T2 of any kind; its subclass names the fields."""


class Openness(WireModel):
    """What the family was told (domain 2.6); a reason in the author's own words is the code ``STATED``."""

    position: Code | None
    reason: Code | None
