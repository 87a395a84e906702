"""``/moderate settings``: one panel that shows and changes everything, a file for each of its sections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cogs.panel.audit import AuditSection
from cogs.panel.blocks import BlocksSection
from cogs.panel.brainstorms import BrainstormsSection
from cogs.panel.cap import CapSection
from cogs.panel.channels import ChannelSection, ChannelsSection
from cogs.panel.clips import ClipsSection, JobsSection
from cogs.panel.grants import GrantsSection
from cogs.panel.home import HomeSection
from cogs.panel.modlog import ModlogSection
from cogs.panel.panel import Panel
from cogs.panel.pools import PoolsSection
from cogs.panel.quotas import QuotasSection
from cogs.panel.rules import RulesSection

if TYPE_CHECKING:
    from bot.services.services import Services
    from cogs.moderation.acts import ModeratorActs
    from cogs.panel.panel import Section

SECTIONS = (
    *(HomeSection, QuotasSection, GrantsSection, PoolsSection, CapSection, ChannelsSection, ChannelSection),
    *(RulesSection, BrainstormsSection, BlocksSection, ModlogSection, JobsSection, ClipsSection, AuditSection),
)


def make_panel(services: Services, acts: ModeratorActs, *others: type[Section]) -> Panel:
    """Make the panel with all its sections; nothing is started here.

    Args:
        others: sections that only commands lead to.
    """
    panel = Panel(services)
    panel.sections = {section.name: section(services, acts, panel) for section in (*SECTIONS, *others)}
    return panel
