"""The routes: any model behind OpenAI's chat completions.

    POST /v1/chat/completions   an answer, streamed or whole
    GET  /v1/models             what there is to ask
    GET  /healthz               200: the process lives
    GET  /readyz                200: send requests; 503: draining, or its
                                model would only refuse

What a client may get wrong is answered with OpenAI's error object, whatever it
is: also an unknown path, a body that is no JSON, one that is too large or
never arrives, or what is no HTTP at all (`listening`). The inside of an
unexpected error stays inside (`failures`).

When it does not help: TLS, slow headers and limits by address are the work of
the proxy in front of it.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import replace

from aiohttp import HttpVersion11, web

from optimizations.errors import BadRequest, ConnectionFailed, LLMError
from optimizations.llm import LLM, Request, Trace
from optimizations.server.caller import identify, request_id_of
from optimizations.server.failures import (
    failure,
    http_error,
    internal,
    respond,
)
from optimizations.server.sending import ReaderGone, Sender, drop
from optimizations.wire import (
    complain,
    fits_header,
    read_object,
    read_request,
)

BODY_BYTES = 1024 * 1024
_ID = web.RequestKey("request_id", str)
_TRACE = web.RequestKey("trace", Trace)


def create_app(
    model: LLM,
    *,
    name: str = "module12",
    api_key: str | None = None,
    read_seconds: float = 30.0,
    write_seconds: float = 30.0,
    drop_refused: bool = False,
) -> web.Application:
    """An app that serves `model`, under `name`, to whoever has the `api_key`
    (None: to all); `listening` puts it on a port. Whoever made the model
    closes it.

    A `ConnectionFailed` of the model is told as 502; with `drop_refused` it
    breaks the client's connection, so that a simulated refusal is a real one.
    """
    service = Service(
        model, name, api_key, read_seconds, write_seconds, drop_refused
    )
    app = web.Application(
        middlewares=[service.guard], client_max_size=BODY_BYTES
    )
    app[SERVICE] = service
    app.on_response_prepare.append(service.sign)
    for method, path, handler in (
        ("POST", "/v1/chat/completions", service.chat_completions),
        ("GET", "/v1/models", service.models),
        ("GET", "/healthz", service.healthz),
        ("GET", "/readyz", service.readyz),
    ):
        app.router.add_route(
            method, path, handler, expect_handler=service.expect
        )
    return app


class Service:
    """What the routes share."""

    def __init__(
        self,
        model: LLM,
        name: str,
        api_key: str | None,
        read_seconds: float,
        write_seconds: float,
        drop_refused: bool,
    ) -> None:
        for seconds in (read_seconds, write_seconds):
            if not 0 < seconds < math.inf:
                raise ValueError(f"seconds above 0 and finite, not {seconds}")
        if not fits_header(name):
            raise ValueError("name: 1 to 128 printable ASCII characters")
        if api_key is not None and not fits_header(api_key):
            raise ValueError("api_key: 1 to 128 printable ASCII characters")
        self.draining = False  # set it, and the proxy sends nothing more
        self.answering = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._model = model
        self._name = name
        self._api_key = api_key
        self._read_seconds = read_seconds
        self._write_seconds = write_seconds
        self._drop_refused = drop_refused

    async def idle(self) -> None:
        """Wait until no answer is on its way."""
        await self._idle.wait()

    async def chat_completions(self, http: web.Request) -> web.StreamResponse:
        """Answer one request."""
        request, usage = await self._read(http)
        http[_TRACE] = request.trace
        self.answering += 1
        self._idle.clear()
        sender = Sender(http, self._write_seconds)
        try:
            if request.streamed:
                return await sender.streamed(self._model, request, usage=usage)
            return await sender.whole(self._model, request)
        except ConnectionFailed:
            if not self._drop_refused:
                raise
            drop(http)
            return web.Response()  # to nobody
        finally:
            self.answering -= 1
            if not self.answering:
                self._idle.set()

    async def models(self, http: web.Request) -> web.Response:
        """The one model there is."""
        entry = {"id": self._name, "object": "model", "created": 0}
        return respond(
            {"object": "list", "data": [{**entry, "owned_by": "module12"}]}
        )

    async def healthz(self, http: web.Request) -> web.Response:
        """Whoever can say this lives."""
        return respond({"status": "ok"})

    async def readyz(self, http: web.Request) -> web.Response:
        """Whether to send requests here."""
        if self.draining:
            return respond({"status": "draining"}, 503)
        if not self._model.available:
            return respond({"status": "unavailable"}, 503)
        return respond({"status": "ready"})

    @web.middleware
    async def guard(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        """Turn whatever is raised into an error object."""
        request[_ID] = request_id_of(request.headers)
        try:
            return await handler(request)
        except LLMError as error:
            return failure(error)
        except ReaderGone:
            return web.Response()  # to nobody
        except web.HTTPException as error:
            return failure(http_error(error), error.headers.get("Allow"))
        except Exception as error:
            return failure(internal(error, request[_ID]))

    async def expect(self, http: web.Request) -> web.Response | None:
        """Tell a client that asks first to go on, as `Expect` has it. aiohttp
        asks this before `guard`.
        """
        if http.version < HttpVersion11:
            return None
        if http.headers["Expect"].lower() != "100-continue":
            demand = "only 100-continue is understood here"
            return failure(complain("Expect", demand, status=417))
        await http.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        http.writer.output_size = 0  # the answer itself has not begun
        return None

    async def sign(
        self, http: web.Request, response: web.StreamResponse
    ) -> None:
        """Say in each response which request it is for, and who answered."""
        if _ID not in http:  # refused before `guard`
            http[_ID] = request_id_of(http.headers)
        trace = http.get(_TRACE)
        served_by = trace.served_by if trace is not None else ""
        response.headers["X-Request-ID"] = http[_ID]
        response.headers["X-Served-By"] = (
            served_by if fits_header(served_by) else self._name
        )
        if trace is not None and trace.age_seconds > 0:
            response.headers["Age"] = str(round(trace.age_seconds))

    async def _read(self, http: web.Request) -> tuple[Request, bool]:
        caller = identify(http.headers, self._api_key)
        try:
            async with asyncio.timeout(self._read_seconds):
                body = read_object(await http.read())
        except TimeoutError:
            raise BadRequest(
                "the body did not arrive in time",
                status=408,
                code="request_timeout",
            ) from None
        except web.RequestPayloadError:
            raise BadRequest("the body is not encoded as it says") from None
        except ValueError as error:
            raise BadRequest(f"the body: {error}") from None
        request, with_usage = read_request(
            body,
            tenant=caller.tenant,
            request_id=http[_ID],
            idempotency_key=caller.idempotency_key,
        )
        return replace(request, cache=caller.cache), with_usage


SERVICE = web.AppKey("service", Service)
