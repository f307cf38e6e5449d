import sys

body = sys.stdin.buffer.read()  # to the end of the input
sys.stdout.write("Content-Type: text/plain\n\n")
sys.stdout.flush()
sys.stdout.buffer.write(body.upper())
