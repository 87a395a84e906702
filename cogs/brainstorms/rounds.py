"""What the buttons, the select and the forms of a round do: on its board, under its clips, on its result cards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.services.brainstorms.voting import Presser
from bot.ui import brainstorm_forms as forms
from bot.ui import replies
from bot.ui.components import component
from bot.ui.exports import brainstorm_files
from bot.ui.messages.brainstorms.board import cancel_question_view, manage_view
from bot.ui.messages.discard import answer_view
from bot.ui.text.brainstorms import answers
from cogs.context import channel_id_of, is_moderator, requester_in_place
from cogs.corrections import form
from cogs.gates import require_open_place

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from datetime import datetime
    from typing import Any

    from discord import ui

    from bot.models.brainstorms import Board
    from bot.services.brainstorms.brainstorming import Brainstorming
    from bot.ui.components import Press
    from cogs.brainstorms.commands import Planner


class VoteActions:
    """Takes votes, by the board's buttons and by those under the clips; the answer is for the voter alone."""

    def __init__(self, *, brainstorms: Brainstorming) -> None:
        self._voting = brainstorms.voting

    @component("round:vote:{round_id}:{number}")
    async def vote(self, press: Press, round_id: str, number: int) -> None:
        """Vote for a take, or take the vote back."""
        await replies.run_and_reply(press.interaction, self._vote(press, round_id, number))

    @component("clip:vote:{round_id}:{number}")
    async def vote_under_clip(self, press: Press, round_id: str, number: int) -> None:
        """Do the same."""
        await replies.run_and_reply(press.interaction, self._vote(press, round_id, number))

    async def _vote(self, press: Press, round_id: str, number: int) -> str:
        ballot = await self._voting.vote(round_id, number, press.requester, interaction_id=press.interaction.id)
        return answers.ballot(ballot)


class RoundActions:
    """Lets whoever started a round, and moderators, decide about it; and all go on from a winner."""

    def __init__(self, *, brainstorms: Brainstorming, planner: Planner, now: Callable[[], datetime]) -> None:
        self._voting = brainstorms.voting
        self._retaker = brainstorms.retaker
        self._records = brainstorms.records
        self._next_rounds = brainstorms.next_rounds
        self._planner = planner
        self._now = now

    # Deciding ------------------------------------------------------------------------------------

    @component("round:manage:{round_id}")
    async def manage(self, press: Press, round_id: str) -> None:
        """Show what can be done with the round."""
        looking = self._voting.look_to_decide(round_id, _presser(press))
        board = await replies.run_or_defer(press.interaction, looking, private=True)
        await replies.show_privately(press.interaction, manage_view(board, self._now()))

    @component("round:close:{round_id}")
    async def close(self, press: Press, round_id: str) -> None:
        """End the vote."""
        await self._decide(press, self._voting.close(round_id, _presser(press)))
        await replies.redraw(press.interaction, answer_view(answers.CLOSED))

    @component("round:extend:{round_id}:{count}")
    async def extend(self, press: Press, round_id: str, count: int) -> None:
        """Let the vote go on longer than ``count`` minutes after the round's start; the same can be done again."""
        extending = self._voting.extend(round_id, _presser(press), clock_minutes=count)
        board = await self._decide(press, extending)
        await replies.redraw(press.interaction, manage_view(board, self._now()))

    @component("round:cancel:{round_id}")
    async def ask_cancel(self, press: Press, round_id: str) -> None:
        """Ask whether the round is to be cancelled."""
        board = await self._decide(press, self._voting.look_to_decide(round_id, _presser(press)))
        await replies.redraw(press.interaction, cancel_question_view(board))

    @component("round:cancel_now:{round_id}")
    async def cancel(self, press: Press, round_id: str) -> None:
        """Cancel it."""
        await self._decide(press, self._voting.cancel(round_id, _presser(press)))
        await replies.redraw(press.interaction, answer_view(answers.CANCELLED))

    @component("round:choose:{round_id}:{number}")
    async def choose(self, press: Press, round_id: str, number: int) -> None:
        """Choose a winner where the vote has none."""
        await replies.run_and_reply(press.interaction, self._choose(press, round_id, number))

    async def _choose(self, press: Press, round_id: str, number: int) -> str:
        await self._voting.choose(round_id, number, press.requester)
        return answers.chosen(number)

    @staticmethod
    async def _decide(press: Press, work: Coroutine[Any, Any, Board]) -> Board:
        return await replies.run_or_defer(press.interaction, work, private=True, redraws=True)

    # Trying again --------------------------------------------------------------------------------

    @component("round:failed:{round_id}", chosen=str)
    async def go_on_from_failed(self, press: Press, round_id: str) -> None:
        """Try a take that failed again, or ask for other words for it."""
        act, _, number = str(press.chosen).partition(":")
        if act == "reword":
            await press.interaction.response.send_modal(await self.reword_form(press, round_id, _number(number)))
        else:
            await self._try_again(press, round_id, _number(number))

    @form("form:round_reword:{round_id}:{number}")
    async def reword_form(self, press: Press, round_id: str, number: int) -> ui.Modal:
        """Ask for other words for a take that failed."""
        job = await self._retaker.find(round_id, number, press.requester)
        return forms.reword_form(round_id, job)

    @component("form:round_reword:{round_id}:{number}")
    async def reword(self, press: Press, round_id: str, number: int) -> None:
        """Try a take that failed again in other words."""
        await self._try_again(press, round_id, number, press.typed(forms.PROMPT))

    async def _try_again(self, press: Press, round_id: str, number: int, prompt: str | None = None) -> None:
        require_open_place(press.interaction, posts=True)

        async def retake() -> str:
            requester = await requester_in_place(press.interaction)
            await self._retaker.try_again(
                round_id, number, requester, interaction_id=press.interaction.id, prompt=prompt
            )
            return answers.remade(number)

        await replies.run_and_reply(press.interaction, retake())

    # Going on ------------------------------------------------------------------------------------

    @component("round:next:{round_id}")
    async def ask_next(self, press: Press, round_id: str) -> None:
        """Ask what is to be made of the winner."""
        await press.interaction.response.send_modal(await self.next_form(press, round_id))

    @form("form:round_next:{round_id}")
    async def next_form(self, press: Press, round_id: str) -> ui.Modal:
        """Ask what is to be made of the winner."""
        found = await self._next_rounds.find(round_id, press.requester)
        return forms.next_form(round_id, found.idea, found.takes, found.vary)

    @component("form:round_next:{round_id}")
    async def plan_next(self, press: Press, round_id: str) -> None:
        """Show which takes would be made of the winner."""
        found = await self._next_rounds.find(round_id, press.requester)
        plan = found.plan(
            interaction_id=press.interaction.id,
            channel_id=channel_id_of(press.interaction),
            idea=press.typed(forms.PROMPT),
            takes=forms.read_takes(press.typed(forms.TAKES), beside_winner=True),
            vary=forms.read_vary(press.typed(forms.VARY)),
        )
        await self._planner.plan(press.interaction, plan)

    @component("round:more:{round_id}")
    async def plan_more(self, press: Press, round_id: str) -> None:
        """Show which takes there are besides that vary the same as the round did."""
        found = await self._next_rounds.find(round_id, press.requester)
        plan = found.plan(
            interaction_id=press.interaction.id,
            channel_id=channel_id_of(press.interaction),
            idea=found.round.idea,
            takes=found.takes,
            vary=found.vary,
        )
        await self._planner.plan(press.interaction, plan)

    @component("round:export:{round_id}")
    async def export(self, press: Press, round_id: str) -> None:
        """Give all of the brainstorm as a table and a picture."""
        exporting = self._records.export(round_id, _presser(press))
        found = await replies.run_or_defer(press.interaction, exporting, private=True)
        await replies.reply(press.interaction, answers.EXPORTED, files=await brainstorm_files(found))


def _presser(press: Press) -> Presser:
    return Presser(press.requester, is_moderator(press.interaction))


def _number(text: str) -> int:
    """Return a take's number; 0, which none has, for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) == 1 else 0
