"""Why there is no answer, in a sentence for people. It holds no URL and no header: either may be a secret."""

import socket
import ssl
from collections.abc import Iterator

import httpx

from alertd.errors import AlertdError

UNANSWERED = "Server disconnected"  # how texts of httpcore begin, and those of alertd's own transport
UNFINISHED = "peer closed connection"
_UNTRUSTED = "if that is its own CA, name it in tls_config.ca_file"
_OTHER_NAME = "if it should be there, set tls_config.server_name"
_CERTIFICATE_WANTED = ("CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "UNKNOWN_CA", "CERTIFICATE_UNKNOWN")
_VERSIONS = ("PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS_AVAILABLE")


class HttpError(AlertdError):
    """No usable answer. `kind` is one of unreachable, timeout, tls, too_large, broken (a mistake on our side)."""

    def __init__(self, kind: str, message: str) -> None:
        self.kind = kind
        super().__init__(message)


def explain(problem: Exception) -> HttpError:
    """The kind of a failure, and what to do about it."""
    told = next(filter(None, map(_of_cause, _causes(problem))), None) or _of_ours(problem)
    if told:
        return told
    if isinstance(problem, httpx.ProxyError):
        return HttpError("unreachable", f"the proxy refuses: it answers {str(problem)[:3]}")
    if isinstance(problem, httpx.ConnectError):
        return HttpError("unreachable", "cannot connect: no route to the host, or its network is down")
    if isinstance(problem, httpx.RemoteProtocolError) and not str(problem).startswith((UNANSWERED, UNFINISHED)):
        return HttpError("unreachable", "what the server sends is not HTTP: is the port right?")
    return HttpError("unreachable", "the server ended the connection before its answer was complete")


def _causes(problem: BaseException) -> Iterator[BaseException]:
    """The problem, and whatever led to it, nearest first."""
    seen: list[BaseException] = []
    found = [problem]
    while found:
        one = found.pop(0)
        if one in seen:
            continue
        seen.append(one)
        yield one
        inner = one.exceptions if isinstance(one, BaseExceptionGroup) else ()
        found += [other for other in (one.__cause__ or one.__context__, *inner) if other]


def _of_cause(cause: BaseException) -> HttpError | None:
    if isinstance(cause, ssl.SSLError):
        return HttpError("tls", f"TLS: {_tls(cause)}")
    if isinstance(cause, socket.gaierror):
        return HttpError("unreachable", f"cannot connect: the host is not known ({cause.strerror}): is its name right?")
    if isinstance(cause, ConnectionRefusedError):
        return HttpError("unreachable", "cannot connect: nothing listens there (connection refused)")
    if isinstance(cause, OSError) and cause.filename:
        return HttpError("broken", f"cannot read {cause.filename}: {cause.strerror}")
    return None


def _of_ours(problem: Exception) -> HttpError | None:
    if isinstance(problem, (httpx.InvalidURL, httpx.UnsupportedProtocol)):
        return HttpError("broken", "not a usable URL")
    if isinstance(problem, (httpx.LocalProtocolError, ValueError)):  # the texts of these hold what could not be used
        return HttpError("broken", "the URL, a secret or a header has a character it cannot have")
    return None


def _tls(cause: ssl.SSLError) -> str:
    reason = getattr(cause, "reason", None) or str(cause)  # one that Python made has none
    if isinstance(cause, ssl.SSLCertVerificationError):
        said = cause.verify_message.rstrip(".")
        hint = _OTHER_NAME if "mismatch" in said else _UNTRUSTED if "issuer" in said or "self" in said else ""
        return f"the server's certificate is not accepted: {said}" + (f" ({hint})" if hint else "")
    if reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"):
        return "the server does not speak TLS there: https:// where http:// is meant, or another port?"
    if reason.endswith(_CERTIFICATE_WANTED):
        return "the server wants a client certificate, or another one (tls_config.cert_file and key_file)"
    if isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError) or reason.startswith("UNEXPECTED_EOF"):
        return (
            "the server ended the connection: it may want a client certificate, or other versions of TLS (tls_config)"
        )
    if reason.endswith(_VERSIONS):
        return "no version of TLS that both sides accept (tls_config.min_version, max_version)"
    return reason.lower().replace("_", " ")
