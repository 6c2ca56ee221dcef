"""How long things took, as the benches print it."""

from __future__ import annotations

from collections.abc import Sequence


def percentile(values: Sequence[float], part: float) -> float:
    """The value that ``part`` (0 to 1) of all stay at or below."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def milliseconds(seconds: Sequence[float]) -> str:
    """Median and 99th percentile, to line up in a table."""
    return f"p50 {percentile(seconds, 0.5) * 1e3:7.2f} ms   p99 {percentile(seconds, 0.99) * 1e3:7.2f} ms"
