"""The clips of a member, for whoever may look at them, as Components V2 layouts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import discord
from discord import SelectOption, ui

from bot.models import NEWEST
from bot.ui.components import ClipItem
from bot.ui.messages.stills import still_file, still_item, still_thumbnail
from bot.ui.text.clips import library as library_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.models import ClipPage, ClipQuery, ListedClip

ALL, FAVOURITES = "all", "favourites"
"""What a list shows, as custom ids have it."""
_Item = ui.Item[ui.LayoutView]
_Row = ui.ActionRow[ui.LayoutView]


def page_view(page: ClipPage, *, viewer_id: int) -> ui.LayoutView:
    """Show a page of clips; ``stills_of`` gives the files that belong to it."""
    query = page.query
    is_own = query.member_id == viewer_id
    items: list[_Item] = [ui.TextDisplay(library_text.heading(query, is_own=is_own))]
    items += [_entry(clip, is_own=is_own) for clip in page.clips]
    if page.clips:
        select = ui.Select[Any](
            custom_id=f"clip:open:{_state(query, page.from_job_id)}",
            placeholder=library_text.OPEN_SELECT,
            options=[SelectOption(label=library_text.option(clip.job), value=clip.job.id) for clip in page.clips],
        )
        items.append(_Row().add_item(ClipItem(select)))
    else:
        items.append(ui.TextDisplay(library_text.nothing(query, is_own=is_own)))
    items.append(_navigation(page, is_own=is_own))
    return _view(items)


def clip_view(
    clip: ListedClip, query: ClipQuery, from_job_id: str, *, viewer_id: int, can_be_sent: bool
) -> ui.LayoutView:
    """Show one of the clips, with what can be done with it and the way back to the page.

    Args:
        query, from_job_id: of the page that it was chosen on.
    """
    job = clip.job
    is_own = job.member_id == viewer_id
    items: list[_Item] = []
    if clip.still is not None:
        items.append(ui.MediaGallery(still_item(job)))
    items.append(ui.TextDisplay(library_text.opened(clip, is_own=is_own, can_be_sent=can_be_sent)))
    versions, own = _Row(), _Row()
    if job.spec.prompt and not clip.was_removed_by_moderator:
        versions.add_item(_button(f"clip:again:{job.id}", library_text.AGAIN_BUTTON))
        versions.add_item(_button(f"clip:remix:{job.id}", library_text.REMIX_BUTTON))
    versions.add_item(_button(f"clip:details:{job.id}", library_text.DETAILS_BUTTON))
    if is_own and job.spec.prompt and job.removed_at is None:
        label = library_text.UNMARK_BUTTON if clip.is_favourite else library_text.MARK_BUTTON
        show = FAVOURITES if query.favourites_only else ALL
        own.add_item(_button(f"clip:mark:{job.id}:{show}:{from_job_id}:{query.text}", label))
    if is_own and can_be_sent:
        own.add_item(_button(f"clip:send:{job.id}", library_text.SEND_BUTTON))
    own.add_item(_button(f"clip:page:{_state(query, from_job_id)}", library_text.BACK_BUTTON))
    return _view([*items, versions, own])


def stills_of(clips: Sequence[ListedClip]) -> list[discord.File]:
    """Return the files that a layout of some clips refers to."""
    return [still_file(clip.job, clip.still) for clip in clips if clip.still is not None]


def _entry(clip: ListedClip, *, is_own: bool) -> _Item:
    words = ui.TextDisplay[ui.LayoutView](library_text.entry(clip, is_own=is_own))
    if clip.still is None:
        return words
    return ui.Section[ui.LayoutView](words, accessory=still_thumbnail(clip.job))


def _navigation(page: ClipPage, *, is_own: bool) -> _Row:
    query, row = page.query, _Row()
    if page.newer_from is not None:
        row.add_item(_button(f"clip:page:{_state(query, page.newer_from)}", library_text.NEWER_BUTTON))
    if page.older_from is not None:
        row.add_item(_button(f"clip:page:{_state(query, page.older_from)}", library_text.OLDER_BUTTON))
    show = FAVOURITES if query.favourites_only else ALL
    row.add_item(_button(f"clip:search:{show}:{query.member_id}", library_text.SEARCH_BUTTON))
    if is_own and not query.favourites_only:
        row.add_item(_button(_all_of(query, FAVOURITES), library_text.FAVOURITES_BUTTON))
    if query.favourites_only or query.text:
        row.add_item(_button(_all_of(query, ALL), library_text.ALL_BUTTON))
    return row


def _state(query: ClipQuery, from_job_id: str) -> str:
    """Write a page as custom ids have it, the text last, which may hold any sign."""
    show = FAVOURITES if query.favourites_only else ALL
    return f"{show}:{query.member_id}:{from_job_id}:{query.text}"


def _all_of(query: ClipQuery, show: str) -> str:
    """Return the custom id that shows the first page without a search."""
    return f"clip:list:{show}:{query.member_id}:{NEWEST}"


def _button(custom_id: str, label: str) -> ClipItem:
    return ClipItem(ui.Button[Any](label=label, custom_id=custom_id))


def _view(items: Sequence[_Item | ClipItem]) -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*cast("Sequence[_Item]", items), accent_colour=discord.Colour.green()))
    return view
