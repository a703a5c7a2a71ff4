"""How a receiver knows that a body is ours, unchanged, and not one that somebody kept and sent again later."""

import hashlib
import hmac

HEADER = "Waypost-Signature"


def signature(secret: str, body: bytes, now: int) -> str:
    """t=SECONDS,v1=HEX: HMAC-SHA256 (RFC 2104) of the seconds since 1970 as digits, a full stop, and the body.

    now  microseconds UTC
    """
    seconds = str(now // 1_000_000)
    digest = hmac.new(secret.encode(), seconds.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"
