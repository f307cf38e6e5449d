/* ChallengeClient: who is asked to prove that it is a browser. */
#include "base/number.h"
#include "build.h"

static void fault(struct build *build, const struct tree_node *node, struct slice part,
                  const char *why)
{
    diag_hint(
        build->diags,
        build_fault(build, DIAG_ERROR, node, part.len > 0 ? part : node->value,
                    "'ChallengeClient': %s", why),
        "for example ChallengeClient = 500, httpheader, 60: from 500 connections on, who does "
        "not learn is out for a minute");
}

static bool kind_parse(struct slice word, enum challenge_kind *ret)
{
    if (slice_equal_nocase(word, SLICE("httpheader")))
        *ret = CHALLENGE_BY_HEADER;
    else if (slice_equal_nocase(word, SLICE("javascript")))
        *ret = CHALLENGE_BY_SCRIPT;
    else
        return false;
    return true;
}

static bool ban_parse(struct slice text, uint64_t *ret_ms)
{
    *ret_ms = 0;
    return slice_equal_cstr(text, "0") || ban_time_parse(text, ret_ms);
}

static void challenge_set(struct build *build, void *record, const struct tree_node *node,
                          const struct option_row *row)
{
    struct server_conf *conf = record;
    struct challenge_conf made = { 0 };
    struct slice threshold;
    struct slice kind;
    struct slice ban;
    struct slice rest;

    (void)row;
    if (!slice_cut(node->value, ',', &threshold, &rest) || !slice_cut(rest, ',', &kind, &rest)) {
        fault(build, node, node->value, "three things are wanted");
        return;
    }
    const bool has_secret = slice_cut(rest, ',', &ban, &rest);
    threshold = slice_trim(threshold);
    kind = slice_trim(kind);
    ban = slice_trim(ban);
    if (!number_parse(threshold, UINT32_MAX, &made.threshold))
        fault(build, node, threshold, "the number of connections is a number");
    else if (!kind_parse(kind, &made.kind))
        fault(build, node, kind, "clients are challenged by httpheader or javascript");
    else if (!ban_parse(ban, &made.ban_ms))
        fault(build, node, ban, "the time is a number of seconds, or has m, h or d");
    else {
        made.secret = has_secret ? slice_trim(rest) : (struct slice){ 0 };
        conf->challenge = made;
    }
}

static const struct option_row rows[] = {
    {
        .name = "ChallengeClient",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .set = challenge_set,
        .grammar = "CONNECTIONS, httpheader | javascript, BANTIME[, SECRET]",
        .text = "While there are at least so many connections (until they are below 90% of that), "
                "clients have to show that they keep a cookie, or run a script that sets one, "
                "before anything is done for them. Who was challenged ten times within a minute "
                "and has not learnt is refused (503) and banned for BANTIME (seconds, or with m, h "
                "or d; 0: not). Without SECRET the cookie is sealed with the key of the house "
                "(SessionKey). BanlistMask spares. See [abuse.md](abuse.md).",
    },
};

const struct option_group challenge_options = { rows, sizeof(rows) / sizeof(rows[0]) };
