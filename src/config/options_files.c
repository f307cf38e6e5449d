/* Options about what is said of files besides their bytes. */
#include "build.h"

#include "base/number.h"

#include <stdint.h>

#define SECOND_MS UINT64_C(1000)
#define MONTH_S   UINT64_C(2635200) /* 30.5 days, as Hiawatha has it */
#define AGE_MOST  (UINT64_C(10) * 365 * 86400)

/* As in a Content-Type: a token of RFC 9110 5.6.2, which all names of IANA are. */
static bool is_charset(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];

        if (!ascii_is_alpha(c) && !ascii_is_digit(c) && !(c == '-' || c == '_' || c == ':'))
            return false;
    }
    return text.len > 0 && text.len <= CHARSET_MOST;
}

static void charset_set(struct build *build, void *record, const struct tree_node *node,
                        const struct option_row *row)
{
    struct vhost_conf *host = record;

    if (is_charset(node->value)) {
        host->charset = slice_equal_cstr(node->value, "none")
                            ? SLICE("")
                            : arena_copy(build->arena, node->value);
        return;
    }
    diag_hint(build->diags,
              build_fault(build, DIAG_ERROR, node, node->value,
                          "'%s' must be the name of a character set, not '%.*s'", row->name,
                          SLICE_ARGS(node->value)),
              "for example: Charset = utf-8, or iso-8859-1, or none");
}

static void max_age_set(struct build *build, void *record, const struct tree_node *node,
                        const struct option_row *row)
{
    struct vhost_conf *host = record;

    host->has_max_age = duration_parse(build, node, row, node->value, &host->max_age_ms);
}

/* "2 weeks", "1 month"; without a unit it counts seconds. */
static bool period_parse(struct slice text, uint64_t *ret_s)
{
    const size_t blank = slice_find(text, ' ');
    const struct slice unit = blank == SLICE_NONE ? SLICE("") : slice_trim(slice_skip(text, blank));
    uint64_t number;

    if (slice_equal_nocase(unit, SLICE("month")) || slice_equal_nocase(unit, SLICE("months"))) {
        if (!number_parse(slice_first(text, blank), AGE_MOST, &number))
            return false;
        *ret_s = number * MONTH_S;
        return true;
    }
    if (!number_parse_duration(text, SECOND_MS, &number))
        return false;
    *ret_s = number / SECOND_MS;
    return true;
}

static bool is_public_parse(struct slice text, bool *ret)
{
    *ret = slice_equal_nocase(text, SLICE("public"));
    return *ret || text.len == 0 || slice_equal_nocase(text, SLICE("private"));
}

static void expire_period_set(struct build *build, void *record, const struct tree_node *node,
                              const struct option_row *row)
{
    struct folder_conf *folder = record;
    struct conf_expire expire = { .is_given = true };
    struct slice period;
    struct slice who;

    const bool has_who = slice_cut(node->value, ',', &period, &who);
    period = slice_trim(period);
    who = slice_trim(who);
    if (!period_parse(period, &expire.age_s) || expire.age_s > AGE_MOST) {
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, period,
                              "'%s' must be a time of at most ten years, not '%.*s'", row->name,
                              SLICE_ARGS(period)),
                  "for example: %s = 2 weeks, public", row->name);
        return;
    }
    if (!is_public_parse(who, &expire.is_public) || (has_who && who.len == 0)) {
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, who.len > 0 ? who : node->value,
                              "'%s' knows public and private, not '%.*s'", row->name,
                              SLICE_ARGS(who)),
                  "public: proxies may keep the files for everybody; private: only browsers");
        return;
    }
    folder->expire = expire;
}

static const struct option_row rows[] = {
    {
        .name = "Charset",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .fallback = "utf-8",
        .set = charset_set,
        .grammar = "NAME | none",
        .text = "The character set in the Content-Type of text files whose type (MimetypeConfig) "
                "names none. `none`: none is said, and the pages must say it themselves.",
    },
    {
        .name = "MaxAge",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .least = 0,
        .most = UINT64_C(365) * 86400 * 1000,
        .unit = 1000,
        .set = max_age_set,
        .grammar = "seconds, or with a unit",
        .text = "How long browsers and proxies may keep files without asking again: Cache-Control "
                "and Expires of each file. 0: they ask each time. Without this option nothing is "
                "said, and they decide by the age of the file.",
    },
    {
        .name = "ExpirePeriod",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY | SCOPE_LOCAL,
        AT_FOLDER(expire),
        .set = expire_period_set,
        .grammar = "NUMBER (second | minute | hour | day | week | month)[s][, public | private]",
        .text = "How long files may be kept without asking again: Cache-Control and Expires of "
                "each file, in place of MaxAge. `private` (the default): by browsers; `public`: by "
                "proxies as well, which give them to everybody. A month has 30.5 days; 0 seconds: "
                "they ask each time.",
    },
};

const struct option_group file_options = { rows, sizeof(rows) / sizeof(rows[0]) };
