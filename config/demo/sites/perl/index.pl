# Counts words. Run by perl for each request, through CGIhandler.
use strict;
use warnings;
use utf8;

binmode STDOUT, ':encoding(UTF-8)';

sub html {
    my ($text) = @_;
    my %mark = ('&' => '&amp;', '<' => '&lt;', '>' => '&gt;', '"' => '&quot;');
    $text =~ s/([&<>"])/$mark{$1}/g;
    return $text;
}

# One field of a form, decoded.
sub field {
    my ($body, $name) = @_;
    for my $pair (split /&/, $body) {
        my ($key, $value) = split /=/, $pair, 2;
        next unless defined $key && $key eq $name;
        $value //= '';
        $value =~ tr/+/ /;
        $value =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge;
        utf8::decode($value);
        return $value;
    }
    return '';
}

my $body = '';
read STDIN, $body, $ENV{CONTENT_LENGTH} if $ENV{CONTENT_LENGTH};
my $text = field($body, 'text');

print "Content-Type: text/html; charset=utf-8\n\n";
print <<"PAGE";
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>perl.localhost</title>
<link rel="stylesheet" href="/house.css">
<nav><a href="http://localhost:8080/">← the demo house</a></nav>
<header>
<h1>Perl counts your words</h1>
<p class="lead">Perl $^V started for this request as process $$ and ends with it.</p>
</header>
<form method="post" action="/">
<textarea name="text" placeholder="Write something" autofocus>@{[html($text)]}</textarea>
<p><button>Count</button></p>
</form>
PAGE

my %count;
$count{lc $_}++ for $text =~ /([\w']+)/g;
if (%count) {
    my @words = (sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count);
    my $total = 0;
    $total += $_ for values %count;
    printf "<h2>%d words, %d different</h2>\n<table>\n", $total, scalar @words;
    splice @words, 12 if @words > 12;
    printf "<tr><th>%s<td>%d\n", html($_), $count{$_} for @words;
    print "</table>\n";
}
print "<p><small>The script is <code>$ENV{SCRIPT_NAME}</code>; ",
    "what it prints on its standard error is in <code>perl.error</code>, line by line.</small></p>\n</html>\n";
