"""HTTP clients: bounded in time and size, silent about secrets, and current with the files that secrets come from."""

from alertd.http.client import Client, Reply, retry_after
from alertd.http.credentials import read_secret, secret
from alertd.http.faults import HttpError
from alertd.http.forms import form
from alertd.http.tls import tls_context

__all__ = ["Client", "HttpError", "Reply", "form", "read_secret", "retry_after", "secret", "tls_context"]
