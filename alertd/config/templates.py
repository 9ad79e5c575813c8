"""The template files of notifications, and whether the texts of receivers can be expanded with them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from alertd.config import yamltext
from alertd.config.problems import Place
from alertd.config.rules import matched
from alertd.config.watching import Stamp, stamp
from alertd.errors import ConfigError, Problem, TemplateError
from alertd.spelling import suggest
from alertd.templating import shipped
from alertd.templating.notifications import TemplateSet, compile_templates

_WILDCARDS = frozenset("*?[")
_NO_TEXTS = ("http_config", "tls_config")  # mappings whose values are never templates
_MAIL = "email.default.html"
_PAGE = ("html",)  # the key whose value is a page


@dataclass(frozen=True)
class Templates:
    """What `templates` names. `files` are names and texts in the order in which one replaces what others define."""

    patterns: tuple[str, ...] = ()
    base: Path = Path()
    files: tuple[tuple[str, str], ...] = ()
    stamp: Stamp = frozenset()  # what the files were just before they were read
    complete: bool = True  # every pattern matched, and every file could be used
    sound: bool = True  # every file that is there could be used
    compiled: TemplateSet = field(default_factory=lambda: compile_templates([]), compare=False, repr=False)

    def matched(self) -> Iterator[Path]:
        """The files there are now."""
        return matched(self.patterns, self.base)


def read(patterns: tuple[str, ...], base: Path, place: Place) -> Templates:
    """The files that the patterns match, relative ones from `base`; what is wrong in them is put down at `place`.

    As in Alertmanager, files that are not there are no problem.
    """
    before = stamp(matched(patterns, base))
    files: list[tuple[str, str]] = []
    complete = usable = True
    for index, pattern in enumerate(patterns):
        paths = sorted(matched([pattern], base))
        if not paths and not _WILDCARDS & set(pattern):
            place.note(f'templates has "{pattern}", which does not exist', index, hint="what it defines is missing")
        sound = [(str(path), text) for path in paths if (text := _sound(path, place)) is not None]
        usable = usable and len(sound) == len(paths)
        complete = complete and bool(paths) and usable
        files += sound
    compiled = compile_templates(files)
    if _MAIL in compiled.names:
        _check_page(_MAIL, f'{{{{ template "{_MAIL}" . }}}}', compiled, place, ())
    return Templates(patterns, base, tuple(files), before, complete, usable, compiled)


def check_texts(config: BaseModel, templates: Templates, place: Place) -> None:
    """Whether the texts of a receiver can be expanded. One that may only lack a file, or be no page, is noted."""
    for path, text in _texts(config):
        if "{{" not in text:
            continue
        key = ".".join(map(str, path))
        try:
            unknown = templates.compiled.check(text)
        except TemplateError as error:
            place.problem(f"{key}: bad template: {error}", *path)
            continue
        for name in unknown:
            _unknown(f'{key}: no template "{name}" is defined', name, templates, place, path)
        if path == _PAGE and not unknown:
            _check_page(key, text, templates.compiled, place, path)


def _sound(path: Path, place: Place) -> str | None:
    """The text of a file that can be parsed."""
    try:
        text = yamltext.read(path, str(path))
        compile_templates([("", text)])
    except ConfigError as error:
        place.found.extend(error.problems)
    except TemplateError as error:
        place.found.append(Problem(f"bad template: {error.message}", str(path), error.line, error.column))
    else:
        return text
    return None


def _unknown(message: str, name: str, templates: Templates, place: Place, path: tuple[str | int, ...]) -> None:
    if not templates.sound:
        return
    if templates.complete:
        place.problem(message, *path, hint=suggest(name, [*templates.compiled.names, *shipped.names()]))
    else:
        place.note(message, *path, hint="unless the files that are missing define it, alertd's own text is sent")


def _check_page(key: str, text: str, templates: TemplateSet, place: Place, path: tuple[str | int, ...]) -> None:
    try:
        templates.check_html(text)
    except TemplateError as error:
        place.note(f"{key}: {error}", *path, hint="alertd's own page is sent")


def _texts(thing: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The texts that were written into a configuration, and where; secrets are not among them."""
    if isinstance(thing, str):
        yield path, thing
    elif isinstance(thing, BaseModel):
        for name, info in type(thing).model_fields.items():
            if name in thing.model_fields_set and name not in _NO_TEXTS and not name.endswith("_file"):
                yield from _texts(getattr(thing, name), (*path, info.alias or name))
    elif isinstance(thing, Mapping):
        for key, value in thing.items():
            yield from _texts(value, (*path, str(key)))
    elif isinstance(thing, (list, tuple)):
        for index, value in enumerate(thing):
            yield from _texts(value, (*path, index))
