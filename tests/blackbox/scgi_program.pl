#!/usr/bin/perl
# An SCGI program with the library that Debian has: says who asks, and gives the body back.
use strict;
use warnings;
use IO::Socket::UNIX;
use SCGI;

my $socket = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 64) or die "$ARGV[0]: $!";
my $scgi = SCGI->new($socket, blocking => 1);

while (my $request = $scgi->accept) {
    eval { $request->read_env; 1 } or next;    # somebody only looked whether we listen
    my $env = $request->env;
    my $body = '';
    my $left = $env->{CONTENT_LENGTH};
    while ($left > 0) {
        my $got = read($request->connection, $body, $left, length $body) or last;
        $left -= $got;
    }
    print { $request->connection } "Content-Type: text/plain\n\n$env->{REQUEST_METHOD} $env->{REQUEST_URI} $body";
    close $request->connection;
}
