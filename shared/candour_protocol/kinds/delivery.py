"""``delivery``: a recipient's node has stored a statement, and says how it found it. Source: protocol 3.1."""

from __future__ import annotations

from typing import Literal

from candour_protocol.kinds.fields import Codes, Content, Reran


class DeliveryCodes(Codes):
    """T1 of a delivery; ``rules`` is empty where the node hasn't the sender's rule set."""

    opened: Literal["sound", "thin", "mismatch", "unreadable"]
    rules: Reran


class DeliveryContent(Content):
    """A delivery has no T2."""
