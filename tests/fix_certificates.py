"""Certificates for servers and clients of tests, made by openssl: an authority, what it signed, and a stranger."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

HOST = "127.0.0.1"
_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True, slots=True)
class Pair:
    """PEM files."""

    cert: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Certificates:
    """server and client are signed by `ca`, stranger is an authority that signed nothing."""

    ca: Path
    server: Pair
    client: Pair
    stranger: Pair


@pytest.fixture(scope="session")
def certificates() -> Iterator[Certificates]:
    """Good for 127.0.0.1 and localhost, for a day."""
    with TemporaryDirectory(prefix="waypost-certificates-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        ca, stranger = _authority(folder, "authority"), _authority(folder, "stranger")
        server = _signed(folder, ca, "server", f"IP:{HOST},DNS:localhost")
        client = _signed(folder, ca, "gateway", "DNS:gateway")
        yield Certificates(ca.cert, server, client, stranger)


def _authority(folder: Path, name: str) -> Pair:
    pair = Pair(folder / f"{name}.pem", folder / f"{name}.key")
    _openssl(
        "req", "-x509", *_KEY, "-days", "1", "-subj", f"/CN={name}", "-keyout", pair.key, "-out", pair.cert
    )
    pair.key.chmod(0o644)
    return pair


def _signed(folder: Path, by: Pair, name: str, names: str) -> Pair:
    pair, request = Pair(folder / f"{name}.pem", folder / f"{name}.key"), folder / f"{name}.csr"
    extensions = folder / f"{name}.ext"
    extensions.write_text(f"subjectAltName={names}\n")
    _openssl("req", "-new", *_KEY, "-subj", f"/CN={name}", "-keyout", pair.key, "-out", request)
    _openssl(
        "x509", "-req", "-days", "1", "-in", request, "-CA", by.cert, "-CAkey", by.key, "-CAcreateserial",
        "-extfile", extensions, "-out", pair.cert,
    )  # fmt: skip
    pair.key.chmod(0o644)
    return pair


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
