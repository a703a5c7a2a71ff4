"""The MQTT sink over TLS, against a real Mosquitto: whom it believes, and how it shows who it is."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.sinks.contract import Lost, Refused
from tests.fix_certificates import Certificates
from tests.fix_mosquitto import Mosquitto
from tests.mqtt_sinks import batch, event, made, opened


def tls(certificates: Certificates) -> tuple[str, ...]:
    """Lines of the broker's configuration."""
    return (
        f"cafile {certificates.ca}",
        f"certfile {certificates.server.cert}",
        f"keyfile {certificates.server.key}",
    )


async def _delivers(port: int, **table: Any) -> None:
    async with opened(made(port, scheme="mqtts", **table)) as sink:
        await sink.write(batch([event(number) for number in range(1, 300)]))


def test_what_is_sent_is_encrypted_and_arrives(mosquitto: Mosquitto, certificates: Certificates) -> None:
    mosquitto.start(*tls(certificates))
    asyncio.run(_delivers(mosquitto.port, ca=certificates.ca))
    assert mosquitto.log.count("Received PUBLISH") >= 300


def test_a_client_certificate_opens_the_door(mosquitto: Mosquitto, certificates: Certificates) -> None:
    mosquitto.start(*tls(certificates), "require_certificate true", "use_identity_as_username true")
    client = certificates.client
    asyncio.run(_delivers(mosquitto.port, ca=certificates.ca, cert=client.cert, key=client.key))
    assert "u'gateway'" in mosquitto.log


@pytest.mark.parametrize("pair", ["none", "stranger"])
def test_without_a_certificate_that_it_knows_the_broker_is_left(
    mosquitto: Mosquitto, certificates: Certificates, pair: str
) -> None:
    mosquitto.start(*tls(certificates), "require_certificate true")
    stranger = certificates.stranger
    table = {} if pair == "none" else {"cert": stranger.cert, "key": stranger.key}
    with pytest.raises(Refused, match=r"does not accept our certificate \(.*; set cert and key in \[mqtt\]"):
        asyncio.run(_delivers(mosquitto.port, ca=certificates.ca, **table))


@pytest.mark.parametrize("ca", [None, "stranger"])
def test_a_broker_that_nobody_vouches_for_is_not_believed(
    mosquitto: Mosquitto, certificates: Certificates, ca: str | None
) -> None:
    mosquitto.start(*tls(certificates))
    table = {} if ca is None else {"ca": certificates.stranger.cert}
    with pytest.raises(
        Refused, match=r"certificate is not to be trusted: .*; correct url, or set ca in \[mqtt\]"
    ):
        asyncio.run(_delivers(mosquitto.port, **table))


def test_a_certificate_for_another_name_is_not_believed(
    mosquitto: Mosquitto, certificates: Certificates
) -> None:
    client = certificates.client
    mosquitto.start(f"cafile {certificates.ca}", f"certfile {client.cert}", f"keyfile {client.key}")
    with pytest.raises(Refused, match=r"not to be trusted: .*127\.0\.0\.1"):
        asyncio.run(_delivers(mosquitto.port, ca=certificates.ca))


def test_a_broker_without_tls_is_no_matter_for_an_operator_at_once(mosquitto: Mosquitto) -> None:
    """It may be starting up, or something in front of it may be: it is said, and tried again."""
    mosquitto.start()
    with pytest.raises(Lost, match="mqtts://"):
        asyncio.run(_delivers(mosquitto.port))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda file: file.unlink(), r"cannot be read: No such file"),
        (lambda file: file.write_text("rubbish"), "is no usable PEM file"),
        (lambda file: file.write_bytes(b""), "is no usable PEM file"),
    ],
)
@pytest.mark.parametrize("key", ["ca", "cert"])
def test_a_file_that_is_no_certificate_is_named(
    tmp_path: Path, key: str, spoil: Callable[[Path], object], says: str
) -> None:
    file = tmp_path / "gateway.pem"
    file.touch()
    spoil(file)
    with pytest.raises(Refused, match=rf"mqtts://.*{key}.* of \[mqtt\].*{says}"):
        asyncio.run(_delivers(1, **{key: file}))
