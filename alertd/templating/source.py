"""Where something stands in a template: offsets become lines and columns only when an error needs them."""

from dataclasses import dataclass

from alertd.errors import TemplateError


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one file or one annotation, and its name for messages."""

    text: str
    name: str = ""

    def error(self, message: str, at: int) -> TemplateError:
        """An error that points at an offset of this text."""
        before = self.text[:at]
        line, column = before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1
        named = f"{self.name}: {message}" if self.name else message
        return TemplateError(named, line=line, column=column)
