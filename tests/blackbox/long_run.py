"""How long the fault suite tries, and what its dice throw: the same again with the same seed."""
import os
import random

TIMES = int(os.environ.get("LONGHOUSE_FAULTS_TIMES", "1"))
SEED = int(os.environ.get("LONGHOUSE_FAULTS_SEED", "1"))


def dice(name):
    """The dice of one test."""
    return random.Random(f"{SEED} {name}")
