# Says what it got, the way an old script does: by CONTENT_LENGTH.
use strict;
use warnings;

my $body = '';
read(STDIN, $body, $ENV{CONTENT_LENGTH} // 0);
print "Content-Type: text/plain\r\n\r\n", length($body), ":$body";
