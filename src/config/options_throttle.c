/* Options about how fast answers may be. */
#include "base/number.h"
#include "build.h"

#define KILO 1024u

/* Kilobytes per second, or with a unit; above 0. */
static bool speed_parse(struct slice text, uint64_t *ret)
{
    uint64_t speed;

    if (!number_parse_size(slice_trim(text), KILO, &speed) || speed == 0 || speed > SPEED_MOST)
        return false;
    *ret = speed;
    return true;
}

static void fault_speed(struct build *build, const struct tree_node *node, struct slice part)
{
    diag_hint(build->diags,
              build_fault(build, DIAG_ERROR, node, part.len > 0 ? part : node->value,
                          "'%.*s' is no speed above 0", SLICE_ARGS(part)),
              "a bare number counts kilobytes per second; or add a unit: 500 B, 2M");
}

/* ---- Throttle ---- */

/* ".zip", "video/", "video/mp4". */
static bool kind_parse(struct build *build, struct slice kind, struct throttle_conf *ret)
{
    struct slice lower = arena_lower(build->arena, kind);

    if (slice_starts(lower, SLICE("."))) {
        ret->extension = slice_skip(lower, 1);
        return ret->extension.len > 0 && !slice_has(ret->extension, '/');
    }
    ret->type = lower;
    return slice_has(slice_skip(lower, lower.len > 0), '/');
}

static void throttle_set(struct build *build, void *record, const struct tree_node *node,
                         const struct option_row *row)
{
    struct server_conf *conf = record;
    struct throttle_conf *throttle = arena_new(build->arena, struct throttle_conf);
    struct throttle_conf **end = &conf->throttles;
    struct slice kind;
    struct slice speed;

    const bool has_speed = slice_cut(node->value, ':', &kind, &speed);
    kind = slice_trim(kind);
    if (!has_speed || !kind_parse(build, kind, throttle)) {
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, kind.len > 0 ? kind : node->value,
                              "'%s' wants a media type or an extension, and a speed", row->name),
                  "for example .zip:200 or video/:500; in kilobytes per second");
        return;
    }
    if (!speed_parse(speed, &throttle->bytes_per_s)) {
        fault_speed(build, node, slice_trim(speed));
        return;
    }
    throttle->place = tree_place(node, node->value);
    while (*end)
        end = &(*end)->next;
    *end = throttle;
}

/* ---- what answers share ---- */

struct shared_speed_conf *shared_speed_add(struct build *build, const struct tree_node *node)
{
    struct server_conf *conf = build->conf;
    struct shared_speed_conf *speed = arena_new(build->arena, struct shared_speed_conf);
    struct shared_speed_conf **end = &conf->shared_speeds;

    while (*end)
        end = &(*end)->next;
    *end = speed;
    speed->index = conf->shared_speed_count++;
    speed->place = tree_place(node, node->value);
    return speed;
}

static void upload_speed_set(struct build *build, void *record, const struct tree_node *node,
                             const struct option_row *row)
{
    struct folder_conf *folder = record;
    struct slice speed_text;
    struct slice most_text;
    uint64_t bytes_per_s;
    uint64_t most;

    if (!slice_cut(node->value, ',', &speed_text, &most_text)) {
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, node->value,
                              "'%s' wants a speed and a number of answers", row->name),
                  "for example %s = 2000, 10: all together at 2000 kB/s, ten at a time", row->name);
        return;
    }
    if (!speed_parse(speed_text, &bytes_per_s)) {
        fault_speed(build, node, slice_trim(speed_text));
        return;
    }
    if (!count_parse(build, node, row, slice_trim(most_text), &most))
        return;
    struct shared_speed_conf *shared = shared_speed_add(build, node);
    shared->name =
        arena_printf(build->arena, "%s of %.*s", row->name, SLICE_ARGS(build->filling->label));
    shared->bytes_per_s = bytes_per_s;
    shared->most = most;
    folder->upload_speed = shared;
}

/* "SPEED", "LEAST-SPEED". */
static bool speeds_parse(struct build *build, const struct tree_node *node, struct slice text,
                         struct shared_speed_conf *ret)
{
    struct slice least;
    struct slice most;

    if (!slice_cut(text, '-', &least, &most))
        most = text;
    else if (!number_parse_size(slice_trim(least), KILO, &ret->least_per_s)) {
        fault_speed(build, node, slice_trim(least));
        return false;
    }
    if (!speed_parse(most, &ret->bytes_per_s)) {
        fault_speed(build, node, slice_trim(most));
        return false;
    }
    if (ret->least_per_s <= ret->bytes_per_s)
        return true;
    build_fault(build, DIAG_ERROR, node, text, "the least speed is above the whole one");
    return false;
}

static void throttle_pattern_set(struct build *build, void *record, const struct tree_node *node,
                                 const struct option_row *row)
{
    struct shared_speed_conf speeds = { 0 };
    struct slice rest = node->value;
    struct slice pattern;

    (void)record;
    if (!word_next(&rest, &pattern) || slice_trim(rest).len == 0 || pattern.len > row->most) {
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, node->value,
                              "'%s' wants a pattern, of at most %u bytes, and a speed", row->name,
                              (unsigned)row->most),
                  "for example %s = downloads/**.iso 2000", row->name);
        return;
    }
    if (!speeds_parse(build, node, slice_trim(rest), &speeds))
        return;
    struct shared_speed_conf *shared = shared_speed_add(build, node);
    shared->name = arena_printf(build->arena, "%s %.*s", row->name, SLICE_ARGS(pattern));
    shared->pattern = pattern;
    shared->bytes_per_s = speeds.bytes_per_s;
    shared->least_per_s = speeds.least_per_s;
}

static const struct option_row rows[] = {
    {
        .name = "Throttle",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .repeat = REPEAT_APPENDS,
        .set = throttle_set,
        .grammar = ".EXT:SPEED | TYPE/[SUBTYPE]:SPEED; SPEED in kilobytes per second, or with a "
                   "unit",
        .text = "How fast an answer may be that is a file with this extension, or whose "
                "Content-Type begins so; programs' answers too. Each answer has this speed for "
                "itself. The first line that fits counts. May be repeated. See "
                "[abuse.md](abuse.md).",
    },
    {
        .name = "ThrottlePattern",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .repeat = REPEAT_APPENDS,
        .most = 1000,
        .set = throttle_pattern_set,
        .grammar = "PATTERN [LEAST-]SPEED; in kilobytes per second, or with a unit",
        .text = "What all answers share whose file fits the pattern, by its name below its root, "
                "with the wildcards of CGIpattern (`**.iso`). One for which less than LEAST would "
                "be left gets 503 with Retry-After. Where several patterns fit, all count. This is "
                "the throttle file of thttpd. May be repeated.",
    },
    {
        .name = "UploadSpeed",
        .type = OPT_OWN,
        .scopes = SCOPE_DIRECTORY,
        AT_FOLDER(upload_speed),
        .least = 1,
        .most = 1000000,
        .set = upload_speed_set,
        .grammar = "SPEED, ANSWERS; SPEED in kilobytes per second, or with a unit",
        .text = "What all answers from this Directory share, however many visitors there are, and "
                "how many of them there may be at a time: one more gets 503 with Retry-After. In "
                "spite of its name it is about what visitors download. See [abuse.md](abuse.md).",
    },
};

const struct option_group throttle_options = { rows, sizeof(rows) / sizeof(rows[0]) };
