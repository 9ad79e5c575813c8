"""TLS as a server: the context that the settings ask for, and what is wrong with their files."""

import ssl
import warnings
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from pydantic import SecretStr

from alertd.config.problems import Place
from alertd.config.webmodels import CIPHERS, TlsServerConfig

_VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
REQUIRED = "RequireAndVerifyClientCert"
_VERIFY = {
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    REQUIRED: ssl.CERT_REQUIRED,
}


def check(config: TlsServerConfig, place: Place) -> None:
    """Tell the place which files cannot be read or used."""
    readable = [_readable(config, name, place) for name in files(config)]
    if not config.enabled or not all(readable):
        return
    try:
        server_context(config)
    except (OSError, ValueError) as problem:
        hint = "check that the files hold PEM, and that the key fits the certificate"
        place.problem(f"TLS cannot be spoken with this: {_said(problem)}", hint=hint)


def files(config: TlsServerConfig) -> dict[str, Path]:
    """The files that are given, by their keys."""
    names = ("cert_file", "key_file", "client_ca_file")
    return {name: Path(getattr(config, name)) for name in names if getattr(config, name)}


def _readable(config: TlsServerConfig, name: str, place: Place) -> bool:
    path = files(config)[name]
    try:
        path.read_bytes()
    except OSError as problem:
        place.problem(f"{path}: cannot be read: {problem.strerror}", name, hint="check the path and the permissions")
        return False
    return True


def _said(problem: Exception) -> str:
    """OpenSSL's words for what is wrong."""
    reason = getattr(problem, "reason", None)
    return str(reason).replace("_", " ").lower() if reason else str(problem)


def inlined(config: TlsServerConfig) -> TlsServerConfig:
    """The same settings, with what is in the files now in place of their names. Raises OSError or ValueError."""
    texts: dict[str, Any] = {name.removesuffix("_file"): path.read_text() for name, path in files(config).items()}
    if "key" in texts:
        texts["key"] = SecretStr(texts["key"])
    return config.model_copy(update={**dict.fromkeys(files(config), ""), **texts})


def server_context(config: TlsServerConfig) -> ssl.SSLContext:
    """A context for these settings. Raises OSError (SSLError is one) or ValueError if their files cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _limit_versions(context, config)
    _load_certificate(context, config)
    _verify_clients(context, config)
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_RENEGOTIATION
    return context


def _limit_versions(context: ssl.SSLContext, config: TlsServerConfig) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # who writes TLS10 knows that it is old
        context.minimum_version, context.maximum_version = _VERSIONS[config.min_version], _VERSIONS[config.max_version]
    names = [CIPHERS[name] for name in config.cipher_suites if CIPHERS[name]]
    level = ["@SECLEVEL=0"] if config.min_version < "TLS12" else []  # OpenSSL 3 speaks the old versions at no other
    if names or level:
        context.set_ciphers(":".join([*(names or ["DEFAULT"]), *level]))
    if config.prefer_server_cipher_suites:
        context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    else:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE


def _load_certificate(context: ssl.SSLContext, config: TlsServerConfig) -> None:
    with (  # the standard library reads certificates from files only
        NamedTemporaryFile("w", suffix=".pem") as certificate,
        NamedTemporaryFile("w", suffix=".pem") as key,
    ):
        for file, text in ((certificate, config.cert), (key, config.key.get_secret_value())):
            file.write(f"{text}\n")
            file.flush()
        context.load_cert_chain(config.cert_file or certificate.name, config.key_file or key.name, _no_password)


def _no_password() -> str:
    """Nobody is asked on the terminal."""
    raise ValueError("the key is encrypted: decrypt it, and protect the file by its permissions")


def _verify_clients(context: ssl.SSLContext, config: TlsServerConfig) -> None:
    """A certificate that is only asked for changes nothing, so it is not asked for."""
    context.verify_mode = _VERIFY.get(config.client_auth_type or "", ssl.CERT_NONE)
    if config.client_ca_file or config.client_ca:
        context.load_verify_locations(config.client_ca_file or None, cadata=config.client_ca or None)
    elif context.verify_mode != ssl.CERT_NONE:
        context.load_default_certs(ssl.Purpose.CLIENT_AUTH)
