"""How a webhook and its receiver know each other: signatures, certificates, and secrets that are never shown."""

import asyncio
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.sinks.contract import Refused
from gateway.sinks.webhook.sink import WebhookSink
from tests.fix_certificates import HOST, Certificates
from tests.mqtt_sinks import batch, event
from tests.receiver import Receiver, Say, receiving
from tests.webhook_sinks import made, play, write_three


def _post(url: str, **table: Any) -> None:
    async def script() -> None:
        sink = made(url, **table)
        try:
            await sink.open()
            for _ in range(2):
                await sink.write(batch([event(1)]))
        finally:
            await sink.close()

    asyncio.run(script())


def test_over_tls(certificates: Certificates) -> None:
    with receiving(certificates) as receiver:
        _post(f"https://localhost:{receiver.port}/hook?a=b", ca=certificates.ca)
    assert [request.path for request in receiver.requests] == ["/hook?a=b"] * 2
    assert receiver.connections == 1


@pytest.mark.parametrize("ca", [None, "stranger"])
def test_a_receiver_that_nobody_vouches_for_gets_nothing(certificates: Certificates, ca: str | None) -> None:
    table = {} if ca is None else {"ca": certificates.stranger.cert}
    with receiving(certificates) as receiver:
        with pytest.raises(
            Refused, match=r"https://localhost:\d+ is not to be trusted: .*set ca in \[webhook\]"
        ):
            _post(f"https://localhost:{receiver.port}/hook", **table)
        assert receiver.requests == []


def test_a_certificate_for_another_name_gets_nothing(certificates: Certificates) -> None:
    wrong = replace(certificates, server=certificates.client)
    with (
        receiving(wrong) as receiver,
        pytest.raises(Refused, match=r"not to be trusted: .*localhost"),
    ):
        _post(f"https://localhost:{receiver.port}/hook", ca=certificates.ca)


def test_a_ca_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("rubbish")
    with pytest.raises(Refused, match=r"ca = '.*ca.pem' of \[webhook\] is no usable PEM file"):
        _post("https://localhost:1/", ca=tmp_path / "ca.pem")
    with pytest.raises(Refused, match=r"ca = '.*none.pem' of \[webhook\] cannot be read: No such file"):
        _post("https://localhost:1/", ca=tmp_path / "none.pem")


def test_the_signature_is_that_of_the_bytes_that_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", "whsec é")
    receiver = play(write_three, secret="env:HOOK_SECRET")
    (request,) = receiver.requests
    stamp, _, signed = request.headers["Waypost-Signature"].partition(",")
    assert stamp == "t=1760000000"
    said = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", "whsec é"],
        input=b"1760000000." + request.body,
        capture_output=True,
        check=True,
    )
    assert signed == f"v1={said.stdout.split()[-1].decode()}"
    assert b"whsec" not in request.body
    assert not any("whsec" in value for value in request.headers.values())


def test_an_address_with_secrets_in_it_is_named_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(sink: WebhookSink, receiver: Receiver) -> None:
        await write_three(sink, receiver)
        receiver.rule = lambda request: Say(307, {"Location": "/services/T0/hunter2"})
        with pytest.raises(Refused) as caught:
            await write_three(sink, receiver)
        assert "hunter2" not in str(caught.value)

    with receiving() as receiver:
        monkeypatch.setenv("HOOK", f"http://me:p%40ss@{HOST}:{receiver.port}/services/hunter2?token=hunter2")

        async def whole() -> None:
            sink = made("env:HOOK")
            await sink.open()
            try:
                await script(sink, receiver)
            finally:
                await sink.close()

        asyncio.run(whole())
        request = receiver.requests[0]
        assert request.path == "/services/hunter2?token=hunter2"
        assert request.headers["Authorization"] == "Basic bWU6cEBzcw=="


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"url": "env:NO_HOOK"}, r"the url of \[webhook\] is not there: .*NO_HOOK is not set"),
        ({"url": "http://localhost/", "secret": "env:NO_HOOK"}, r"the secret of \[webhook\] is not there"),
        ({"url": "env:BAD_HOOK"}, r"the url behind env:BAD_HOOK of \[webhook\] is no address"),
    ],
)
def test_a_secret_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, table: dict[str, Any], says: str
) -> None:
    monkeypatch.delenv("NO_HOOK", raising=False)
    monkeypatch.setenv("BAD_HOOK", "ftp://hunter2")
    with pytest.raises(Refused, match=says) as caught:
        _post(**table)
    assert "hunter2" not in str(caught.value)
