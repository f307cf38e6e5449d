echo "no answer from me" >&2
