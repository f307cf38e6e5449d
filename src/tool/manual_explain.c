/* The man page longhouse-explain(8). */
#include "config/manual.h"
#include "tool_private.h"
#include "verbs.h"

#include <stdio.h>
#include <string.h>

static const char chapters[] =
    "## DESCRIPTION\n"
    "Sends a request for each URL through the house's own code, as the user of the server (see "
    "ServerId in longhouse.conf(5)), and prints each decision on the way: which binding and host, "
    "which rules of UrlToolkit, which Directory sections, what lies on the disk and who lacks "
    "which right, who is let in, who answers and why, and all that a program would be told. No "
    "program is started, no target connected to, no file changed.\n"
    "## OPTIONS\n"
    "- `-c FILE`: the configuration, a file or folder, as it is now on the disk.\n"
    "- `-X METHOD`: another method than GET.\n"
    "- `-H 'NAME: VALUE'`: a field of the request; may be repeated. Authorization is checked, "
    "conditions and ranges count.\n"
    "- `--from ADDRESS`: who asks; 127.0.0.1 otherwise. From a TrustedProxy, X-Forwarded-For "
    "names the client.\n"
    "- `--json`: one object in one line for each URL.\n"
    "- `--run`: sends it to the running house too, and prints when each part of the answer came; "
    "with TraceFor also what the running house has decided.\n"
    "## OUTPUT\n"
    "One line for each decision: the part of the house, `+` for what holds, is there or lets pass, "
    "`-` for what does not, the fact, and the place in the configuration that decided. On a "
    "terminal with colours, unless NO_COLOR is set. The last line is the answer.\n"
    "## EXIT STATUS\n"
    "- `0`: all URLs are explained, whatever their answer is.\n"
    "- `1`: the configuration is faulty, the user of the server cannot be had, or --run got no "
    "answer.\n"
    "- `2`: the command line is wrong.\n"
    "## EXAMPLES\n"
    "- `longhouse explain http://shop.example.org/item/7`\n"
    "- `longhouse explain shop.example.org/admin/ --from 192.0.2.7 -H 'Cookie: a=b'`\n"
    "- `longhouse explain --json -X POST shop.example.org/buy.php`\n"
    "## SEE ALSO\n"
    "`longhouse`(8), `longhouse.conf`(5)\n";

void manual_explain_write(FILE *out)
{
    const struct verb *verb = tool_verbs;

    while (strcmp(verb->name, "explain") != 0)
        verb++;
    fprintf(out,
            ".TH LONGHOUSE\\-EXPLAIN 8 \"\" \"Longhouse %s\"\n"
            ".SH NAME\nlonghouse\\-explain \\- why a URL is answered as it is\n"
            ".SH SYNOPSIS\n.B longhouse\n",
            LONGHOUSE_VERSION);
    manual_roff(out, verb->usage);
    manual_roff(out, chapters);
}
