"""The page that links in messages lead to: it needs nothing from elsewhere, and its links lead somewhere."""

import re
from urllib.parse import urljoin

import httpx
import pytest

from alertd import __version__
from alertd.web import endpoints, home
from alertd.web.described import DESCRIBED
from alertd.web.server import guarded
from tests.web.listener import Listener

pytestmark = pytest.mark.anyio


async def asked(path: str, prefix: str = "", method: str = "GET", url: str = "http://x/alertd") -> httpx.Response:
    app = guarded(endpoints.routes(home.endpoints(url)), prefix, Listener().settings())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://alertd") as client:
        return await client.request(method, path, follow_redirects=True)


async def test_it_says_what_this_is_and_how_to_ask_why() -> None:
    answer = await asked("/")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert f"Version {__version__}" in answer.text
    assert "alertd why DiskFull --url http://x/alertd" in answer.text


@pytest.mark.parametrize("prefix", ["", "/alertd"])
async def test_its_links_lead_to_what_is_there(prefix: str) -> None:
    answer = await asked(prefix or "/", prefix)
    links = [urljoin(answer.url.path, link) for link in re.findall(r'href="([^"]+)"', answer.text)]
    assert {f"{prefix}/api/v1/alerts", f"{prefix}/api/v2/status", f"{prefix}/metrics", f"{prefix}/-/ready"} <= {*links}
    assert all(("GET", link.removeprefix(prefix)) in DESCRIBED for link in links)


async def test_it_has_no_scripts_and_needs_nothing_from_elsewhere() -> None:
    answer = await asked("/", url="http://x/<script>")
    assert "<script" not in answer.text
    assert not re.search("src=|@import|url\\(", answer.text)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


async def test_it_is_only_read() -> None:
    assert (await asked("/", method="HEAD")).status_code == 200
    assert (await asked("/", method="POST")).status_code == 405
