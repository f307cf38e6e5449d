# Far too many words on stderr, then an answer.
use strict;
use warnings;

print STDERR "chatter $_\n" for 1 .. 20000;
print "Content-Type: text/plain\n\nstill here";
