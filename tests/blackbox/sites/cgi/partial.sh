# Begins an answer and then stays.
echo "Content-Type: text/plain"
echo
echo "so far"
sleep 60
