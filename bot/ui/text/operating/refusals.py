"""Why the operator can't do something by hand, and why nobody else may."""

from __future__ import annotations

STRANGER = "That is for the operator of this bot only."
REFUSALS = {
    "no_job": "There is no job with that id.",
    "not_over": "That job is not over yet: it may still post its clip.",
    "not_failed": "That job did not fail: only a failed one can be retried.",
    "not_paid": "The video service has no clip of that job that it bills: there is nothing to post.",
    "too_old": "That job is too old: the video service keeps a clip for a day, and then it is gone.",
    "retried": "That job is being retried, or its clip was posted by an earlier retry.",
    "over": "That job is over: there is nothing to cancel.",
    "delivering": "That job's clip is on its way to the channel and can't be cancelled any more.",
    "paused": "New clips are paused already.",
    "not_paused": "New clips are not paused by hand.",
    "no_server": "The bot is not in that server, as far as it knows.",
    "leaving": "The bot is to leave that server already; it does so as soon as it runs and Discord takes it.",
}
"""By the reason of an ``OperatorRefusedError``."""

NO_DATABASE = "there is no database yet: check DATABASE_URL, or start the bot once."
LOCKED = "another program holds the database locked: try again when it is done."
UNAVAILABLE = "the database does not answer just now: try again later."


def wrong_schema(present: str, latest: str) -> str:
    """Say that the database is of another version of the bot."""
    if present > latest:  # revisions are numbered
        return f"the database's schema ({present}) is newer than this version of the bot: update the bot."
    return (
        f"the database's schema ({present}) is older than this version's ({latest}): bring it there first, by "
        "`python -m bot migrate` or by starting the bot."
    )
