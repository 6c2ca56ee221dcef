"""A relay passes on some of a statement's disclosures, and nothing else."""

from __future__ import annotations

import pytest
from candour_protocol import disclosures
from candour_protocol.disclosures import CODES, open_disclosures
from candour_protocol.errors import (
    CourierError,
    MismatchError,
)
from candour_protocol.kinds.lists import Kind
from candour_protocol.statement import (
    Statement,
    authenticate,
    parse,
)

from tests.protocol.statements import (
    SCHOOL,
    codes_text,
    signing_other_disclosures,
)


def believed(jwt: str) -> Statement:
    statement = parse(jwt)
    authenticate(statement, SCHOOL.public)
    return statement


def test_a_relay_may_pass_on_as_many_disclosures_as_it_likes() -> None:
    texts = tuple(disclosures.make(name, name.upper(), bytes(16)) for name in ("name", "role", "questions"))
    body = signing_other_disclosures(codes_text(), *texts, kind=Kind.ACKNOWLEDGEMENT)
    statement = believed(body.jwt)

    assert open_disclosures(statement, texts[:2]) == {"name": "NAME", "role": "ROLE"}
    assert open_disclosures(statement, []) == {}
    assert open_disclosures(statement, body.disclosures) == {CODES: {}}


def test_a_relay_cannot_add_repeat_or_alter_a_disclosure() -> None:
    text = disclosures.make("name", "Sam", bytes(16))
    body = signing_other_disclosures(codes_text(), text, kind=Kind.ACKNOWLEDGEMENT)
    statement = believed(body.jwt)

    for passed_on in [[text, text], [disclosures.make("name", "Kim", bytes(16))], [text + "="], ["é"], [""]]:
        with pytest.raises(CourierError, match="body-mismatch"):
            open_disclosures(statement, passed_on)


def test_a_relayed_disclosure_of_another_kind_is_the_authors_fault() -> None:
    text = disclosures.make("danger_line", "x", bytes(16))
    statement = believed(signing_other_disclosures(codes_text(), text, kind=Kind.ACKNOWLEDGEMENT).jwt)

    with pytest.raises(MismatchError, match="mismatch"):
        open_disclosures(statement, [text])


def test_two_signed_disclosures_of_one_name_are_the_authors_fault() -> None:
    texts = [disclosures.make("name", person, bytes(16)) for person in ("Sam", "Kim")]
    statement = believed(signing_other_disclosures(*texts, kind=Kind.ACKNOWLEDGEMENT).jwt)

    with pytest.raises(MismatchError, match="mismatch"):
        open_disclosures(statement, texts)
