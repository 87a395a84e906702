"""The server's own AutoMod rules: what they find, for whom, and how fresh they are."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from bot.errors import PromptRefusedError, PublishUnavailableError, RulesUnknownError
from bot.models import PausedError
from bot.services.screening.automod import FRESH_FOR, UNREAD_FOR
from bot.services.screening.automod_rules import AutomodRule, AutomodRules
from bot.services.screening.threads import finish
from tests.support.simulated_discord import CHANNEL_ID
from tests.support.workshop import GUILD_ID, requester

if TYPE_CHECKING:
    from tests.support.workshop import Workshop

RULE = AutomodRule("Words", keywords=("bad",))
DISCORD_IS_DOWN = PublishUnavailableError("503")


@pytest.mark.parametrize(
    ("keyword", "prompt", "refused"),
    [
        ("cat", "a cat sits", True),
        ("cat", "A CAT!", True),
        ("cat", "concatenate", False),
        ("cat", "cats", False),
        ("cat*", "catalog", True),
        ("cat*", "bobcat", False),
        ("*cat", "bobcat", True),
        ("*cat", "catalog", False),
        ("*cat*", "location", True),
        ("the mat", "on the mat", True),
        ("the mat", "on the matter", False),
        ("ｃａｔ", "cat", True),
        ("ｃａｔ", "ｃａｔ", True),
        ("می\u200cخواهم", "می\u200cخواهم", True),
        ("👩\u200d💻", "a 👩\u200d💻", True),
        ("½", "½", True),
        ("cat", "ｃａｔ", True),
        ("cat", "c\u200bat", True),
        ("größe", "GRÖSSE GRÖẞE", True),
        ("ΟΔΟΣ*", "ΟΔΟΣΗΜΑ", True),
        ("*ΚΑΣ*", "ΜΑΛΑΚΑΣΜΕΝΟΣ", True),
        ("οδός", "ΟΔΌΣ", True),
        ("*", "anything", False),
        ("", "anything", False),
        ("catcat", "catcatcat catcat", True),
    ],
)
def test_keywords_and_their_wildcards_match_as_discord_has_it(keyword: str, prompt: str, *, refused: bool) -> None:
    assert finish(AutomodRule("Words", keywords=(keyword,)).refuses(prompt)) is refused


@pytest.mark.parametrize(
    ("rule", "prompt", "refused"),
    [
        (AutomodRule("r", patterns=(r"b[a4]d",)), "so b4d", True),
        (AutomodRule("r", patterns=(r"(?i)BAD\b",)), "bad", True),
        (AutomodRule("r", patterns=("(",)), "(", False),
        (AutomodRule("r", keywords=("bad*",), allowed=("badge",)), "a badge", False),
        (AutomodRule("r", keywords=("bad*",), allowed=("badge",)), "a bad badge", True),
        (AutomodRule("r", keywords=("bad*",), allowed=("badg*",)), "badger", False),
        (AutomodRule("r", keywords=("*badger*",), allowed=("bad*",)), "badger", False),
        (AutomodRule("r", keywords=("*badger*",), allowed=("*ger",)), "badger", False),
        (AutomodRule("r", keywords=("*badger*",), allowed=("bad*",)), "a bad badger", False),
        (AutomodRule("r", patterns=(r"https?://\S+",), allowed=("https://x.com/*",)), "https://x.com/a", False),
        (AutomodRule("r", patterns=(r"https?://\S+",), allowed=("https://x.com/*",)), "https://y.com/a", True),
        (AutomodRule("r", patterns=("straße",)), "EINE STRASSE, EINE STRAßE", True),
        (AutomodRule("r", patterns=(r"\bплохо\b",)), "это ПЛОХО", True),
        (AutomodRule("r", patterns=(r"\bплохо\b",), allowed=("очень плохо",)), "очень плохо", False),
        (AutomodRule("r", keywords=("*bad*",), allowed=("not bad",)), "not bad", False),
        (AutomodRule("r", keywords=("*bad*",), allowed=("not bad",)), "bad", True),
        (AutomodRule("r", patterns=("b.d",), allowed=("bed",)), "a bed", False),
        (AutomodRule("r", patterns=("½",), allowed=("½ price",)), "½ price", False),
        (AutomodRule("r", patterns=("ﬁ",), allowed=("ﬁne",)), "ﬁne", False),
        (AutomodRule("r", patterns=("(?-i:ABC)",)), "an ABC", True),
        (AutomodRule("r", patterns=(r"\bbad\b{start}",)), "bad{start}", False),
        (AutomodRule("r", patterns=(r"\<bad\>",)), "<bad>", False),
    ],
)
def test_patterns_count_and_allowed_phrases_excuse_what_lies_in_them(
    rule: AutomodRule, prompt: str, *, refused: bool
) -> None:
    assert finish(rule.refuses(prompt)) is refused


def test_patterns_only_rust_can_read_are_counted() -> None:
    patterns = ("fine", "(", r"\p{Greek}", "[a-z&&[^aeiou]]{3}", "[a-f--c]", "[a-c~~b-d]", r"[\[&-]", r"плохо\b о")

    assert AutomodRule("r", patterns=patterns).unreadable_patterns == 5


@pytest.mark.parametrize(
    "rule",
    [
        AutomodRule("r", patterns=("[a-z]",) * 10, allowed=("*e*",)),
        AutomodRule(
            "r",
            keywords=tuple(f"*{'e' * n}*" for n in range(1, 50)),
            allowed=tuple(f"*{'e' * n}*" for n in range(1, 50)),
        ),
    ],
)
def test_the_largest_rules_take_a_moment(rule: AutomodRule) -> None:
    started = time.process_time()
    assert not finish(rule.refuses("e" * 2000))
    assert time.process_time() - started < 2  # up to 237 s when each place is compared with each that is allowed


def test_exempt_roles_channels_and_those_who_manage_the_server_are_let_through() -> None:
    rules = AutomodRules(
        (AutomodRule("r", keywords=("bad",), exempt_roles=frozenset({5}), exempt_channels=frozenset({6, 7})),)
    )

    assert finish(rules.find("bad", requester())) is not None
    assert finish(rules.find("bad", requester(role_ids=(4, 5)))) is None
    assert finish(rules.find("bad", requester(places=(1, 6)))) is None  # a thread's channel
    assert finish(rules.find("bad", requester(places=(1, 2, 7)))) is None  # its category
    assert finish(rules.find("bad", requester(manages_server=True))) is None


async def test_prompts_are_refused_and_nothing_is_charged(workshop: Workshop) -> None:
    workshop.log.automod = AutomodRules((RULE,))
    process = workshop.start()

    with pytest.raises(PromptRefusedError) as refusal:
        await process.jobs.accept(workshop.request("a bad fox"))
    await process.jobs.accept(workshop.request("a good fox"))

    assert (refusal.value.rule, refusal.value.is_automod) == ("Words", True)
    assert workshop._peek("SELECT kind || seconds FROM ledger") == "charge6"


async def test_rules_are_read_again_after_some_minutes_and_not_before(workshop: Workshop) -> None:
    automod = workshop.start().services.automod
    await asyncio.gather(*(automod.rules(GUILD_ID) for _ in range(20)))
    assert workshop.log.automod_reads == 1

    workshop.log.automod = AutomodRules((RULE,))
    workshop.time.advance(FRESH_FOR.total_seconds() - 1)
    assert await automod.rules(GUILD_ID) == AutomodRules()
    workshop.time.advance(2)
    assert await automod.rules(GUILD_ID) == AutomodRules((RULE,))
    assert workshop.log.automod_reads == 2


async def test_rules_hold_after_a_restart_while_discord_does_not_answer(workshop: Workshop) -> None:
    workshop.log.automod = AutomodRules((RULE,))
    await workshop.start().services.automod.rules(GUILD_ID)
    workshop.log.automod = DISCORD_IS_DOWN

    restarted = workshop.start()

    with pytest.raises(PromptRefusedError):
        await restarted.jobs.accept(workshop.request("bad"))


async def test_rules_that_were_never_read_and_cannot_be_now_refuse_for_now(workshop: Workshop) -> None:
    workshop.log.automod = DISCORD_IS_DOWN
    process = workshop.start()

    with pytest.raises(RulesUnknownError):
        await process.jobs.accept(workshop.request())
    workshop.log.automod = AutomodRules()
    workshop.time.advance(UNREAD_FOR.total_seconds())
    await process.jobs.accept(workshop.request())


async def test_who_is_exempt_does_not_wait_for_rules_that_are_not_known(workshop: Workshop) -> None:
    workshop.log.automod = DISCORD_IS_DOWN
    process = workshop.start()

    await process.jobs.accept(workshop.request(manages_server=True))

    assert workshop.log.automod_reads == 0


async def test_rules_that_are_not_known_are_no_reason_where_there_is_an_earlier_one(workshop: Workshop) -> None:
    workshop.log.automod = DISCORD_IS_DOWN
    process = workshop.start()
    await process.services.servers.pause(GUILD_ID, "a flood", set_by_id=1)

    with pytest.raises(PausedError):
        await process.jobs.accept(workshop.request())


async def test_while_discord_does_not_answer_only_one_waits_for_it(workshop: Workshop) -> None:
    automod = workshop.start().services.automod
    await automod.rules(GUILD_ID)
    workshop.time.advance(FRESH_FOR.total_seconds())
    asked, answered = asyncio.Event(), asyncio.Event()
    fetch = workshop.log.fetch_automod_rules

    async def fetch_slowly(guild_id: int) -> AutomodRules:
        asked.set()
        await answered.wait()
        return await fetch(guild_id)

    workshop.log.fetch_automod_rules = fetch_slowly  # type: ignore[method-assign] (from now on)
    first = asyncio.create_task(automod.rules(GUILD_ID))
    await asked.wait()
    assert await automod.rules(GUILD_ID) == AutomodRules()
    answered.set()
    await first
    workshop.log.automod = DISCORD_IS_DOWN
    workshop.time.advance(FRESH_FOR.total_seconds())
    for _ in range(3):
        assert await automod.rules(GUILD_ID) == AutomodRules()

    assert workshop.log.automod_reads == 3


async def test_without_the_permission_the_rest_goes_on(workshop: Workshop) -> None:
    workshop.log.automod = AutomodRules(is_closed=True)
    process = workshop.start()

    await process.jobs.accept(workshop.request("bad"))

    assert (await process.services.automod.rules(GUILD_ID)).is_closed


async def test_another_servers_rules_are_another_servers(workshop: Workshop) -> None:
    workshop.log.automod = AutomodRules((RULE,))
    automod = workshop.start().services.automod
    await automod.rules(GUILD_ID)
    workshop.log.automod = AutomodRules()

    assert await automod.rules(GUILD_ID + 1) == AutomodRules()
    assert await automod.rules(GUILD_ID) == AutomodRules((RULE,))


async def test_what_is_remembered_is_what_was_read(workshop: Workshop) -> None:
    rules = AutomodRules(
        (
            AutomodRule(
                "Everything",
                keywords=("a", "b*"),
                patterns=("c",),
                allowed=("d",),
                exempt_roles=frozenset({2**60, 1}),
                exempt_channels=frozenset({CHANNEL_ID}),
            ),
        )
    )
    workshop.log.automod = rules
    await workshop.start().services.automod.rules(GUILD_ID)
    workshop.log.automod = DISCORD_IS_DOWN

    assert await workshop.start().services.automod.rules(GUILD_ID) == rules


async def test_what_was_known_holds_until_the_server_says_otherwise(workshop: Workshop) -> None:
    workshop.log.automod = AutomodRules((RULE,))
    process = workshop.start()
    for answer in (AutomodRules((RULE,)), PublishUnavailableError("403, code 0")):
        workshop.log.automod = answer
        workshop.time.advance(FRESH_FOR.total_seconds())
        with pytest.raises(PromptRefusedError):
            await process.jobs.accept(workshop.request("bad"))

    workshop.log.automod = AutomodRules(is_closed=True)
    workshop.time.advance(UNREAD_FOR.total_seconds())
    await process.jobs.accept(workshop.request("bad"))


async def test_what_is_compiled_is_kept_while_the_rule_is_the_same(workshop: Workshop) -> None:
    automod = workshop.start().services.automod
    workshop.log.automod = AutomodRules((AutomodRule("one", patterns=("a",)), AutomodRule("two")))
    first = await automod.readable_rules(GUILD_ID)
    assert first is not None

    workshop.time.advance(FRESH_FOR.total_seconds())
    workshop.log.automod = AutomodRules((AutomodRule("one", patterns=("a",)), AutomodRule("two")))
    assert await automod.rules(GUILD_ID) is first
    workshop.time.advance(FRESH_FOR.total_seconds())
    workshop.log.automod = AutomodRules((AutomodRule("one", patterns=("a",)), AutomodRule("three")))
    changed = await automod.rules(GUILD_ID)

    assert changed.rules[0] is first.rules[0]
    assert [rule.name for rule in changed.rules] == ["one", "three"]


async def test_rules_that_changed_while_a_prompt_was_judged_are_asked_again(workshop: Workshop) -> None:
    workshop.log.automod = AutomodRules((AutomodRule("other", keywords=("cat",)),))
    process = workshop.start()
    admission, automod = process.services.admission, process.services.automod
    screen_first = admission.screen_first

    async def screen_and_be_overtaken(*arguments: object) -> object:
        screening = await screen_first(*arguments)  # type: ignore[arg-type] (as they came)
        workshop.log.automod = AutomodRules((RULE,))
        workshop.time.advance(FRESH_FOR.total_seconds())
        await automod.rules(GUILD_ID)
        return screening

    admission.screen_first = screen_and_be_overtaken  # type: ignore[method-assign] (for this moment)

    with pytest.raises(PromptRefusedError):
        await process.jobs.accept(workshop.request("a bad fox"))
    assert workshop._peek("SELECT count(*) FROM jobs") == 0
