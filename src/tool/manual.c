/* `longhouse manual` and `longhouse schema`: the option table and the verbs, for people and tools.
 */
#include "config/manual.h"
#include "tool/tool.h"
#include "tool_private.h"
#include "verbs.h"

#include <stdio.h>
#include <string.h>

static const char description[] =
    "Longhouse serves files, runs CGI scripts and programs, and speaks FastCGI and SCGI to "
    "load-balanced backends, for many websites under one roof. The configuration is that of "
    "longhouse.conf(5): `" CONFIG_FOLDER "` unless -c says otherwise, a file, or a folder in which "
    "the first of longhouse.conf, longhouse.yaml, hiawatha.conf and thttpd.conf is taken.\n";

static const char chapters[] =
    "## OLDER COMMAND LINES\n"
    "Hiawatha's flags work without a verb: `longhouse -c DIR`, with `-d` to stay in the "
    "foreground, `-k` to check and exit, `-v`, `-h` and `-m`. thttpd's work behind `longhouse "
    "thttpd`.\n"
    "## EXIT STATUS\n"
    "- `0`: it worked; of `check`: the configuration can be used.\n"
    "- `1`: it did not, which is said on stderr; of `check`: there is an error, or with --strict "
    "a warning.\n"
    "- `2`: the command line is wrong.\n"
    "## SIGNALS\n"
    "To the process whose number is in the PIDfile:\n"
    "- `TERM`, `INT`: end; answers in flight are finished, for DrainTime at most.\n"
    "- `USR1`: open the log files anew.\n"
    "## FILES\n"
    "- `" CONFIG_FOLDER "/longhouse.conf`: the configuration.\n"
    "- `/var/log/longhouse/`: the logs, unless the configuration says otherwise.\n"
    "- `/run/longhouse/control.sock`: where `status`, `backend` and `stop` ask.\n"
    "## SEE ALSO\n"
    "`longhouse-explain`(8), `longhouse.conf`(5)\n";

static void write_man(void)
{
    printf(".TH LONGHOUSE 8 \"\" \"Longhouse %s\"\n"
           ".SH NAME\nlonghouse \\- web and application server for many websites\n"
           ".SH SYNOPSIS\n",
           LONGHOUSE_VERSION);
    for (const struct verb *verb = tool_verbs; verb->name; verb++) {
        printf("%s.B longhouse\n", verb == tool_verbs ? "" : ".br\n");
        manual_roff(stdout, verb->usage);
    }
    printf(".SH DESCRIPTION\n");
    manual_roff(stdout, description);
    printf(".SH VERBS\n");
    for (const struct verb *verb = tool_verbs; verb->name; verb++) {
        printf(".TP\n.B %s\n", verb->name);
        manual_roff(stdout, verb->text);
    }
    manual_roff(stdout, chapters);
}

int tool_manual(int argc, char **argv)
{
    if (argc == 0)
        manual_write(stdout);
    else if (argc == 1 && strcmp(argv[0], "--man5") == 0)
        manual_write_man(stdout);
    else if (argc == 1 && strcmp(argv[0], "--man8") == 0)
        write_man();
    else if (argc == 1 && strcmp(argv[0], "--explain8") == 0)
        manual_explain_write(stdout);
    else
        return usage("manual [--man5|--man8|--explain8]");
    return 0;
}

int tool_schema(int argc, char **argv)
{
    (void)argv;
    if (argc > 0)
        return usage("schema");
    manual_write_schema(stdout);
    return 0;
}
