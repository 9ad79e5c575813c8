"""Telling a Telegram chat, as a bot. https://core.telegram.org/bots/api#sendmessage"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from html import escape, unescape
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import SecretStr, model_validator

from alertd.config.fields import Flag, Integer, Text, Url
from alertd.errors import DeliveryError
from alertd.http import Reply
from alertd.notifiers import cut
from alertd.notifiers.posting import Posted, PostingNotifier, Request, Verdict, tree
from alertd.notifiers.texts import Texts, lines

_MOST = 4096  # characters of what is shown
_MOST_MARKUP = 4 * _MOST
_LONGEST_WAIT = 86_400  # seconds
_TAG = re.compile(r"<[^<>]*>")
_UNREADABLE = "parse entities"  # in what Telegram says of markup that it cannot read


class TelegramConfig(Posted):
    """`telegram_configs`, as in Alertmanager."""

    inherited: ClassVar = {"api_url": "telegram_api_url", "bot_token": "telegram_bot_token"}

    api_url: Url | None = None
    bot_token: SecretStr | None = None
    bot_token_file: str = ""
    chat_id: Integer = 0
    chat_id_file: str = ""
    message_thread_id: Integer = 0
    message: Text = '{{ template "telegram.default.message" . }}'
    disable_notifications: Flag = False
    parse_mode: Literal["HTML", "Markdown", "MarkdownV2", ""] = "HTML"

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        self.exclusive("bot_token", "chat_id")
        self.require("chat_id")
        return self

    def with_global(self, global_: Any) -> Self:
        """With the address and the token. Raises ValueError."""
        complete = super().with_global(global_)
        complete.require("bot_token", ", here or as telegram_bot_token in global")
        return complete


class TelegramNotifier(PostingNotifier[TelegramConfig]):
    """Sends one text a message. Markup that Telegram cannot read, or that is too long, arrives as plain text."""

    Config = TelegramConfig

    async def deliver(self, texts: Texts) -> str:
        """Send it, a second time without its markup if that is what Telegram objects to. Raises DeliveryError."""
        url = f"{str(self.config.api_url).rstrip('/')}/bot{self.secret('bot_token', texts)}/sendMessage"
        document = {**self._document(), **_text(self.config, texts)}
        try:
            return (await self.post(Request(url, document), texts)).words
        except DeliveryError as refusal:
            if "parse_mode" not in document or _UNREADABLE not in str(refusal):
                raise
            texts.problems.append(f"sent as plain text: {refusal}")
        return (await self.post(Request(url, _plain(document)), texts)).words

    def verdict(self, reply: Reply) -> Verdict:
        """As its status says, or the code in an answer that is not `ok`; when to come back is said there too."""
        said = tree(reply)
        code = said.get("error_code") if said.get("ok") is False else None
        verdict = self.by_status(replace(reply, status=code) if isinstance(code, int) else reply)
        parameters = said.get("parameters")
        wait = parameters.get("retry_after") if isinstance(parameters, dict) else None
        if not verdict.reason or not isinstance(wait, int) or not 0 <= wait < _LONGEST_WAIT:
            return verdict
        return replace(verdict, retry_after=timedelta(seconds=wait))

    def _document(self) -> Mapping[str, Any]:
        thread = {"message_thread_id": self.config.message_thread_id} if self.config.message_thread_id else {}
        return {
            "chat_id": _chat(self.config),
            **thread,
            "disable_notification": self.config.disable_notifications,
            "disable_web_page_preview": True,
        }


def _chat(config: TelegramConfig) -> int:
    if not config.chat_id_file:
        return config.chat_id
    try:
        return int(Path(config.chat_id_file).read_text(encoding="utf-8").strip())
    except OSError as problem:
        raise DeliveryError(f"cannot read {config.chat_id_file}: {problem.strerror}", reason="secret") from None
    except ValueError:
        raise DeliveryError(f"{config.chat_id_file} holds no number", permanent=True, reason="config") from None


def _text(config: TelegramConfig, texts: Texts) -> Mapping[str, str]:
    mode = {"parse_mode": config.parse_mode} if config.parse_mode else {}
    if config.parse_mode != "HTML":
        text = texts.body("message", config.message).strip() or lines(texts.notification)
        return {"text": cut.utf16(text, _MOST), **mode}
    made = texts.expand("`message`", config.message, texts.context.render_html)
    markup = (made or "").strip() or escape(lines(texts.notification, texts.problems))
    shown = _shown(markup)
    fits = len(markup) <= _MOST_MARKUP and cut.utf16(shown, _MOST) == shown
    return {"text": markup, **mode} if fits else {"text": cut.utf16(shown, _MOST)}


def _shown(markup: str) -> str:
    """What people see of a text with markup."""
    return unescape(_TAG.sub("", markup))


def _plain(document: Mapping[str, Any]) -> Mapping[str, Any]:
    text = _shown(document["text"]) if document["parse_mode"] == "HTML" else document["text"]
    return {key: value for key, value in {**document, "text": text}.items() if key != "parse_mode"}
