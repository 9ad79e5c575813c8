"""What the section `web` comes to, with the file that it or `--web.config.file` names."""

from pathlib import Path
from socket import gethostname
from urllib.parse import urlsplit

from pydantic import ValidationError

from alertd.config import servertls, yamltext
from alertd.config.problems import Place
from alertd.config.schema import WebEntry, split_listen
from alertd.config.trees import anchored, pruned
from alertd.config.values import Web
from alertd.config.webmodels import WebConfigFile
from alertd.config.yamltext import Node
from alertd.errors import ConfigError

_WILDCARDS = ("", "0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


def build(given: WebEntry, place: Place) -> Web:
    """Where to serve, whom and how; what is wrong with it is found at the place of `web`."""
    host, port = split_listen(given.listen)
    toolkit = _toolkit(given, place)
    path = urlsplit(given.external_url).path.rstrip("/") if given.external_url else ""
    prefix = path if given.route_prefix is None else given.route_prefix
    name = gethostname() if host in _WILDCARDS else f"[{host}]" if ":" in host else host
    scheme = "https" if toolkit.tls_server_config.enabled else "http"
    _check_tokens(given, place)
    return Web(
        host=host,
        port=port,
        external_url=(given.external_url or f"{scheme}://{name}:{port}{prefix}").rstrip("/"),
        route_prefix=prefix,
        config_file=Path(given.config_file) if given.config_file else None,
        toolkit=toolkit,
        tokens=given.tokens,
        anonymous=given.anonymous,
        limits=given.limits,
    )


def read_file(path: Path) -> WebConfigFile:
    """A web configuration file. Raises ConfigError."""
    shown = str(path)
    documents = yamltext.parse(yamltext.read(path, shown), shown)
    place = Place(shown, documents[0] if documents else Node(1, 1, entries={}))
    try:
        found = WebConfigFile.model_validate(anchored(pruned(place.node.tree()), path.parent))
    except ValidationError as error:
        place.refuse(error, WebConfigFile)
        raise ConfigError(place.found) from None
    servertls.check(found.tls_server_config, place.within("tls_server_config"))
    if place.found:
        raise ConfigError(place.found)
    return found


def _toolkit(given: WebEntry, place: Place) -> WebConfigFile:
    own = WebConfigFile(**{name: getattr(given, name) for name in WebConfigFile.model_fields})
    if not given.config_file:
        servertls.check(own.tls_server_config, place.within("tls_server_config"))
        return own
    for name in given.model_fields_set & set(WebConfigFile.model_fields):
        place.problem_at_key(f"{name} belongs into the web configuration file, since there is one", name)
    try:
        return read_file(Path(given.config_file))
    except ConfigError as error:
        place.found += error.problems
        return own


def _check_tokens(given: WebEntry, place: Place) -> None:
    for index, entry in enumerate(given.tokens):
        try:
            empty = bool(entry.token_file) and not Path(entry.token_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as problem:
            why = problem.strerror if isinstance(problem, OSError) else "it is not UTF-8"
            place.problem(f"the token's file cannot be read: {why}", "tokens", index, "token_file")
        else:
            if empty:
                place.problem("the token's file is empty", "tokens", index, "token_file")
