"""What of a Redis URL does not fit the server, by what the driver says of the first word."""

import ssl

import pytest

import redis
from baileys_cleanup.store.redis_url import misfit, redis_client


def _tls(reason=None, kind=ssl.SSLError):
    error = kind(1, f"[SSL: {reason}] (_ssl.c:1006)")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    "why",
    [
        _tls("WRONG_VERSION_NUMBER"),
        _tls("PACKET_LENGTH_TOO_LONG"),
        _tls("HTTP_REQUEST"),
        _tls("UNEXPECTED_EOF_WHILE_READING", ssl.SSLEOFError),
        ConnectionResetError(104, "Connection reset by peer"),
        TimeoutError("_ssl.c:989: The handshake operation timed out"),
    ],
)
def test_a_server_without_tls_is_told_as_that(why):
    """The scheme that fits is named."""
    assert "where it has none write redis://" in misfit(redis_client("rediss://x"), _said(why))


@pytest.mark.parametrize(
    "why",
    [
        _tls("CERTIFICATE_VERIFY_FAILED", ssl.SSLCertVerificationError),
        _tls("SSLV3_ALERT_HANDSHAKE_FAILURE"),
        _tls("KEY_VALUES_MISMATCH"),
        _tls("NO_CERTIFICATE_OR_CRL_FOUND"),
        _tls(),
        ssl.SSLError("No cipher can be selected."),
        FileNotFoundError(2, "No such file or directory"),
        TimeoutError("timed out"),
    ],
)
def test_nobody_is_told_to_do_without_tls_where_it_is_set_up_wrongly(why):
    """The driver's own reason stands, whether a file is wrong or a certificate."""
    assert misfit(redis_client("rediss://x"), _said(why)) is None


@pytest.mark.parametrize("why", [_tls("TLSV13_ALERT_CERTIFICATE_REQUIRED"), ConnectionResetError(104, "reset")])
def test_a_server_that_wants_a_certificate_of_the_client_speaks_tls(why):
    """It says so after the handshake, or hangs up."""
    error = redis.ConnectionError("Error while reading from x:6379 : (1, 'why')")
    error.__context__ = why
    assert misfit(redis_client("rediss://x"), error) is None


def _said(why):
    timed_out = isinstance(why, TimeoutError)
    error = (redis.TimeoutError if timed_out else redis.ConnectionError)("Error 1 connecting to x:6379. why")
    error.__context__ = why
    return error
