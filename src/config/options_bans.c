/* Options against clients that misbehave: bans and limits. */
#include "base/number.h"
#include "build.h"

#define DAY UINT64_C(86400000)

/* ---- own setters ---- */

static void flooding_fault(struct build *build, const struct tree_node *node, struct slice part)
{
    diag_hint(build->diags,
              build_fault(build, DIAG_ERROR, node, part.len > 0 ? part : node->value,
                          "'BanOnFlooding' wants REQUESTS/TIME:BANTIME, each of them above 0"),
              "for example 100/10:300: who asks more than 100 times in 10 seconds is out for 5 "
              "minutes");
}

bool ban_time_parse(struct slice text, uint64_t *ret_ms)
{
    uint64_t time_ms;

    if (!number_parse_duration(slice_trim(text), 1000, &time_ms) || time_ms == 0 ||
        time_ms > BAN_MOST_MS)
        return false;
    *ret_ms = time_ms;
    return true;
}

static void flooding_set(struct build *build, void *record, const struct tree_node *node,
                         const struct option_row *row)
{
    struct bans_conf *bans = &((struct server_conf *)record)->bans;
    struct slice requests;
    struct slice window;
    struct slice ban = { 0 };
    uint64_t most;
    uint64_t window_ms;
    uint64_t ban_ms;

    (void)row;
    if (!slice_cut(node->value, '/', &requests, &window) || !slice_cut(window, ':', &window, &ban))
        flooding_fault(build, node, node->value);
    else if (!number_parse(slice_trim(requests), 1000000000, &most) || most == 0)
        flooding_fault(build, node, requests);
    else if (!ban_time_parse(window, &window_ms))
        flooding_fault(build, node, window);
    else if (!ban_time_parse(ban, &ban_ms))
        flooding_fault(build, node, ban);
    else {
        bans->flood_requests = most;
        bans->flood_window_ms = window_ms;
        bans->flood_ms = ban_ms;
    }
}

static void wrong_password_set(struct build *build, void *record, const struct tree_node *node,
                               const struct option_row *row)
{
    struct bans_conf *bans = &((struct server_conf *)record)->bans;
    struct slice number;
    struct slice ban;
    uint64_t count;
    uint64_t ban_ms;

    if (!slice_cut(node->value, ':', &number, &ban) ||
        !number_parse(slice_trim(number), 1000000, &count) || count == 0 ||
        !ban_time_parse(ban, &ban_ms)) {
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, node->value,
                              "'%s' wants NUMBER:BANTIME, both above 0", row->name),
                  "for example 5:600: five wrong passwords, out for ten minutes");
        return;
    }
    bans->wrong_passwords = count;
    bans->wrong_password_ms = ban_ms;
}

/* "0.7", "12": hundredths. */
static bool load_parse(struct slice text, uint64_t *ret)
{
    struct slice whole;
    struct slice part = { 0 };
    uint64_t number;
    uint64_t hundredths = 0;

    bool has_part = slice_cut(text, '.', &whole, &part);
    if (!number_parse(whole, 100000, &number))
        return false;
    if (has_part && (part.len > 2 || !number_parse(part, 99, &hundredths)))
        return false;
    *ret = number * 100 + (part.len == 1 ? hundredths * 10 : hundredths);
    return true;
}

static void server_load_set(struct build *build, void *record, const struct tree_node *node,
                            const struct option_row *row)
{
    struct server_conf *conf = record;

    if (!load_parse(node->value, &conf->bans.load_percent))
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, node->value,
                              "'%s' must be a load with at most two decimals, not '%.*s'",
                              row->name, SLICE_ARGS(node->value)),
                  "for example 8 or 2.5; 0 switches it off");
}

static void ban_by_cgi_set(struct build *build, void *record, const struct tree_node *node,
                           const struct option_row *row)
{
    struct vhost_conf *host = record;
    struct slice word;
    struct slice most;

    const bool has_most = slice_cut(node->value, ',', &word, &most);
    const bool yes = slice_equal_nocase(slice_trim(word), SLICE("yes")) ||
                     slice_equal_nocase(slice_trim(word), SLICE("true"));
    const bool no = slice_equal_nocase(slice_trim(word), SLICE("no")) ||
                    slice_equal_nocase(slice_trim(word), SLICE("false"));
    uint64_t most_ms = DAY;
    if ((!yes && !no) || (has_most && !ban_time_parse(most, &most_ms))) {
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, node->value,
                              "'%s' wants yes or no, and perhaps the longest time, not '%.*s'",
                              row->name, SLICE_ARGS(node->value)),
                  "for example: %s = yes, 1h", row->name);
        return;
    }
    host->ban_by_cgi_ms = yes ? most_ms : 0;
}

#define BAN_TIME(name_, member_, text_)                                                            \
    {                                                                                              \
        .name = name_, .type = OPT_DURATION, .scopes = SCOPE_SERVER,                               \
        AT(server_conf, bans.member_), .fallback = "0", .most = BAN_MOST_MS, .unit = 1000,         \
        .grammar = "seconds, or a number with m, h or d; 0: no ban",                               \
        .text = text_ " How clients are banned, and how one looks at it: "                         \
                      "[abuse.md](abuse.md).",                                                     \
    }

static const struct option_row rows[] = {
    BAN_TIME("BanOnDeniedBody", denied_body_ms,
             "Bans a client whose request had a body that fits DenyBody (403)."),
    BAN_TIME("BanOnSQLi", sql_ms,
             "Bans a client whose request was stopped by PreventSQLi (404 or 441)."),
    BAN_TIME("BanOnGarbage", garbage_ms, "Bans a client whose request was no HTTP (answered 400)."),
    BAN_TIME("BanOnInvalidURL", invalid_url_ms,
             "Bans a client that asks for what no link leads to: a name that begins with a dot, "
             "control characters, a way out of the website."),
    BAN_TIME("BanOnMaxPerIP", max_per_ip_ms,
             "Bans a client that goes over ConnectionsPerIP. Hiawatha's 2 seconds are not the "
             "default here: such a client is told so (429) and may use what it has."),
    BAN_TIME("BanOnMaxReqSize", request_size_ms,
             "Bans a client whose request is larger than MaxRequestSize (413)."),
    BAN_TIME("BanOnTimeout", timeout_ms,
             "Bans a client that began a request and did not complete it in time "
             "(TimeForRequest). One that connected and asked nothing is not banned: browsers do "
             "that."),
    {
        .name = "BanOnFlooding",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .set = flooding_set,
        .grammar = "REQUESTS/TIME:BANTIME; times in seconds, or with m, h or d",
        .text = "Bans a client that asks more than so many requests within the time, over all its "
                "connections together. `100/10:300`: more than 100 in 10 seconds, out for 5 "
                "minutes.",
    },
    {
        .name = "BanOnWrongPassword",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .set = wrong_password_set,
        .grammar = "NUMBER:BANTIME; the time in seconds, or with m, h or d",
        .text = "Bans a client after so many wrong passwords within five minutes. `5:600`: five "
                "of them, out for ten minutes.",
    },
    {
        .name = "BanlistMask",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .repeat = REPEAT_APPENDS,
        AT(server_conf, bans.spared),
        .set = address_rules_set,
        .grammar = "allow|deny ADDRESS|NETWORK|all[, ...]",
        .text = "Whose addresses may get onto the list of bans: the first rule that holds an "
                "address decides, and `deny` means that it is never banned by itself. `longhouse "
                "ban` is obeyed all the same.",
    },
    {
        .name = "KickOnBan",
        .type = OPT_YES_NO,
        .scopes = SCOPE_SERVER,
        AT(server_conf, bans.kick),
        .fallback = "no",
        .grammar = "yes | no",
        .text = "A ban ends the client's other connections at once, answers in progress too. "
                "Without it those are finished; what is asked afterwards is refused.",
    },
    {
        .name = "RebanDuringBan",
        .type = OPT_YES_NO,
        .scopes = SCOPE_SERVER,
        AT(server_conf, bans.restart),
        .fallback = "no",
        .grammar = "yes | no",
        .text = "A banned client that connects begins its ban anew.",
    },
    {
        .name = "ReconnectDelay",
        .type = OPT_DURATION,
        .scopes = SCOPE_SERVER,
        AT(server_conf, bans.reconnect_delay_ms),
        .fallback = "0",
        .most = 3600000,
        .unit = 1000,
        .grammar = "seconds",
        .text = "For so long a connection that was closed still counts for ConnectionsPerIP.",
    },
    {
        .name = "RequestLimitMask",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .repeat = REPEAT_APPENDS,
        AT(server_conf, bans.unlimited),
        .set = address_rules_set,
        .grammar = "allow|deny ADDRESS|NETWORK|all[, ...]",
        .text = "For whom limits hold: the first rule that holds an address decides. With `deny` "
                "ConnectionsPerIP and MaxServerLoad do not count, MaxRequestSize is at least 32 "
                "MB and TimeForRequest at least 300 seconds. It looks at who is connected: behind "
                "a TrustedProxy that is the proxy.",
    },
    {
        .name = "MaxServerLoad",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .set = server_load_set,
        .grammar = "load as uptime(1) shows it, for example 8 or 2.5; 0: off",
        .text = "While the load of the machine (of the last minute) is above it, new connections "
                "get 503 with Retry-After. Those that are open go on.",
    },
    {
        .name = "BanByCGI",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .set = ban_by_cgi_set,
        .grammar = "yes | no[, MAXTIME]",
        .text = "Programs of the host may have their client banned: by a field `X-Longhouse-Ban: "
                "SECONDS` (or Hiawatha's X-Hiawatha-Ban), at most for MAXTIME (one day without "
                "it). No client sees the field.",
    },
};

const struct option_group ban_options = { rows, sizeof(rows) / sizeof(rows[0]) };
