/*
 * The front door: `longhouse VERB ...` in the manner of git, and Hiawatha's own flags. It contains
 * no HTTP and hands over to the programs behind it.
 */
#include "tool/tool.h"

#include <stdio.h>
#include <string.h>

struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *usage;
    const char *text;
};

static int tool_help(int argc, char **argv);

static int tool_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("Longhouse %s\n", LONGHOUSE_VERSION);
    return 0;
}

static const struct verb verbs[] = {
    { "run", tool_run, "run [-c FILE|DIR] [--daemon] [--quiet]",
      "start the house (in the foreground; --daemon: behind)" },
    { "serve", tool_serve, "serve [DIR] [--port N] [--cgi .cgi,.pl,.py] [--php]",
      "serve a folder now, without a configuration" },
    { "thttpd", tool_thttpd, "thttpd [-C FILE] [-p PORT] [-d DIR] [-c PATTERN] ...",
      "start the house as thttpd was started" },
    { "check", tool_check, "check [-c FILE|DIR]",
      "check a configuration and sum it up; exit status 0 or 1" },
    { "show", tool_show, "show [-c FILE|DIR] [--block|--yaml]",
      "the configuration as it is read: one text, variables replaced" },
    { "import", tool_import, "import FILE|DIR [--yaml]",
      "a hiawatha.conf or thttpd.conf in the form of Longhouse" },
    { "status", tool_status, "status [-c FILE|DIR] [--json]", "what the running house does" },
    { "backend", tool_backend, "backend drain|enable NAME [-c FILE|DIR]",
      "a FastCGI target takes no new sessions, or does again" },
    { "password", tool_password, "password [--digest REALM] FILE USER",
      "set the password of a user in a file for PasswordFile" },
    { "ban", tool_ban, "ban ADDRESS [TIME] [-c FILE|DIR]",
      "a client is not served, for a day or for TIME (600, 10m, 2h, 30d)" },
    { "unban", tool_unban, "unban ADDRESS|all [-c FILE|DIR]", "it is served again" },
    { "bans", tool_bans, "bans [-c FILE|DIR]", "who is banned, until when and why" },
    { "stop", tool_stop, "stop [-c FILE|DIR]", "end it; answers in flight are finished first" },
    { "manual", tool_manual, "manual", "all options of the configuration, as Markdown" },
    { "version", tool_version, "version", "the version" },
    { "help", tool_help, "help", "this text" },
};

#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

static int tool_help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("Longhouse %s: many websites under one roof, with CGI and FastCGI\n\n",
           LONGHOUSE_VERSION);
    for (size_t i = 0; i < VERB_COUNT; i++)
        printf("  longhouse %-52s %s\n", verbs[i].usage, verbs[i].text);
    printf("\nThe configuration is %s unless -c says otherwise: the first of longhouse.conf,\n"
           "longhouse.yaml, hiawatha.conf and thttpd.conf in it.\n\n"
           "Hiawatha's flags work too: longhouse [-c DIR] [-d: stay in the foreground] [-k: check "
           "and exit]\n[-v: version] [-h: help] [-m: what is built in]\n",
           CONFIG_FOLDER);
    return 0;
}

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
    for (size_t i = 0; i < VERB_COUNT; i++) {
        if (strcmp(argv[1], verbs[i].name) == 0)
            return verbs[i].run(argc - 2, argv + 2);
    }
    fprintf(stderr, "longhouse: unknown verb '%s'; see 'longhouse help'\n", argv[1]);
    return 2;
}
