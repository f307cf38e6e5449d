#!/usr/bin/perl
# A FastCGI application in Perl, as one writes it with the FCGI module. The last part of the path chooses the act.
use strict;
use warnings;
use FCGI;

my %env;
my $request = FCGI::Request(\*STDIN, \*STDOUT, \*STDERR, \%env);

sub body {
    my $body = '';
    while (read(STDIN, my $piece, 65536)) { $body .= $piece }
    return $body;
}

# One event, then the next one only when the test has seen it.
sub events {
    my $seen = $env{QUERY_STRING};
    print "Content-Type: text/event-stream\r\n\r\n";
    for my $number (1 .. 3) {
        print "data: $number\n\n";
        $request->Flush();
        for (1 .. 500) { last if -e "$seen.$number"; select(undef, undef, undef, 0.01) }
    }
}

while ($request->Accept() >= 0) {
    my ($act) = ($env{SCRIPT_NAME} || '') =~ m{([^/]*)$};
    if ($act eq 'events') {
        events();
    } elsif ($act eq 'words') {
        print STDERR "words of $$\n";
        print "Status: 403 Not Today\r\nContent-Type: text/plain\r\n\r\nno";
    } elsif ($act eq 'last') {
        print "Content-Type: text/plain\r\n\r\n$$";
        $request->LastCall();
    } else {
        my $body = body();
        print "Content-Type: text/plain\r\n\r\npid=$$\nmethod=$env{REQUEST_METHOD}\nquery=$env{QUERY_STRING}\n",
            'bytes=', length($body), "\nsum=", unpack('%32C*', $body), "\n";
    }
}
