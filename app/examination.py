"""Each part of the program, really tried: what works, what is not there, what is broken."""

from __future__ import annotations

import asyncio
import importlib.metadata
import logging
import platform
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from app import __version__, display, paths, recogniser
from app.complaints import sentence_of
from engine import settings as settings_file
from engine.settings import Settings
from engine.sip.line import LineSettings

log = logging.getLogger(__name__)

LIBRARIES = (
    "pjsua2-python",
    "PySide6-Essentials",
    "numpy",
    "onnxruntime",
    "faster-whisper",
    "pocketsphinx",
    "llama-cpp-python",
    "sounddevice",
    "soundfile",
    "soxr",
    "pydantic",
)


class State(StrEnum):
    """How a part is."""

    FINE = "ok"
    ABSENT = "absent"  # not there, and the program does without
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one part."""

    subject: str
    state: State
    text: str


Found = tuple[State, str]


async def examine(show: Callable[[Finding], None], *, trunks: bool = True) -> list[Finding]:
    """Try everything, one after the other, and ``show`` each finding as it is made. Never raises for what it finds."""
    folders = paths.find()
    findings: list[Finding] = []

    async def look(subject: str, part: Callable[[], Awaitable[Found]]) -> None:
        try:
            state, text = await part()
        except Exception as error:
            log.info("%s is broken", subject, exc_info=True)
            state, text = State.BROKEN, sentence_of(error) or f"{type(error).__name__}: {error}"
        finding = Finding(subject, state, text)
        findings.append(finding)
        show(finding)

    def aside(part: Callable[[], Found]) -> Callable[[], Awaitable[Found]]:
        return lambda: asyncio.to_thread(part)

    loaded: list[Settings] = []

    def read_settings() -> Found:
        loaded.append(settings_file.load(folders.settings))
        there = folders.settings.exists()
        return State.FINE, str(
            folders.settings
        ) if there else f"the defaults ({folders.settings} is not there)"

    await look("Hold Slayer", aside(_program))
    await look("libraries", aside(_libraries))
    await look("settings", aside(read_settings))
    settings = loaded[0] if loaded else Settings()
    await look("data folder", aside(lambda: _folder(folders.data)))
    await look("passwords", aside(lambda: _passwords(folders)))
    await look("telephone line", _line)
    await look("microphone, speaker", aside(lambda: _devices(settings)))
    await look("speech recogniser", aside(lambda: _recogniser(settings)))
    await look("matcher", aside(lambda: _matcher(settings)))
    await look("language model", aside(lambda: _language_model(settings)))
    await look("voice", aside(_voice))
    await look("practice companies", aside(_companies))
    await look("call flows", aside(lambda: _flows(folders)))
    await look("display", aside(_display))
    if not settings.accounts:
        await look("accounts", _no_account)
    for account in settings.accounts if trunks else ():
        await look(f"account {account.id}", lambda account=account: _trunk(folders, account))  # type: ignore[misc]
    return findings


def _program() -> Found:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    text = f"{__version__} on {python}, {platform.system()} {platform.machine()}"
    if sys.version_info[:2] not in ((3, 11), (3, 12)):
        return State.BROKEN, f"{text}; it needs Python 3.11 or 3.12"
    return State.FINE, text


def _libraries() -> Found:
    found, missing = [], []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return (
            State.BROKEN,
            f"missing: {', '.join(missing)}. Run packaging/run, which installs what is needed.",
        )
    return State.FINE, ", ".join(found)


def _folder(folder: Path) -> Found:
    from engine.storage import durable

    probe = folder / "probe"
    try:
        durable.write(probe, b"")
        durable.remove(probe)
    except OSError as error:
        return State.BROKEN, f"{folder} cannot be written: {error.strerror}."
    return State.FINE, str(folder)


def _passwords(folders: paths.Paths) -> Found:
    from engine.storage.secrets import Secrets

    secrets = Secrets.open(folders.secrets)
    secrets.get("doctor")
    return State.FINE if secrets.in_keyring else State.ABSENT, f"kept {secrets.where}"


async def _line() -> Found:
    from engine.sip.process import LineProcess

    line = LineProcess(LineSettings(name="doctor"))
    try:
        up = await line.start()
    finally:
        await line.stop()
    return State.FINE, f"starts and stops (UDP port {up.udp_port})"


def _devices(settings: Settings) -> Found:
    from engine.audio import devices

    state = devices.find().state(0.0, settings.sound.microphone, settings.sound.speaker, settings.sound.ring)
    if not state.microphone or not state.speaker:
        return State.ABSENT, state.text
    return State.FINE, f"{state.microphone}; {state.speaker}" + (f" ({state.text})" if state.text else "")


def _recogniser(settings: Settings) -> Found:
    if not settings.hearing.whisper_folder and not settings.hearing.embedded:
        return State.ABSENT, "none is set; words are not recognised"
    found = recogniser.load(settings.hearing, settings.language)
    name = found.transcriber.name if found.transcriber is not None else "none"
    if found.notice:
        return State.BROKEN, f"{name}: {found.notice}"
    return State.FINE if found.transcriber is not None else State.ABSENT, name


def _matcher(settings: Settings) -> Found:
    from engine.deciding.chooser import shipped_matcher
    from engine.deciding.matcher import Matcher

    if not settings.deciding.matcher:
        return State.ABSENT, "switched off in the settings"
    path = shipped_matcher()
    if path is None:
        return State.BROKEN, "the embedding model that belongs to the program is missing; install it again."
    Matcher(path).close()
    return State.FINE, path.name


def _language_model(settings: Settings) -> Found:
    path = settings.deciding.llm_path
    if not path:
        return State.ABSENT, "none is set; rules and the matcher decide"
    try:
        with open(path, "rb") as file:
            magic = file.read(4)
    except OSError as error:
        return State.BROKEN, f"{path} cannot be read: {error.strerror}."
    if magic != b"GGUF":
        return State.BROKEN, f"{path} is no GGUF file. Choose another in the settings."
    return State.FINE, path


def _voice() -> Found:
    from engine.speaking.espeak import EspeakVoice

    samples = EspeakVoice().render("hello")
    return (State.FINE, "espeak-ng") if len(samples) else (State.BROKEN, "espeak-ng says nothing")


def _companies() -> Found:
    from engine.practice import scenario

    names = scenario.names()
    for name in names:
        scenario.load(name)
    return State.FINE, f"{len(names)}: {', '.join(names)}"


def _flows(folders: paths.Paths) -> Found:
    from app.library import Library

    library = Library(folders.flows)
    library.load()
    if library.notices:
        return State.BROKEN, " ".join(library.notices)
    return State.FINE, f"{len(library.all)}"


def _display() -> Found:
    why = display.why_none()
    return (State.ABSENT, why) if why else (State.FINE, "a window can be shown")


async def _no_account() -> Found:
    return State.ABSENT, "none is set up; SIP addresses can be called. Add one with 'holdslayer account add'."


async def _trunk(folders: paths.Paths, account: settings_file.AccountSettings) -> Found:
    from app.trunk import try_account
    from engine.storage.secrets import Secrets

    password = await asyncio.to_thread(lambda: Secrets.open(folders.secrets).get(account.id) or "")
    trial = await try_account(account.with_password(password))
    return (State.FINE if trial.works else State.BROKEN), trial.text
