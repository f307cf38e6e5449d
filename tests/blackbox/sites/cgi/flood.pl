# Writes for ever.
use strict;
use warnings;

print "Content-Type: text/plain\n\n";
my $piece = 'x' x 65536;
print $piece while 1;
