"""A language model's API on this machine: a real HTTP server with answers of your own.

It speaks the chat completions protocol, whole and streamed, so that LiteLLM and every client of
that protocol talk to it as to a provider. Tests and notebooks use it where no network is.
"""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Reply: TypeAlias = str | "Answer"
    Replier: TypeAlias = Callable[[dict[str, Any]], Reply]

MODEL: Final = "offline-test-server"
_CHUNK: Final = 8
_CHARACTERS_PER_TOKEN: Final = 4


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the server, where text alone does not say enough.

    Parameters
    ----------
    text
        What the model writes.
    tool_calls
        Name and arguments of each tool that it asks for.
    status
        HTTP status; 400 and above make it an error with `text` as its message.
    delay
        Seconds before the answer begins.
    prompt_tokens, completion_tokens
        What is reported; counted as a quarter of the characters if None.
    finish_reason
        Why the model stopped; ``"tool_calls"`` or ``"stop"`` if None.

    Examples
    --------
    >>> Answer("Too many requests", status=429).status
    429
    """

    text: str = ""
    tool_calls: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    status: int = 200
    delay: float = 0.0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    finish_reason: str | None = None


@dataclass(slots=True)
class LLMServer:
    """A running server.

    Parameters
    ----------
    url
        What ``OPENAI_BASE_URL`` or an alias' ``api_base`` is set to.
    requests
        The body of each request so far.
    headers
        The headers of each request so far, with names in lower case.

    Examples
    --------
    >>> with serve_llm("Hello.") as server:
    ...     server.model
    'openai/offline-test-server'
    """

    url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    model: str = f"openai/{MODEL}"


@contextmanager
def serve_llm(
    reply: Reply | Replier = "An answer of the offline test server.", *, failures: Iterable[int] = ()
) -> Iterator[LLMServer]:
    """Run the server on a free port of 127.0.0.1 while the block runs.

    Parameters
    ----------
    reply
        The answer to every request, or a function from the request's body to the answer.
    failures
        HTTP statuses for the first requests, for example ``[429, 500]``.

    Yields
    ------
    LLMServer
        Its address and what it was asked.

    Examples
    --------
    >>> import json, urllib.request
    >>> with serve_llm(lambda request: request["messages"][-1]["content"].upper()) as server:
    ...     body = json.dumps({"messages": [{"role": "user", "content": "rain"}]}).encode()
    ...     with urllib.request.urlopen(f"{server.url}/chat/completions", body) as response:
    ...         answer = json.load(response)
    >>> answer["choices"][0]["message"]["content"]
    'RAIN'
    """
    replier: Replier = reply if callable(reply) else lambda request: reply
    http = _Server(("127.0.0.1", 0), _Handler)
    http.replier, http.failures = replier, list(failures)
    http.record = LLMServer(f"http://127.0.0.1:{http.server_address[1]}/v1")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, name="llm-server", daemon=True)
    thread.start()
    try:
        yield http.record
    finally:
        http.closing.set()
        http.shutdown()
        http.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A client that keeps its connection open must not keep the block from ending.
    block_on_close = False
    replier: Replier
    failures: list[int]
    record: LLMServer

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.lock = threading.Lock()
        self.closing = threading.Event()
        super().__init__(address, handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that hangs up early is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._send(200, {"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "kitaru"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        with self.server.lock:
            self.server.record.requests.append(body)
            self.server.record.headers.append({name.lower(): value for name, value in self.headers.items()})
            failure = self.server.failures.pop(0) if self.server.failures else None
        answer = _as_answer(f"The offline test server fails with {failure}.") if failure else self._ask(body)
        status = failure or answer.status
        if answer.delay and self.server.closing.wait(answer.delay):
            return
        if status >= 400:
            error = {"message": answer.text, "type": "offline_test_failure", "code": str(status)}
            self._send(status, {"error": error})
        elif body.get("stream"):
            self._stream(answer, body)
        else:
            self._send(200, _whole(answer, body))

    def _ask(self, body: dict[str, Any]) -> Answer:
        try:
            return _as_answer(self.server.replier(body))
        except Exception as error:
            # The test sees what its reply function raised as the server's answer.
            return Answer(f"The reply function raised {type(error).__name__}: {error}", status=500)

    def _send(self, status: int, content: dict[str, Any]) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self._end_headers_for_good()
        self.wfile.write(data)

    def _stream(self, answer: Answer, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self._end_headers_for_good()
        for event in _chunks(answer, body):
            self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
            self.wfile.flush()
        self.wfile.write(b"data: [DONE]\n\n")

    def _end_headers_for_good(self) -> None:
        # Clients that keep connections for later would hold sockets to a server that is gone.
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Print nothing."""


def _as_answer(reply: Reply) -> Answer:
    return Answer(reply) if isinstance(reply, str) else reply


def _envelope(kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
    model = body.get("model") or MODEL
    return {
        "id": "chatcmpl-offline",
        "object": kind,
        "created": int(time.time()),
        "model": model,
        "system_fingerprint": MODEL,
    }


def _usage(answer: Answer, body: Mapping[str, Any]) -> dict[str, int]:
    sent = len(json.dumps(body.get("messages", []))) // _CHARACTERS_PER_TOKEN
    written = (len(answer.text) + len(json.dumps(answer.tool_calls))) // _CHARACTERS_PER_TOKEN
    prompt = sent if answer.prompt_tokens is None else answer.prompt_tokens
    completion = written if answer.completion_tokens is None else answer.completion_tokens
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _calls(answer: Answer) -> list[dict[str, Any]]:
    return [
        {"id": f"call_{index}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
        for index, (name, arguments) in enumerate(answer.tool_calls)
    ]


def _reason(answer: Answer) -> str:
    return answer.finish_reason or ("tool_calls" if answer.tool_calls else "stop")


def _whole(answer: Answer, body: Mapping[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
    if answer.tool_calls:
        message["tool_calls"] = _calls(answer)
    choice = {"index": 0, "message": message, "finish_reason": _reason(answer)}
    return _envelope("chat.completion", body) | {"choices": [choice], "usage": _usage(answer, body)}


def _chunks(answer: Answer, body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    envelope = _envelope("chat.completion.chunk", body)

    def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        return envelope | {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}

    yield chunk({"role": "assistant", "content": ""})
    for start in range(0, len(answer.text), _CHUNK):
        yield chunk({"content": answer.text[start : start + _CHUNK]})
    for index, call in enumerate(_calls(answer)):
        yield chunk({"tool_calls": [{"index": index, **call}]})
    yield chunk({}, _reason(answer))
    if (body.get("stream_options") or {}).get("include_usage"):
        yield envelope | {"choices": [], "usage": _usage(answer, body)}
