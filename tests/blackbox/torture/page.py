"""The page that a process of a tortured house shares with the test (tests/torture/calls.c)."""
import mmap
import struct

LAYOUT = "<IIIIqi28sQ"
CALLS, MEMORY = 1, 2


class Page:
    def __init__(self, folder, process):
        path = folder / f"longhouse {process}"
        path.write_bytes(bytes(mmap.PAGESIZE))
        path.chmod(0o666)
        self.file = open(path, "r+b")
        self.bytes = mmap.mmap(self.file.fileno(), mmap.PAGESIZE)

    def _put(self, at, form, *values):
        struct.pack_into(form, self.bytes, at, *values)

    def arm(self, what, nth, choice):
        """The nth of those calls that are made from now on fails, with the error of that number in its list."""
        self._put(0, "<I", 0)
        self._put(4, "<IIIqi28sQ", nth, 0, choice, 0, 0, b"", 0)
        self._put(0, "<I", what)

    def disarm(self):
        """(call, error, address of who called), or None: so many calls were not made."""
        self._put(0, "<I", 0)
        *_, error, name, caller = struct.unpack_from(LAYOUT, self.bytes)
        return (name.rstrip(b"\0").decode(), error, caller) if caller else None

    def step(self, seconds):
        """The wall clock of the process jumps."""
        self._put(16, "<q", seconds)

    def close(self):
        self.bytes.close()
        self.file.close()
