"""The HTTP client of a receiver with credentials of its own: without those that it would get from `http_config`."""

from alertd.config.http import HttpConfig

_WAYS_IN = ("basic_auth", "authorization", "oauth2", "bearer_token")


def anonymous(http: HttpConfig | None) -> HttpConfig | None:
    """The same without credentials; TLS, proxy and headers stay."""
    return http.model_copy(update={**dict.fromkeys(_WAYS_IN), "bearer_token_file": ""}) if http else None


def has_credentials(http: HttpConfig | None) -> bool:
    """Whether there is any way to authenticate in it."""
    return http is not None and any(getattr(http, name) for name in (*_WAYS_IN, "bearer_token_file"))
