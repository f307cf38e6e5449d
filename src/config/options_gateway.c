/* Options of FastCGIserver sections, and what CGIhandler and CGIextension mean. */
#include "build.h"

/* ---- extensions and interpreters ---- */

bool extension_clean(struct build *build, const struct tree_node *node, struct slice item,
                     struct slice *ret)
{
    struct slice extension = item;

    if (slice_starts(extension, SLICE(".")) && extension.len > 1) {
        extension = slice_skip(extension, 1);
        build_fault(build, DIAG_WARNING, node, item,
                    "an extension is written without its dot; '%.*s' is taken",
                    SLICE_ARGS(extension));
    }
    for (size_t i = 0; i < extension.len; i++) {
        char c = extension.at[i];
        if (c == '/' || c == ' ' || c == '\t' || c == ':' || c == '*') {
            diag_hint(build->diags,
                      build_fault(build, DIAG_ERROR, node, item, "'%.*s' is no extension",
                                  SLICE_ARGS(item)),
                      "write what follows the last dot of the file names: php, pl, py");
            return false;
        }
    }
    *ret = extension;
    return true;
}

void extensions_set(struct build *build, void *record, const struct tree_node *node,
                    const struct option_row *row)
{
    struct conf_word **list = (struct conf_word **)((char *)record + row->offset);
    struct items items = items_of(build, node, row, node->value);
    struct slice item;
    struct slice extension;

    while (items_next(&items, &item)) {
        if (extension_clean(build, node, item, &extension) && !words_have(*list, extension))
            words_add(build->arena, list, extension);
    }
}

/* Does this text look like "pl,pm": items of letters, digits and a few marks, none of them empty?
 */
static bool is_extension_list(struct slice text)
{
    struct slice item;

    text = slice_trim(text);
    if (text.len == 0)
        return false;
    while (slice_next(&text, ',', &item)) {
        if (item.len == 0)
            return false;
        for (size_t i = 0; i < item.len; i++) {
            char c = item.at[i];
            if (!ascii_is_alpha(c) && !ascii_is_digit(c) && !strchr("_-+.", c) &&
                (unsigned char)c < 0x80)
                return false;
        }
    }
    return true;
}

/* Program with arguments, and extensions. */
static bool cut_handler(struct slice value, struct slice *ret_command, struct slice *ret_list)
{
    size_t colon = slice_find_last(value, ':');

    if (colon == SLICE_NONE || !is_extension_list(slice_skip(value, colon + 1)))
        return false;
    *ret_command = slice_trim(slice_first(value, colon));
    *ret_list = slice_trim(slice_skip(value, colon + 1));
    return ret_command->len > 0;
}

bool word_next(struct slice *rest, struct slice *ret)
{
    *rest = slice_trim(*rest);
    size_t len = 0;

    while (len < rest->len && rest->at[len] != ' ' && rest->at[len] != '\t')
        len++;
    *ret = slice_first(*rest, len);
    *rest = slice_skip(*rest, len);
    return len > 0;
}

static bool find_program(struct build *build, const struct tree_node *node, struct slice written,
                         struct slice *ret)
{
    if (slice_starts(written, SLICE("/"))) {
        *ret = written;
        return true;
    }
    if (slice_has(written, '/')) {
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, written,
                              "'CGIhandler' wants an absolute path, not '%.*s'",
                              SLICE_ARGS(written)),
                  "for example /usr/bin/perl");
        return false;
    }
    *ret = arena_printf(build->arena, "/usr/bin/%.*s", SLICE_ARGS(written));
    build_fault(build, DIAG_NOTE, node, written, "'%.*s' is taken as %.*s", SLICE_ARGS(written),
                SLICE_ARGS(*ret));
    return true;
}

void cgi_handler_set(struct build *build, void *record, const struct tree_node *node,
                     const struct option_row *row)
{
    struct cgi_handler_conf **list = (struct cgi_handler_conf **)((char *)record + row->offset);
    struct slice command;
    struct slice extensions;
    struct slice item;

    if (!cut_handler(node->value, &command, &extensions)) {
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, node->value,
                              "'CGIhandler' wants a program, ':' and extensions"),
                  "for example: CGIhandler = /usr/bin/perl:pl,pm");
        return;
    }

    struct cgi_handler_conf *handler = arena_new(build->arena, struct cgi_handler_conf);
    handler->place = tree_place(node, command);
    if (!word_next(&command, &item) || !find_program(build, node, item, &handler->program))
        return;
    while (word_next(&command, &item))
        words_add(build->arena, &handler->arguments, item);

    struct items items = items_of(build, node, row, extensions);
    while (items_next(&items, &item)) {
        if (extension_clean(build, node, item, &item))
            words_add(build->arena, &handler->extensions, item);
    }
    handler->next = *list;
    *list = handler;
}

/* ---- FastCGIserver ---- */

static void id_set(struct build *build, void *record, const struct tree_node *node,
                   const struct option_row *row)
{
    struct fastcgi_conf *fastcgi = record;

    (void)row;
    if (slice_has(node->value, ',')) {
        build_fault(build, DIAG_ERROR, node, node->value,
                    "'FastCGIid' must be one name without commas");
        return;
    }
    fastcgi->id = node->value;
}

static void queue_set(struct build *build, void *record, const struct tree_node *node,
                      const struct option_row *row)
{
    struct fastcgi_conf *fastcgi = record;

    count_and_time_parse(build, node, row, &fastcgi->queue_length, &fastcgi->queue_ms);
}

static void rest_after_set(struct build *build, void *record, const struct tree_node *node,
                           const struct option_row *row)
{
    struct fastcgi_conf *fastcgi = record;

    count_and_time_parse(build, node, row, &fastcgi->rest_failures, &fastcgi->rest_window_ms);
}

static void probe_set(struct build *build, void *record, const struct tree_node *node,
                      const struct option_row *row)
{
    struct fastcgi_conf *fastcgi = record;
    const bool is_path = slice_starts(node->value, SLICE("/"));

    (void)row;
    if (!is_path && !slice_equal_nocase(node->value, SLICE("connect")) &&
        !slice_equal_nocase(node->value, SLICE("no"))) {
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, node->value,
                              "'Probe' must be no, connect or a path, not '%.*s'",
                              SLICE_ARGS(node->value)),
                  "php-fpm answers the path of its ping.path, for example /ping");
        return;
    }
    fastcgi->probe = !slice_equal_nocase(node->value, SLICE("no"));
    fastcgi->probe_path = is_path ? node->value : (struct slice){ 0 };
}

static void server_root_set(struct build *build, void *record, const struct tree_node *node,
                            const struct option_row *row)
{
    struct fastcgi_conf *fastcgi = record;

    if (path_clean(build, node, row, node->value, &fastcgi->server_root))
        build_mention(build, &build->server_roots, fastcgi->server_root,
                      tree_place(node, node->value), fastcgi);
}

static const char *const protocols[] = { "fastcgi", "scgi", "http", NULL };
static const char *const balances[] = { "roundrobin", "leastconn", "hash", NULL };

static void socket_owner_set(struct build *build, void *record, const struct tree_node *node,
                             const struct option_row *row)
{
    struct fastcgi_conf *fastcgi = record;

    (void)build;
    (void)row;
    fastcgi->socket_owner = node->value;
    fastcgi->socket_owner_place = tree_place(node, node->value);
}

static const struct option_row rows[] = {
    {
        .name = "FastCGIid",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        .repeat = REPEAT_REFUSED,
        .former = "FCGIserverId",
        .required = true,
        .set = id_set,
        .grammar = "name",
        .text = "Name of the section for UseFastCGI. Capitals count.",
    },
    {
        .name = "Protocol",
        .type = OPT_CHOICE,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, protocol),
        .fallback = "fastcgi",
        .choices = protocols,
        .grammar = "fastcgi | scgi | http",
        .text =
            "What the program speaks. With scgi everything else of the section means the same, "
            "but no connection can be kept (KeepConnections), and a Probe cannot ask for a path. "
            "With http the house is a reverse proxy: the request itself is sent on, and a Probe "
            "cannot ask for a path (docs/proxy.md).",
    },
    {
        .name = "ConnectTo",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        .repeat = REPEAT_APPENDS,
        .set = connect_to_set,
        .grammar = "TARGET [weight=N] [max=N] [probe=PORT | probe=ADDRESS] [backup][, TARGET ...]; "
                   "TARGET = IPv4:PORT | [IPv6]:PORT | HOST:PORT | srv:NAME | /UNIXSOCKET | "
                   "https://HOST[:PORT] [unverified]",
        .text = "Where the program listens. Several targets, listed or repeated, share the "
                "load as Balance says; one that cannot be reached is passed over. weight: its "
                "share beside the others (1 to 100). max: MaxConnections of this target. probe: "
                "where its Probe asks instead (php-fpm: pm.status_listen). backup: "
                "asked only while none of the others can be. All addresses of a host, or of the "
                "hosts that SRV records name, are targets (up to 16), and are looked up again and "
                "again; weight, max and the port of the probe are of each. https (Protocol = "
                "http): by TLS, and the certificate is verified (CAcertificates) unless "
                "`unverified` stands behind it.",
    },
    {
        .name = "Extension",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        .repeat = REPEAT_APPENDS,
        AT(fastcgi_conf, extensions),
        .set = extensions_set,
        .grammar = "EXT[, EXT ...]",
        .text = "Extensions that go to this program. Without it the section takes every request of "
                "the hosts that "
                "use it, also those without an extension (Hiawatha leaves those out).",
    },
    {
        .name = "SessionTimeout",
        .type = OPT_DURATION,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, session_timeout_ms),
        .fallback = "15",
        .least = 0,
        .most = UINT64_C(365) * 24 * 3600 * 1000,
        .unit = 60000,
        .grammar = "minutes, or with a unit; 0 = none",
        .text = "How long a client stays with its target after its last request, when there are "
                "several. "
                "0: each request goes to the next one.",
    },
    {
        .name = "ServerRoot",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        .set = server_root_set,
        .grammar = "absolute path",
        .text = "The folder that the FastCGI program sees as `/`: taken off the front of the paths "
                "it is told. The "
                "WebsiteRoot of each host that uses the section must lie inside it.",
    },
    {
        .name = "ConnectTimeout",
        .type = OPT_DURATION,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, connect_timeout_ms),
        .fallback = "5",
        .least = 1,
        .most = 300000,
        .unit = 1000,
        .grammar = "seconds, or with a unit",
        .text = "How long a connection to a target may take to come about before the next one is "
                "tried.",
    },
    {
        .name = "Balance",
        .type = OPT_CHOICE,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, balance),
        .fallback = "roundrobin",
        .choices = balances,
        .grammar = "roundrobin | leastconn | hash",
        .text = "Which target a request goes to that belongs to no session (SessionTimeout). "
                "roundrobin: the next in turn. leastconn: the one with the fewest connections. "
                "hash: always the same for a client's address, while it is there and not loaded a "
                "quarter above the average. All of them respect the weights.",
    },
    {
        .name = "MaxConnections",
        .type = OPT_COUNT,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, max_connections),
        .fallback = "0",
        .least = 0,
        .most = 100000,
        .grammar = "number; 0 = no bound",
        .text = "How many connections to each target there are at most. Further requests wait in "
                "line (see Queue). The right number is that of its workers (php-fpm: "
                "pm.max_children).",
    },
    {
        .name = "KeepConnections",
        .type = OPT_COUNT,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, keep_connections),
        .fallback = "0",
        .least = 0,
        .most = 100000,
        .grammar = "number; 0 = none",
        .text = "How many idle connections to each target are kept for the next requests. A kept "
                "connection occupies a worker of php-fpm and of most other programs, so there must "
                "be fewer than workers, unless nobody else uses them and MaxConnections is their "
                "number.",
    },
    {
        .name = "KeepTime",
        .type = OPT_DURATION,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, keep_ms),
        .fallback = "30",
        .least = 100,
        .most = 3600 * UINT64_C(1000),
        .unit = 1000,
        .grammar = "seconds, or with a unit",
        .text = "How long a connection is kept that nobody uses.",
    },
    {
        .name = "Queue",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        .fallback = "256, 30s",
        .least = 0,
        .most = 100000,
        .set = queue_set,
        .grammar = "LENGTH[, TIME]",
        .text = "How many requests may wait for a target that is busy (MaxConnections, a full "
                "queue of its socket, OVERLOADED) or starts anew, and for how long. Hosts take "
                "turns, and clients within a host. When the line is full, or a request has waited "
                "that long, it is answered 503 with Retry-After. LENGTH 0: nobody waits.",
    },
    {
        .name = "RestartHold",
        .type = OPT_DURATION,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, restart_hold_ms),
        .fallback = "3",
        .least = 0,
        .most = 300000,
        .unit = 1000,
        .grammar = "seconds, or with a unit; 0 = none",
        .text = "A target whose socket is missing or refuses is taken to start anew for that long: "
                "its requests wait. Those without a session go to another target at once, if there "
                "is one. Afterwards it rests, for 1 s at first and up to 30 s, and its requests go "
                "elsewhere or are answered 503.",
    },
    {
        .name = "RestAfter",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        .fallback = "5, 30s",
        .least = 0,
        .most = 10000,
        .set = rest_after_set,
        .grammar = "FAILURES[, TIME]; 0 = never",
        .text = "So many requests in that time for which a target closed early, sent nonsense or "
                "ran out of time let it rest, where there are others: for 1 s at first, and up to "
                "30 s as long as it goes on.",
    },
    {
        .name = "SlowStart",
        .type = OPT_DURATION,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, slow_start_ms),
        .fallback = "0",
        .least = 0,
        .most = 3600 * UINT64_C(1000),
        .unit = 1000,
        .grammar = "seconds, or with a unit; 0 = none",
        .text = "How long it takes until a target that came back has its full share again.",
    },
    {
        .name = "Probe",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        .fallback = "no",
        .set = probe_set,
        .grammar = "no | connect | /PATH",
        .text =
            "Whether the targets are asked now and then how they are: connect, whether they can "
            "be connected to; a path, whether they answer a GET of it with a status below 500 "
            "(php-fpm: its ping.path). One that fails rests, one that is back is used again at "
            "once. Without it the requests of visitors tell.",
    },
    {
        .name = "ProbeEvery",
        .type = OPT_DURATION,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, probe_every_ms),
        .fallback = "10",
        .least = 100,
        .most = 3600 * UINT64_C(1000),
        .unit = 1000,
        .grammar = "seconds, or with a unit",
        .text = "The pause between two probes of a target.",
    },
    {
        .name = "ProbeTimeout",
        .type = OPT_DURATION,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, probe_timeout_ms),
        .fallback = "2",
        .least = 10,
        .most = 300000,
        .unit = 1000,
        .grammar = "seconds, or with a unit",
        .text = "How long a probe may take. One that is late because all workers are busy with "
                "visitors who are being answered does not count.",
    },
    {
        .name = "CollectBody",
        .type = OPT_SIZE,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, collect_bytes),
        .fallback = "64K",
        .least = 0,
        .most = UINT64_C(1) << 50,
        .unit = 1,
        .grammar = "bytes, or with a unit",
        .text = "Bodies up to this length are collected before a target is asked, so that a slow "
                "client holds no worker. Longer ones are passed on as they come. A body of unknown "
                "length is always collected.",
    },
    {
        .name = "SocketOwner",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        .set = socket_owner_set,
        .grammar = "USER",
        .text = "The user, by name or number, to whom the unix sockets of the section must belong; "
                "who listens on them must be that user or root. Another's is not talked to: it "
                "would get cookies and passwords. Without the option anybody's is good.",
    },
};

const struct option_group fastcgi_options = { rows, sizeof(rows) / sizeof(rows[0]) };
