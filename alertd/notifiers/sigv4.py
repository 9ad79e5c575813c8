"""Amazon's signature of requests, version 4: proves who asks without sending the secret.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from hashlib import sha256
from urllib.parse import quote, urlsplit

from alertd.notifiers.posting import Request

_ALGORITHM = "AWS4-HMAC-SHA256"
_PORTS = {"http": ":80", "https": ":443"}


@dataclass(frozen=True)
class Keys:
    """Who asks. `token` goes with keys that are lent; `until` is when they end."""

    access: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)
    until: datetime | None = None


def sign(request: Request, keys: Keys, region: str, service: str, now: datetime) -> Request:
    """The request with its signature. Its URL has no query; its `Content-Type` is signed too."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    scope = (stamp[:8], region, service, "aws4_request")
    headers = {
        "content-type": request.headers["Content-Type"],
        "host": _host(request.url),
        "x-amz-date": stamp,
        **({"x-amz-security-token": keys.token} if keys.token else {}),
    }
    to_sign = "\n".join((_ALGORITHM, stamp, "/".join(scope), _digest(_canonical(request, headers).encode())))
    signature = _mac(reduce(_mac, scope, f"AWS4{keys.secret}".encode()), to_sign).hex()
    credential = f"{keys.access}/{'/'.join(scope)}"
    proof = f"{_ALGORITHM} Credential={credential}, SignedHeaders={';'.join(headers)}, Signature={signature}"
    added = {name: headers[name] for name in headers if name.startswith("x-amz-")}
    return replace(request, headers={**request.headers, **added, "Authorization": proof})


def _canonical(request: Request, headers: Mapping[str, str]) -> str:
    """The request as both sides write it down. The names of the headers are sorted already."""
    path = quote(urlsplit(request.url).path or "/", safe="/-_.~")
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    return "\n".join((request.method, path, "", lines, ";".join(headers), _digest(request.data)))


def _host(url: str) -> str:
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2].removesuffix(_PORTS[parts.scheme])


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), sha256).digest()
