"""What PostgreSQL's errors mean: by SQLSTATE, and by the words of those that have none."""

import psycopg
import pytest
from psycopg.errors import lookup

from gateway.sinks.contract import Lost, Poisoned, Refused
from gateway.sinks.timescale.errors import LONGEST, Ahead, bounded, unconnected, verdict

STATES: list[tuple[str, type[Exception], str]] = [
    ("08006", Lost, ""),  # connection_failure
    ("25006", Lost, "target_session_attrs=read-write"),  # read_only_sql_transaction
    ("40001", Lost, ""),  # serialization_failure
    ("40P01", Lost, ""),  # deadlock_detected
    ("53100", Lost, "53100"),  # disk_full
    ("53200", Lost, ""),  # out_of_memory
    ("53300", Lost, ""),  # too_many_connections
    ("55P03", Lost, ""),  # lock_not_available
    ("57014", Lost, ""),  # query_canceled: the statement timeout
    ("57P01", Lost, ""),  # admin_shutdown
    ("57P02", Lost, ""),  # crash_shutdown
    ("57P03", Lost, ""),  # cannot_connect_now
    ("58030", Lost, ""),  # io_error
    ("XX000", Lost, "XX000"),  # internal_error
    ("0A000", Refused, "PostgreSQL 15 or newer"),  # feature_not_supported
    ("28P01", Refused, "correct user, password"),  # invalid_password
    ("3D000", Refused, "waypost db init"),  # invalid_catalog_name
    ("3F000", Refused, "waypost db init"),  # invalid_schema_name
    ("42501", Refused, "GRANT waypost_writer"),  # insufficient_privilege
    ("42P01", Refused, "waypost db migrate"),  # undefined_table
    ("42883", Refused, "waypost db migrate"),  # undefined_function
    ("22001", Poisoned, "22001"),  # string_data_right_truncation
    ("22021", Poisoned, ""),  # character_not_in_repertoire
    ("23502", Poisoned, ""),  # not_null_violation
    ("23514", Poisoned, ""),  # check_violation
    ("44000", Poisoned, ""),  # with_check_option_violation
    ("54000", Poisoned, ""),  # program_limit_exceeded: an entry of an index that is too long
    ("P0001", Poisoned, ""),  # raise_exception: a trigger that somebody added
]


@pytest.mark.parametrize(("state", "kind", "says"), STATES)
def test_an_error_of_a_statement(state: str, kind: type[Exception], says: str) -> None:
    found = verdict(lookup(state)("it is so"), "database leeds at db")
    assert type(found) is kind
    assert "it is so" in str(found)
    assert says in str(found)
    assert str(found).startswith("database leeds at db: ") is not isinstance(found, Poisoned)


@pytest.mark.parametrize(("state", "kind"), [("WP001", Ahead), ("WP002", Poisoned)])
def test_what_the_ledger_itself_says(state: str, kind: type[Exception]) -> None:
    error = psycopg.DatabaseError("it is so")
    error.sqlstate = state
    assert type(verdict(error, "here")) is kind


def test_an_error_without_a_state() -> None:
    assert type(verdict(psycopg.OperationalError("the connection is closed"), "here")) is Lost
    assert type(verdict(psycopg.DataError("cannot contain NUL bytes"), "here")) is Poisoned


CONNECTING: list[tuple[str, type[Exception], str]] = [
    ('FATAL:  password authentication failed for user "leeds"', Refused, "correct the password"),
    ("fe_sendauth: no password supplied", Refused, "add the password"),
    ('FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "leeds"', Refused, "pg_hba.conf"),
    ('FATAL:  Peer authentication failed for user "leeds"', Refused, "pg_hba.conf"),
    ('FATAL:  role "leeds" is not permitted to log in', Refused, "pg_hba.conf"),
    ('FATAL:  role "leeds" does not exist', Refused, "create the user"),
    ('FATAL:  database "waypost" does not exist', Refused, "waypost db init"),
    ('FATAL:  permission denied for database "waypost"', Refused, "GRANT CONNECT"),
    ("SSL error: certificate verify failed", Refused, "sslrootcert="),
    ('root certificate file "/root.crt" does not exist', Refused, "sslrootcert="),
    ('server certificate for "db" does not match host name "10.0.0.5"', Refused, "connect by a name"),
    ('could not load private key file "client.key": permissions', Refused, "sslkey"),
    ("FATAL:  sorry, too many clients already", Lost, ""),
    ("FATAL:  the database system is starting up", Lost, ""),
    ("connection refused\n\tIs the server running on that host?", Lost, "Is the server"),
    ("[Errno -2] Name or service not known", Lost, ""),
    ("connection timeout expired", Lost, ""),
    ('FATAL:  Passwort-Authentifizierung für Benutzer "leeds" fehlgeschlagen', Lost, "für Benutzer"),
]


@pytest.mark.parametrize(("words", "kind", "says"), CONNECTING)
def test_an_error_while_connecting(words: str, kind: type[Exception], says: str) -> None:
    found = unconnected(psycopg.OperationalError(words), "database leeds at db")
    assert type(found) is kind
    assert says in str(found)
    assert "\n" not in str(found)


def test_a_reason_is_one_line_of_bounded_length_with_both_its_ends() -> None:
    assert bounded("a\n\tb\0c\ud800 ä") == "a b c ä"
    text = bounded("first " + "x" * 1000 + " last")
    assert len(text) == LONGEST
    assert text.startswith("first x")
    assert text.endswith("x last")
