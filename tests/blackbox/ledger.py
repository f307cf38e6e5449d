"""What the processes of a house hold while they rest, to be compared after a fault."""
import family
from house import wait_until


class Ledger:
    NAMES = ("supervisor", "server", "spawner")

    def __init__(self, house):
        self.house = house
        self.before = self.held()

    def held(self):
        pids = (self.house.process.pid, self.house.server_pid(), self.house.spawner_pid())
        return {name: len(family.sockets_and_pipes(pid)) for name, pid in zip(self.NAMES, pids)}

    def balances(self):
        """Nobody holds more descriptors than before, whoever died meanwhile."""
        wait_until(
            f"descriptors as before: {self.before}, now {self.held()}",
            lambda: all(count <= self.before[name] for name, count in self.held().items()),
        )
