"""What Prometheus reads. Each gateway has its own registry: several services may share a process."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest
from prometheus_client.registry import Collector

from candour_gateway.admission import Admitted

_BATCH = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """Counters by code, kind and verdict, by agency where one is held back; no id, nothing about a person.

    Args:
        worker: a label on everything, where several workers answer at one address: each counts for itself,
            and unnamed their numbers would look like one counter that is set back at every look.
    """

    def __init__(self, worker: str = "") -> None:
        self._worker = worker
        self.registry = CollectorRegistry()
        self.logged = Counter(
            "candour_statements", "Statements logged.", ["kind", "verdict"], registry=self.registry
        )
        self.rules = Counter(
            "candour_rule_violations",
            "Verdicts that a rule or reason stands behind.",
            ["rule"],
            registry=self.registry,
        )
        self.unfit = Counter(
            "candour_unauthentic", "Submissions that were no exchange.", ["code"], registry=self.registry
        )
        self.published = Counter(
            "candour_published", "Messages given to the courier.", ["result"], registry=self.registry
        )
        self.sent_again = Counter(
            "candour_sent_again", "Statements sent again for want of a delivery.", registry=self.registry
        )
        self.waiting = Gauge(
            "candour_rate_waiting",
            "Statements of an agency that wait for their turn.",
            ["agency"],
            registry=self.registry,
        )
        self.let_go = Counter(
            "candour_rate_let_go",
            "Statements of an agency that it has to submit again.",
            ["agency"],
            registry=self.registry,
        )
        self.batch = Histogram(
            "candour_batch_size", "Submissions in one transaction.", buckets=_BATCH, registry=self.registry
        )
        self.seconds = Histogram(
            "candour_admission_seconds", "From taking a batch to its commit.", registry=self.registry
        )
        self.size = Gauge("candour_log_entries", "Entries in the log.", registry=self.registry)

    def count(self, admitted: Admitted) -> None:
        """Count what a batch came to."""
        self.size.set(admitted.size)
        logged = Tally((each.logged.kind, each.verdict.outcome) for each in admitted.entries)
        for (kind, outcome), count in logged.items():
            self.logged.labels(kind.value, outcome.value).inc(count)
        for rule, count in Tally(rule for each in admitted.entries for rule in each.verdict.rules).items():
            self.rules.labels(rule).inc(count)

    def render(self) -> bytes:
        """The text exposition format."""
        if not self._worker:
            return generate_latest(self.registry)
        named = CollectorRegistry()
        named.register(_OfWorker(self.registry, self._worker))
        return generate_latest(named)


class _OfWorker(Collector):
    """What a registry holds, with the label ``worker``."""

    def __init__(self, registry: CollectorRegistry, worker: str) -> None:
        self._registry = registry
        self._label = {"worker": worker}

    def collect(self) -> Iterator[Metric]:
        for family in self._registry.collect():
            family.samples = [
                sample._replace(labels=sample.labels | self._label) for sample in family.samples
            ]
            yield family
