/* Options about who stays with its FastCGI target: in FastCGIserver sections, and the key of our
 * own cookies. */
#include "build.h"

#include <string.h>

#define KEY_LEAST 16u

/* A token of RFC 9110 5.6.2, as names of cookies are. */
static bool is_cookie_name(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!ascii_is_alpha(text.at[i]) && !ascii_is_digit(text.at[i]) &&
            !strchr("!#$%&'*+-.^_`|~", text.at[i]))
            return false;
    return text.len > 0;
}

static bool cookie_name_clean(struct build *build, const struct tree_node *node,
                              const struct option_row *row, struct slice name)
{
    if (is_cookie_name(name))
        return true;
    diag_hint(build->diags,
              build_fault(build, DIAG_ERROR, node, name,
                          "'%s' wants the name of a cookie, not "
                          "'%.*s'",
                          row->name, SLICE_ARGS(name)),
              "letters, digits, '-', '_' and '.'; for example PHPSESSID");
    return false;
}

static void session_cookie_set(struct build *build, void *record, const struct tree_node *node,
                               const struct option_row *row)
{
    struct fastcgi_conf *fastcgi = record;
    struct items items = items_of(build, node, row, node->value);
    struct slice name;

    while (items_next(&items, &name))
        if (cookie_name_clean(build, node, row, name))
            words_add(build->arena, &fastcgi->session_cookies, name);
}

static void sticky_cookie_set(struct build *build, void *record, const struct tree_node *node,
                              const struct option_row *row)
{
    struct fastcgi_conf *fastcgi = record;

    if (cookie_name_clean(build, node, row, node->value))
        fastcgi->sticky_cookie = node->value;
}

void sessions_complete(struct build *build, struct fastcgi_conf *fastcgi)
{
    if (fastcgi->stick_to != STICK_TO_COOKIE || fastcgi->sticky_cookie.len > 0)
        return;
    if (is_cookie_name(fastcgi->id)) {
        fastcgi->sticky_cookie = arena_printf(build->arena, "LH-%.*s", SLICE_ARGS(fastcgi->id));
        return;
    }
    diag_hint(build->diags,
              diag_add(build->diags, DIAG_ERROR, &fastcgi->place,
                       "'%.*s' cannot be part of the name of a cookie (StickTo)",
                       SLICE_ARGS(fastcgi->id)),
              "add: StickyCookieName = NAME");
}

void sessions_check_cookies(struct build *build)
{
    for (const struct fastcgi_conf *f = build->conf->fastcgi; f; f = f->next) {
        if (f->stick_to == STICK_TO_COOKIE && words_have(f->session_cookies, f->sticky_cookie))
            diag_hint(build->diags,
                      diag_add(build->diags, DIAG_ERROR, &f->place,
                               "'%.*s' is the application's cookie (SessionCookie) and ours "
                               "(StickyCookieName)",
                               SLICE_ARGS(f->sticky_cookie)),
                      "give StickyCookieName another name");
    }
}

/* ---- the key ---- */

void session_key_take(struct diags *diags, const struct diag_place *place, struct slice text,
                      struct server_conf *conf)
{
    const struct slice key = slice_trim_space(text);

    if (key.len >= KEY_LEAST) {
        conf->session_key = key;
        return;
    }
    diag_hint(diags,
              diag_add(diags, DIAG_ERROR, place,
                       "the key of sessions has %zu bytes; it must have "
                       "at least %u",
                       key.len, KEY_LEAST),
              "make one with: openssl rand -hex 32");
}

static void session_key_set(struct build *build, void *record, const struct tree_node *node,
                            const struct option_row *row)
{
    const struct diag_place place = tree_place(node, node->value);

    (void)row;
    session_key_take(build->diags, &place, node->value, record);
}

static void session_key_file_set(struct build *build, void *record, const struct tree_node *node,
                                 const struct option_row *row)
{
    struct server_conf *conf = record;

    (void)row;
    conf->session_key_file = node->value;
    build->session_key_place = tree_place(node, node->value);
}

static const char *const visitors[] = { "address", "cookie", NULL };

static const struct option_row rows[] = {
    {
        .name = "StickTo",
        .type = OPT_CHOICE,
        .scopes = SCOPE_FASTCGI,
        AT(fastcgi_conf, stick_to),
        .fallback = "address",
        .choices = visitors,
        .grammar = "address | cookie",
        .text = "What tells the visitors apart that stay with their target for SessionTimeout, "
                "when there are several. address: the client's (IPv6: its /64; behind a "
                "TrustedProxy the one that it names). cookie: one of our own (StickyCookieName), "
                "sealed with SessionKey; it is right behind shared addresses, holds over restarts "
                "and counts on all front servers with the same key.",
    },
    {
        .name = "SessionCookie",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        .repeat = REPEAT_APPENDS,
        .set = session_cookie_set,
        .grammar = "NAME[, NAME ...]",
        .text = "Cookies in which the application keeps its session, such as PHPSESSID. Then a "
                "visitor stays with its target only from when the application opens a session "
                "until it ends it or SessionTimeout is over; everybody else goes where Balance "
                "says. Together with `StickTo = cookie` our cookie comes and goes with the "
                "session.",
    },
    {
        .name = "StickyCookieName",
        .type = OPT_OWN,
        .scopes = SCOPE_FASTCGI,
        .set = sticky_cookie_set,
        .grammar = "NAME",
        .text = "Name of our own cookie (`StickTo = cookie`). Without it: LH- and the FastCGIid. "
                "Programs do not see it.",
    },
    {
        .name = "SessionKey",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .set = session_key_set,
        .grammar = "text of at least 16 bytes",
        .text = "Key of our own cookies (`StickTo = cookie`), and of where sessions go that are "
                "not known here (SessionCookie). Front servers with the same key agree. Without "
                "SessionKey and SessionKeyFile a key is drawn once and kept as session.key in "
                "WorkDirectory.",
    },
    {
        .name = "SessionKeyFile",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .set = session_key_file_set,
        .grammar = "path; a relative one begins at the configuration folder",
        .text = "File that holds the SessionKey, so that the configuration may be read by others. "
                "Blanks and line ends around the key do not count.",
    },
};

const struct option_group session_options = { rows, sizeof(rows) / sizeof(rows[0]) };
