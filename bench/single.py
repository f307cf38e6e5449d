"""One client that asks for one thing after the other on one kept connection: what bench/calls and bench/instructions count."""
import http.client


def fire(port, path, count, body_bytes=0):
    client = http.client.HTTPConnection("127.0.0.1", port)
    body = b"a" * body_bytes if body_bytes else None
    for _ in range(count):
        client.request("POST" if body else "GET", path, body)
        answer = client.getresponse()
        content = answer.read()
        assert answer.status == 200 and content, (path, answer.status)
    client.close()
