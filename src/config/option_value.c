/* The types of values: text to member, with the limits of the row. */
#include "base/number.h"
#include "build.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- numbers as people write them ---- */

char *show_duration(uint64_t ms, char out[32])
{
    if (ms > 0 && ms % 86400000 == 0)
        snprintf(out, 32, "%" PRIu64 " day%s", ms / 86400000, ms == 86400000 ? "" : "s");
    else if (ms % 1000 == 0)
        snprintf(out, 32, "%" PRIu64 " s", ms / 1000);
    else
        snprintf(out, 32, "%" PRIu64 " ms", ms);
    return out;
}

char *show_size(uint64_t bytes, char out[32])
{
    static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
    unsigned unit = 0;

    while (bytes >= 1024 && bytes % 1024 == 0 && unit < 4) {
        bytes /= 1024;
        unit++;
    }
    if (bytes == 1 && unit == 0)
        snprintf(out, 32, "1 byte");
    else
        snprintf(out, 32, "%" PRIu64 " %s", bytes, units[unit]);
    return out;
}

static char *show_count(uint64_t count, char out[32])
{
    snprintf(out, 32, "%" PRIu64, count);
    return out;
}

typedef char *show(uint64_t value, char out[32]);

static struct diag *fault_range(struct build *build, const struct tree_node *node,
                                const struct option_row *row, struct slice text, show *show_value)
{
    char least[32];
    char most[32];

    if (row->most == 0)
        return build_fault(build, DIAG_ERROR, node, text, "'%s' must be at least %s, not '%.*s'",
                           row->name, show_value(row->least, least), SLICE_ARGS(text));
    return build_fault(build, DIAG_ERROR, node, text, "'%s' must be between %s and %s, not '%.*s'",
                       row->name, show_value(row->least, least), show_value(row->most, most),
                       SLICE_ARGS(text));
}

static bool in_range(const struct option_row *row, uint64_t value)
{
    return value >= row->least && (row->most == 0 || value <= row->most);
}

static bool is_number(struct slice text)
{
    uint64_t ignored;

    return number_parse(text, UINT64_MAX, &ignored);
}

bool count_parse(struct build *build, const struct tree_node *node, const struct option_row *row,
                 struct slice text, uint64_t *ret)
{
    uint64_t value;

    if (number_parse(text, UINT64_MAX, &value) && in_range(row, value)) {
        *ret = value;
        return true;
    }
    struct diag *diag = fault_range(build, node, row, text, show_count);
    if (!is_number(text))
        diag_hint(build->diags, diag, "write a whole number: digits only");
    return false;
}

bool duration_parse(struct build *build, const struct tree_node *node, const struct option_row *row,
                    struct slice text, uint64_t *ret)
{
    uint64_t value;

    if (number_parse_duration(text, row->unit, &value) && in_range(row, value)) {
        *ret = value;
        return true;
    }
    struct diag *diag = fault_range(build, node, row, text, show_duration);
    if (!is_number(text))
        diag_hint(build->diags, diag, "a bare number counts %s; or add a unit: 30s, 5 minutes",
                  row->unit == 60000 ? "minutes" : "seconds");
    return false;
}

void count_and_time_parse(struct build *build, const struct tree_node *node,
                          const struct option_row *row, uint64_t *ret_count, uint64_t *ret_time_ms)
{
    const struct option_row time_row = {
        .name = row->name, .least = 100, .most = 3600 * UINT64_C(1000), .unit = 1000
    };
    struct slice count;
    struct slice time;
    const bool has_time = slice_cut(node->value, ',', &count, &time);

    if (count_parse(build, node, row, slice_trim(count), ret_count) && has_time)
        duration_parse(build, node, &time_row, slice_trim(time), ret_time_ms);
}

bool size_parse(struct build *build, const struct tree_node *node, const struct option_row *row,
                struct slice text, uint64_t *ret)
{
    uint64_t value;

    if (number_parse_size(text, row->unit, &value) && in_range(row, value)) {
        *ret = value;
        return true;
    }
    struct diag *diag = fault_range(build, node, row, text, show_size);
    if (!is_number(text))
        diag_hint(build->diags, diag, "a bare number counts %s; or add a unit: 512K, 10M, 2 GiB",
                  row->unit == 1024                    ? "kilobytes"
                  : row->unit == UINT64_C(1024) * 1024 ? "megabytes"
                                                       : "bytes");
    return false;
}

/* ---- lists ---- */

static bool is_all_commas(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] != ',' && text.at[i] != ' ' && text.at[i] != '\t')
            return false;
    }
    return text.len > 0;
}

struct items items_of(struct build *build, const struct tree_node *node,
                      const struct option_row *row, struct slice value)
{
    if (is_all_commas(value)) {
        build_fault(build, DIAG_ERROR, node, value, "the list of '%s' names nothing", row->name);
        value.len = 0;
    }
    return (struct items){ .rest = value, .node = node, .build = build, .row = row };
}

bool items_next(struct items *items, struct slice *ret)
{
    struct slice before = items->rest;

    for (; slice_next(&items->rest, ',', ret); before = items->rest) {
        size_t comma = slice_find(before, ',');
        bool last = items->rest.len == 0;

        /* an empty item is one between two commas, or before the first, or behind the last */
        if (comma != SLICE_NONE && (ret->len == 0 || last))
            build_fault(items->build, DIAG_WARNING, items->node,
                        slice_first(slice_skip(before, comma), 1),
                        "an empty item in the list of '%s' is left out", items->row->name);
        if (ret->len > 0)
            return true;
    }
    return false;
}

void words_add(struct arena *arena, struct conf_word **list, struct slice text)
{
    struct conf_word *word = arena_new(arena, struct conf_word);

    while (*list)
        list = &(*list)->next;
    word->text = text;
    *list = word;
}

void pairs_add(struct arena *arena, struct conf_pair **list, struct slice name, struct slice value)
{
    struct conf_pair *pair = arena_new(arena, struct conf_pair);

    while (*list)
        list = &(*list)->next;
    *pair = (struct conf_pair){ .name = name, .value = value };
    *list = pair;
}

bool words_have(const struct conf_word *list, struct slice text)
{
    for (; list; list = list->next) {
        if (slice_equal(list->text, text))
            return true;
    }
    return false;
}

static void set_words(struct build *build, struct conf_word **list, const struct tree_node *node,
                      const struct option_row *row)
{
    struct items items = items_of(build, node, row, node->value);
    struct slice item;

    while (items_next(&items, &item)) {
        if (!words_have(*list, item))
            words_add(build->arena, list, item);
    }
}

void nets_add(struct build *build, struct conf_net **list, const struct tree_node *node,
              const struct option_row *row, struct slice value, const char *danger)
{
    struct items items = items_of(build, node, row, value);
    struct slice item;

    while (*list)
        list = &(*list)->next;
    while (items_next(&items, &item)) {
        struct address_net net;

        if (!address_net_parse(item, &net)) {
            diag_hint(build->diags,
                      build_fault(build, DIAG_ERROR, node, item,
                                  "'%s' wants IPv4 or IPv6 addresses or networks, not '%.*s'",
                                  row->name, SLICE_ARGS(item)),
                      "for example: %s = 127.0.0.1, ::1, 10.0.0.0/8", row->name);
            continue;
        }
        if (net.all || net.bits == 0)
            build_fault(build, DIAG_WARNING, node, item, "'%s = %.*s' %s", row->name,
                        SLICE_ARGS(item), danger);
        *list = arena_new(build->arena, struct conf_net);
        (*list)->net = net;
        list = &(*list)->next;
    }
}

static void nets_set(struct build *build, void *record, const struct tree_node *node,
                     const struct option_row *row, const char *danger)
{
    struct conf_net **list = (struct conf_net **)(void *)((char *)record + row->offset);

    nets_add(build, list, node, row, node->value, danger);
}

void proxies_set(struct build *build, void *record, const struct tree_node *node,
                 const struct option_row *row)
{
    nets_set(build, record, node, row, "lets every visitor name the address it comes from");
}

void watchers_set(struct build *build, void *record, const struct tree_node *node,
                  const struct option_row *row)
{
    nets_set(build, record, node, row, "shows every visitor what programs are told, secrets too");
}

void tracers_set(struct build *build, void *record, const struct tree_node *node,
                 const struct option_row *row)
{
    nets_set(
        build, record, node, row,
        "tells every visitor who asks for it what is configured, and where it lies on the disk");
}

/* ---- words with a meaning ---- */

static const struct {
    const char *word;
    bool value;
} yes_words[] = { { "yes", true }, { "true", true }, { "no", false }, { "false", false } };

void yes_no_parse(struct build *build, bool *member, const struct tree_node *node,
                  const struct option_row *row)
{
    for (size_t i = 0; i < sizeof(yes_words) / sizeof(yes_words[0]); i++) {
        struct slice word = slice_cstr(yes_words[i].word);

        if (!slice_equal_nocase(node->value, word))
            continue;
        if (!slice_equal(node->value, word))
            build_fault(build, DIAG_NOTE, node, node->value,
                        "'%.*s' is read as '%s', but Hiawatha wants small letters",
                        SLICE_ARGS(node->value), yes_words[i].word);
        *member = yes_words[i].value;
        return;
    }
    build_fault(build, DIAG_ERROR, node, node->value, "'%s' must be yes or no, not '%.*s'",
                row->name, SLICE_ARGS(node->value));
}

static void set_choice(struct build *build, unsigned *member, const struct tree_node *node,
                       const struct option_row *row)
{
    size_t count = 0;

    for (; row->choices[count]; count++) {
        if (slice_equal_cstr(node->value, row->choices[count])) {
            *member = (unsigned)count;
            return;
        }
    }
    const char *nearest = diag_nearest(node->value, row->choices, count);
    struct diag *diag =
        build_fault(build, DIAG_ERROR, node, node->value, "'%s' must be %s, not '%.*s'", row->name,
                    row->grammar, SLICE_ARGS(node->value));
    if (nearest)
        diag_hint(build->diags, diag, "did you mean '%s'?", nearest);
}

bool path_clean(struct build *build, const struct tree_node *node, const struct option_row *row,
                struct slice text, struct slice *ret)
{
    struct slice path = text;

    if (!slice_starts(path, SLICE("/"))) {
        bool quoted = slice_starts(path, SLICE("\"")) || slice_starts(path, SLICE("'"));

        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, text,
                              "'%s' must be an absolute path, not '%.*s'", row->name,
                              SLICE_ARGS(text)),
                  quoted ? "leave the quotes out: they would be part of the value"
                         : "begin it with '/'; the variable CONFIG_DIR stands for the "
                           "configuration folder");
        return false;
    }
    while (path.len > 1 && slice_ends(path, SLICE("/")))
        path.len--;
    if (path.len == 1) {
        build_fault(build, DIAG_ERROR, node, text, "'%s' must not be '/'", row->name);
        return false;
    }
    if (path.len < text.len)
        build_fault(build, DIAG_NOTE, node, text,
                    "the '/' at the end is left out; Hiawatha refuses it");
    *ret = path;
    return true;
}

static bool find_log_word(struct slice target, enum conf_log_kind *ret)
{
    static const struct {
        const char *word;
        enum conf_log_kind kind;
    } words[] = {
        { "none", LOG_TO_NOWHERE },       { "stdout", LOG_TO_STDOUT },
        { "stderr", LOG_TO_STDERR },      { "/dev/stdout", LOG_TO_STDOUT },
        { "/dev/stderr", LOG_TO_STDERR }, { "/dev/null", LOG_TO_NOWHERE },
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (slice_equal_cstr(target, words[i].word)) {
            *ret = words[i].kind;
            return true;
        }
    }
    return false;
}

/* `daily`, `weekly`, `monthly`, behind the path of a file. */
static bool rotate_parse(struct build *build, const struct tree_node *node, struct slice word,
                         bool is_file, enum conf_rotate *ret)
{
    static const char *const words[] = { "daily", "weekly", "monthly" };

    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!slice_equal_cstr(word, words[i]))
            continue;
        *ret = (enum conf_rotate)(ROTATE_DAILY + i);
        if (!is_file)
            diag_hint(build->diags,
                      build_fault(build, DIAG_ERROR, node, word, "'%s': only a file can begin anew",
                                  words[i]),
                      "leave it out, or name a file");
        return is_file;
    }
    diag_hint(build->diags,
              build_fault(build, DIAG_ERROR, node, word.len > 0 ? word : node->value,
                          "a log begins anew daily, weekly or monthly, not '%.*s'",
                          SLICE_ARGS(word)),
              "write the path alone to leave rotation to logrotate");
    return false;
}

/* `/path`, `none`, `stdout` or `stderr`; behind a path, when it begins anew. */
static void set_log(struct build *build, struct conf_log *member, const struct tree_node *node,
                    const struct option_row *row)
{
    struct conf_log log = { .place = tree_place(node, node->value) };
    struct slice target;
    struct slice period;
    const bool has_period = slice_cut(node->value, ',', &target, &period);

    target = slice_trim(target);
    const bool is_word = find_log_word(target, &log.kind);
    if (!is_word && !slice_starts(target, SLICE("/"))) {
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, target,
                              "'%s' must be an absolute path, none, stdout or stderr, not '%.*s'",
                              row->name, SLICE_ARGS(target)),
                  "for example: %s = %s", row->name, row->fallback);
        return;
    }
    if (has_period && !rotate_parse(build, node, slice_trim(period), !is_word, &log.rotate))
        return;
    if (is_word || path_clean(build, node, row, target, &log.path))
        *member = log;
}

static bool text_fits(struct build *build, const struct tree_node *node,
                      const struct option_row *row)
{
    if (row->most == 0 || node->value.len <= row->most)
        return true;
    build_fault(build, DIAG_ERROR, node, node->value,
                "'%s' must be at most %" PRIu64 " bytes long, not %zu", row->name, row->most,
                node->value.len);
    return false;
}

/* ---- all types ---- */

void option_set(struct build *build, void *record, const struct tree_node *node,
                const struct option_row *row)
{
    void *member = (char *)record + row->offset;
    bool is_first = node->pieces && !build_given(build, row);

    switch (row->type) {
    case OPT_YES_NO:
        yes_no_parse(build, member, node, row);
        break;
    case OPT_COUNT:
        count_parse(build, node, row, node->value, member);
        break;
    case OPT_SIZE:
        size_parse(build, node, row, node->value, member);
        break;
    case OPT_DURATION:
        duration_parse(build, node, row, node->value, member);
        break;
    case OPT_TEXT:
        if (text_fits(build, node, row))
            *(struct slice *)member = node->value;
        break;
    case OPT_PATH:
        path_clean(build, node, row, node->value, member);
        break;
    case OPT_WORDS:
        if (is_first)
            *(struct conf_word **)member = NULL; /* the default makes room */
        set_words(build, member, node, row);
        break;
    case OPT_LOG:
        set_log(build, member, node, row);
        break;
    case OPT_CHOICE:
        set_choice(build, member, node, row);
        break;
    case OPT_OWN:
        row->set(build, record, node, row);
        break;
    case OPT_NEEDLESS:
    case OPT_GONE:
        break;
    }
}

void option_set_fallback(struct build *build, void *record, const struct option_row *row)
{
    struct tree_node node = { 0 };

    if (!row->fallback)
        return;
    node.name = slice_cstr(row->name);
    node.value = node.raw_value = slice_cstr(row->fallback);
    option_set(build, record, &node, row);
}
