"""Signatures are those of Amazon's own test suite (`post-x-www-form-urlencoded`)."""

from datetime import UTC, datetime

from alertd.notifiers.posting import Request
from alertd.notifiers.sigv4 import Keys, sign

KEYS = Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
AT = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SIGNATURE = "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"


def test_a_form() -> None:
    signed = sign(Request("https://example.amazonaws.com/", b"Param1=value1", FORM), KEYS, "us-east-1", "service", AT)
    assert signed.headers["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders=content-type;host;x-amz-date, Signature={SIGNATURE}"
    )
    assert signed.headers["x-amz-date"] == "20150830T123600Z"


def test_lent_keys_show_their_token() -> None:
    lent = Keys(KEYS.access, KEYS.secret, "a-token")
    signed = sign(Request("https://example.amazonaws.com/", b"", FORM), lent, "us-east-1", "service", AT)
    assert signed.headers["x-amz-security-token"] == "a-token"
    assert "content-type;host;x-amz-date;x-amz-security-token" in signed.headers["Authorization"]
    assert "wJalr" not in repr(lent)
