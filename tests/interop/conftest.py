"""Lines of ours for the tests with foreign SIP programs, and a Kamailio to register with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.sip.line import Account, Transport
from tests.interop.peers import PASSWORD, USER, Certificate, Kamailio, kamailio, make_certificate
from tests.loopback.conftest import make_line

__all__ = ["make_line"]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for 127.0.0.1."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def trunk(tmp_path_factory: pytest.TempPathFactory, certificate: Certificate) -> Iterator[Kamailio]:
    """A Kamailio for the tests of one module."""
    with kamailio(tmp_path_factory.mktemp("kamailio"), certificate) as running:
        yield running


def account(trunk: Kamailio, transport: Transport = Transport.UDP, **changes: object) -> Account:
    """An account that the trunk lets in, unless changed."""
    port = {Transport.UDP: trunk.udp, Transport.TCP: trunk.tcp, Transport.TLS: trunk.tls}[transport]
    settings: dict[str, object] = {"user": USER, "password": PASSWORD, "port": port, "transport": transport}
    return Account("trunk", "127.0.0.1", **{**settings, **changes})  # type: ignore[arg-type]
