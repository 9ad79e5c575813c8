"""Templates of notifications: files that define templates, and the texts of receivers that call them.

Source of the rules: https://prometheus.io/docs/alerting/latest/notifications/
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from alertd.errors import TemplateError
from alertd.templating.autoescape.escape import escaped
from alertd.templating.autoescape.escapers import ESCAPERS
from alertd.templating.calls import reachable
from alertd.templating.compile import compile_template
from alertd.templating.expand import run_template
from alertd.templating.functions import Functions
from alertd.templating.limits import NOTIFICATION
from alertd.templating.nodes import Parsed, Template
from alertd.templating.notificationdata import KV, Alert, NotificationData
from alertd.templating.notificationfunctions import NOTIFICATION_FUNCTIONS
from alertd.templating.parser import parse
from alertd.templating.run import Compiled
from alertd.templating.shipped import shipped
from alertd.templating.source import Source

__all__ = ["KV", "Alert", "NotificationData", "TemplateSet", "compile_templates"]

Find = Callable[[str], Template | None]

_HTML_FUNCTIONS: Functions = {**NOTIFICATION_FUNCTIONS, **ESCAPERS}


@dataclass(frozen=True, slots=True)
class _Prepared:
    main: Compiled
    callable: dict[str, Compiled]


class TemplateSet:
    """Templates that may call each other and those of alertd. Texts are parsed when they first occur, and then kept."""

    def __init__(self, templates: dict[str, Template]) -> None:
        self._templates = templates
        self._prepared_text = lru_cache(maxsize=1024)(self._prepare_text)
        self._prepared_html = lru_cache(maxsize=128)(self._prepare_html)

    @property
    def names(self) -> frozenset[str]:
        """The templates that the files define; a text may also call those of alertd that have other names."""
        return frozenset(self._templates)

    def check(self, text: str) -> list[str]:
        """The templates that a text calls, itself or through others, and nobody defines. Raises TemplateError."""
        called = reachable(*self._looked_up(text))
        return sorted(name for name, template in called.items() if template is None)

    def check_html(self, text: str) -> None:
        """Raises TemplateError if a text cannot be a page: if it is unclear where in it a value would stand."""
        self._prepared_html(text)

    def text(self, text: str, data: NotificationData) -> str:
        """A text as it is, for everything but HTML. Raises TemplateError."""
        return _run(self._prepared_text(text), data) if "{{" in text else text

    def html(self, text: str, data: NotificationData) -> str:
        """A text as HTML: what is put into it is escaped as its place demands. Raises TemplateError."""
        return _run(self._prepared_html(text), data) if text else text

    def _looked_up(self, text: str) -> tuple[Template, Find]:
        """The template that a text is, and where it finds those that it calls."""
        parsed = _parsed(Source(text))
        return parsed.main, lambda name: parsed.defined.get(name) or self._templates.get(name) or shipped(name)

    def _prepare_text(self, text: str) -> _Prepared:
        main, find = self._looked_up(text)
        return _compiled(main, reachable(main, find), NOTIFICATION_FUNCTIONS)

    def _prepare_html(self, text: str) -> _Prepared:
        main, find = self._looked_up(text)
        known = {name: template for name, template in reachable(main, find).items() if template}
        return _compiled(*escaped(main, known), _HTML_FUNCTIONS)


def compile_templates(sources: Sequence[tuple[str, str]]) -> TemplateSet:
    """The templates of files, given as (name, text). Raises TemplateError.

    What a later file defines replaces what an earlier one or alertd did, unless it is blank; so does the text of a
    file itself, which can be called by the file's name.
    """
    templates: dict[str, Template] = {}
    for name, text in sources:
        parsed = _parsed(Source(text, name))
        for defined, template in {**parsed.defined, name.rpartition("/")[2]: parsed.main}.items():
            if not template.blank or not (defined in templates or shipped(defined)):
                templates[defined] = template
    return TemplateSet(templates)


def _compiled(main: Template, called: Mapping[str, Template | None], functions: Functions) -> _Prepared:
    own = {name: compile_template(template, functions) for name, template in called.items() if template}
    return _Prepared(compile_template(main, functions), own)


def _parsed(source: Source) -> Parsed:
    if len(source.text) > NOTIFICATION.source:
        raise TemplateError(f"{source.name or 'a template'} has more than {NOTIFICATION.source} characters")
    return parse(source, NOTIFICATION_FUNCTIONS)


def _run(prepared: _Prepared, data: NotificationData) -> str:
    return run_template(prepared.main, prepared.callable, data, host=data, limits=NOTIFICATION)
