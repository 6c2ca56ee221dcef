"""What one node counts. Its own registry: several nodes can live in one process. No label names a person."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class Metrics:
    """Counters and gauges, all starting with ``candour_agency_``."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.written = Counter(
            "candour_agency_written", "Statements signed", ["kind"], registry=self.registry
        )
        self.submissions = Counter(
            "candour_agency_submissions", "Bodies handed to the courier", ["result"], registry=self.registry
        )
        self.arrived = Counter(
            "candour_agency_arrived", "What the inbox took in", ["what"], registry=self.registry
        )
        self.opened = Counter(
            "candour_agency_opened", "How received statements were found", ["opened"], registry=self.registry
        )
        self.incidents = Counter(
            "candour_agency_incidents", "What was not as it must be", ["code"], registry=self.registry
        )
        self.outstanding = Gauge(
            "candour_agency_outbox_outstanding",
            "Statements without receipt or delivery",
            registry=self.registry,
        )
        self.waiting = Gauge(
            "candour_agency_outbox_waiting",
            "Statements that wait for their turn to leave",
            registry=self.registry,
        )
        self.held_back = Counter(
            "candour_agency_held_back", "Calls answered 429", ["line"], registry=self.registry
        )
        self.calls = Counter(
            "candour_agency_calls", "REST calls answered", ["route", "status"], registry=self.registry
        )
