/*
 * The front door: `longhouse VERB ...` in the manner of git, and Hiawatha's own flags. It contains
 * no HTTP and hands over to the programs behind it.
 */
#include "tool/tool.h"
#include "verbs.h"

#include <stdio.h>
#include <string.h>

static int tool_modules(void)
{
    printf("Longhouse %s, built with: CGI, FastCGI, IPv6, seccomp\n", LONGHOUSE_VERSION);
    return 0;
}

/* `longhouse -c DIR -d`, as hiawatha was called. */
static int run_as_hiawatha(int argc, char **argv)
{
    static char daemon_word[] = "--daemon";
    char *words[8];
    int count = 0;
    bool check = false;
    bool foreground = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-c") == 0 && i + 1 < argc && count < 6) {
            words[count++] = argv[i];
            words[count++] = argv[++i];
        } else if (strcmp(argv[i], "-d") == 0) {
            foreground = true;
        } else if (strcmp(argv[i], "-k") == 0) {
            check = true;
        } else if (strcmp(argv[i], "-v") == 0 || strcmp(argv[i], "--version") == 0) {
            return tool_version(0, NULL);
        } else if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
            return tool_help(0, NULL);
        } else if (strcmp(argv[i], "-m") == 0) {
            return tool_modules();
        } else {
            fprintf(stderr, "longhouse: unknown flag '%s'; see 'longhouse help'\n", argv[i]);
            return 2;
        }
    }
    if (check)
        return tool_check(count, words);
    if (!foreground)
        words[count++] = daemon_word;
    return tool_run(count, words);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        tool_help(0, NULL);
        return 2;
    }
    if (argv[1][0] == '-')
        return run_as_hiawatha(argc, argv);
    for (const struct verb *verb = tool_verbs; verb->name; verb++) {
        if (strcmp(argv[1], verb->name) == 0)
            return verb->run(argc - 2, argv + 2);
    }
    fprintf(stderr, "longhouse: unknown verb '%s'; see 'longhouse help'\n", argv[1]);
    return 2;
}
