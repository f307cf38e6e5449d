#include "server/throttle.h"

#include "site/pattern.h"
#include "site/trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_AFTER_S 5u /* another answer may have ended */

/* Of one exchange, in its arena. */
struct brake {
    struct throttle_line *lines[PACE_RATES_MOST - 1]; /* that it passes */
    unsigned count;
    struct rate own; /* Throttle */
    struct pace pace;
};

/* ---- lines ---- */

static bool has_line(const struct throttle_lines *lines, const struct throttle_line *line)
{
    for (unsigned i = 0; i < lines->count; i++)
        if (lines->at[i] == line)
            return true;
    return false;
}

/* The line of this name that `taken` does not have yet: a pattern may be there twice. */
static struct throttle_line *find_line(const struct throttle_lines *lines, struct slice name,
                                       const struct throttle_lines *taken)
{
    for (unsigned i = 0; lines && i < lines->count; i++)
        if (slice_equal_cstr(name, lines->at[i]->name) && !has_line(taken, lines->at[i]))
            return lines->at[i];
    return NULL;
}

static void *zeroed(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size);

    if (!memory)
        abort();
    return memory;
}

static struct throttle_line *make_line(const struct shared_speed_conf *conf)
{
    struct throttle_line *line = zeroed(1, sizeof(*line));

    line->name = zeroed(conf->name.len + 1, 1);
    memcpy(line->name, conf->name.at, conf->name.len);
    line->rate.bytes_per_s = conf->bytes_per_s;
    return line;
}

struct throttle_lines *throttle_lines_new(const struct server_conf *conf,
                                          const struct throttle_lines *former)
{
    struct throttle_lines *lines = zeroed(1, sizeof(*lines));

    lines->at = zeroed(conf->shared_speed_count, sizeof(struct throttle_line *));
    for (const struct shared_speed_conf *one = conf->shared_speeds; one; one = one->next) {
        struct throttle_line *line = find_line(former, one->name, lines);

        if (!line)
            line = make_line(one);
        line->users++;
        lines->at[lines->count++] = line;
    }
    return lines;
}

void throttle_lines_settle(struct throttle_lines *lines, const struct server_conf *conf)
{
    for (const struct shared_speed_conf *one = conf->shared_speeds; one; one = one->next)
        lines->at[one->index]->rate.bytes_per_s = one->bytes_per_s;
}

void throttle_lines_free(struct throttle_lines *lines)
{
    if (!lines)
        return;
    for (unsigned i = 0; i < lines->count; i++) {
        if (--lines->at[i]->users > 0)
            continue;
        free(lines->at[i]->name);
        free(lines->at[i]);
    }
    free(lines->at);
    free(lines);
}

/* ---- who passes ---- */

/* Short answers are not worth a brake, and say nothing of what lies there. */
static bool has_content(const struct verdict *verdict)
{
    switch (verdict->answer) {
    case ANSWER_FILE:
    case ANSWER_XSLT:
    case ANSWER_CGI:
    case ANSWER_FASTCGI:
    case ANSWER_LISTING:
        return true;
    case ANSWER_STATUS:
    case ANSWER_REDIRECT:
    case ANSWER_ALTER:
    case ANSWER_LOGIN:
    case ANSWER_SCREEN:
    case ANSWER_HASH:
    case ANSWER_SSH:
        break;
    }
    return false;
}

static bool is_for(const struct shared_speed_conf *conf, const struct verdict *verdict)
{
    if (conf->pattern.len > 0)
        return pattern_match(conf->pattern, verdict->resource.relative);
    return verdict->folder->upload_speed == conf;
}

/* One more would be too many, or leave too little for each. */
static bool is_full(const struct shared_speed_conf *conf, uint64_t answers)
{
    return (conf->most > 0 && answers > conf->most) ||
           conf->bytes_per_s / answers < conf->least_per_s;
}

static struct brake *brake_of(struct exchange *x)
{
    if (!x->throttle)
        x->throttle = arena_new(&x->arena, struct brake);
    return x->throttle;
}

static bool pass(struct exchange *x, const struct shared_speed_conf *conf,
                 struct throttle_line *line)
{
    const uint64_t answers = atomic_fetch_add(&line->answers, 1) + 1;
    struct brake *brake = brake_of(x);

    brake->lines[brake->count++] = line;
    return !is_full(conf, answers);
}

static void refuse(struct exchange *x, struct slice name, struct verdict *verdict)
{
    verdict->answer = ANSWER_STATUS;
    verdict->status = 503;
    verdict->retry_after_s = RETRY_AFTER_S;
    verdict->why =
        arena_printf(&x->arena, "too many answers at a time (%.*s)", SLICE_ARGS(name)).at;
}

void throttle_admit(struct exchange *x, const struct server_conf *conf,
                    const struct throttle_lines *lines, struct verdict *verdict)
{
    const struct brake *brake;

    if (!conf->shared_speeds || !has_content(verdict))
        return;
    for (const struct shared_speed_conf *one = conf->shared_speeds; one; one = one->next) {
        if (!is_for(one, verdict))
            continue;
        if (!pass(x, one, lines->at[one->index])) {
            throttle_leave(x);
            refuse(x, one->name, verdict);
            return;
        }
        brake = x->throttle;
        if (brake->count == PACE_RATES_MOST - 1)
            return; /* more lines are not looked at */
    }
}

void throttle_leave(struct exchange *x)
{
    struct brake *brake = x->throttle;

    if (!brake)
        return;
    for (unsigned i = 0; i < brake->count; i++)
        brake->lines[i]->answers--;
    brake->count = 0;
}

/* ---- Throttle ---- */

static bool fits(const struct throttle_conf *throttle, struct slice type, struct slice extension)
{
    if (throttle->extension.len > 0)
        return slice_equal_nocase(throttle->extension, extension);
    return slice_starts_nocase(type, throttle->type);
}

/* Of an answer that is no file only its type counts. */
static const struct throttle_conf *own_throttle(const struct exchange *x,
                                                const struct server_conf *conf,
                                                const struct verdict *verdict)
{
    const struct slice type = fields_value(&x->response.fields, FIELD_CONTENT_TYPE);
    const struct slice extension =
        verdict->answer == ANSWER_FILE ? verdict->resource.extension : SLICE("");

    for (const struct throttle_conf *one = conf->throttles; one; one = one->next)
        if (fits(one, type, extension))
            return one;
    return NULL;
}

void throttle_slow_down(struct exchange *x, const struct server_conf *conf,
                        const struct verdict *verdict)
{
    if ((!conf->throttles && !x->throttle) || x->response.status / 100 != 2)
        return;
    const struct throttle_conf *own = own_throttle(x, conf, verdict);
    if (!own && (!x->throttle || ((struct brake *)x->throttle)->count == 0))
        return;

    struct brake *brake = brake_of(x);
    pace_init(&brake->pace, x->loop);
    for (unsigned i = 0; i < brake->count; i++)
        pace_add(&brake->pace, &brake->lines[i]->rate);
    if (own) {
        brake->own.bytes_per_s = own->bytes_per_s;
        pace_add(&brake->pace, &brake->own);
    }
    x->response.body.pace = &brake->pace;
}

/* ---- for who wants to know ---- */

static void tell_shared(struct trace *trace, const struct shared_speed_conf *shared)
{
    const char *most =
        shared->most > 0
            ? arena_printf(trace->arena, ", at most %" PRIu64 " at a time", shared->most).at
            : "";
    const char *least =
        shared->least_per_s > 0
            ? arena_printf(trace->arena, ", none of them below %" PRIu64, shared->least_per_s).at
            : "";

    trace_add(trace, TRACE_ANSWER, TRACE_FACT, &shared->place,
              "%.*s: %" PRIu64 " bytes per second for all its answers together%s%s",
              SLICE_ARGS(shared->name), shared->bytes_per_s, least, most);
}

void throttle_tell(const struct exchange *x, const struct server_conf *conf,
                   const struct verdict *verdict)
{
    const struct throttle_conf *own;

    if (!has_content(verdict))
        return;
    for (const struct shared_speed_conf *one = conf->shared_speeds; one; one = one->next)
        if (is_for(one, verdict))
            tell_shared(x->trace, one);
    own = own_throttle(x, conf, verdict);
    if (own)
        trace_add(x->trace, TRACE_ANSWER, TRACE_FACT, &own->place,
                  "Throttle: %" PRIu64 " bytes per second", own->bytes_per_s);
}
