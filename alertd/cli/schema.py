"""`alertd schema`: the JSON Schema of rule files and of the configuration, for editors to complete and underline."""

import json

import click


@click.command()
@click.argument("what", type=click.Choice(["rules", "config"]))
def command(what: str) -> None:
    """Print the JSON Schema of rule files or of the configuration, with the receivers that are installed."""
    from alertd.config import jsonschema

    schema = jsonschema.rules() if what == "rules" else jsonschema.config()
    click.echo(json.dumps(schema, indent=2, ensure_ascii=False))
