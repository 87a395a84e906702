"""Stills of clips, as files to upload and as parts of a layout that show them."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import discord
from discord import ui

if TYPE_CHECKING:
    from bot.models import Job


def still_file(job: Job, image: bytes) -> discord.File:
    """Return a still to upload."""
    return discord.File(BytesIO(image), filename=_filename(job))


def still_item(job: Job) -> discord.MediaGalleryItem:
    """Show the still that is uploaded with the message, behind a spoiler where the clip is."""
    return discord.MediaGalleryItem(f"attachment://{_filename(job)}", spoiler=job.is_spoiler)


def still_thumbnail(job: Job) -> ui.Thumbnail[Any]:
    """Show it small, beside a text."""
    return ui.Thumbnail(f"attachment://{_filename(job)}", spoiler=job.is_spoiler)


def _filename(job: Job) -> str:
    return f"still-{job.id}.webp"
