"""The templates that alertd brings along, under the names that Alertmanager's have, so that files can replace them.

One file a subject, in `defaults/`; it is read and parsed when somebody first calls one of its templates.
"""

from functools import cache
from importlib.resources import files

from alertd.templating.nodes import Template
from alertd.templating.notificationfunctions import NOTIFICATION_FUNCTIONS
from alertd.templating.parser import parse
from alertd.templating.source import Source

_SHARED = "shared"
SUBJECTS = (
    _SHARED, "discord", "email", "jira", "mattermost", "msteams", "msteamsv2", "opsgenie", "pagerduty", "pushover",
    "rocketchat", "slack", "sns", "telegram", "victorops", "webex", "wechat",
)  # fmt: skip


def shipped(name: str) -> Template | None:
    """The template of that name, if there is one."""
    subject = _SHARED if name.startswith("__") else name.partition(".")[0]
    return _defined(subject).get(name) if subject in SUBJECTS else None


def names() -> list[str]:
    """All of them, sorted."""
    return sorted(name for subject in SUBJECTS for name in _defined(subject))


@cache
def _defined(subject: str) -> dict[str, Template]:
    file = f"{subject}.tmpl"
    text = files("alertd.templating").joinpath("defaults", file).read_text(encoding="utf-8")
    return dict(parse(Source(text, f"alertd's own {file}"), NOTIFICATION_FUNCTIONS).defined)
