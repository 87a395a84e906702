from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.config import Settings, load_settings
from bot.errors import SettingsError
from bot.models import Period, SpendPolicy
from bot.models.operating import Operators

TOKEN, KEY, PASSWORD = "token-very-secret", "key-very-secret", "password-very-secret"


@pytest.fixture(autouse=True)
def only_the_two_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give an environment with nothing else of the bot's in it, in a folder without .env."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    monkeypatch.setenv("TOAPIS_API_KEY", KEY)


def test_the_two_secrets_are_enough_and_the_defaults_are_the_documented_ones() -> None:
    settings = load_settings()

    assert (settings.default_quota_seconds, settings.default_quota_period) == (60, Period.DAY)
    assert (settings.max_concurrent_renders, settings.max_open_jobs_per_member) == (4, 2)
    assert settings.job_deadline_seconds == 900
    assert settings.database_url.get_secret_value() == "sqlite+aiosqlite:///reelay.db"
    assert settings.toapis_model == "gemini_omni"
    assert str(settings.toapis_base_url) == "https://toapis.com/"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DISCORD_TOKEN", ""),
        ("DISCORD_TOKEN", "two words"),
        ("TOAPIS_API_KEY", "   "),
        ("TOAPIS_BASE_URL", "toapis"),
        ("TOAPIS_BASE_URL", "https://toapis.com/v1/chat/completions"),
        ("TOAPIS_BASE_URL", f"https://user:{PASSWORD}@toapis.com"),
        ("TOAPIS_RESOLUTION", "1080P"),
        ("TOAPIS_RESOLUTION", "large"),
        ("DATABASE_URL", "reelay.db"),
        ("DATABASE_URL", "sqlite+aiosqlite:///:memory:"),
        ("DATABASE_URL", "sqlite+aiosqlite://"),
        ("DATABASE_URL", "sqlite+aiosqlite:///reelay.db?timeout=abc"),
        ("DATABASE_URL", "sqlite:///reelay.db"),
        ("DATABASE_URL", f"mysql://user:{PASSWORD}@host/reelay"),
        ("DEFAULT_QUOTA_SECONDS", "-1"),
        ("DEFAULT_QUOTA_SECONDS", "a minute"),
        ("DEFAULT_QUOTA_SECONDS", "1.5"),
        ("DEFAULT_QUOTA_SECONDS", "99999999999"),
        ("DEFAULT_QUOTA_PERIOD", "hour"),
        ("MAX_CONCURRENT_RENDERS", "0"),
        ("MAX_OPEN_JOBS_PER_MEMBER", "-2"),
        ("JOB_DEADLINE_SECONDS", "soon"),
        ("OPERATOR_CHANNEL_ID", "#operators"),
        ("MAX_SECONDS_PER_DAY", "-1"),
        ("MAX_SECONDS_PER_MONTH", "1.5"),
        ("MAX_SECONDS_PER_DAY_PER_SERVER", "no limit"),
        ("MAX_SECONDS_PER_DAY_PER_MEMBER", "99999999999"),
        ("LOW_BALANCE_CREDITS", "0"),
        ("CREDITS_PER_SECOND", "-20"),
        ("CREDITS_PER_SECOND", "nan"),
        ("CREDITS_PER_SECOND", "1e-320"),
        ("ALLOWED_SERVERS", "my server"),
        ("ALLOWED_SERVERS", "123,0"),
        ("ALLOWED_SERVERS", "123;456"),
        ("ALLOWED_SERVERS", " , "),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("HTTP_LISTEN", "localhost"),
        ("HTTP_LISTEN", "127.0.0.1:0"),
        ("HTTP_LISTEN", "127.0.0.1:65536"),
        ("HTTP_LISTEN", "::1:9464"),
        ("HTTP_LISTEN", "http://127.0.0.1:9464"),
        ("DISCORD_API_URL", "discord"),
        ("DISCORD_GATEWAY_URL", "https://gateway.example"),
    ],
)
def test_a_wrong_setting_is_named_in_one_sentence_without_any_secret(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as caught:
        load_settings()

    sentence = str(caught.value)
    assert sentence.startswith(name)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert not any(secret in sentence for secret in (TOKEN, KEY, PASSWORD))


@pytest.mark.parametrize("name", ["DISCORD_TOKEN", "TOAPIS_API_KEY"])
def test_a_missing_secret_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(name)

    with pytest.raises(SettingsError, match=f"^{name} is not set"):
        load_settings()


def test_no_secret_is_in_a_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql+asyncpg://user:{PASSWORD}@host/reelay")
    settings = load_settings()

    shown = f"{settings!r} {settings}"

    assert not any(secret in shown for secret in (TOKEN, KEY, PASSWORD))
    assert set(settings.secrets) == {TOKEN, KEY, PASSWORD}


@pytest.mark.parametrize(("written", "passwords"), [("", set()), ("p%40ss", {"p%40ss", "p@ss"}), ("plain", {"plain"})])
def test_a_database_password_is_secret_as_it_is_written_and_as_it_is_meant(
    monkeypatch: pytest.MonkeyPatch, written: str, passwords: set[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql+asyncpg://user:{written}@host/reelay")

    assert set(load_settings().secrets) == {TOKEN, KEY} | passwords


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MAX_CONCURRENT_RENDERS=7\nJOB_DEADLINE_SECONDS=600\nLOG_LEVEL=debug\n")
    monkeypatch.setenv("JOB_DEADLINE_SECONDS", "700")

    settings = load_settings()

    assert (settings.max_concurrent_renders, settings.job_deadline_seconds) == (7, 700)
    assert settings.log_level == "DEBUG"


def test_a_file_that_is_not_utf8_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("LOG_FORMAT=täxt\n".encode("latin-1"))

    with pytest.raises(SettingsError, match=r"^\.env "):
        load_settings()


FOR_NEW_INSTALLATIONS = {"RETENTION_DAYS": "None"}
"""What the example file sets although it is not the default, by that default."""


@pytest.mark.parametrize("value", ["0", "31", "half a year", "40000"])
def test_a_time_to_keep_things_that_is_too_short_or_no_number_is_named(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("RETENTION_DAYS", value)

    with pytest.raises(SettingsError, match=r"^RETENTION_DAYS "):
        load_settings()


def test_only_sqlites_file_is_backed_up_by_the_bot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BACKUP_DIR", "backups")
    assert load_settings().database_file == tmp_path / "reelay.db"

    monkeypatch.setenv("DATABASE_URL", "postgresql+asyncpg://user@host/reelay")
    with pytest.raises(SettingsError, match=r"BACKUP_DIR is wrong: .*pg_dump"):
        load_settings()


def test_the_example_file_documents_every_setting_with_its_default() -> None:
    example = (Path(__file__).parents[1] / ".env.example").read_text()
    documented = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", example, flags=re.MULTILINE))

    assert set(documented) == {name.upper() for name in Settings.model_fields}
    settings = load_settings()
    assert documented.pop("MAX_SECONDS_PER_DAY") == "1200"  # new installations have it, older ones as they decide
    assert settings.max_seconds_per_day is None
    for name, value in documented.items():
        default = getattr(settings, name.lower())
        if value:
            text = default.get_secret_value() if name == "DATABASE_URL" else str(default)
            assert text.rstrip("/") == FOR_NEW_INSTALLATIONS.get(name, value)
        else:
            assert name in {"DISCORD_TOKEN", "TOAPIS_API_KEY"} or not default


def test_discord_is_its_own_unless_another_address_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    own = load_settings()
    assert (own.discord_api, own.discord_gateway) == (None, None)

    monkeypatch.setenv("DISCORD_API_URL", "http://127.0.0.1:8080/api/v10")
    monkeypatch.setenv("DISCORD_GATEWAY_URL", "ws://127.0.0.1:8081/")
    other = load_settings()

    assert other.discord_api == "http://127.0.0.1:8080/api/v10"
    assert other.discord_gateway == "ws://127.0.0.1:8081/"


def test_a_new_installation_has_a_ceiling_and_an_older_one_has_none() -> None:
    assert load_settings().spending == SpendPolicy()

    copied = (Path(__file__).parents[1] / ".env.example").read_text()
    Path(".env").write_text(copied)

    assert load_settings().spending == SpendPolicy(max_seconds_per_day=1200)


@pytest.mark.parametrize(
    ("written", "servers"),
    [("", set()), (" ", set()), ("123", {123}), ("123,456", {123, 456}), (" 123, 456 ,\n", {123, 456})],
)
def test_servers_are_listed_with_commas(monkeypatch: pytest.MonkeyPatch, written: str, servers: set[int]) -> None:
    monkeypatch.setenv("ALLOWED_SERVERS", written)

    assert load_settings().allowed_servers == servers


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({"OPERATOR_IDS": "7"}, "OPERATOR_SERVER is wrong: it is not set, but OPERATOR_IDS is: set both or neither."),
        ({"OPERATOR_SERVER": "5"}, "OPERATOR_SERVER is wrong: OPERATOR_IDS is not set: set both or neither."),
        (
            {"OPERATOR_IDS": "7", "OPERATOR_SERVER": "5", "ALLOWED_SERVERS": "6"},
            "OPERATOR_SERVER is wrong: ALLOWED_SERVERS does not have that server.",
        ),
        ({"OPERATOR_IDS": ",", "OPERATOR_SERVER": "5"}, "OPERATOR_IDS is wrong: it names nobody; leave it empty for"),
    ],
)
def test_operators_are_named_with_their_server_or_not_at_all(
    chosen: dict[str, str], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert str(caught.value).startswith(sentence)


def test_operators_and_their_server_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"OPERATOR_IDS": "7, 8", "OPERATOR_SERVER": "5"}.items():
        monkeypatch.setenv(name, value)

    assert load_settings().operators == Operators(member_ids=frozenset({7, 8}), server_id=5)


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("", None),
        ("127.0.0.1:9464", ("127.0.0.1", 9464)),
        ("metrics.internal:9464", ("metrics.internal", 9464)),
        ("[::1]:9464", ("::1", 9464)),
        (":9464", ("0.0.0.0", 9464)),
        (" 9464 ", ("127.0.0.1", 9464)),
    ],
)
def test_bot_listens_nowhere_unless_told_and_a_port_alone_is_this_machines(
    monkeypatch: pytest.MonkeyPatch, written: str, address: tuple[str, int] | None
) -> None:
    monkeypatch.setenv("HTTP_LISTEN", written)

    assert load_settings().http_listen == address
