"""The words for the operator: what they must act upon, and what is spent."""

from __future__ import annotations

import math

from bot.models import (
    CREDITS_PER_DOLLAR,
    GEMINI_OMNI,
    NEAR_PERCENT,
    AnyAlert,
    CeilingAlert,
    CeilingKind,
    LowBalanceAlert,
    ModelProfile,
    OperatorAlert,
    SpendPolicy,
)
from bot.ui.text import formatting

_SETTINGS = {
    CeilingKind.MONTH: "MAX_SECONDS_PER_MONTH",
    CeilingKind.DAY: "MAX_SECONDS_PER_DAY",
    CeilingKind.SERVER_DAY: "MAX_SECONDS_PER_DAY_PER_SERVER",
    CeilingKind.MEMBER_DAY: "MAX_SECONDS_PER_DAY_PER_MEMBER",
}
NO_CEILING = (
    "no ceiling is set: any server may have you pay for any number of clips; set MAX_SECONDS_PER_DAY (.env.example)"
)
TOKEN_REFUSED = "the token is not accepted by Discord: check DISCORD_TOKEN."
SOMETHING_ELSE = "what answers at Discord's address is not Discord: try again later, and check the network."
TOO_FEW_CONNECTIONS = "Discord wants the bot to have more connections than it told at the start: start the bot again."
COMMANDS_REFUSED = "Discord does not take the commands of this version of the bot: update the bot."
NOT_IN_OPERATOR_SERVER = "the bot is not in the server of OPERATOR_SERVER: invite it there, or correct the setting."
_ALERTS = {
    OperatorAlert.UNAUTHORIZED: (
        "The video service does not accept the key. New clips wait until `TOAPIS_API_KEY` is right."
    ),
    OperatorAlert.INSUFFICIENT_FUNDS: (
        "The account at the video service, or its key's limit, is out of money. New clips wait until it is topped up."
    ),
    OperatorAlert.NO_ACCESS: (
        "The key may not use the model at the video service. New clips wait until the key's models in the service's "
        "console, or `TOAPIS_MODEL`, are right."
    ),
    OperatorAlert.WRONG_ENDPOINT: (
        "The video service does not know the model at this address. Check `TOAPIS_BASE_URL` and `TOAPIS_MODEL`."
    ),
    OperatorAlert.FOREIGN_ANSWERS: (
        "Five answers in a row were not the video service's own but, say, a proxy's page. If that goes on, the address "
        "may be wrong: check `TOAPIS_BASE_URL`. Clips that are under way are kept."
    ),
    OperatorAlert.SERVICE_TROUBLE: (
        "The video service is in trouble: it failed five times within two minutes, and nothing worked in between. New "
        "clips wait; one at a time is sent to see, and all go on by themselves once that works. Nothing is lost."
    ),
    OperatorAlert.BACKUP_FAILED: (
        "The database could not be backed up to `BACKUP_DIR`; the log says why. I try again every 10 minutes, and all "
        "else goes on."
    ),
    OperatorAlert.RECOVERY_INEXACT: (
        "The video service does not find clips of this model (`TOAPIS_MODEL`) by my own id. So a clip whose submit was "
        "cut off can't be found again: it fails, its member gets the seconds back, and you may have paid for it."
    ),
}


def intents_refused(code: int) -> str:
    """Say that Discord does not let the bot be told what it asks for."""
    return (
        f"Discord does not let the bot be told of servers (close code {code}): check that DISCORD_TOKEN is of an "
        "application that Discord has not restricted."
    )


def gateway_refused(code: int) -> str:
    """Say that Discord ended the connection for good, for a reason that no setting has to do with."""
    return f"Discord does not let this version of the bot connect (close code {code}): update the bot."


def too_few_starts(remaining: int, needed: int, hours: int) -> str:
    """Say that Discord does not let the bot of this token be started just now, and for how long."""
    left = "no starts are left today" if remaining < 1 else f"{remaining} of {needed} starts are left today, too few"
    return f"Discord says that {left}: try again in {hours} h."


def synced(count: int, *, is_current: bool | None) -> str:
    """Say how many commands Discord has of the bot, and whether they are those of this version; None is unknown."""
    if count == 0:
        return "no commands are synced yet: the bot does that when it starts"
    said = f"{formatting.counted(count, 'command')} synced"
    if is_current is None:
        return said
    if is_current:
        return f"{said}, as this version has them"
    return f"{said}, not all as this version has them: the bot sends them at its start"


def clocks_apart(offset_seconds: float) -> str:
    """Say, at a sentence's end, how far this machine's clock is off.

    Args:
        offset_seconds: how far the database's is ahead.
    """
    way = "behind" if offset_seconds > 0 else "ahead of"
    return f"; this machine's clock is {abs(offset_seconds):.0f} s {way} the database's: set it right"


def no_such_host(host: str, setting: str | None) -> str:
    """Say that an address is wrong: other names are found."""
    return f"there is no host {host}: check {setting or 'the network'}."


def nothing_listens(place: str, setting: str | None) -> str:
    """Say that an address is wrong: its host says that nothing is there."""
    return f"nothing answers at {place}: check {setting or 'the network'}."


def no_network(host: str) -> str:
    """Say that no address can be reached."""
    return f"there is no way to {host}, nor to any other host: check the network."


def out_of_reach(host: str, setting: str | None) -> str:
    """Say that an address can't be reached, for whatever reason."""
    return f"{host} cannot be reached: check the network{'' if setting is None else f', and {setting}'}."


def operator_alert(alert: AnyAlert) -> str:
    """Tell the operator what to act upon, or how far what they allow is used."""
    match alert:
        case CeilingAlert():
            return _ceiling(alert)
        case LowBalanceAlert():
            price = alert.credits_per_second
            left, limit = credits_left(alert.credits, price), f"{alert.limit_credits:,g}"
            return (
                f"The video service has only {left} left for me, under the {limit} of `LOW_BALANCE_CREDITS`. "
                "Clips are made until nothing is left; then new ones wait until the account, or the key's limit, is "
                "topped up."
            )
        case _:
            return _ALERTS[alert]


def model_unknown(profile: ModelProfile) -> str:
    """Say what a model is taken to be like of which nothing is known."""
    return (
        f"nothing is known of the model {profile.model} (TOAPIS_MODEL): it is taken to make what {GEMINI_OMNI.model} "
        f"does, clips of {formatting.either(profile.durations_seconds)} s in {profile.resolutions[0]}"
    )


def ceilings(policy: SpendPolicy) -> str:
    """Name the ceilings that are set, and what they come to."""
    price = policy.credits_per_second
    named = [f"{_SETTINGS[kind]} {cost(limit, price)}" for kind, limit in policy.ceilings.items()]
    return ", ".join(named) or NO_CEILING


def cost(seconds: int, credits_per_second: float | None) -> str:
    """Write seconds of video, with what they cost where that is known: ``600 s (12,000 credits, $60.00)``."""
    if credits_per_second is None:
        return formatting.seconds(seconds)
    count = seconds * credits_per_second
    return f"{formatting.seconds(seconds)} ({rounded(count)} credits, {_dollars(count)})"


def credits_left(count: float, credits_per_second: float | None = None) -> str:
    """Write credits, with what they are worth where a price is known: ``900 credits ($4.50, 45 s of video)``."""
    if credits_per_second is None or count == math.inf:
        return f"{rounded(count)} credits"
    seconds = formatting.seconds(int(count / credits_per_second))
    return f"{rounded(count)} credits ({_dollars(count)}, {seconds} of video)"


def rounded(count: float) -> str:
    """Write credits without a fraction, unless there are next to none."""
    return f"{count:,.0f}" if count >= 10 else f"{count:.2g}"


def _dollars(count: float) -> str:
    return f"${count / CREDITS_PER_DOLLAR:,.2f}"


def _ceiling(alert: CeilingAlert) -> str:
    status = alert.status
    setting, resets = f"`{_SETTINGS[status.kind]}`", formatting.relative(status.resets_at)
    used, limit = (cost(count, alert.credits_per_second) for count in (status.used_seconds, status.limit_seconds))
    if status.is_reached:
        return (
            f"{setting} is reached: {used} of {limit} spent or waiting. No clip is accepted until it resets {resets}."
        )
    return f"{setting} is used to at least {NEAR_PERCENT} %: {used} of {limit} spent or waiting. It resets {resets}."
