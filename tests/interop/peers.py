"""Foreign SIP programs as peers on loopback: Kamailio, SIPp, baresip. Each is a context manager that always kills.

Ports are free ones, configuration is written into a folder of the test. A missing program fails the test with a
sentence: packaging/test installs them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

PATIENCE_S = 20.0
USER, PASSWORD, REALM = "alice", "right-horse", "127.0.0.1"

KAMAILIO_CONFIG = """\
#!KAMAILIO
debug=1
log_stderror=yes
memdbg=5
memlog=5
children=1
tcp_children=1
auto_aliases=no
dns=no
listen=udp:127.0.0.1:{udp}
listen=tcp:127.0.0.1:{tcp}
{tls_lines}
mpath="{modules}"
loadmodule "pv.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
{tls_modules}
modparam("usrloc", "db_mode", 0)
modparam("registrar", "min_expires", 10)
modparam("auth", "nonce_expire", 300)

request_route {{
    if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    if (is_method("OPTIONS")) {{ sl_send_reply("200", "OK"); exit; }}
    if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
    if (has_totag()) {{
        if (loose_route()) {{ t_relay(); exit; }}
        if (is_method("ACK")) {{ if (t_check_trans()) t_relay(); exit; }}
        sl_send_reply("404", "Not here"); exit;
    }}
    if (is_method("REGISTER")) {{
        {register_codes}
        if (!pv_www_authenticate("{realm}", "{password}", "0")) {{ www_challenge("{realm}", "1"); exit; }}
        save("location");
        exit;
    }}
    if (!pv_proxy_authenticate("{realm}", "{password}", "0")) {{ proxy_challenge("{realm}", "1"); exit; }}
    consume_credentials();
    {call_codes}
    record_route();
    if (!lookup("location")) {{ sl_send_reply("404", "Not Found"); exit; }}
    t_relay();
}}
"""


CODES = (403, 404, 408, 410, 415, 480, 484, 486, 488, 500, 503, 600, 603)
"""Users ``code403`` and so on are answered with that code."""


def _replies(user: str) -> str:
    return "\n".join(
        f'if ({user} == "code{c}") {{ sl_send_reply("{c}", "As wished"); exit; }}' for c in CODES
    )


def needed(program: str, package: str) -> str:
    """Path of a program; fails the test with a sentence when it is missing."""
    found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.fail(
            f"The tests with foreign SIP programs need {program}. Debian and Ubuntu: apt install {package}",
            pytrace=False,
        )
    return found


def free_port() -> int:
    """A port that is free for UDP and TCP on loopback."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", 0))
            port = int(udp.getsockname()[1])
            with contextlib.suppress(OSError):
                tcp.bind(("127.0.0.1", port))
                return port
    raise RuntimeError("no free port on loopback")


@contextlib.contextmanager
def running(
    command: Sequence[str], folder: Path, name: str, **how: object
) -> Iterator[subprocess.Popen[bytes]]:
    """A program in a process group of its own, killed at the end; its output goes to ``folder/name.log``."""
    with (folder / f"{name}.log").open("wb") as output:
        process = subprocess.Popen(
            list(command),
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **{"stdin": subprocess.DEVNULL, **how},  # type: ignore[call-overload]
        )
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if process.stdin:
                process.stdin.close()


def log_of(folder: Path, name: str) -> str:
    """The last of what a program wrote."""
    return (folder / f"{name}.log").read_text(errors="replace")[-3000:]


def answers_options(port: int, process: subprocess.Popen[bytes], patience_s: float = PATIENCE_S) -> bool:
    """Whether a SIP program answers an OPTIONS request by UDP."""
    give_up_at = time.monotonic() + patience_s
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        probe.settimeout(0.2)
        here = probe.getsockname()[1]
        number = 0
        while time.monotonic() < give_up_at and process.poll() is None:
            number += 1
            request = (
                f"OPTIONS sip:ping@127.0.0.1:{port} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP 127.0.0.1:{here};branch=z9hG4bKping{number}\r\n"
                f"From: <sip:ping@127.0.0.1>;tag={number}\r\nTo: <sip:ping@127.0.0.1:{port}>\r\n"
                f"Call-ID: ping{number}\r\nCSeq: {number} OPTIONS\r\n"
                f"Contact: <sip:ping@127.0.0.1:{here}>\r\nMax-Forwards: 10\r\nContent-Length: 0\r\n\r\n"
            )
            probe.sendto(request.encode(), ("127.0.0.1", port))
            with contextlib.suppress(OSError):
                probe.recv(4096)
                return True
    return False


@dataclass(frozen=True)
class Certificate:
    """A certificate authority and a server certificate by it, for 127.0.0.1."""

    ca: Path
    certificate: Path
    key: Path


def make_certificate(folder: Path, name: str = "127.0.0.1") -> Certificate:
    """Made with openssl; ``name``: the IP address or host name in it."""
    openssl = needed("openssl", "openssl")
    folder.mkdir(parents=True, exist_ok=True)
    kind = "IP" if name[0].isdigit() else "DNS"
    (folder / "san.cnf").write_text(f"subjectAltName={kind}:{name}\n")

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "rsa:2048", "-nodes")
    run("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test CA")
    run("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", f"/CN={name}")
    sign = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "san.cnf")
    run("x509", "-req", "-in", "server.csr", *sign, "-out", "server.pem")
    return Certificate(folder / "ca.pem", folder / "server.pem", folder / "server.key")


@dataclass(frozen=True)
class Kamailio:
    """A registrar and proxy that wants a password."""

    udp: int
    tcp: int
    tls: int


@contextlib.contextmanager
def kamailio(folder: Path, certificate: Certificate | None = None, realm: str = REALM) -> Iterator[Kamailio]:
    """Kamailio with digest authentication. Users ``codeNNN`` are answered with that code."""
    program = needed("kamailio", "kamailio kamailio-tls-modules")
    found = list(Path("/usr").glob("lib*/**/kamailio/modules/pv.so"))
    if not found:
        pytest.fail("Kamailio's modules were not found below /usr/lib.", pytrace=False)
    ports = Kamailio(free_port(), free_port(), free_port() if certificate else 0)
    tls_lines = tls_modules = ""
    if certificate is not None:
        tls_lines = f"enable_tls=yes\nlisten=tls:127.0.0.1:{ports.tls}"
        tls_modules = (
            'loadmodule "tls.so"\n'
            f'modparam("tls", "certificate", "{certificate.certificate}")\n'
            f'modparam("tls", "private_key", "{certificate.key}")\n'
            'modparam("tls", "tls_method", "TLSv1.2")'
        )
    config = folder / "kamailio.cfg"
    config.write_text(
        KAMAILIO_CONFIG.format(
            udp=ports.udp,
            tcp=ports.tcp,
            tls_lines=tls_lines,
            tls_modules=tls_modules,
            modules=found[0].parent,
            realm=realm,
            register_codes=_replies("$tU"),
            call_codes=_replies("$rU"),
            password=PASSWORD,
        )
    )
    command = [program, "-f", str(config), "-DD", "-E", "-m", "32", "-M", "8", "-Y", str(folder)]
    with running(command, folder, "kamailio") as process:
        if not answers_options(ports.udp, process):
            pytest.fail(f"Kamailio did not start:\n{log_of(folder, 'kamailio')}", pytrace=False)
        yield ports


@contextlib.contextmanager
def sipp(folder: Path, *arguments: str, name: str = "sipp", port: int = 0) -> Iterator[int]:
    """SIPp on a free port of loopback; yields the port."""
    program = needed("sipp", "sip-tester")
    port = port or free_port()
    media = free_port()
    command = [program, "-i", "127.0.0.1", "-p", str(port), "-mi", "127.0.0.1", "-mp", str(media), "-nostdin"]
    with running([*command, *arguments], folder, name) as process:
        time.sleep(0.3)
        if process.poll() not in (None, 0):
            pytest.fail(f"SIPp ended:\n{log_of(folder, name)}", pytrace=False)
        yield port


BARESIP_CONFIG = """\
sip_listen 127.0.0.1:{port}
audio_player aubridge,nowhere
audio_source aufile,{folder}/tone.wav
audio_alert aubridge,nowhere
ausrc_srate 8000
auplay_srate 8000
rtp_ports {rtp}-{rtp_end}
call_max_calls 4
module_path {modules}
module stdio.so
module g711.so
module aubridge.so
module aufile.so
module menu.so
module account.so
"""


@contextlib.contextmanager
def baresip(
    folder: Path, account: str = "", hertz: int = 700
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """baresip on a free port, sending a tone; yields the port and the process, whose stdin takes commands.

    ``account``: a line of its accounts file; by default it answers every call by itself.
    """
    program = needed("baresip", "baresip")
    found = list(Path("/usr").glob("lib*/**/baresip/modules/g711.so"))
    if not found:
        pytest.fail("baresip's modules were not found below /usr/lib.", pytrace=False)
    port, rtp = free_port(), free_port() // 2 * 2
    (folder / "config").write_text(
        BARESIP_CONFIG.format(port=port, folder=folder, rtp=rtp, rtp_end=rtp + 20, modules=found[0].parent)
    )
    with wave.open(str(folder / "tone.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        sine = 8000 * np.sin(2 * np.pi * hertz * np.arange(8000 * 30) / 8000)
        file.writeframes(sine.astype("<i2").tobytes())
    account = account or f"<sip:baresip@127.0.0.1:{port}>;regint=0;answermode=auto"
    (folder / "accounts").write_text(account + "\n")
    (folder / "contacts").write_text("")
    with running([program, "-f", str(folder)], folder, "baresip", stdin=subprocess.PIPE) as process:
        if not answers_options(port, process):
            pytest.fail(f"baresip did not start:\n{log_of(folder, 'baresip')}", pytrace=False)
        yield port, process
