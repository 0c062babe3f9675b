"""Bringing the SIP library up and down: endpoint, transports, codecs. Used by the SIP thread only."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path

import pjsua2 as pj

from engine.call import EndReason
from engine.sip.callbacks import LineLog
from engine.sip.line import MAX_LEGS, LineError, LineSettings, Transport

CODECS = ("G722/16000", "PCMU/8000", "PCMA/8000")
"""In order of preference. No others: the INVITE stays below 1300 bytes, and every trunk knows these."""

PJ_ERRNO_START_SYS = 120000  # pj/errno.h: numbers of the operating system's errors begin here
_WSAEADDRINUSE = 10048
_PORTS_IN_USE = frozenset({PJ_ERRNO_START_SYS + errno.EADDRINUSE, PJ_ERRNO_START_SYS + _WSAEADDRINUSE})
_DISABLE_TCP_SWITCH = 4  # place of global.disable_tcp_switch in pjsip_cfg_t (pjsip/sip_config.h)


def create(settings: LineSettings, log: LineLog) -> pj.Endpoint:
    """An endpoint that runs, polled by this thread, with a clock and no sound device. Raises ``pj.Error``."""
    library = _c_library()
    if library is not None:
        library.pj_log_set_level(0)  # before libCreate, or its banner goes to stdout
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    config = pj.EpConfig()
    config.uaConfig.threadCnt = 0
    config.uaConfig.maxCalls = MAX_LEGS
    config.uaConfig.userAgent = "Hold Slayer"
    for server in settings.name_servers or system_name_servers():
        config.uaConfig.nameserver.append(server)
    config.logConfig.level = settings.log_level
    config.logConfig.consoleLevel = 0
    config.logConfig.msgLogging = 0  # whole messages hold digests and numbers
    config.logConfig.decor = 0
    config.logConfig.writer = log
    config.medConfig.clockRate = 16000
    config.medConfig.sndClockRate = 16000
    config.medConfig.channelCount = 1
    config.medConfig.audioFramePtime = 20
    config.medConfig.noVad = True  # or RTP stops in silence and trunks take the call for dead
    config.medConfig.ecTailLen = 0
    endpoint.libInit(config)
    if library is not None:
        _stay_on_udp(library)
    return endpoint


def start(endpoint: pj.Endpoint) -> None:
    """Start the endpoint, its clock and its codecs."""
    endpoint.libStart()
    endpoint.audDevManager().setNullDev()
    wanted = {codec: 250 - place for place, codec in enumerate(CODECS)}
    for codec in endpoint.codecEnum2():
        name = str(codec.codecId)
        priority = next((value for prefix, value in wanted.items() if name.startswith(prefix)), 0)
        endpoint.codecSetPriority(name, priority)


def system_name_servers() -> tuple[str, ...]:
    """IPv4 name servers of this machine, for the library's own resolver (the C library's would block the thread)."""
    try:
        lines = Path("/etc/resolv.conf").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    words = (line.split() for line in lines)
    return tuple(
        each[1] for each in words if len(each) > 1 and each[0] == "nameserver" and ":" not in each[1]
    )[:4]


def certificate_authorities(chosen: str) -> str:
    """Path of the PEM bundle to check servers with. Raises ``LineError`` when a chosen one cannot be read."""
    if chosen:
        if not os.access(chosen, os.R_OK) or Path(chosen).is_dir():
            raise LineError(EndReason.CERTIFICATE, f"The CA file {chosen} cannot be read. Check its path.")
        return chosen
    import ssl  # takes a while, and only TLS needs it

    paths = ssl.get_default_verify_paths()
    candidates = [
        paths.cafile,
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/cert.pem",
    ]
    for candidate in candidates:
        if candidate and os.access(candidate, os.R_OK):
            return candidate
    raise LineError(
        EndReason.CERTIFICATE,
        "No list of trusted certificate authorities was found on this machine. Name a CA file in the account.",
    )


class Transports:
    """Listening sockets, and the factories that connections for TCP and TLS accounts are made by."""

    def __init__(self, endpoint: pj.Endpoint, settings: LineSettings, before: tuple[int, int, int]) -> None:
        self._endpoint = endpoint
        self._settings = settings
        self._tls: dict[str, int] = {}  # by CA file
        self.udp_port = self._listen(Transport.UDP, settings.udp_port, before[0])[1]
        self.tcp_port = self.tls_port = 0
        self._tcp = -1
        if settings.tcp_port is not None:
            self._tcp, self.tcp_port = self._listen(Transport.TCP, settings.tcp_port, before[1])
        if settings.tls_port is not None:
            ca_file = certificate_authorities("")
            self._tls[ca_file], self.tls_port = self._listen(
                Transport.TLS, settings.tls_port, before[2], ca_file
            )

    def use(self, transport: Transport, ca_file: str = "") -> int:
        """Make sure that calls by ``transport`` can go out; the transport's id for TLS, else -1 (the library
        chooses). Raises ``LineError``."""
        if transport is Transport.TCP and self._tcp < 0:
            self._tcp, _ = self._listen(Transport.TCP, 0, 0)
        if transport is Transport.TLS:
            chosen = certificate_authorities(ca_file)
            if chosen not in self._tls:
                self._tls[chosen], _ = self._listen(Transport.TLS, 0, 0, chosen)
            return self._tls[chosen]
        return -1

    def _listen(self, transport: Transport, port: int, before: int, ca_file: str = "") -> tuple[int, int]:
        """Open a transport on ``port``, or on the port had before, or on any. Returns its id and port."""
        if not port and before:
            try:
                return self._open(transport, before, ca_file)
            except LineError:
                return self._open(transport, 0, ca_file)
        return self._open(transport, port, ca_file)

    def _open(self, transport: Transport, port: int, ca_file: str) -> tuple[int, int]:
        config = pj.TransportConfig()
        config.port = port
        config.boundAddress = self._settings.bind
        if transport is Transport.TLS:
            tls = config.tlsConfig
            tls.CaListFile = ca_file
            tls.verifyServer = True
            tls.proto = pj.PJ_SSL_SOCK_PROTO_TLS1_2
            if self._settings.tls_port is not None and self._settings.tls_cert_file:
                tls.certFile = self._settings.tls_cert_file
                tls.privKeyFile = self._settings.tls_key_file
        kind = {
            Transport.UDP: pj.PJSIP_TRANSPORT_UDP,
            Transport.TCP: pj.PJSIP_TRANSPORT_TCP,
            Transport.TLS: pj.PJSIP_TRANSPORT_TLS,
        }[transport]
        try:
            number = int(self._endpoint.transportCreate(kind, config))
            name = str(self._endpoint.transportGetInfo(number).localName)
        except pj.Error as error:
            raise _cannot_listen(transport, port, error, self._settings.bind) from None
        return number, int(name.rpartition(":")[2] or 0)


def _cannot_listen(transport: Transport, port: int, error: pj.Error, bind: str) -> LineError:
    name = transport.value.upper()
    if error.status in _PORTS_IN_USE:
        return LineError(
            EndReason.FAILED,
            f"{name} port {port} is in use by another program. End that program, or set another port "
            "(0 takes any free one).",
        )
    if transport is Transport.TLS and error.status // 10000 != PJ_ERRNO_START_SYS // 10000:
        return LineError(
            EndReason.FAILED,
            f"TLS cannot be used here: {error.reason}. On Windows the SIP library has no TLS; use UDP or TCP.",
        )
    where = f" on {bind}" if bind else ""
    return LineError(EndReason.FAILED, f"The line cannot listen{where} ({name} port {port}): {error.reason}.")


def _c_library() -> ctypes.CDLL | None:
    """The C library inside the wheel; its symbols are exported on Linux and macOS only."""
    if sys.platform == "win32":
        return None
    try:
        library = ctypes.CDLL(pj._pjsua2.__file__)
        _ = library.pj_log_set_level
        return library
    except (OSError, AttributeError):
        return None


def _stay_on_udp(library: ctypes.CDLL) -> None:
    """Keep requests of more than 1300 bytes on the transport that was asked for."""
    try:
        first = (ctypes.c_int * 8).in_dll(library, "pjsip_sip_cfg_var")
    except ValueError:
        return
    if all(value in (0, 1) for value in first):  # the booleans the header tells of, and nothing else
        first[_DISABLE_TCP_SWITCH] = 1
