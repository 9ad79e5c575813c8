"""Templates of notifications: files that define templates, and the texts of receivers that call them.

Source of the rules: https://prometheus.io/docs/alerting/latest/notifications/
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from alertd.errors import TemplateError
from alertd.templating.autoescape.escape import escaped
from alertd.templating.autoescape.escapers import ESCAPERS
from alertd.templating.compile import compile_template
from alertd.templating.expand import run_template
from alertd.templating.functions import Functions
from alertd.templating.limits import NOTIFICATION
from alertd.templating.nodes import Parsed, Template
from alertd.templating.notificationdata import KV, Alert, NotificationData
from alertd.templating.notificationfunctions import NOTIFICATION_FUNCTIONS
from alertd.templating.parser import parse
from alertd.templating.run import Compiled
from alertd.templating.source import Source

__all__ = ["KV", "Alert", "NotificationData", "TemplateSet", "compile_templates"]

_HTML_FUNCTIONS: Functions = {**NOTIFICATION_FUNCTIONS, **ESCAPERS}


@dataclass(frozen=True, slots=True)
class _Prepared:
    main: Compiled
    callable: dict[str, Compiled]


class TemplateSet:
    """Templates that may call each other. Texts are parsed when they first occur, and then kept."""

    def __init__(self, templates: dict[str, Template]) -> None:
        self._templates = templates
        self._compiled = {
            name: compile_template(template, NOTIFICATION_FUNCTIONS) for name, template in templates.items()
        }
        self._prepared_text = lru_cache(maxsize=1024)(self._prepare_text)
        self._prepared_html = lru_cache(maxsize=128)(self._prepare_html)

    @property
    def names(self) -> frozenset[str]:
        """The templates that a text may call."""
        return frozenset(self._templates)

    def check(self, text: str) -> None:
        """Raises TemplateError if a text cannot be parsed."""
        _parsed(Source(text))

    def text(self, text: str, data: NotificationData) -> str:
        """A text as it is, for everything but HTML. Raises TemplateError."""
        return _run(self._prepared_text(text), data) if "{{" in text else text

    def html(self, text: str, data: NotificationData) -> str:
        """A text as HTML: what is put into it is escaped as its place demands. Raises TemplateError."""
        return _run(self._prepared_html(text), data) if text else text

    def _prepare_text(self, text: str) -> _Prepared:
        parsed = _parsed(Source(text))
        own = {name: compile_template(body, NOTIFICATION_FUNCTIONS) for name, body in parsed.defined.items()}
        return _Prepared(compile_template(parsed.main, NOTIFICATION_FUNCTIONS), {**self._compiled, **own})

    def _prepare_html(self, text: str) -> _Prepared:
        parsed = _parsed(Source(text))
        main, called = escaped(parsed.main, {**self._templates, **parsed.defined})
        compiled = {name: compile_template(body, _HTML_FUNCTIONS) for name, body in called.items()}
        return _Prepared(compile_template(main, _HTML_FUNCTIONS), compiled)


def compile_templates(sources: Sequence[tuple[str, str]]) -> TemplateSet:
    """The templates of files, given as (name, text). Raises TemplateError.

    What a later file defines replaces what an earlier one did, unless it is blank; so does the text of a file itself,
    which can be called by the file's name.
    """
    templates: dict[str, Template] = {}
    for name, text in sources:
        parsed = _parsed(Source(text, name))
        for defined, template in {**parsed.defined, name.rpartition("/")[2]: parsed.main}.items():
            if defined not in templates or not template.blank:
                templates[defined] = template
    return TemplateSet(templates)


def _parsed(source: Source) -> Parsed:
    if len(source.text) > NOTIFICATION.source:
        raise TemplateError(f"{source.name or 'a template'} has more than {NOTIFICATION.source} characters")
    return parse(source, NOTIFICATION_FUNCTIONS)


def _run(prepared: _Prepared, data: NotificationData) -> str:
    return run_template(prepared.main, prepared.callable, data, host=data, limits=NOTIFICATION)
