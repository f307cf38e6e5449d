"""WebSockets through the house: client and server are python3-websockets, so both ends are as strict as they should be."""
import asyncio
import contextlib
import os
import pathlib
import sys

import pytest
import websockets

from backends import Program
from h2wire import H2Visitor
from house import House, opened, wait_until

HERE = pathlib.Path(__file__).resolve().parent
SIZE = 400_000
ASKED = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
]


class WebSocketProgram(Program):
    def __init__(self):
        super().__init__("websocket")
        self.command = [sys.executable, str(HERE / "websocket_program.py"), str(self.socket)]


@pytest.fixture(scope="module")
def house():
    house = House("websocket")
    house.option("DrainTime = 1s")
    house.option("LogFormat = common")
    house.section(f"Binding {{\n  Port = {house.port}\n  Interface = 127.0.0.1\n  AcceptHTTP2 = prior-knowledge\n}}")
    with contextlib.ExitStack() as stack:
        house.program = stack.enter_context(WebSocketProgram())
        house.host("chat.test", f"  WebSocket = {house.program.socket} /chat, /live/*").put("chat", "a file")
        house.host("rules.test", f"  ReverseProxy = ^/app/ {house.program.socket} keep-alive")
        house.host("closed.test", f"  WebSocket = {house.program.socket} *\n  AccessList = deny all")
        house.section(f"FastCGIserver {{\n  FastCGIid = app\n  Protocol = http\n  ConnectTo = {house.program.socket}\n}}")
        house.host("section.test", "  UseFastCGI = app")
        with opened(house):
            yield house


def connect(house, name, path, **more):
    return websockets.connect(f"ws://{name}{path}", host="127.0.0.1", port=house.port, max_size=None, **more)


def tunnels(house):
    return sum(target["websockets"] for section in house.status()["fastcgi"] for target in section["targets"])


@pytest.mark.parametrize("name, path", [("chat.test", "/chat?room=1"), ("chat.test", "/live/a/b"),
                                        ("rules.test", "/app/ws"), ("section.test", "/any")])  # fmt: skip
def test_messages_go_to_and_fro(house, name, path):
    async def visit():
        async with connect(house, name, path, subprotocols=["other", "chat"]) as socket:
            assert socket.subprotocol == "chat"
            for message in ("path", "field", "hello", os.urandom(SIZE)):
                await socket.send(message)
                answer = await socket.recv()
                assert answer == {"path": path, "field": "127.0.0.1"}.get(message, message)
            await (await socket.ping())
            assert tunnels(house) == 1
            await socket.send("bye")
            await socket.wait_closed()
            assert (socket.close_code, socket.close_reason) == (4001, "so long")

    asyncio.run(visit())
    wait_until("the tunnel to end", lambda: tunnels(house) == 0)
    wait_until("its line", lambda: f'"GET {path} HTTP/1.1" 101 ' in house.sites[name].access_log())
    line = [line for line in house.sites[name].access_log().splitlines() if " 101 " in line][-1]
    assert int(line.split(" 101 ")[1].split()[0]) > SIZE
    assert house.sites[name].error_log() == ""


def test_many_at_once_and_both_directions(house):
    async def chat(socket, number):
        sent = [os.urandom(100_000) for _ in range(4)]
        heard = asyncio.ensure_future(hear(socket, len(sent)))
        for message in sent:
            await socket.send(message)
        assert await heard == sent, number

    async def hear(socket, count):
        return [await socket.recv() for _ in range(count)]

    async def visit():
        async with contextlib.AsyncExitStack() as stack:
            sockets = [await stack.enter_async_context(connect(house, "chat.test", "/chat")) for _ in range(4)]
            assert tunnels(house) == 4
            await asyncio.gather(*(chat(socket, number) for number, socket in enumerate(sockets)))

    asyncio.run(visit())
    wait_until("the tunnels to end", lambda: tunnels(house) == 0)


@pytest.mark.parametrize("name, path, status", [("chat.test", "/chat/more", 404), ("chat.test", "/live", 404),
                                                ("closed.test", "/chat", 403)])  # fmt: skip
def test_elsewhere_there_is_none(house, name, path, status):
    async def visit():
        with pytest.raises(websockets.InvalidStatusCode) as refused:
            await connect(house, name, path)
        assert refused.value.status_code == status

    asyncio.run(visit())


def test_other_requests_for_the_path_are_no_websockets(house):
    site = house.sites["chat.test"]
    assert site.get("/chat").body == b"a file"
    assert site.get("/chat", fields=[("Connection", "Upgrade"), ("Upgrade", "h2c")]).body == b"a file"
    assert site.get("/chat", fields=ASKED[:-1]).body == b"a file"
    # over a rule of ReverseProxy they are passed on, without a word of an upgrade
    assert house.sites["rules.test"].get("/app/a").status == 426
    assert house.sites["rules.test"].get("/app/a", fields=ASKED[:-1]).status == 426


def test_what_is_refused_can_be_followed_by_another_request(house):
    site = house.sites["section.test"]
    with house.visit() as visitor:
        for _ in range(2):
            visitor.request("GET", "/any", host=site.name, fields=[*ASKED[:2], ("Sec-WebSocket-Version", "9"), ASKED[3]])
            assert visitor.answer().status == 400  # the version, says the backend
        visitor.request("OPTIONS", "*", host=site.name)
        assert visitor.answer().status == 204


def test_bytes_that_came_with_the_request_are_heard(house):
    masked = bytes([0x81, 0x82, 0, 0, 0, 0]) + b"hi"
    with house.visit() as visitor:
        head = "GET /chat HTTP/1.1\r\nHost: chat.test\r\n" + "".join(f"{name}: {value}\r\n" for name, value in ASKED)
        visitor.send(head.encode() + b"\r\n" + masked)
        answer = visitor.head()
        assert (answer.status, answer["Sec-WebSocket-Accept"]) == (101, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        assert visitor.first_bytes(4) == b"\x81\x02hi"


def masked(opcode, content=b""):
    return bytes([0x80 | opcode, 0x80 | len(content), 0, 0, 0, 0]) + content


def test_over_http2(house):
    with H2Visitor(house.port, name="chat.test") as visitor:
        asked = [(":protocol", "websocket"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Protocol", "chat")]
        stream = visitor.request("CONNECT", "/chat", fields=asked, end=False)
        answer = visitor.answers[stream]
        while answer.status == 0:
            visitor.listen()
        assert (answer.status, answer["Sec-WebSocket-Protocol"]) == (200, "chat")
        assert "sec-websocket-accept" not in dict(answer.fields)
        visitor.send_body(stream, masked(1, b"hi") + masked(1, b"field"), end=False)
        heard = b"\x81\x02hi\x81\x09127.0.0.1"
        while len(answer.body) < len(heard):
            visitor.listen()
        assert answer.body == heard and tunnels(house) == 1
        assert visitor.get("/chat").body == b"a file"  # beside it
        refused = visitor.answer(visitor.request("CONNECT", "/chat.txt", fields=asked, end=False))
        assert refused.status == 404
        visitor.send_body(stream, masked(8), end=False)
        assert visitor.answer(stream).complete
        visitor.h2.end_stream(stream)
        visitor.flush()
    wait_until("the tunnel to end", lambda: tunnels(house) == 0)
    wait_until("its line", lambda: '"CONNECT /chat HTTP/2.0" 101 ' in house.sites["chat.test"].access_log())


def test_it_is_explained_and_looked_after(house):
    words = [word for name, value in ASKED for word in ("-H", f"{name}: {value}")]
    status, said, _ = house.verb("explain", f"http://chat.test:{house.port}/chat", *words)
    assert status == 0 and "a WebSocket rule takes it" in said and "WebSocket + " not in said
    assert "it asks for a WebSocket" in said and "10 min" in said
    status, said, _ = house.verb("explain", f"http://chat.test:{house.port}/chat")
    assert "a WebSocket rule takes it" not in said and "it asks for a WebSocket" not in said


def test_a_reload_leaves_it_and_a_stop_ends_it(house):
    async def visit():
        async with connect(house, "chat.test", "/chat") as socket:
            assert house.verb("reload")[0] == 0
            await socket.send("still here")
            assert await socket.recv() == "still here"
            assert await asyncio.to_thread(house.stop) == 0
            with pytest.raises(websockets.ConnectionClosed):
                await socket.recv()

    asyncio.run(visit())
    house.start()
