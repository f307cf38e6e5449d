"""Clients that begin a request and then do nothing until they are sent away: in processes of their own, each with an address
of its own, so that neither the descriptors of one process nor the ports of one address are a limit.

    slow_crowd.py PORT ADDRESS COUNT <TEXT   says "begun" when all have said the text, and "ended" when all were sent away
"""
import contextlib
import pathlib
import resource
import select
import socket
import subprocess
import sys

PROCESSES = 4
MOST_DESCRIPTORS = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
GONE = select.POLLRDHUP | select.POLLHUP | select.POLLERR


def take_all_descriptors():
    """For this process, from now on, and those that it starts."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_DESCRIPTORS, MOST_DESCRIPTORS))


class SlowCrowd:
    """So many clients that say the text to a port of 127.0.0.1."""

    def __init__(self, port, count, text):
        self.ours = []
        for number in range(PROCESSES):
            share = (count + number) // PROCESSES
            self.ours.append(
                subprocess.Popen(
                    [sys.executable, pathlib.Path(__file__), str(port), f"127.0.1.{number + 1}", str(share)],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                )  # fmt: skip
            )
        for process in self.ours:
            process.stdin.write(text)
            process.stdin.close()

    def __enter__(self):
        self._wait_for("begun")
        return self

    def __exit__(self, *_):
        for process in self.ours:
            process.kill()
            process.wait()
            process.stdout.close()

    def wait_until_sent_away(self):
        self._wait_for("ended")

    def _wait_for(self, word):
        for process in self.ours:
            assert process.stdout.readline().decode().strip() == word


def begun(port, address, text):
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    # which port is only chosen when the other end is known: the same one may be used for several
    client.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
    client.bind((address, 0))
    client.connect(("127.0.0.1", port))
    client.sendall(text)
    return client


def main(port, address, count):
    text = sys.stdin.buffer.read()
    take_all_descriptors()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(begun(int(port), address, text)) for _ in range(int(count))]
        print("begun", flush=True)
        poll = select.poll()
        for client in clients:
            poll.register(client, GONE)
        left = {client.fileno() for client in clients}
        while left:
            events = poll.poll(60_000)
            if not events:
                sys.exit(f"{len(left)} are still there")
            for number, _ in events:
                poll.unregister(number)
                left.discard(number)
        print("ended", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
