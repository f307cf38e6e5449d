# Ends at once and leaves a child that holds the output open.
echo "Content-Type: text/plain"
echo
echo "parent"
sleep 60 &
