# The query is the answer, with "|" for the end of a line and "+" for a blank.
$_ = $ENV{QUERY_STRING};
tr/|+/\n /;
print;
