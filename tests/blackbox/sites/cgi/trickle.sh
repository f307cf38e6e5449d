# One line at once, then nothing for a long time.
echo "Content-Type: text/event-stream"
echo
echo "data: one"
exec sleep 60
