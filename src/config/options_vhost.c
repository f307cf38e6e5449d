/* Options of a website: inside VirtualHost, and outside sections for the default host. */
#include "build.h"

#include <stdint.h>

/* ---- names ---- */

static bool is_host_byte(char c)
{
    /* ':', '[' and ']' for IPv6 literals; bytes above ASCII are for people who write names as they
     * read. */
    return ascii_is_alpha(c) || ascii_is_digit(c) || strchr("-._:[]", c) != NULL;
}

/* Why this cannot be a host's name, or NULL. */
static const char *host_fault(struct slice name)
{
    struct slice plain = name;

    if (slice_equal_cstr(name, "*"))
        return "the default host answers for all other names already";
    if (slice_starts(name, SLICE("*.")))
        plain = slice_skip(name, 2);
    if (slice_has(plain, '*'))
        return "a '*' stands only at the front, before a dot: *.example.org";
    if (slice_has(name, '/'))
        return "write the name alone, without scheme and path";
    if (slice_has(name, ':') && name.at[0] != '[')
        return "the port belongs in a Binding section";
    for (size_t i = 0; i < plain.len; i++) {
        if ((unsigned char)plain.at[i] >= 0x80)
            return "write names outside ASCII in their xn-- form";
        if (!is_host_byte(plain.at[i]))
            return "names have letters, digits, '-', '_' and dots";
    }
    if (plain.len == 0 || slice_has(slice_first(plain, 1), '.') ||
        slice_find_slice(plain, SLICE("..")) != SLICE_NONE)
        return "there is an empty part between the dots";
    return NULL;
}

static void hostname_set(struct build *build, void *record, const struct tree_node *node,
                         const struct option_row *row)
{
    struct vhost_conf *host = record;
    struct items items = items_of(build, node, row, node->value);
    struct slice item;

    while (items_next(&items, &item)) {
        struct slice name = arena_lower(build->arena, item);
        const char *why;

        if (name.len > 1 && slice_ends(name, SLICE(".")))
            name.len--;
        why = host_fault(name);
        if (why) {
            diag_hint(build->diags,
                      build_fault(build, DIAG_ERROR, node, item, "'%.*s' is no host name",
                                  SLICE_ARGS(item)),
                      "%s", why);
            continue;
        }
        words_add(build->arena, &host->hostnames, name);
        build_mention(build, &build->hostnames, name, tree_place(node, item), host);
    }
}

static void website_root_set(struct build *build, void *record, const struct tree_node *node,
                             const struct option_row *row)
{
    struct vhost_conf *host = record;

    host->website_root_place =
        tree_place(node, node->value); /* of a bad one too: one error is enough */
    path_clean(build, node, row, node->value, &host->website_root);
}

/* ---- programs ---- */

static void use_fastcgi_set(struct build *build, void *record, const struct tree_node *node,
                            const struct option_row *row)
{
    struct vhost_conf *host = record;
    struct items items = items_of(build, node, row, node->value);
    struct slice item;

    host->folder.execute_cgi = true; /* a later ExecuteCGI = no wins */
    while (items_next(&items, &item)) {
        if (words_have(host->use_fastcgi_ids, item))
            continue;
        words_add(build->arena, &host->use_fastcgi_ids, item);
        build_mention(build, &build->use_fastcgi, item, tree_place(node, item), host);
    }
}

static void fastcgi_auth_set(struct build *build, void *record, const struct tree_node *node,
                             const struct option_row *row)
{
    (void)row;
    if (!slice_equal_nocase(node->value, SLICE("none")))
        build_mention(build, &build->fastcgi_auth, node->value, tree_place(node, node->value),
                      record);
}

void setenv_set(struct build *build, void *record, const struct tree_node *node,
                const struct option_row *row)
{
    struct slice name;
    struct slice value;

    bool complete = slice_cut(node->value, '=', &name, &value);
    name = slice_trim(name);
    if (!complete || name.len == 0) {
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, node->value,
                              "'%s' wants a name, '=' and a value", row->name),
                  "write: Setenv NAME = VALUE");
        return;
    }
    if (slice_has(name, ' ') || slice_has(name, '\t')) {
        build_fault(build, DIAG_ERROR, node, name, "a variable's name has no blanks");
        return;
    }
    pairs_add(build->arena, (struct conf_pair **)(void *)((char *)record + row->offset), name,
              slice_trim(value));
}

/* "256", "256, 30", "256, 90s" */
static void cgi_queue_set(struct build *build, void *record, const struct tree_node *node,
                          const struct option_row *row)
{
    struct vhost_conf *host = record;

    count_and_time_parse(build, node, row, &host->cgi_queue_length, &host->cgi_queue_ms);
}

static void required_binding_set(struct build *build, void *record, const struct tree_node *node,
                                 const struct option_row *row)
{
    struct vhost_conf *host = record;
    struct items items = items_of(build, node, row, node->value);
    struct slice item;

    while (items_next(&items, &item)) {
        words_add(build->arena, &host->required_bindings, item);
        build_mention(build, &build->use_bindings, item, tree_place(node, item), host);
    }
}

static bool is_variable_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!ascii_is_alpha(name.at[i]) && !ascii_is_digit(name.at[i]) && name.at[i] != '_')
            return false;
    return name.len > 0;
}

/* The values come when all is read: see load_pass_env(). */
static void pass_env_set(struct build *build, void *record, const struct tree_node *node,
                         const struct option_row *row)
{
    struct items items = items_of(build, node, row, node->value);
    struct slice item;

    while (items_next(&items, &item)) {
        if (is_variable_name(item))
            build_mention(build, &build->pass_env, item, tree_place(node, item), record);
        else
            build_fault(build, DIAG_ERROR, node, item, "'%.*s' is no name of a variable",
                        SLICE_ARGS(item));
    }
}

/* ---- the table ---- */

static const char *const server_names[] = { "hostname", "request", NULL };

static const struct option_row rows[] = {
    {
        .name = "Hostname",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        .required = true,
        .set = hostname_set,
        .grammar = "NAME[, NAME ...]; NAME may begin with \"*.\"",
        .text = "Names that the website answers for. `*.example.org` stands for example.org and "
                "everything below it. Hosts are "
                "tried in the order of the text, the default host first. May be repeated.",
    },
    {
        .name = "WebsiteRoot",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .set = website_root_set,
        .grammar = "absolute path",
        .text = "Folder of the website. Needed, except for a host that hands every request to a "
                "FastCGIserver section "
                "without Extension.",
    },
    {
        .name = "ExecuteCGI",
        .type = OPT_YES_NO,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY,
        AT_FOLDER(execute_cgi),
        .fallback = "no",
        .grammar = "yes | no",
        .text = "Whether programs run at all. Without it a request for one is answered 403; its "
                "source is never sent. "
                "UseFastCGI switches it on; a later `ExecuteCGI = no` switches it off again.",
    },
    {
        .name = "TimeForCGI",
        .type = OPT_DURATION,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY,
        AT_FOLDER(time_for_cgi_ms),
        .fallback = "5",
        .least = 1000,
        .most = UINT64_C(3600) * 1000,
        .unit = 1000,
        .grammar = "seconds, or with a unit",
        .text = "Longest run of a program for one request. Afterwards it is ended with all it "
                "started, and "
                "the client gets 504 if no answer had begun.",
    },
    {
        .name = "DebugCGI",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY,
        .repeat = REPEAT_APPENDS,
        AT_FOLDER(debug_cgi),
        .set = watchers_set,
        .grammar = "ADDRESS[/BITS][, ...]",
        .text = "Clients who are shown why a program failed: on the page of a 5xx of the house "
                "they see the reason, how its output began, what it said on stderr and all its "
                "variables, secrets of Setenv included. For those who develop it, not for a "
                "public site. May be repeated.",
    },
    {
        .name = "CGIfirstByte",
        .type = OPT_DURATION,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY,
        AT_FOLDER(cgi_first_byte_ms),
        .fallback = "0",
        .least = 0,
        .most = 3600 * UINT64_C(1000),
        .unit = 1000,
        .grammar = "seconds, or with a unit; 0 = off",
        .text = "How long a program may take to the first byte of its output, besides TimeForCGI.",
    },
    {
        .name = "CGIidle",
        .type = OPT_DURATION,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY,
        AT_FOLDER(cgi_idle_ms),
        .fallback = "0",
        .least = 0,
        .most = 3600 * UINT64_C(1000),
        .unit = 1000,
        .grammar = "seconds, or with a unit; 0 = off",
        .text = "How long a program may be silent, besides TimeForCGI: each byte of output begins "
                "it anew. While the client is behind with the answer it stands still.",
    },
    {
        .name = "MaxCGI",
        .type = OPT_COUNT,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, max_cgi),
        .least = 1,
        .most = 10000,
        .grammar = "number",
        .text = "Seats of the host: how many of its requests may be with a program at the same "
                "time, CGI and FastCGI together. Further ones wait in line (see CGIqueue). Without "
                "this option CGI programs have 16 seats, and requests to FastCGI need none: their "
                "backends bound themselves.",
    },
    {
        .name = "CGIqueue",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .fallback = "256, 30s",
        .least = 0,
        .most = 100000,
        .set = cgi_queue_set,
        .grammar = "LENGTH[, TIME]",
        .text = "How many requests of the host may wait for a seat, and for how long. The clients "
                "take turns. When the line is full, or a request has waited that long, it is "
                "answered 503 with Retry-After. LENGTH 0: nobody waits.",
    },
    {
        .name = "CollectBody",
        .type = OPT_SIZE,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, collect_bytes),
        .fallback = "64K",
        .least = 0,
        .most = UINT64_C(1) << 50,
        .unit = 1,
        .grammar = "bytes, or with a unit",
        .text = "Bodies up to this length are collected before a request to a CGI program takes "
                "its seat, so that slow clients hold none. Longer ones are passed on as they come. "
                "A body of unknown length is always collected.",
    },
    {
        .name = "Setenv",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY,
        AT_FOLDER(setenv),
        .repeat = REPEAT_APPENDS,
        .set = setenv_set,
        .grammar = "NAME = VALUE",
        .text = "One more variable for the host's programs, stronger than a computed one of that "
                "name. May be repeated; of one name the first counts. In a Directory: for the "
                "programs there, besides those of the host and stronger than them.",
    },
    {
        .name = "PassEnv",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        .set = pass_env_set,
        .grammar = "NAME[, NAME ...]",
        .text = "Variables that the host's programs get with the values they have in the "
                "environment in which Longhouse was started. Nothing else of that reaches them. "
                "Setenv is stronger. May be repeated.",
    },
    {
        .name = "ServerNameAs",
        .type = OPT_CHOICE,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, server_name_as),
        .fallback = "hostname",
        .choices = server_names,
        .grammar = "hostname | request",
        .text = "What programs get as SERVER_NAME: the first Hostname of the host, or the name "
                "that the request asks for, whatever that is.",
    },
    {
        .name = "HTTPAuthToCGI",
        .type = OPT_YES_NO,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY,
        AT_FOLDER(http_auth_to_cgi),
        .fallback = "no",
        .grammar = "yes | no",
        .text = "Whether CGI programs get the Authorization field, as HTTP_AUTHORIZATION. "
                "FastCGI programs do anyway, except for what PasswordFile has checked.",
    },
    {
        .name = "IndexedQuery",
        .type = OPT_YES_NO,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY,
        AT_FOLDER(indexed_query),
        .fallback = "no",
        .grammar = "yes | no",
        .text = "Whether the words of a query without '=' become arguments of a CGI program (RFC "
                "3875 4.4): `/find.cgi?old+house` runs find.cgi with `old` and `house`. A query "
                "with a word that begins with '-' gives none.",
    },
    {
        .name = "LocalRedirect",
        .type = OPT_YES_NO,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY,
        AT_FOLDER(local_redirect),
        .fallback = "yes",
        .grammar = "yes | no",
        .text = "Whether a program's answer of nothing but `Location: /path` is replaced by what "
                "a GET of that path gives (RFC 3875 6.2.2). With `no`, and always when there is a "
                "Status, another field or a body, the client gets the redirect.",
    },
    {
        .name = "OutputSpool",
        .type = OPT_SIZE,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY,
        AT_FOLDER(output_spool_bytes),
        .fallback = "1M",
        .least = 0,
        .most = (uint64_t)1 << 40,
        .unit = 1024,
        .grammar = "kilobytes, or with a unit",
        .text = "How much of a program's answer is taken while its client is slow, so that the "
                "program can end: 64 kB in memory, the rest in a file without a name in "
                "WorkDirectory. Beyond it the program waits for the client. A client that keeps up "
                "costs no file; with 64k or less there is never one.",
    },
    {
        .name = "SendfileRoot",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        AT(vhost_conf, sendfile_roots),
        .set = folders_set,
        .grammar = "FOLDER[, FOLDER ...]",
        .text = "Folders besides the website's root from which programs may have files sent by "
                "X-Sendfile. May be repeated.",
    },
    {
        .name = "UseFastCGI",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        .former = "FastCGI",
        .set = use_fastcgi_set,
        .grammar = "FastCGIid[, FastCGIid ...]",
        .text = "FastCGIserver sections of the host, tried in this order by extension. They "
                "overrule CGIextension and CGIhandler. "
                "Sets ExecuteCGI to yes. May be repeated.",
    },
    {
        .name = "FastCGIauth",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY,
        AT_FOLDER(fastcgi_auth),
        .repeat = REPEAT_REFUSED,
        .set = fastcgi_auth_set,
        .grammar = "FastCGIid | none",
        .text = "The FastCGIserver section whose program is asked, as authorizer, before any "
                "request of the host (of the Directory) is answered: file, folder, program, also "
                "what is not there. none: nobody is asked. "
                "Only its `Status: 200` lets the request pass, and its `Variable-NAME` fields "
                "become variables of the program that answers; `Variable-REMOTE_USER` names the "
                "user. Any other answer is sent to the client. When it cannot be asked, the "
                "request is answered 502, 503 or 504.",
    },
    {
        .name = "CGIhandler",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        AT(vhost_conf, cgi_handlers),
        .set = cgi_handler_set,
        .grammar = "PROGRAM [ARGUMENT ...]:EXT[,EXT ...]",
        .text = "Interpreters of this host alone (inside VirtualHost), looked at before those of "
                "the server.",
    },
    {
        .name = "CGIpattern",
        .type = OPT_TEXT,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, cgi_pattern),
        .most = 1000,
        .grammar = "PATTERN[|PATTERN ...]",
        .text = "Files that are programs themselves and are run directly, by their names below "
                "WebsiteRoot, with the wildcards of thttpd: `?` is one character, `*` any without "
                "`/`, `**` any. For example `**.cgi|**.pl` or `/cgi-bin/**`. They must be "
                "executable (else 403), and get PATH_INFO whatever EnablePathInfo says. Comes "
                "before CGIextension and CGIhandler and after UseFastCGI.",
    },
    {
        .name = "CGIextension",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        AT(vhost_conf, cgi_extensions),
        .set = extensions_set,
        .grammar = "EXT[, EXT ...]",
        .text = "Extensions of programs of this host alone (inside VirtualHost), besides those of "
                "the server.",
    },
    {
        .name = "AccessLogfile",
        .type = OPT_LOG,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, access_log),
        .fallback = "/var/log/longhouse/access.log",
        .grammar = "absolute path[, daily|weekly|monthly] | none | stdout | stderr",
        .text = "Log of the requests. Each host has its own setting; that of the default host does "
                "not count for the others. With `daily`, `weekly` (Mondays) or `monthly` the file "
                "begins anew by local time: the old one is called after the new day "
                "(access-2026-11-28.log) and packed (.gz) by a process of its own.",
    },
    {
        .name = "ErrorLogfile",
        .type = OPT_LOG,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, error_log),
        .fallback = "/var/log/longhouse/error.log",
        .grammar = "absolute path[, daily|weekly|monthly] | none | stdout | stderr",
        .text = "Log of what went wrong with requests, and of what programs write to stderr. "
                "Each host has its own setting.",
    },
    {
        .name = "FollowSymlinks",
        .type = OPT_YES_NO,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY,
        AT_FOLDER(follow_symlinks),
        .fallback = "no",
        .grammar = "yes | no",
        .text = "Whether symbolic links that lead out of the website are followed. Otherwise they "
                "are 403.",
    },
    {
        .name = "AllowDotFiles",
        .type = OPT_YES_NO,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, allow_dot_files),
        .fallback = "no",
        .grammar = "yes | no",
        .text = "Whether files and folders whose names begin with a dot are served. "
                "`/.well-known/` always is.",
    },
    {
        .name = "RequiredBinding",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        .set = required_binding_set,
        .grammar = "BindingId[, BindingId ...]",
        .text = "The host answers on these bindings only. Not for the default host.",
    },
};

const struct option_group host_options = { rows, sizeof(rows) / sizeof(rows[0]) };
