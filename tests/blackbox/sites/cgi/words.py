# Two lines for the error log, one of them a forgery attempt, and an answer.
import os

os.write(2, b"first words\nsecond \x1b[31mwords\r2026-01-01 forged\n")
os.write(2, b"an unfinished line")
print("Content-Type: text/plain\n\nspoken")
