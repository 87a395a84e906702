"""What the operator does by hand, and what they are shown."""

from bot.models.operating.actions import JobFilter, OperatorAction, OperatorEntry, Operators
from bot.models.operating.reports import (
    BotStatus,
    DaySpend,
    JobDetails,
    LedgerEntry,
    PauseStatus,
    RateStatus,
    ServerSpend,
    ServerStatus,
    SpendReport,
    SpendStatus,
)

__all__ = [
    "BotStatus",
    "DaySpend",
    "JobDetails",
    "JobFilter",
    "LedgerEntry",
    "OperatorAction",
    "OperatorEntry",
    "Operators",
    "PauseStatus",
    "RateStatus",
    "ServerSpend",
    "ServerStatus",
    "SpendReport",
    "SpendStatus",
]
