use strict;
use warnings;

print "Content-Type: text/plain\n\nhello from perl\n";
