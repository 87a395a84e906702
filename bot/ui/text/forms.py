"""The words on forms: titles, labels and what stands below them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import DAYS_MAX, Period
from bot.models.brainstorms import PHRASES_FEWEST, PHRASES_MOST
from bot.ui.text import formatting

if TYPE_CHECKING:
    from bot.models import ModelProfile, Quota

TITLE_MAX_CHARACTERS = 45
"""Discord's limit for a form's title."""

CAP_TITLE = "Cap of the whole server"
PAUSE_TITLE = "Pause video making"
TIMEZONE_TITLE = "Time zone"
TEST_TITLE = "Test a prompt"
REMIX_TITLE = "Remix a clip"
MESSAGE_TITLE = "Make a video of a message"
VIDEO_TITLE = "Make a video"
PRIVATE_VIDEO_TITLE = "Make a private video"
BRAINSTORMS_TITLE = "Brainstorming"
LIST_TITLE = "New list of phrases"
SET_UP_TITLE = "Set up"
LOG_TITLE = "Log"
REMOVE_TITLE = "Remove this clip?"
REMOVE_AND_REFUND_TITLE = "Remove this clip and refund it?"
EVERYONE = "everyone"
THIS_MEMBER = "this member"

SECONDS = "Seconds of video"
PERIOD = "Per"
DAYS = "For how many days"
REASON = "Reason"
ZONE = "Time zone"
RULE = "What prompts may not hold"
PROMPT = "Prompt"
ASPECT = "Shape"
DURATION = "Length"
PER_CHANNEL = "At once in one channel"
PER_MEMBER = "At once of one member"
VOTERS = "Who votes"
OWN_VOTES = "Votes for takes of one's own"
LIST_NAME = "Name"
PHRASES = "Phrases"
QUOTA = "Everyone's quota"
CAP = "Cap of the whole server"
LOG = "Channel of the log"
SURE = "That is you: block yourself?"
REFUND = "Its seconds"

CORRECT_BUTTON = "Correct it"
PLACES_DEFAULT = "The channel's default unless you choose"
DAYS_FOR_GOOD = f"1 to {DAYS_MAX}; leave it empty for good"
DAYS_PRESENT_PERIOD = f"1 to {DAYS_MAX}; leave it empty for the present period"
REASON_SHOWN = "Members are shown it"
VOTERS_EXPLAINED = "Only members with this role; without one, everybody who sees the thread"
OWN_VOTES_ALLOWED = {True: "Allowed", False: "Not allowed"}
LIST_NAME_WRITTEN = "Small letters, digits, hyphens, underscores; in ideas it stands in braces"
PHRASES_WRITTEN = f"{PHRASES_FEWEST} to {PHRASES_MOST}, each on a line of its own"
AMOUNT_WRITTEN = "Seconds of video, as: 60 a day, 300 a week, unlimited"
CAP_WRITTEN = "For all members together, written likewise; leave it empty for no cap"
ZONE_OR_CITY = "When days begin; a city will do, as: Berlin, New York"
LOG_EXPLAINED = "A card for each clip and each change; leave it empty for no log"
SURE_EXPLAINED = "You could make no clips here until a moderator unblocks you"
SURE_CHOICES = {False: "No", True: "Yes, block me"}
REFUND_CHOICES = {False: "Stay charged", True: "Come back to whoever asked for it"}
PERIODS = {period: period.value.capitalize() for period in Period}
UNLIMITED_WORDS = ("unlimited", "no limit")
LABELS = {
    "quota": QUOTA,
    "cap": CAP,
    "seconds": SECONDS,
    "days": DAYS,
    "reason": REASON,
    "zone": ZONE,
    "list_name": LIST_NAME,
}
"""The fields in which somebody types a few words, by their names in ``bot/ui/forms.py``."""


def prompt_limit(profile: ModelProfile, *, is_cut: bool = False) -> str:
    """Say how long a prompt may be, and that this one was cut to that."""
    most = f"{profile.prompt_max_characters:,} characters"
    return f"The message is longer; these are its first {most}" if is_cut else f"At most {most}"


def costs(profile: ModelProfile) -> str:
    """Say what a clip costs."""
    return f"A clip costs {formatting.either(profile.durations_seconds)}."


def costs_or_unlimited(profile: ModelProfile) -> str:
    """Say what a clip costs, and what to write."""
    return f"{costs(profile)} Write a number, or: unlimited"


def amount(quota: Quota) -> str:
    """Write a quota or a cap as it is typed: ``60 a day``."""
    return UNLIMITED_WORDS[0] if quota.seconds is None else f"{quota.seconds} a {quota.period.value}"


def removal(about: str, *, refunds: bool | None) -> str:
    """Say what removing a clip does.

    Args:
        about: the clip, in a line.
        refunds: whether its seconds come back; None where that is still to be chosen.
    """
    seconds = {None: "", True: " Its seconds come back.", False: " Its seconds stay charged."}[refunds]
    return f"{about}\nIts message is deleted, which can't be undone.{seconds}"


def quota_title(name: str) -> str:
    """Name a form after whose quota it sets."""
    return _title(f"Quota of {name}")


def pool_title(name: str) -> str:
    """Name a form after the channel whose pool it sets."""
    return _title(f"Pool of {name}")


def grant_title(name: str) -> str:
    """Name a form after the member who gets seconds."""
    return _title(f"Seconds for {name}")


def block_title(name: str) -> str:
    """Name a form after the member to block."""
    return _title(f"Block {name} from making clips")


def list_title(name: str) -> str:
    """Name a form after the list of phrases that it changes."""
    return _title(f"Phrases of {name}")


def _title(text: str) -> str:
    return formatting.plain(text, TITLE_MAX_CHARACTERS)
