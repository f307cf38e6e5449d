echo "I fail" >&2
exit 7
