/* Options outside sections: the house as a whole. */
#include "base/number.h"
#include "build.h"

#include <inttypes.h>

#define GIB (1024u * UINT64_C(1024) * 1024u)
#define KIB UINT64_C(1024)
#define DAY (24u * UINT64_C(3600) * 1000u)

/* ---- own setters ---- */

static bool is_superuser(struct slice name)
{
    uint64_t id;

    return slice_equal_cstr(name, "root") || (number_parse(name, UINT64_MAX, &id) && id == 0);
}

/* A name or a number of the system's databases that is not the superuser's. */
static bool account_ok(struct build *build, const struct tree_node *node, struct slice name,
                       const char *what)
{
    uint64_t id;

    if (name.len == 0) {
        diag_hint(
            build->diags,
            build_fault(build, DIAG_ERROR, node, node->value, "'ServerId' names an empty %s", what),
            "write: ServerId = USER or USER:GROUP,GROUP");
        return false;
    }
    if (is_superuser(name)) {
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, name,
                              "'ServerId' must not name the superuser (%s '%.*s')", what,
                              SLICE_ARGS(name)),
                  "take an account without rights, for example www-data");
        return false;
    }
    bool is_id = number_parse(name, UINT32_MAX - 1, &id);
    if (slice_has(name, ' ') || slice_has(name, '\t') || slice_has(name, ':') ||
        (ascii_is_digit(name.at[0]) && !is_id)) {
        build_fault(build, DIAG_ERROR, node, name, "'%.*s' is no %s name and no %s number",
                    SLICE_ARGS(name), what, what);
        return false;
    }
    return true;
}

static void server_id_set(struct build *build, void *record, const struct tree_node *node,
                          const struct option_row *row)
{
    struct server_conf *conf = record;
    struct conf_word *groups = NULL;
    struct slice user;
    struct slice rest;
    struct slice group;

    bool has_groups = slice_cut(node->value, ':', &user, &rest);
    user = slice_trim(user);
    if (!account_ok(build, node, user, "user"))
        return;
    if (has_groups && slice_trim(rest).len == 0) {
        account_ok(build, node, slice_trim(rest), "group");
        return;
    }
    struct items items = items_of(build, node, row, rest);
    while (items_next(&items, &group)) {
        if (!account_ok(build, node, group, "group"))
            return;
        words_add(build->arena, &groups, group);
    }
    conf->server_id = node->value;
    conf->server_id_place = tree_place(node, node->value);
    conf->server_user = user;
    conf->server_groups = groups;
}

static void max_url_length_set(struct build *build, void *record, const struct tree_node *node,
                               const struct option_row *row)
{
    struct server_conf *conf = record;

    if (slice_equal_nocase(node->value, SLICE("none")))
        conf->max_url_length = 0;
    else
        count_parse(build, node, row, node->value, &conf->max_url_length);
}

static void nameserver_set(struct build *build, void *record, const struct tree_node *node,
                           const struct option_row *row)
{
    struct server_conf *conf = record;
    union socket_address address = { 0 };

    (void)row;
    if (!address_parse_ip(node->value, 53, &address) &&
        !address_parse_target(node->value, &address))
        address.any.sa_family = AF_UNSPEC;
    if (address.any.sa_family == AF_INET || address.any.sa_family == AF_INET6)
        conf->nameserver = address;
    else
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, node->value,
                              "'Nameserver' must be an address, not '%.*s'",
                              SLICE_ARGS(node->value)),
                  "for example 127.0.0.1, or with a port 127.0.0.1:5353, [::1]:5353");
}

static void server_string_set(struct build *build, void *record, const struct tree_node *node,
                              const struct option_row *row)
{
    struct server_conf *conf = record;

    if (node->value.len > row->most) {
        build_fault(build, DIAG_ERROR, node, node->value,
                    "'ServerString' must be at most %" PRIu64 " bytes long, not %zu", row->most,
                    node->value.len);
        return;
    }
    bool none = slice_equal_nocase(node->value, SLICE("none")) ||
                slice_equal_nocase(node->value, SLICE("null"));
    conf->server_string = none ? slice_of(NULL, 0) : node->value;
}

static void mimetype_config_set(struct build *build, void *record, const struct tree_node *node,
                                const struct option_row *row)
{
    struct server_conf *conf = record;

    (void)row;
    conf->mimetype_config = node->value;
    build->mimetype_place = tree_place(node, node->value);
}

/* Until Hiawatha 7 an option of the server; it then counts for each Binding that has none of its
 * own. */
static void keep_alive_set(struct build *build, void *record, const struct tree_node *node,
                           const struct option_row *row)
{
    (void)record;
    (void)row;
    build->keep_alive = node;
    diag_hint(build->diags,
              diag_add(build->diags, DIAG_NOTE, &node->name_place,
                       "'MaxKeepAlive' belongs in Binding sections now"),
              "here it counts for each Binding without a MaxKeepAlive of its own");
}

/* ---- the table ---- */

/* by enum conf_proxy_field */
static const char *const proxy_fields[] = { "any", "X-Forwarded-For", "Forwarded", "X-Real-IP",
                                            NULL };

static const struct option_row rows[] = {
    /* who runs, where things lie */
    {
        .name = "ServerId",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .fallback = "www-data",
        .set = server_id_set,
        .grammar = "USER | USER:GROUP[,GROUP ...]; names or numbers",
        .text = "Whom the server and the programs run as when the house is started as root. A user "
                "alone brings "
                "the groups that the system knows for it. The superuser is refused. Started by an "
                "ordinary user, everything runs as that user and this option is not looked at.",
    },
    {
        .name = "PIDfile",
        .type = OPT_PATH,
        .scopes = SCOPE_SERVER,
        AT(server_conf, pid_file),
        .grammar = "absolute path",
        .text =
            "File with the process number of the supervisor. None is written without this option.",
    },
    {
        .name = "ControlSocket",
        .type = OPT_PATH,
        .scopes = SCOPE_SERVER,
        AT(server_conf, control_socket),
        .fallback = "/run/longhouse/control.sock",
        .grammar = "absolute path",
        .text =
            "Unix socket on which `longhouse status` and `longhouse stop` reach the running house.",
    },
    {
        .name = "WorkDirectory",
        .type = OPT_PATH,
        .scopes = SCOPE_SERVER,
        AT(server_conf, work_directory),
        .fallback = "/var/lib/longhouse",
        .grammar = "absolute path",
        .text = "Folder for files that the server itself makes, such as request bodies on their "
                "way to a program.",
    },
    {
        .name = "SystemLogfile",
        .type = OPT_LOG,
        .scopes = SCOPE_SERVER,
        AT(server_conf, system_log),
        .fallback = "/var/log/longhouse/system.log",
        .grammar = "absolute path[, daily|weekly|monthly] | none | stdout | stderr",
        .text = "Log of the house itself: starts, stops, restarts, time-outs.",
    },
    {
        .name = "ServerString",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .fallback = "Longhouse",
        .most = 127,
        .set = server_string_set,
        .grammar = "text up to 127 bytes | none",
        .text = "Value of the Server field of each answer; `none` leaves the field out.",
    },
    {
        .name = "ErrorPageVersion",
        .type = OPT_YES_NO,
        .scopes = SCOPE_SERVER,
        AT(server_conf, error_page_version),
        .fallback = "no",
        .grammar = "yes | no",
        .text = "Whether built-in error pages name the version of the server.",
    },
    {
        .name = "MimetypeConfig",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .set = mimetype_config_set,
        .grammar = "path; a relative one begins at the configuration folder",
        .text = "File with media types, one `type ext [ext ...]` on each line. Without this option "
                "the file "
                "mimetype.conf of the configuration folder is taken, and without that a built-in "
                "table.",
    },

    /* programs */
    {
        .name = "CGIhandler",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .repeat = REPEAT_APPENDS,
        AT(server_conf, cgi_handlers),
        .set = cgi_handler_set,
        .grammar = "PROGRAM [ARGUMENT ...]:EXT[,EXT ...]",
        .text = "Interpreter of the files with those extensions, run as `PROGRAM ARGUMENT ... "
                "FILE`, for example "
                "`/usr/bin/perl -T:pl`. The value is cut at the last colon that is followed by a "
                "list of extensions. A bare name "
                "is looked for in /usr/bin. May be repeated; for an extension named twice the last "
                "one counts. A VirtualHost can "
                "have its own, which come first there. (In Hiawatha: for the whole server only, "
                "and without arguments.)",
    },
    {
        .name = "CGIextension",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .repeat = REPEAT_APPENDS,
        AT(server_conf, cgi_extensions),
        .set = extensions_set,
        .grammar = "EXT[, EXT ...]",
        .text = "Extensions of files that are programs themselves and are run directly; they must "
                "be executable. "
                "May be repeated. Comes before CGIhandler and after UseFastCGI.",
    },
    {
        .name = "KillGrace",
        .type = OPT_DURATION,
        .scopes = SCOPE_SERVER,
        AT(server_conf, kill_grace_ms),
        .fallback = "2",
        .least = 0,
        .most = 60000,
        .unit = 1000,
        .grammar = "seconds, or with a unit",
        .text = "How long a program that has to end may take after SIGTERM; then its whole group "
                "gets SIGKILL.",
    },
    {
        .name = "MaxEnvironment",
        .type = OPT_SIZE,
        .scopes = SCOPE_SERVER,
        AT(server_conf, max_environment_bytes),
        .fallback = "64K",
        .least = 4096,
        .most = 1024 * KIB,
        .unit = 1,
        .grammar = "bytes, or with a unit",
        .text = "Most bytes of all variables for one program together. A request that needs more "
                "is answered 431.",
    },

    /* connections and requests */
    {
        .name = "ConnectionsTotal",
        .type = OPT_COUNT,
        .scopes = SCOPE_SERVER,
        AT(server_conf, connections_total),
        .fallback = "10000",
        .least = 1,
        .most = 1000000,
        .grammar = "number",
        .text = "Most connections at the same time. An idle connection costs little memory here, "
                "so the default is far above Hiawatha's 150.",
    },
    {
        .name = "ConnectionsPerIP",
        .type = OPT_COUNT,
        .scopes = SCOPE_SERVER,
        AT(server_conf, connections_per_ip),
        .fallback = "100",
        .least = 1,
        .most = 1000000,
        .grammar = "number",
        .text = "Most connections of one client address (of one /64 network with IPv6) at the same "
                "time. Hiawatha's 15 is "
                "too few for people who share an address.",
    },
    {
        .name = "TrustedProxy",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .repeat = REPEAT_APPENDS,
        AT(server_conf, trusted_proxies),
        .set = proxies_set,
        .grammar = "ADDRESS[/BITS][, ...]",
        .text = "Proxies in front of the house, for all bindings. What they say about the client "
                "is believed: its address is the right-most one in X-Forwarded-For (see "
                "ProxyField) that is no trusted proxy, and it takes the place of the proxy's in "
                "REMOTE_ADDR, logs and limits; X-Forwarded-Proto tells REQUEST_SCHEME and HTTPS. "
                "From anybody else these fields are only data. May be repeated.",
    },
    {
        .name = "HideProxy",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .repeat = REPEAT_APPENDS,
        AT(server_conf, trusted_proxies),
        .set = proxies_set,
        .grammar = "ADDRESS[/BITS][, ...]",
        .text = "Hiawatha's name of TrustedProxy; both may be used.",
    },
    {
        .name = "ProxyField",
        .type = OPT_CHOICE,
        .scopes = SCOPE_SERVER,
        AT(server_conf, proxy_field),
        .fallback = "any",
        .choices = proxy_fields,
        .grammar = "any | X-Forwarded-For | Forwarded | X-Real-IP",
        .text = "Which field of a trusted proxy tells the client. `any` takes X-Forwarded-For, "
                "without one Forwarded, without both X-Real-IP. A proxy passes on what it does "
                "not write itself: one that only writes Forwarded or X-Real-IP lets a visitor "
                "forge X-Forwarded-For unless the field is named here.",
    },
    {
        .name = "ListenBacklog",
        .type = OPT_COUNT,
        .scopes = SCOPE_SERVER,
        AT(server_conf, listen_backlog),
        .fallback = "511",
        .least = 1,
        .most = 65535,
        .grammar = "number",
        .text = "How many new connections the kernel keeps waiting for each binding. "
                "(Hiawatha's 16 loses connections in a burst.)",
    },
    {
        .name = "Nameserver",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .set = nameserver_set,
        .grammar = "IPv4[:PORT] | IPv6 | [IPv6]:PORT",
        .text =
            "Who is asked for the names in ConnectTo: this DNS server and nothing else. Without "
            "it the system is asked (/etc/hosts, /etc/resolv.conf, nsswitch.conf).",
    },
    {
        .name = "MaxUrlLength",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .fallback = "8000",
        .least = 0,
        .most = 16 * KIB * 1024,
        .set = max_url_length_set,
        .grammar = "bytes | none",
        .text = "Longest request target, path and query together; longer ones are answered 414. "
                "`none` or 0: only MaxHeadSize limits it. RFC 9110 recommends at least 8000.",
    },
    {
        .name = "MaxHeadSize",
        .type = OPT_SIZE,
        .scopes = SCOPE_SERVER,
        AT(server_conf, max_head_bytes),
        .fallback = "16K",
        .least = 1024,
        .most = 1024 * KIB,
        .unit = 1,
        .grammar = "bytes, or with a unit",
        .text = "Most bytes of a request's head: first line and fields. More is answered 431.",
    },
    {
        .name = "MaxFields",
        .type = OPT_COUNT,
        .scopes = SCOPE_SERVER,
        AT(server_conf, max_fields),
        .fallback = "100",
        .least = 10,
        .most = 10000,
        .grammar = "number",
        .text = "Most field lines in a request's head. More is answered 431.",
    },
    {
        .name = "MinBodyRate",
        .type = OPT_SIZE,
        .scopes = SCOPE_SERVER,
        AT(server_conf, body_rate),
        .fallback = "256",
        .least = 0,
        .most = GIB,
        .unit = 1,
        .grammar = "bytes each second, or with a unit; 0 = off",
        .text = "Slowest pace at which a request's body may arrive once BodyGrace is over; slower "
                "is answered 408.",
    },
    {
        .name = "BodyGrace",
        .type = OPT_DURATION,
        .scopes = SCOPE_SERVER,
        AT(server_conf, body_grace_ms),
        .fallback = "5",
        .least = 0,
        .most = DAY,
        .unit = 1000,
        .grammar = "seconds, or with a unit",
        .text = "How long a request's body may be slower than MinBodyRate at its beginning.",
    },
    {
        .name = "SocketSendTimeout",
        .type = OPT_DURATION,
        .scopes = SCOPE_SERVER,
        AT(server_conf, socket_send_timeout_ms),
        .fallback = "30",
        .least = 0,
        .most = DAY,
        .unit = 1000,
        .grammar = "seconds, or with a unit; 0 = off",
        .text = "A client that takes no byte for this long is dropped. Hiawatha's 3 seconds cut "
                "off people on bad lines; "
                "a waiting client holds no thread here.",
    },

    /* the machine */
    {
        .name = "Reactors",
        .type = OPT_COUNT,
        .scopes = SCOPE_SERVER,
        AT(server_conf, reactors),
        .fallback = "0",
        .least = 0,
        .most = 256,
        .grammar = "number; 0 = one for each core",
        .text = "How many threads serve connections. Each does its work without locks.",
    },
    {
        .name = "Spawners",
        .type = OPT_COUNT,
        .scopes = SCOPE_SERVER,
        AT(server_conf, spawners),
        .fallback = "1",
        .least = 1,
        .most = 16,
        .grammar = "number",
        .text =
            "How many processes start CGI programs. The reactors are dealt out over them, so there "
            "are never more than reactors. One starts some thousand programs a second; more help "
            "where that is the limit and there are cores to spare.",
    },
    {
        .name = "MaxCGItotal",
        .type = OPT_COUNT,
        .scopes = SCOPE_SERVER,
        AT(server_conf, max_cgi_total),
        .fallback = "64",
        .least = 1,
        .most = 100000,
        .grammar = "number",
        .text = "Seats of all hosts together (see MaxCGI). While all are taken the hosts take "
                "turns for those that become free.",
    },
    {
        .name = "DrainTime",
        .type = OPT_DURATION,
        .scopes = SCOPE_SERVER,
        AT(server_conf, drain_time_ms),
        .fallback = "10",
        .least = 0,
        .most = DAY,
        .unit = 1000,
        .grammar = "seconds, or with a unit",
        .text = "When the house is stopped: how long answers in flight may take to finish.",
    },

    /* of older versions */
    {
        .name = "MaxKeepAlive",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .set = keep_alive_set,
        .grammar = "number",
        .text =
            "Older place of the Binding option: counts for each Binding that has none of its own.",
    },
};

const struct option_group server_options = { rows, sizeof(rows) / sizeof(rows[0]) };
