# Takes some processor time and memory.
import time

memory = b"m" * (30 << 20)
while time.process_time() < 0.2:
    pass
print("Content-Type: text/plain\n\nburnt", len(memory))
