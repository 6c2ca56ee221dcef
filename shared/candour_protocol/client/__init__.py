"""Clients of the REST interfaces: a node's or partner's of the gateway, and an integrator's of a node."""

from __future__ import annotations

from candour_protocol.client.calls import Calls, ClientError
from candour_protocol.client.credentials import Bearer, ClientCredentials, Credentials
from candour_protocol.client.gateway import DeliveryItem, EntryItem, GatewayClient
from candour_protocol.client.node import (
    Accepted,
    InboxItem,
    InboxPage,
    MessageView,
    NodeClient,
    SentMessage,
    Verdict,
    Violation,
)

__all__ = [
    "Accepted",
    "Bearer",
    "Calls",
    "ClientCredentials",
    "ClientError",
    "Credentials",
    "DeliveryItem",
    "EntryItem",
    "GatewayClient",
    "InboxItem",
    "InboxPage",
    "MessageView",
    "NodeClient",
    "SentMessage",
    "Verdict",
    "Violation",
]
