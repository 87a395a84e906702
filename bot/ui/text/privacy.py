"""The words of ``/privacy``: what is stored about a member, and what *Erase my data* does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.ui.text import formatting

if TYPE_CHECKING:
    from bot.models import StoredAbout

ERASE_BUTTON = "Erase my data"
CONFIRM_BUTTON = "Yes, erase it"
MORE_BUTTON = "Read more"

_NOTHING = "Nothing is stored about you."
_WHAT_FOR = (
    "I store what a clip needs: your id and name, where you asked, the prompt, and what it cost. The prompt goes to "
    "the video service, which makes the clip. I read no other messages, and keep of a clip no more than a small still: "
    "clips are on Discord."
)
_OTHERS = (
    "Clips and log cards that I have posted are messages on Discord: ask this server's moderators to delete them. "
    "Blocks and quotas that moderators have set for you are theirs, too."
)
CONFIRM = (
    "**Erase your data in all servers?**\n"
    "Your name, prompts, ideas, votes, stills and favourites, and the addresses of your clips at the video service, go "
    "for good; a clip that is on its way arrives first. Your id stays with what counts towards a quota for up to 32 "
    "days, and with seconds that moderators gave you until those end; then it goes, too. Blocks stay. Backups of the "
    "operator's keep what is in them until they are replaced."
)
ERASING = (
    "**Your data are being erased.** Prompts are gone in a few minutes, or when a clip that is on its way has arrived; "
    "your id goes when nothing counts on it any more. There is nothing more to do."
)


def stored(about: StoredAbout, *, days: int | None) -> str:
    """Say what is stored about a member in all servers.

    Args:
        days: after how many days it goes by itself; None is never.
    """
    counts = (
        (about.clips, f"clip{_s(about.clips)} that you asked for in {_servers(about.servers)}{_prompts(about)}"),
        (about.entries, f"entr{'y' if about.entries == 1 else 'ies'} of what they cost, or of what you were given"),
        (about.refusals, f"refused request{_s(about.refusals)} in moderators' logs"),
        (about.changes, f"note{_s(about.changes)} that a moderator cancelled or removed a clip of yours"),
        (about.stills, f"still picture{_s(about.stills)} of these clips"),
        (about.favourites, f"mark{_s(about.favourites)} of yours on favourites among them"),
        (
            about.drafts,
            f"form{_s(about.drafts)} that you filled in and that I refused, kept for an hour",
        ),
        (about.brainstorms, f"brainstorm{_s(about.brainstorms)} that you started, or a next round of"),
        (about.brainstorm_entries, f"note{_s(about.brainstorm_entries)} of these in moderators' logs"),
        (about.votes, f"vote{_s(about.votes)} of yours for takes, taken back or not; nobody is shown them"),
        (about.previews, f"preview{_s(about.previews)} of brainstorms, kept for a day"),
        (about.blocks, f"block{_s(about.blocks)} that moderators have set for you"),
        (about.quotas, f"quota{_s(about.quotas)} that moderators have set for you"),
        (about.settings, "setting of yours: no mention when a clip is ready"),
    )
    lines = [f"- {count:,} {what}" for count, what in counts if count]
    head = ["**What is stored about you, in all servers**", *lines] if lines else [_NOTHING]
    rest = [_WHAT_FOR]
    if days is not None:
        rest.append(f"Prompts and logs go by themselves after {formatting.counted(days, 'day')}.")
    rest.append(_OTHERS)
    if about.erasing_since is not None:
        rest.append(
            f"You asked {formatting.relative(about.erasing_since)} for all of before to be erased; it is under way."
        )
    return "\n".join(head) + "\n\n" + "\n".join(rest)


def _servers(count: int) -> str:
    return f"{count:,} server{_s(count)}"


def _prompts(about: StoredAbout) -> str:
    if about.prompts == about.clips:
        return ", with their prompts"
    return f", {about.prompts:,} of them with the prompt" if about.prompts else ", without their prompts"


def _s(count: int) -> str:
    return "" if count == 1 else "s"
