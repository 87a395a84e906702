"""How the bot gets to Discord and stays there: signed in through an outage, over as many connections as are wanted."""

from bot.gateway.answers import readable_answers
from bot.gateway.patience import ForeignAnswerError, Patience, only_discords_answers
from bot.gateway.refusals import GatewayClosedError, login_refusal
from bot.gateway.shards import ShardedBot, ask_for_shards, shard_of

__all__ = [
    "ForeignAnswerError",
    "GatewayClosedError",
    "Patience",
    "ShardedBot",
    "ask_for_shards",
    "login_refusal",
    "only_discords_answers",
    "readable_answers",
    "shard_of",
]
