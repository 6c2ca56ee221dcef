"""``transfer``: an open matter goes to another worker or authority. Source: protocol 3.1, domain 4.1."""

from __future__ import annotations

from candour_protocol.kinds.fields import AddressText, Codes, Content
from candour_protocol.kinds.people import Professional


class TransferCodes(Codes):
    """T1 of a transfer; ``to`` is the new holder, which may be another inbox or worker of the same agency."""

    to: AddressText


class TransferContent(Content):
    """T2 of a transfer."""

    why: str | None = None
    worker: Professional | None = None
