/* The verbs of the front door, and what is said about all of them. */
#include "verbs.h"

#include "tool/tool.h"

#include <stdio.h>

const struct verb tool_verbs[] = {
    { "run", tool_run, "run [-c FILE|DIR] [--daemon] [--quiet]",
      "start the house (in the foreground; --daemon: behind)" },
    { "serve", tool_serve, "serve [DIR] [--port N] [--cgi .cgi,.pl,.py] [--php]",
      "serve a folder now, without a configuration" },
    { "thttpd", tool_thttpd, "thttpd [-C FILE] [-p PORT] [-d DIR] [-c PATTERN] ...",
      "start the house as thttpd was started" },
    { "check", tool_check, "check [-c FILE|DIR] [--strict]",
      "check a configuration and sum it up; exit status 0 or 1 (--strict: also for warnings)" },
    { "explain", tool_explain,
      "explain URL... [-c FILE|DIR] [-X METHOD] [-H FIELD] [--from ADDRESS] [--json] [--run]",
      "why a URL is answered as it is: each decision, with its place in the configuration" },
    { "doctor", tool_doctor, "doctor [HOST] [-c FILE|DIR] [--json]",
      "try what the configuration needs: interpreters, backends, folders, limits; what to do" },
    { "show", tool_show, "show [-c FILE|DIR] [--block|--yaml]",
      "the configuration as it is read: one text, variables replaced" },
    { "import", tool_import, "import FILE|DIR [--yaml]",
      "a hiawatha.conf or thttpd.conf in the form of Longhouse" },
    { "status", tool_status, "status [-c FILE|DIR] [--json]", "what the running house does" },
    { "backend", tool_backend, "backend drain|enable NAME [-c FILE|DIR]",
      "a FastCGI target takes no new sessions, or does again" },
    { "acme", tool_acme, "acme renew [HOST] [-c FILE|DIR]",
      "get the certificate of a host with AutoTLS, or all, now" },
    { "password", tool_password, "password [--digest REALM] FILE USER",
      "set the password of a user in a file for PasswordFile" },
    { "ban", tool_ban, "ban ADDRESS [TIME] [-c FILE|DIR]",
      "a client is not served, for a day or for TIME (600, 10m, 2h, 30d)" },
    { "unban", tool_unban, "unban ADDRESS|all [-c FILE|DIR]", "it is served again" },
    { "bans", tool_bans, "bans [-c FILE|DIR]", "who is banned, until when and why" },
    { "reload", tool_reload, "reload [-c FILE|DIR]",
      "apply the changed configuration while the house runs" },
    { "upgrade", tool_upgrade, "upgrade [-c FILE|DIR]",
      "a new version of the program takes over, without closing a socket" },
    { "stop", tool_stop, "stop [-c FILE|DIR]", "end it; answers in flight are finished first" },
    { "manual", tool_manual, "manual [--man5|--man8|--explain8]",
      "all options of the configuration, as Markdown; the man pages" },
    { "schema", tool_schema, "schema", "a JSON Schema of the configuration in YAML" },
    { "completion", tool_completion, "completion bash|zsh|fish|vim",
      "completion for a shell, highlighting for an editor" },
    { "version", tool_version, "version", "the version" },
    { "help", tool_help, "help", "this text" },
    { NULL, NULL, NULL, NULL },
};

int tool_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("Longhouse %s\n", LONGHOUSE_VERSION);
    return 0;
}

int tool_help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("Longhouse %s: many websites under one roof, with CGI and FastCGI\n\n",
           LONGHOUSE_VERSION);
    for (const struct verb *verb = tool_verbs; verb->name; verb++)
        printf("  longhouse %-52s %s\n", verb->usage, verb->text);
    printf("\nThe configuration is %s unless -c says otherwise: the first of longhouse.conf,\n"
           "longhouse.yaml, hiawatha.conf and thttpd.conf in it.\n\n"
           "Hiawatha's flags work too: longhouse [-c DIR] [-d: stay in the foreground] [-k: check "
           "and exit]\n[-v: version] [-h: help] [-m: what is built in]\n",
           CONFIG_FOLDER);
    return 0;
}
