"""Runs a compiled template once, and makes sure that nothing but a TemplateError can come of a bad one."""

from collections.abc import Mapping
from typing import Any

from alertd.errors import TemplateError
from alertd.templating.bytestrings import clean
from alertd.templating.limits import Limits
from alertd.templating.run import Compiled, Run


def run_template(
    template: Compiled,
    templates: Mapping[str, Compiled],
    dot: Any,
    *,
    host: Any,
    limits: Limits,
    variables: tuple[Any, ...] = (),
) -> str:
    """What a template makes of a value. `templates` are those it may call. Raises TemplateError."""
    run = Run(templates, host, limits)
    try:
        template.start(run, dot, variables)
    except RecursionError:  # the depth is bounded, but not how much of the stack the caller has left
        raise TemplateError("values or templates are nested too deeply") from None
    return clean(run.result())
