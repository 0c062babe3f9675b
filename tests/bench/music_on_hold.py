"""A far end that costs next to nothing: answers every call and plays hold music, for measuring what our side costs.

    python -m tests.bench.music_on_hold             prints its SIP port; ends when stdin does

One process, one SIP socket, one RTP socket: PCMU of a music clip is made once, and every 20 ms each call is sent its
next 160 bytes. What our side sends back is timed by the kernel's receive stamps, so that the figures do not depend on
when this process gets to read: a packet is *late* when it came more than ``LATE_S`` after it was due, reckoned from
the packet before (RFC 3550 sequence numbers; a gap in them is a loss).
"""

from __future__ import annotations

import argparse
import json
import re
import selectors
import socket
import struct
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.audio.format import RATE_HZ

ADDRESS = "127.0.0.1"
FRAME_S = 0.02
PAYLOAD = 160
LATE_S = 0.03
_RTP = struct.Struct("!BBHII")
_STAMP = struct.Struct("@qq")
_SO_TIMESTAMPNS = 35  # asm-generic/socket.h; Python names it from 3.14 on only


def mu_law(samples: np.ndarray) -> bytes:
    """G.711 mu-law of int16 samples (ITU-T G.711, table 2a)."""
    value = samples.astype(np.int32)
    sign = np.where(value < 0, 0x80, 0)
    value = np.minimum(np.abs(value), 32635) + 132
    exponent = np.floor(np.log2(value)).astype(np.int32) - 7
    mantissa = (value >> (exponent + 3)) & 0x0F
    return (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8).tobytes()


@dataclass(slots=True)
class _Call:
    to: tuple[str, int]
    sequence: int = 0
    place: int = 0
    packets: int = 0
    late: int = 0
    lost: int = 0
    worst_s: float = 0.0
    expected: int = -1
    came_at: float = 0.0
    began_at: float = field(default_factory=time.monotonic)


class MusicOnHold:
    """SIP by the letter of what one well-known caller sends, and no more."""

    def __init__(self, music: bytes) -> None:
        self._music = music[: len(music) // PAYLOAD * PAYLOAD]
        self._sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sip.bind((ADDRESS, 0))
        self._rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._rtp.bind((ADDRESS, 0))
        self._rtp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        self._rtp.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        for each in (self._sip, self._rtp):
            each.setblocking(False)
        self.port = self._sip.getsockname()[1]
        self._calls: dict[str, _Call] = {}
        self._over: list[_Call] = []
        self._by_address: dict[tuple[str, int], _Call] = {}
        self._behind_s = 0.0

    def run(self) -> None:
        """Until stdin ends; "reset" on a line of it forgets what was counted so far, "tell" prints it."""
        selector = selectors.DefaultSelector()
        selector.register(self._sip, selectors.EVENT_READ, "sip")
        selector.register(sys.stdin, selectors.EVENT_READ, "stdin")
        due = time.monotonic()
        while True:
            for key, _ in selector.select(max(0.0, due - time.monotonic())):
                if key.data == "sip":
                    self._answer()
                    continue
                line = sys.stdin.readline().strip()
                if not line:
                    return
                if line == "reset":
                    self._forget()
                else:
                    print(json.dumps(self.told()), flush=True)
            now = time.monotonic()
            if now >= due:
                self._behind_s = max(self._behind_s, now - due)
                self._play()
                self._receive()
                due += FRAME_S

    def told(self) -> dict[str, float]:
        """What came back from all calls: packets, late ones, lost ones, the worst delay; and our own lag."""
        calls = list(self._calls.values())
        return {
            "calls": len(calls),
            "packets": sum(c.packets for c in calls),
            "late": sum(c.late for c in calls),
            "lost": sum(c.lost for c in calls),
            "worst_ms": round(1000 * max((c.worst_s for c in calls), default=0.0), 1),
            "far_side_lag_ms": round(1000 * self._behind_s, 1),
        }

    def _forget(self) -> None:
        self._behind_s = 0.0
        for call in self._calls.values():
            call.packets = call.late = call.lost = 0
            call.worst_s = 0.0

    def _play(self) -> None:
        music, send = self._music, self._rtp.sendto
        for number, call in enumerate(self._calls.values()):
            call.sequence += 1
            head = _RTP.pack(
                0x80, 0, call.sequence & 0xFFFF, call.sequence * PAYLOAD & 0xFFFFFFFF, 7000 + number
            )
            try:
                send(head + music[call.place : call.place + PAYLOAD], call.to)
            except OSError:
                continue
            call.place = (call.place + PAYLOAD) % len(music)

    def _receive(self) -> None:
        receive = self._rtp.recvmsg
        while True:
            try:
                data, ancillary, _, address = receive(2048, 64)
            except BlockingIOError:
                return
            except OSError:  # an ICMP refusal of a call that has ended
                continue
            call = self._by_address.get(address)
            if call is None or len(data) < 12 or not ancillary:
                continue
            seconds, nanoseconds = _STAMP.unpack(ancillary[0][2])
            at = seconds + nanoseconds * 1e-9
            sequence = _RTP.unpack_from(data)[2]
            if call.expected >= 0:
                missing = (sequence - call.expected) & 0xFFFF
                if missing < 100:
                    call.lost += missing
                delay = at - call.came_at - FRAME_S * (missing + 1)
                call.late += delay > LATE_S
                call.worst_s = max(call.worst_s, delay)
            call.packets += 1
            call.expected, call.came_at = (sequence + 1) & 0xFFFF, at

    # --- SIP ------------------------------------------------------------------------------------------------------

    def _answer(self) -> None:
        try:
            data, address = self._sip.recvfrom(65536)
        except OSError:
            return
        head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        lines = head.split("\r\n")
        method = lines[0].split(" ")[0]
        if method in ("ACK", "SIP/2.0") or not lines[0].strip():
            return
        headers = [line.partition(":") for line in lines[1:]]
        found = {name.strip().lower(): value.strip() for name, _, value in reversed(headers)}
        call_id = found.get("call-id", "")
        answer = ""
        if method == "INVITE":
            self._begin(call_id, body)
            answer = self._description()
        elif method == "BYE" and call_id in self._calls:
            call = self._calls.pop(call_id)
            self._by_address.pop(call.to, None)
        same = [line for line in lines[1:] if re.match(r"(?i)(via|from|call-id|cseq|record-route)\s*:", line)]
        to = found.get("to", "")
        to += "" if "tag=" in to else f";tag={abs(hash(call_id)) % 10**8}"
        reply = ["SIP/2.0 200 OK", *same, f"To: {to}", f"Contact: <sip:hold@{ADDRESS}:{self.port}>"]
        if answer:
            reply.append("Content-Type: application/sdp")
        reply += [f"Content-Length: {len(answer)}", "", answer]
        self._sip.sendto("\r\n".join(reply).encode(), address)

    def _begin(self, call_id: str, offer: str) -> None:
        port = re.search(r"^m=audio (\d+)", offer, re.MULTILINE)
        where = re.search(r"^c=IN IP4 (\S+)", offer, re.MULTILINE)
        if port is None or where is None or call_id in self._calls:
            return
        place = len(self._calls) * 977 * PAYLOAD % len(self._music)  # no two calls in step
        call = _Call((where[1], int(port[1])), place=place)
        self._calls[call_id] = self._by_address[call.to] = call

    def _description(self) -> str:
        lines = [
            "v=0",
            f"o=- 1 1 IN IP4 {ADDRESS}",
            "s=hold",
            f"c=IN IP4 {ADDRESS}",
            "t=0 0",
            f"m=audio {self._rtp.getsockname()[1]} RTP/AVP 0 101",
            "a=rtpmap:0 PCMU/8000",
            "a=rtpmap:101 telephone-event/8000",
            "a=ptime:20",
            "a=sendrecv",
        ]
        return "\r\n".join(lines) + "\r\n"


class FarSide:
    """The same, as a process of its own."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.music_on_hold"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).resolve().parents[2],
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        self.pid = self._process.pid
        self.uri = f"sip:hold@{ADDRESS}:{int(self._out.readline())}"

    def reset(self) -> None:
        """Count from here on."""
        self._in.write("reset\n")
        self._in.flush()

    def told(self) -> dict[str, float]:
        """See ``MusicOnHold.told``."""
        self._in.write("tell\n")
        self._in.flush()
        answer: dict[str, float] = json.loads(self._out.readline())
        return answer

    def close(self) -> None:
        """End the process."""
        self._in.close()
        self._process.wait(10)
        self._out.close()


def main() -> None:
    """The process: port, then until stdin ends."""
    import soxr

    from tests.engine.hearing.sound import clip

    argparse.ArgumentParser(description=__doc__).parse_args()
    music = np.concatenate([clip("music_trow_acoustic_guitar"), clip("music_moh-manolo_camp-morning_coffee")])
    far_side = MusicOnHold(mu_law(soxr.resample(music, RATE_HZ, 8000)))
    print(far_side.port, flush=True)
    far_side.run()


if __name__ == "__main__":
    main()
