echo "Content-Type: text/plain"
echo
echo "hello from sh"
