"""What is put around a body."""

import pytest

from alertd.http.envelopes import Envelope


@pytest.mark.parametrize("method", ["POST", "post", "Put", "PATCH"])
def test_a_method_that_has_a_body_says_how_long_it_is(method: str) -> None:
    assert Envelope({}).request(method, "http://a/", {}, b"").headers["Content-Length"] == "0"


@pytest.mark.parametrize("method", ["GET", "get", "HEAD"])
def test_others_say_nothing_of_a_body_that_is_not_there(method: str) -> None:
    assert "Content-Length" not in Envelope({}).request(method, "http://a/", {}, b"").headers
