"""Everything people's commands and buttons may ask for, in one hand; ``bot/wiring.py`` puts it together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.models import ModelProfile
    from bot.services.admission.privately import PrivateRequests
    from bot.services.admission.service import Admission
    from bot.services.brainstorms.brainstorming import Brainstorming
    from bot.services.brainstorms.lists import PhraseLists
    from bot.services.brainstorms.settings import BrainstormSettings
    from bot.services.clips.deleting import ClipDeleter
    from bot.services.clips.drafts import Drafts
    from bot.services.clips.history import History
    from bot.services.clips.library import Library
    from bot.services.clips.mentions import Mentions
    from bot.services.clips.sending import ClipSender
    from bot.services.clips.versions import Versions
    from bot.services.jobs.requests import JobService
    from bot.services.moderation.audit_trail import AuditTrail
    from bot.services.moderation.servers import ServerService
    from bot.services.operating.operating import Operating
    from bot.services.quotas.service import QuotaService
    from bot.services.quotas.usage import UsageService
    from bot.services.retention.presence import Presence
    from bot.services.retention.privacy import PrivacyService
    from bot.services.screening.automod import AutomodService
    from bot.services.screening.rules import PromptService
    from bot.services.submits.discards import Discards
    from bot.services.throttling.floods import FloodGuard


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The services that people use; the worker, the status cards and the modlog run by themselves.

    Attributes:
        profile: says which clips there are.
    """

    profile: ModelProfile
    jobs: JobService
    private_requests: PrivateRequests
    discards: Discards
    versions: Versions
    drafts: Drafts
    mentions: Mentions
    history: History
    clip_deleter: ClipDeleter
    library: Library
    sender: ClipSender
    quotas: QuotaService
    servers: ServerService
    prompts: PromptService
    brainstorms: Brainstorming
    phrase_lists: PhraseLists
    brainstorm_settings: BrainstormSettings
    automod: AutomodService
    admission: Admission
    usage: UsageService
    audit_trail: AuditTrail
    floods: FloodGuard
    presence: Presence
    privacy: PrivacyService
    operating: Operating
