"""docs/metrics.md, as the catalogue has it: `python -m tests.telemetry.catalogued > docs/metrics.md`."""

from collections.abc import Iterator

from alertd.telemetry.catalogue import SECTIONS

_HEAD = """\
# Metrics

`/metrics` speaks the Prometheus text format, and OpenMetrics with [exemplars](telemetry.md#metrics) to who asks for it.
Names and labels here are stable: dashboards and rules may build on them. The same metrics go
[to an OpenTelemetry collector](telemetry.md#to-an-opentelemetry-collector), if that is wanted.
"""
_INTRODUCTIONS = {
    "Telling": "`receiver` is the name in the configuration; `integration` is the notifier and its place in the "
    "receiver, as in `email[0]`.",
    "Alertmanager's names": "Dashboards and rules that were made for Alertmanager, Prometheus or vmalert find what "
    "they look for, with these meanings. What is about a cluster, a notification log or sending alerts to an "
    "Alertmanager has no equivalent here.",
    "Prometheus' names": "`rule_group` is the file and the name of the group, as in `rules/jobs.yml;jobs`. These are "
    "many, so they are there only for who asks for `/metrics?names=prometheus`; in a Prometheus, "
    "`params: {names: [prometheus]}` in its `scrape_configs`.",
    "vmalert's names": "Only at `/metrics?names=vmalert`; `?names=prometheus,vmalert` gives both.",
}


def document() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_lines()])


def _lines() -> Iterator[str]:
    for number, (title, rows) in enumerate(SECTIONS.items()):
        yield from [""] * bool(number) + [f"## {title}", ""]
        if title in _INTRODUCTIONS:
            yield from (_INTRODUCTIONS[title], "")
        yield from ("| metric | type | what it says |", "|---|---|---|")
        yield from (f"| `{row.name}` | {row.kind} | {row.text} |" for row in rows)
    yield ""


if __name__ == "__main__":
    print(document(), end="")
