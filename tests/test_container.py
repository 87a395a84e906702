"""The image and what runs it. No container engine is needed: the image's steps are played in a clean folder."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from dockerfile_parse import DockerfileParser

from bot.command_line import exits
from bot.config import Settings
from tests.support.bot_process import free_port
from tests.support.discord_server import DiscordServer

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
DEBIANS_PYTHON = "/usr/bin/python3.11"
OF_THE_BASE = ("pip install", "apt-get")
"""What a step begins with that changes the base image; here the machine stands for it."""
USER_ID = 10001
MEGABYTE = 1024**2


def steps() -> list[tuple[str, str]]:
    """Return the image's instructions, with their values."""
    parsed = DockerfileParser(path=str(ROOT)).structure
    return [(it["instruction"], it["value"]) for it in parsed if it["instruction"] != "COMMENT"]


def values(instruction: str) -> list[str]:
    return [value for name, value in steps() if name == instruction]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))


# What is written in them -------------------------------------------------------------------------


def test_both_stages_stand_on_one_version_of_python_down_to_its_last_number() -> None:
    images = {value.partition(" AS ")[0] for value in values("FROM")}
    assert len(images) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", images.pop())


def test_the_image_has_an_init_a_user_that_is_not_root_and_says_whether_it_is_well() -> None:
    assert values("USER") == [f"{USER_ID}:{USER_ID}"]
    assert json.loads(values("ENTRYPOINT")[0])[:2] == ["tini", "--"]
    [health] = values("HEALTHCHECK")
    assert "/healthz" in health
    assert values("EXPOSE")[0] in health
    assert any("HTTP_LISTEN=0.0.0.0:9464" in value for value in values("ENV"))


def test_the_database_is_migrated_before_the_bot_starts_and_no_profile_is_required(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["migrate"]["command"] == ["migrate"]
    assert services["bot"]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            of_same_profile = services[needed].get("profiles", []) in ([], service.get("profiles"))
            assert of_same_profile or how.get("required") is False, (name, needed)


def test_the_bot_has_the_time_to_stop_and_writes_to_one_volume_and_a_sized_one_in_memory(
    compose: dict[str, Any],
) -> None:
    bot = compose["services"]["bot"]
    assert bot["stop_grace_period"] == "30s"
    assert bot["restart"] == "unless-stopped"
    assert bot["read_only"] is True
    assert bot["volumes"] == [f"data:{values('VOLUME')[0]}"]
    [temporary] = bot["tmpfs"]
    assert int(re.search(r"size=(\d+)m", temporary)[1]) > Settings.model_fields["temp_max_mb"].default


def test_nothing_listens_but_on_this_machine_and_every_image_is_pinned(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        assert service["image"] == "reelay" or re.search(r":v?\d+\.\d+", service["image"])


def test_what_is_mounted_from_the_repository_is_there(compose: dict[str, Any]) -> None:
    volumes = [volume for service in compose["services"].values() for volume in service.get("volumes", [])]
    mounted = [volume.partition(":")[0] for volume in volumes if volume.startswith("./")]
    assert mounted
    assert [path for path in mounted if not (ROOT / path).is_file()] == []


@pytest.mark.slow
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_all_that_is_installed_is_there_ready_made_for(machine: str, tmp_path: Path) -> None:
    command = ["uv", "pip", "compile", "-q", "pyproject.toml", "--extra", "postgresql", "--only-binary", ":all:"]
    platform = ["--python-version", "3.11", "--python-platform", f"{machine}-unknown-linux-gnu"]
    subprocess.run([*command, *platform, "-o", str(tmp_path / "all.txt")], cwd=ROOT, check=True)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd's own check")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    unit = (ROOT / "docs/operate/reelay.service").read_text("utf-8")
    assert "RestartPreventExitStatus=2\n" in unit
    assert exits.SETTINGS == 2
    elsewhere = re.sub("^(User|Group)=.*$", "", unit, flags=re.MULTILINE)
    elsewhere = re.sub("^ExecStart=.*$", "ExecStart=/bin/true", elsewhere, flags=re.MULTILINE)
    (tmp_path / "reelay.service").write_text(elsewhere, "utf-8")
    command = ["systemd-analyze", "verify", str(tmp_path / "reelay.service")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_the_image_is_made_of_is_what_the_builder_is_given() -> None:
    copied = {value.split()[0] for value in values("COPY") if not value.startswith("--from=")}
    ignored, *given = [
        line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if not line.startswith("#")
    ]
    assert ignored == "*"
    assert {line.removeprefix("!") for line in given if line.startswith("!")} == copied


# Played ------------------------------------------------------------------------------------------


@dataclass
class Image:
    """What the Dockerfile makes, in a folder that stands for the root of the file system.

    Attributes:
        environment: as in the container, with the folder before each path.
    """

    folder: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": os.environ["PATH"]})
    _working: Path = Path("/")

    def play(self) -> None:
        """Do what the instructions say; those of both stages in one folder."""
        with TemporaryDirectory() as context:
            subprocess.run(["git", "checkout-index", "-a", f"--prefix={context}/"], cwd=ROOT, check=True)
            for instruction, value in steps():
                self._do(instruction, value, Path(context))
        self._within("/tmp").mkdir(mode=0o1777)
        if os.geteuid() == 0:
            os.chown(self._within("/tmp"), USER_ID, USER_ID)

    def command(self, *arguments: str) -> list[str]:
        """Return what the container runs, as its user."""
        init, end, *entry = json.loads(values("ENTRYPOINT")[0])
        assert (init, end) == ("tini", "--")
        return self._as_its_user(*entry, *arguments)

    def health_check(self, port: int) -> list[str]:
        """Return what tells whether the container is well, as its user, of a bot at another port."""
        [health] = values("HEALTHCHECK")
        command = json.loads(health.partition("CMD ")[2].replace(values("EXPOSE")[0], str(port)))
        return self._as_its_user(*command)

    def _as_its_user(self, program: str, *arguments: str) -> list[str]:
        found = shutil.which(program, path=self.environment["PATH"])
        assert found is not None
        user = ["setpriv", f"--reuid={USER_ID}", f"--regid={USER_ID}", "--clear-groups", "--no-new-privs"]
        return [*(user if os.geteuid() == 0 else []), found, *arguments]

    @property
    def working(self) -> Path:
        return self._within(str(self._working))

    @property
    def settings(self) -> dict[str, str]:
        return self.environment | {"TMPDIR": str(self._within("/tmp"))}

    def written(self) -> dict[str, int]:
        """Return what there is outside of the volumes, and when it was written last."""
        return {str(path): path.stat().st_mtime_ns for path in self._kept()}

    def _kept(self) -> Iterator[Path]:
        open_ones = [self._within("/data"), self._within("/tmp")]
        return (path for path in self.folder.rglob("*") if not any(path.is_relative_to(it) for it in open_ones))

    def _do(self, instruction: str, value: str, context: Path) -> None:
        match instruction:
            case "WORKDIR":
                self._working = Path(value)
                self.working.mkdir(exist_ok=True)
            case "ENV":
                for name, _, text in (word.partition("=") for word in shlex.split(value)):
                    self.environment[name] = self._moved(text).replace("$PATH", self.environment["PATH"])
            case "COPY" if not value.startswith("--from=build"):
                source, target = value.split()
                subprocess.run(["cp", "-r", str(context / source), str(self.working / target)], check=True)
            case "RUN" if not value.startswith(OF_THE_BASE):
                command = value if os.geteuid() == 0 else value.partition(" && chown")[0]
                subprocess.run(
                    ["sh", "-euc", self._moved(command)],
                    cwd=self.working,
                    env=_where_packages_come_from() | self.environment,
                    check=True,
                    timeout=100,
                )
            case _:
                pass

    def _within(self, path: str) -> Path:
        return self.folder / path.lstrip("/")

    def _moved(self, text: str) -> str:
        return re.sub(r"(?<![\w.])/(app|data)\b", rf"{self.folder}/\1", text)


def _where_packages_come_from() -> dict[str, str]:
    """Return this machine's environment, with the Python that stands for the image's."""
    python = DEBIANS_PYTHON if Path(DEBIANS_PYTHON).exists() else sys.executable
    return {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"} | {"UV_PYTHON": python}


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    with TemporaryDirectory(prefix="image-", dir="/tmp") as folder:
        played = Image(Path(folder))
        played.folder.chmod(0o755)
        played.play()
        yield played


@pytest.mark.slow
@pytest.mark.xdist_group("image")  # made once
def test_the_images_command_says_what_it_takes_without_any_settings(image: Image) -> None:
    command = image.command("--help")
    done = subprocess.run(command, cwd=image.working, env=image.settings, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Reelay" in done.stdout


@pytest.mark.slow
@pytest.mark.xdist_group("image")  # made once
async def test_the_bot_starts_from_the_image_as_another_user_and_writes_to_its_volumes_alone(
    image: Image, compose: dict[str, Any]
) -> None:
    before, port = image.written(), free_port()
    async with DiscordServer() as server:
        outside = {
            "DISCORD_TOKEN": server.token,
            "DISCORD_API_URL": server.api_url,
            "DISCORD_GATEWAY_URL": server.gateway_url,
            "TOAPIS_API_KEY": "loopback-video-key",
            "TOAPIS_BASE_URL": "http://127.0.0.1:9",
            "HTTP_LISTEN": f"0.0.0.0:{port}",
            "LOG_FORMAT": "json",
        }

        async def run(command: list[str]) -> int:
            process = await asyncio.create_subprocess_exec(
                *command, cwd=image.working, env=image.settings | outside, stderr=asyncio.subprocess.PIPE
            )
            await process.communicate()
            return await process.wait()

        assert await run(image.command(*compose["services"]["migrate"]["command"])) == 0
        assert (image.folder / "data" / "reelay.db").is_file()
        assert await run(image.health_check(port)) == 1, "nobody is there"
        bot = await asyncio.create_subprocess_exec(
            *image.command(*json.loads(values("CMD")[0])),
            cwd=image.working,
            env=image.settings | outside,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            assert bot.stdout is not None
            lines = [""]
            while '"ready"' not in lines[-1]:
                lines.append((await bot.stdout.readline()).decode())
                assert lines[-1], lines
            assert await run(image.health_check(port)) == 0
            bot.terminate()
            await bot.stdout.read()
            assert await bot.wait() == 0
        finally:
            if bot.returncode is None:
                bot.kill()
    assert image.written() == before
