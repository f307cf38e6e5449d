import sys

sys.stdout.write("Content-Type: text/plain\nX-Bad: a\0b\n\nbody")
