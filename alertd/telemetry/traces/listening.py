"""OTLP's exporters with an ear: they pass over what a collector says of a batch that it took."""

from typing import Any

from opentelemetry.sdk.trace.export import SpanExporter

from alertd.telemetry.partial import Partial, partial


class LastAnswer:
    """What a collector said of the last batch, to be taken once. Exporters note it in the thread they export in."""

    def __init__(self) -> None:
        self._last = Partial()

    def note(self, one: Partial) -> None:
        """Remember it."""
        self._last = one

    def take(self) -> Partial:
        """It, and forget it."""
        last, self._last = self._last, Partial()
        return last


def over_http(endpoint: str | None, headers: dict[str, str] | None, timeout: float, said: LastAnswer) -> SpanExporter:
    """OTLP over HTTP."""
    import requests
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    def listen(answer: requests.Response, **_: object) -> None:
        if answer.ok:
            said.note(partial(answer.content))

    session = requests.Session()
    session.hooks["response"].append(listen)
    return OTLPSpanExporter(endpoint=endpoint, headers=headers, timeout=timeout, session=session)


def over_grpc(endpoint: str | None, headers: dict[str, str] | None, timeout: float, said: LastAnswer) -> SpanExporter:
    """OTLP over gRPC."""
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    class Listening(OTLPSpanExporter):
        def _initialize_channel_and_stub(self) -> None:
            super()._initialize_channel_and_stub()  # type: ignore[no-untyped-call]
            client: Any = self._client
            export = client.Export

            def listen(**call: object) -> None:
                answer = export(**call).partial_success
                said.note(Partial(max(0, answer.rejected_spans), answer.error_message))

            client.Export = listen

    return Listening(endpoint=endpoint, headers=headers, timeout=timeout)
