"""The words of errors, as gateways of the service's family, and those behind them, use them: one table to extend.

What an error is about is decided in this order; whoever adds a word adds it to a row.

1. A word of ``SPECIFIC``: of the code, its reasons, the type, the status and a message of one word, in this order.
2. A message that says ``WHOLE_MESSAGES`` and no more.
3. A word of ``GENERAL``, at the HTTP statuses of its row; else ``BY_STATUS``; else 4xx is the request's, 5xx a fault.
4. What rests on 3 alone is moderation if a sentence of the message is of ``MODERATION_IN_TEXT``, and of none of
   ``NOT_MODERATION_IN_TEXT``. A text decides nothing else, since it may quote a member.

Within a table the first row that fits counts. What is asked for bounds what is believed: ``refusals``.
"""

from __future__ import annotations

from bot.toapis.reading.kinds import ANY_STATUS, Kind, Subject, listed

# Parts of several rows ---------------------------------------------------------------------------

_RATE_WORDS = "rate_ throttl concurren parallel frequen request per_minute per_second minute second_ rpm_ tpm_ qps_"
_SIZE_WORDS = (
    "length size duration resolution character context prompt file upload image video input output frame pixel "
    "task_ tasks_ job_ jobs_ queue token_limit tokens_"
)
_BREAKDOWNS = (
    "timeout timed_out time_out unavailable internal_error internal_server internal_fail service_error service_fail "
    "api_error server_error connection unreachable overload failed_to_call with_status status_code in_progress pending "
    "queue"
)
_JUDGES = (
    "polic guideline guardrail safety moderation terms_ tos_ community_standard rules_ responsible_ai rai_ risk_ audit "
    "compliance inspection green_net content_review text_review image_review"
)
_VERDICTS = (
    "violat breach infring block reject refus filter flag prohibit not_pass unpass fail denied deny declin disallow "
    "not_allow not_compl non_compl illegal against_ detect trigger unsafe concern"
)
_BAD = (
    "sensitive nsfw nud sexual erotic porn violen gore_ minor_ minors_ child_safety child_abuse children csam "
    "self_harm hate_ hateful harass inappropriate harmful unsafe dangerous illegal prohibited forbidden "
    "disallowed banned explicit celebrit prominent_pe public_figure real_people risky political likeness deepfake "
    "copyright trademark third_party adult_"
)
_CONTENTS = (
    "content prompt image text video audio speech word keyword term_ terms_ information material topic subject people "
    "person input output media language photo picture face_"
)
_STRUCK_OUT = (
    "flagged blocked moderated filter prohibit not_allowed not_permitted violat not_compl non_compl noncompl unsafe "
    "declin"
)
_NOT_OF_CONTENT = (
    f"{_BREAKDOWNS} rate_ per_minute network_polic bucket security_polic access_polic access_denied retention cors_ "
    "cache_ retry_ iam_ waf_ firewall ip_filter ip_address ip_block by_ip this_ip harmful_ip storage organization "
    "org_ fraud payment billing plan_ load_shed key_ leaked format size length encoding mime content_type header "
    "parameter missing for_this_model argument identifier required resolution codec redirect re_render operation "
    "verif case_sensitive 403_forbidden 超时 稍后 渠道 服务异常 网络"
)
_ACCOUNTS = "account org_ organization team_ key_ token_ project tenant workspace consumer access_"
_SHUT = (
    "suspend terminat banned deactivat disabled blocked closed frozen restricted lock_ locked risk_ deleted inactive "
    "not_active hold_ not_found not_exist"
)
_BAD_IN_GOOGLES = (
    "minor sexual prominent_pe unsafe filter danger violen hate harass ip_input child celebrit copyright third_party"
)

# What leaves no doubt ----------------------------------------------------------------------------

NOT_TAKEN = Kind(subject=Subject.NOT_TAKEN, words="rate_limit_unavailable")
MISSING = Kind(subject=Subject.MISSING, words="task_not_found task_not_exist not_found_error")
ENDPOINT = Kind(subject=Subject.ENDPOINT, words="invalid_apitype* invalid_api_type*")

BETWEEN_SERVICES = Kind(
    subject=Subject.FAULT,
    words=(
        "duplicate* *already_exist* *already_submitted* *already_processed* *idempoten* not_implemented "
        "webhook_not_configured get_task_failed"
    ),
    parts="channel invalid_api_platform invalid_relay_mode model_mapping do_request_fail",
    pairs=(("moderation safety audit content_check content_filter", f"{_BREAKDOWNS} service_ api_"),),
)
"""What is wrong between the service and those behind it, their key included, or already taken: never ours to mend."""

RATE = Kind(
    subject=Subject.RATE,
    words="limit_exceeded limit_reached",
    parts=(
        "throttling rate_quota requests_per tokens_per concurren per_minute per_second rpm_ tpm_ qps_ frequency_limit "
        "parallel_limit"
    ),
)

MONEY = Kind(
    subject=Subject.MONEY,
    parts="billing overdue arrear pre_consume allocation_quota unpaid topup top_up recharge token_exhausted",
    pairs=(
        (
            "quota credit balance fund wallet subscription plan_ budget spend allowance payment invoice trial_ money "
            "entitlement amount_ prepaid prepay points_ coins_ free_tier resource_pack",
            "insufficient exhaust deplet exceed reach empty expire ended required used_up not_enough not_sufficient "
            "low_ zero_ negative out_of no_ over_ overdrawn fail hold_ not_active inactive error lack limit",
        ),
        (
            "daily monthly weekly yearly day_ month_ total_ free_ usage hard_ soft_ plan_ spend credit key_",
            "limit cap_",
        ),
    ),
    unless=f"{_RATE_WORDS} service_ query get_ fetch timeout",
)
LIMIT = Kind(
    subject=Subject.MONEY,
    pairs=(("limit", "exceed reach used_up exhaust"),),
    unless=f"{_RATE_WORDS} {_SIZE_WORDS}",
)

ACCOUNT_SHUT = Kind(
    subject=Subject.KEY,
    parts=(
        "user_bann user_disabl user_suspend user_block user_terminat user_deactivat user_deleted user_not_found "
        "user_not_exist account_violat"
    ),
    pairs=((_ACCOUNTS, _SHUT),),
    unless="access_restricted may_ could_ might_",
)

MODERATION = Kind(
    subject=Subject.MODERATION,
    parts=(
        "content_policy content_filter content_security content_risk policy_violat usage_polic usage_guideline "
        "moderation moderated safety sensitive nsfw nudity porn csam self_harm violence sexual celebrit prominent_pe "
        "deepfake copyright trademark infring unsafe harmful inappropriate rai_ spii_ recitation blocklist "
        "block_reason prompt_block green_net sentinel_block guardrail third_party_similar responsible_ai violation_fee "
        "inspection_fail risk_detect risk_control adult_content gore_ public_figure real_person minor_detect jailbreak "
        "prompt_injection terroris hate_ harass refusal refused_by"
    ),
    pairs=(
        (_JUDGES, _VERDICTS),
        (_BAD, _CONTENTS),
        (_CONTENTS, f"{_STRUCK_OUT} reject refus denied block flag banned illegal"),
        ("public_error", _BAD_IN_GOOGLES),
    ),
    unless=f"{_NOT_OF_CONTENT} identifier lock_",
)

ACCESS = Kind(
    subject=Subject.ACCESS,
    parts=(
        "insufficient_scope scope_insufficient insufficient_permission insufficient_privilege no_permission "
        "no_access failed_precondition feature_ service_disabled location region_ country geo_ group_ verif "
        "access_required whitelist allowlist unpurchased model_price model_limit price_not ratio_not_set "
        "ratio_not_conf not_configured unsupported_api"
    ),
    pairs=(
        (
            "model models_ engine deployment endpoint_",
            "not_found not_exist not_available unavailable not_open not_allowed not_support unsupported not_enabled "
            "disabled forbidden access permission invalid unknown deprecated retired offline denied not_in removed",
        ),
        ("ip_", "not_allowed not_in block restrict denied harmful forbid"),
    ),
    unless="parameter input_ request",
)

KEY = Kind(
    subject=Subject.KEY,
    parts="api_key apikey sk_ signature credential auth_fail auth_token auth_user auth_unauthorized login_required",
    pairs=(
        (
            "key_ token_ access_token authentication authorization",
            "invalid incorrect missing wrong expire disabled revoked not_found not_active not_provided not_exist "
            "deleted leaked malformed mismatch status_unavailable required",
        ),
    ),
    unless="max_token tokens_ next_token page_token parameter_name",
)

SPECIFIC = (
    NOT_TAKEN,
    MISSING,
    ENDPOINT,
    BETWEEN_SERVICES,
    RATE,
    MONEY,
    LIMIT,
    ACCOUNT_SHUT,
    MODERATION,
    ACCESS,
    KEY,
)
"""Words that leave no doubt; such a word is the service's in whatever shape it comes."""

WHOLE_MESSAGES = (Kind(subject=Subject.MISSING, words="task_not_exist"), ENDPOINT)
"""Sentences by which old gateways name an error that has no code."""

# What says hardly more than a status -------------------------------------------------------------

_NO_ANSWER_STATUSES = frozenset({404, 405, 407, 408, 425, 444, 460, 499})
_ANSWERED = ANY_STATUS - _NO_ANSWER_STATUSES

GENERAL = (
    Kind(subject=Subject.KEY, parts="unauthorized unauthenticated authentication invalid_auth", statuses=_ANSWERED),
    Kind(
        subject=Subject.ACCESS, parts="forbidden permission access_denied access_forbidden no_auth", statuses=_ANSWERED
    ),
    Kind(
        subject=Subject.RATE,
        parts=(
            "rate_limit ratelimit rate_exceed too_many task_limit job_limit queue_limit queue_full request_limit "
            "requests_limit limit_requests throttled resource_exhausted"
        ),
        statuses=_ANSWERED,
    ),
    Kind(  # the status is that of somebody behind the service
        subject=Subject.FAULT,
        parts="upstream bad_response fail_to_fetch failed_to_fetch",
        statuses=frozenset({401, 402, 403}),
    ),
    Kind(
        subject=Subject.REQUEST,
        parts=(
            "invalid_request bad_request invalid_argument validation unprocessable parameter invalid_prompt "
            "invalid_value invalid_duration invalid_input too_long too_short too_large out_of_range "
            "unsupported malformed"
        ),
        statuses=frozenset({200, 400, 409, 413, 415, 422}),
    ),
    Kind(
        subject=Subject.FAULT,
        parts="internal_error internal_server internal_ server_error service_unavailable overloaded",
        statuses=_ANSWERED - {402, 429},
    ),
)
"""Words that say hardly more than a status, and count where no other word says more."""

BY_STATUS = {
    401: Subject.KEY,
    402: Subject.MONEY,
    403: Subject.ACCESS,
    409: Subject.FAULT,  # of what is there already: so it is asked about
    429: Subject.RATE,
    451: Subject.ACCESS,
    **dict.fromkeys(_NO_ANSWER_STATUSES, Subject.NO_ANSWER),
}
"""What a status means where no word says anything."""

# What a text may say -----------------------------------------------------------------------------

MODERATION_IN_TEXT = Kind(
    subject=Subject.MODERATION,
    parts=(
        "nsfw csam rai_media_filter block_reason spii_ celebrit prominent_people can_t_help_with_that "
        "content_violation 敏感 违规 違規 违禁 不当内容 不合规 内容安全 涉黄 涉政 色情 风控 安全审核 "
        "审核不通过 审核未通过 审核失败 平台规范 安全策略"
    ),
    pairs=(
        (_JUDGES, _VERDICTS),
        (_BAD, _CONTENTS),
        (_CONTENTS, _STRUCK_OUT),
        ("copyright trademark", _VERDICTS),
        ("public_error", _BAD_IN_GOOGLES),
        ("违反 违背", "政策 规定 法律 准则 规范 条款"),
        ("未通过 不通过 未能通过", "审核 审查 检测"),
    ),
    unless=_NOT_OF_CONTENT,
)
NOT_MODERATION_IN_TEXT = (
    ACCOUNT_SHUT,
    Kind(subject=Subject.KEY, parts="封禁 账户 账号 密钥 令牌"),
    Kind(subject=Subject.MONEY, parts="余额 欠费 额度"),
)
"""The operator's troubles: a message with one of them in any sentence tells no member to change a prompt."""

# What says that all is well, and what says nothing -----------------------------------------------

SUCCESS_WORDS = frozenset({"", *listed("0 ok okay success succeed succeeded successful true none null")})
"""Codes and messages of an envelope that reports no error; so does any 2xx."""
