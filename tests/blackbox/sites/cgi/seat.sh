# Notes in $NOTES when it begins and when it ends, and takes the time that the query says between.
echo "+ $QUERY_STRING" >>"$NOTES"
sleep "${QUERY_STRING%%,*}"
echo "- $QUERY_STRING" >>"$NOTES"
printf 'Content-Type: text/plain\n\nseated\n'
