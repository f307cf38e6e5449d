"""A WebSocket server on a unix socket: what it is told it says again."""
import asyncio
import sys

import websockets


async def talk(socket, path):
    async for message in socket:
        if message == "path":
            await socket.send(path)
        elif message == "field":
            await socket.send(socket.request_headers["X-Forwarded-For"])
        elif message == "bye":
            await socket.close(4001, "so long")
        else:
            await socket.send(message)


async def serve():
    async with websockets.unix_serve(talk, sys.argv[1], subprotocols=["chat"], max_size=None):
        await asyncio.Future()


asyncio.run(serve())
