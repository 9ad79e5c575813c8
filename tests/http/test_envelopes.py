"""What is put around a body."""

import pytest

from alertd.http.envelopes import Envelope


@pytest.mark.parametrize("method", ["POST", "post", "Put", "PATCH"])
def test_a_method_that_has_a_body_says_how_long_it_is(method: str) -> None:
    assert Envelope({}).request(method, "http://a/", {}, b"").headers["Content-Length"] == "0"


@pytest.mark.parametrize("method", ["GET", "get", "HEAD"])
def test_others_say_nothing_of_a_body_that_is_not_there(method: str) -> None:
    assert "Content-Length" not in Envelope({}).request(method, "http://a/", {}, b"").headers


def test_a_header_of_the_request_takes_the_place_of_one_that_goes_with_all_however_it_is_spelled() -> None:
    headers = {"accept-encoding": "br", "content-type": "text/plain", "Content-Type": "application/json"}
    made = Envelope({"Accept-Encoding": "gzip"}).request("POST", "http://a/", headers, b"{}").headers
    assert made.get_list("Accept-Encoding") == ["br"]
    assert made.get_list("Content-Type") == ["application/json"]
    assert made.get_list("Content-Length") == ["2"]


def test_every_request_names_the_host_it_goes_to() -> None:
    envelope = Envelope({})
    hosts = [
        envelope.request("GET", url, {}, b"").headers["Host"] for url in ("http://a/", "http://b:81/", "http://a/")
    ]
    assert hosts == ["a", "b:81", "a"]


def test_a_character_that_no_header_can_have_is_an_error() -> None:
    with pytest.raises(ValueError, match="ascii"):
        Envelope({}).request("GET", "http://a/", {"X-Name": "Zoë"}, b"")
