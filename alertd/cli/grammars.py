"""How commands that read a configuration are told which of Alertmanager's grammars its matchers are in."""

import click

from alertd.core.matchers import Grammar


def _grammar(_: click.Context, __: click.Parameter, name: str) -> Grammar:
    return Grammar(name)


matchers_option = click.option(
    "--matchers",
    "grammar",
    type=click.Choice([str(one) for one in Grammar]),
    default=str(Grammar.FALLBACK),
    show_default=True,
    callback=_grammar,
    help="How matchers are read: as Alertmanager does by default, in UTF-8, or as of old.",
)
