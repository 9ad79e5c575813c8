"""Text becomes core objects: YAML, validation, secrets, plugins. May not open a connection or decide about alerts."""

from alertd.config.load import load, reload

__all__ = ["load", "reload"]
