# The query is a list of pauses; after each of them a byte is written. The head comes before the first one that is not 0.
import os
import sys
import time

head = "Content-Type: text/plain\n\n"
for pause in os.environ["QUERY_STRING"].split(","):
    time.sleep(float(pause))
    sys.stdout.write(head + ".")
    sys.stdout.flush()
    head = ""
