"""Secrets are named, never written, and never shown."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from drivers.secret import SecretName, reveal
from gateway.validation import findings


class Table(BaseModel):
    password: SecretName


def test_a_literal_secret_is_refused_and_not_repeated() -> None:
    data = {"password": "hunter2"}
    with pytest.raises(ValidationError) as caught:
        Table(**data)
    (finding,) = findings(caught.value.errors(), dict(data), Table)
    assert finding.value is None
    assert "hunter2" not in finding.reason + finding.remedy
    assert "env:NAME" in finding.remedy


def test_where_secrets_come_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOOR_KEY", "one")
    assert reveal(Table(password="env:DOOR_KEY").password) == "one"
    monkeypatch.delenv("DOOR_KEY")
    with pytest.raises(LookupError, match="DOOR_KEY is not set"):
        reveal("env:DOOR_KEY")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(LookupError, match="LoadCredential=door"):
        reveal("credential:door")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    with pytest.raises(LookupError, match="cannot be read"):
        reveal("credential:door")
    (tmp_path / "door").write_text("two\n")
    assert reveal("credential:door") == "two"
    with pytest.raises(LookupError, match="env:NAME"):
        reveal("plain")
