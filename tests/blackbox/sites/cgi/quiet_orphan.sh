# Ends and leaves a child that holds nothing.
echo "Content-Type: text/plain"
echo
echo "parent"
sleep 60 </dev/null >/dev/null 2>&1 &
