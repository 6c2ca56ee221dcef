"""Auditing: whether a log holds what its checkpoint signs, and only what those it names have said."""

from candour_protocol.audit.finding import AuditFailure, AuditReport, StatementsReport
from candour_protocol.audit.log import audit_log
from candour_protocol.audit.source import LogSource, Progress, Seen, SeenInMemory

__all__ = [
    "AuditFailure",
    "AuditReport",
    "LogSource",
    "Progress",
    "Seen",
    "SeenInMemory",
    "StatementsReport",
    "audit_log",
]
