"""What commands and their options say of themselves in Discord's list; at most 100 characters each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.models import DAYS_MAX
from bot.models.brainstorms import TAKES_DEFAULT, TAKES_FEWEST, TAKES_MOST
from bot.ui.text import formatting

if TYPE_CHECKING:
    from bot.models import ModelProfile, QuotaSource

VIDEO_COMMAND = "Turn a line of text into a short video"
VIDEO_PROMPT = "What the video shows: subject, action, scene, style"
VIDEO_ASPECT = "The video's shape; the channel's default, else landscape, unless you choose"
MESSAGE_MENU = "Make a video of this"
VIDEO_SPOILER = "Hide the video until somebody clicks it"
VIDEO_PRIVATE = "Send it to your direct messages instead of posting it; this server's log shows it as any"
QUOTA_COMMAND = "See how much video you have left"
QUEUE_COMMAND = "See what is on the way in this server, and where your clips stand"
CLIPS_COMMAND = "Find your clips in this server again: search, favourites, and the next version of each"
CLIPS_SEARCH = "Only clips whose prompt holds this"
CLIPS_MEMBER = "Another member's clips; for moderators only"
BRAINSTORM_COMMAND = "Make several takes of one idea in a thread, and let all choose; you see them first"
BRAINSTORM_IDEA = "What the videos show; {night|day} is a choice, {camera} a list of them"
BRAINSTORM_TAKES = f"How many takes, {TAKES_FEWEST} to {TAKES_MOST}; {TAKES_DEFAULT} unless you choose"
BRAINSTORM_VARY = "In what the takes differ, where the idea has no choices; whole looks unless you choose"
BRAINSTORM_MENU = "Brainstorm this"
BRAINSTORMS_COMMAND = "See this server's brainstorms, open and past, with what won"
PRIVACY_COMMAND = "See what is stored about you, and have it erased"
MODERATE_COMMAND = "Moderate video making in this server"
MODERATE_QUOTA_GROUP = "Set, clear, top up and explain quotas"
MODERATE_SET = "Set how much video a member, a role or (with @everyone) the whole server may make"
MODERATE_CLEAR = "Remove the quota of a member, a role or (with @everyone) the whole server"
MODERATE_GRANT = "Give a member extra seconds in the present period"
OPTION_WHO = "A member or a role; @everyone is the server's default"
OPTION_SECONDS = "Seconds of video per period; 0 allows none"
OPTION_PERIOD = "The period the seconds are counted in; a day unless you choose"
OPTION_UNLIMITED = "No limit at all, instead of seconds"
OPTION_MEMBER = "The member who gets the seconds"
OPTION_GRANT_SECONDS = "How many extra seconds of video"
OPTION_DAYS = f"For how many days, 1 to {DAYS_MAX}; without it until it is changed"
OPTION_GRANT_DAYS = f"For how many days it can be used, 1 to {DAYS_MAX}; without it in the present period"
OPTION_RULE_CLEAR = "Instead of a member or role: one of the quotas there are, also those of deleted roles"
MODERATE_WHY = "Explain which quota holds for a member in a channel, and all else that decides"
OPTION_WHY_MEMBER = "The member to explain it for"
OPTION_WHY_CHANNEL = "Where; this channel unless you choose"

MODERATE_RULES_GROUP = "Words, phrases and patterns that no prompt may hold"
MODERATE_RULES_ADD = "Refuse prompts that hold a word, a phrase or a pattern"
MODERATE_RULES_REMOVE = "Remove a rule for prompts"
MODERATE_RULES_TEST = "See which rules would refuse a prompt; nothing is made"
OPTION_RULE_KIND = "Words match whole words only, however they are written; a pattern is a regular expression"
OPTION_RULE_TEXT = "The word, the phrase or the pattern"
OPTION_RULE = "The rule to remove"
OPTION_TEST_PROMPT = "The prompt to try"

MODERATE_BLOCK = "Let a member make no more clips; what they have waiting is cancelled and refunded"
MODERATE_UNBLOCK = "Let a blocked member make clips again"
OPTION_BLOCK_MEMBER = "The member"
OPTION_BLOCK_REASON = "Why; the member is shown it"
OPTION_BLOCK_DAYS = f"For how many days, 1 to {DAYS_MAX}; without it until a moderator ends it"
MODERATE_PAUSE = "Take no new clips in this server for now; those accepted are still made"
MODERATE_RESUME = "Take clips again"
OPTION_PAUSE_REASON = "Why; members are shown it"
MODERATE_JOBS = "See and cancel what is waiting and rendering in this server"
MODERATE_USAGE = "See who used how much on which day, with tables to download"
OPTION_USAGE_BY = "Who used it, or in which channels; shown day by day"
OPTION_USAGE_PERIOD = "The present day, week or month; that of everyone's quota unless you choose"
MODERATE_DIAGNOSE = "See what I may do in a channel, why I would refuse a clip there, and what mends it"
OPTION_DIAGNOSE_MEMBER = "Whose clip; your own unless you choose"
MODERATE_SETTINGS = "See and change everything in one place: also pools, cap, channels, time zone, log and audit"


def days(count: int) -> str:
    """Offer a length of time."""
    return formatting.counted(count, "day")


def rule_choice(source: QuotaSource, name: str) -> str:
    """Offer a quota by whose it is."""
    return f"{source.value}: {name}"


def video_duration(profile: ModelProfile) -> str:
    """Say what the length of a video is where nobody chooses."""
    return f"How long the video is; the channel's default, else {profile.shortest_seconds} seconds, unless you choose"
