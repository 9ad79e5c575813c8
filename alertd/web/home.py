"""The page at `/`, which links in messages lead to: what this is, what can be asked here, and how to ask why."""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from alertd import __version__
from alertd.web.endpoints import Endpoint

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
_LINKS = (
    ("api/v1/alerts", "the alerts of the rules, pending ones too"),
    ("api/v1/rules", "the rules, and how they are"),
    ("api/v2/alerts/groups", "what fires, as it is told together"),
    ("api/v2/silences", "the silences"),
    ("api/v2/status", "the version, and the configuration without its secrets"),
    ("metrics", "what alertd counts of itself"),
    ("-/ready", "whether it evaluates and delivers"),
)
_STYLE = """
:root { color-scheme: light dark; --ink: #1f2430; --soft: #5b6472; --line: #dfe3e9; --page: #fff; --link: #0b57d0; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e7ec; --soft: #a2abb8; --line: #333a45; --page: #14171c; --link: #8ab4f8; }
}
body { margin: 0 auto; max-width: 42em; padding: 2em 1.2em 3em; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5em; margin: 0; }
h2 { font-size: 1.05em; margin: 2em 0 .4em; }
p { margin: .4em 0; }
.soft { color: var(--soft); }
ul { list-style: none; margin: 0; padding: 0; }
li { border-top: 1px solid var(--line); padding: .55em 0; }
li span { display: block; color: var(--soft); }
a { color: var(--link); }
code, pre { font: .95em ui-monospace, monospace; }
pre { border: 1px solid var(--line); border-radius: 6px; padding: .7em .9em; white-space: pre-wrap; }
"""


def endpoints(external_url: str) -> tuple[Endpoint, ...]:
    """`/`: one page, as long as the daemon lives. Its links are relative, wherever a proxy puts it."""
    page = _page(external_url)

    async def home(_: Request) -> Response:
        return HTMLResponse(page, headers=_HEADERS)

    return (Endpoint("GET", "/", home),)


def _page(external_url: str) -> str:
    links = "".join(f'<li><a href="{path}">/{path}</a><span>{what}</span></li>\n' for path, what in _LINKS)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>alertd</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>alertd</h1>
<p class="soft">Version {escape(__version__)}</p>
<p>It evaluates alert rules against Prometheus, decides who must know, and tells them.</p>
<h2>Why was I told, or not?</h2>
<p>Ask with the name of the alert, as it is in the message:</p>
<pre>alertd why DiskFull --url {escape(external_url)}</pre>
<h2>What can be read here</h2>
<ul>
{links}</ul>
</body>
</html>
"""
