echo "this is no head, only text"
