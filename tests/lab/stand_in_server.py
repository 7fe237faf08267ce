"""A model server reduced to what the parts need of one."""

from __future__ import annotations

import asyncio
import signal
import sys

CHUNKS = 5
GAP_SECONDS = 0.03


async def answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    if b"/stream" in head:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(CHUNKS):
            writer.write(b"1\r\n.\r\n")
            await asyncio.sleep(GAP_SECONDS)
        writer.write(b"0\r\n\r\n")
    elif b"/error" in head:
        writer.write(b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n")
    else:
        body = sys.argv[sys.argv.index("--name") + 1].encode()
        length = b"%d" % len(body)
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Length: "
            + length
            + b"\r\n\r\n"
            + body
        )
    writer.close()


async def main() -> None:
    if "--deaf" in sys.argv:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "--broken" in sys.argv:
        raise SystemExit("no weights for this model")
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(
        f"ready http://127.0.0.1:{server.sockets[0].getsockname()[1]}",
        flush=True,
    )
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
