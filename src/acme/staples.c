/* Which certificate is to be asked about, and what became of the last try. */
#include "acme_private.h"

#include <stdlib.h>

#define HOUR_S  INT64_C(3600)
#define DAY_S   (24 * HOUR_S)
#define LEAST_S 10  /* between two questions, however short answers live */
#define SPREAD  24u /* of a life, or of a pause */

static void staple_free(struct staple *staple)
{
    free(staple->id);
    free(staple->name);
    free(staple->certificates);
    free(staple->error);
}

static void set_error(struct staple *staple, struct slice why)
{
    free(staple->error);
    staple->error = why.len > 0 ? slice_dup(why) : NULL;
}

/* ---- when ---- */

static int64_t half_life(const struct staple_times *times, int64_t now_unix_s)
{
    if (times->until_unix_s == INT64_MAX)
        return now_unix_s + DAY_S;
    const int64_t half_s = times->from_unix_s + (times->until_unix_s - times->from_unix_s) / 2;
    return half_s < now_unix_s + DAY_S ? half_s : now_unix_s + DAY_S;
}

int64_t staple_refresh(const struct staple_times *times, int64_t now_unix_s)
{
    const int64_t half_s = half_life(times, now_unix_s);
    int64_t pause_s = (times->until_unix_s - now_unix_s) / 2;

    pause_s = pause_s < HOUR_S ? pause_s : HOUR_S;
    pause_s = pause_s > LEAST_S ? pause_s : LEAST_S;
    return half_s > now_unix_s + pause_s ? half_s : now_unix_s + pause_s;
}

/* So that those who got it at the same moment do not come again so. */
static int64_t spread_of(const struct staple *staple, int64_t pause_s)
{
    return pause_s > 0
               ? (int64_t)spread_s(staple->id, staple->until_unix_s, (uint64_t)pause_s / SPREAD)
               : 0;
}

/* By what there is: an answer that was kept over a restart is as good as a new one. */
static void plan(struct staple *staple, const struct acme_staple *from, int64_t now_unix_s)
{
    struct arena arena = { 0 };
    struct staple_question question;
    struct staple_times times;
    char sentence[STAPLE_WHY_MOST];
    const char *why = staple_ask(from->certificates, &arena, &question);

    staple->is_askable = !why;
    staple->due_unix_s = now_unix_s;
    if (why) {
        set_error(staple, slice_cstr(why));
    } else if (staple_judge(from->certificates, from->answer, &times, sentence) == STAPLE_GOOD) {
        staple->until_unix_s = (uint64_t)times.until_unix_s;
        staple->due_unix_s = half_life(&times, now_unix_s);
    }
    arena_done(&arena);
}

/* ---- all of them ---- */

static struct staple staple_new(const struct acme_staple *from, int64_t now_unix_s)
{
    struct staple staple = {
        .id = slice_dup(from->id),
        .name = slice_dup(from->name),
        .certificates = slice_dup(from->certificates),
    };

    plan(&staple, from, now_unix_s);
    return staple;
}

static struct staple *find_same(const struct staples *staples, const struct acme_staple *from)
{
    for (unsigned i = 0; i < staples->count; i++) {
        struct staple *known = &staples->staples[i];

        if (known->id && slice_equal_cstr(from->id, known->id) &&
            slice_equal_cstr(from->name, known->name))
            return known;
    }
    return NULL;
}

void staples_take(struct staples *staples, const struct acme_tasks *tasks, int64_t now_unix_s)
{
    struct staples taken = {
        .staples = calloc((size_t)tasks->staple_count + 1, sizeof(struct staple)),
        .count = tasks->staple_count,
    };

    if (!taken.staples)
        abort();
    for (unsigned i = 0; i < taken.count; i++) {
        struct staple *known = find_same(staples, &tasks->staples[i]);

        taken.staples[i] = known ? *known : staple_new(&tasks->staples[i], now_unix_s);
        if (known)
            *known = (struct staple){ 0 };
    }
    staples_done(staples);
    *staples = taken;
}

void staples_done(struct staples *staples)
{
    for (unsigned i = 0; i < staples->count; i++)
        staple_free(&staples->staples[i]);
    free(staples->staples);
    *staples = (struct staples){ 0 };
}

struct staple *staples_first(const struct staples *staples)
{
    struct staple *first = NULL;

    for (unsigned i = 0; i < staples->count; i++) {
        struct staple *one = &staples->staples[i];

        if (one->is_askable && (!first || one->due_unix_s < first->due_unix_s))
            first = one;
    }
    return first;
}

void staples_renew(const struct staples *staples, int64_t now_unix_s)
{
    for (unsigned i = 0; i < staples->count; i++)
        staples->staples[i].due_unix_s = now_unix_s;
}

/* ---- a try ---- */

enum acme_news staple_news(const struct staple *staple)
{
    if (staple->until_unix_s == 0 && !staple->is_revoked)
        return ACME_NEWS_FIRST;
    return staple->failures > 0 ? ACME_NEWS_AGAIN : ACME_NEWS_NONE;
}

void staple_obtained(struct staple *staple, const struct staple_times *times, int64_t now_unix_s)
{
    const int64_t due_s = staple_refresh(times, now_unix_s);

    set_error(staple, SLICE(""));
    staple->failures = 0;
    staple->is_revoked = false;
    staple->until_unix_s = (uint64_t)times->until_unix_s;
    staple->due_unix_s = due_s + spread_of(staple, due_s - now_unix_s);
}

bool staple_failed(struct staple *staple, struct slice why, uint64_t asked_s, int64_t now_unix_s)
{
    const bool is_news = staple->failures == 0;

    set_error(staple, why);
    if (staple->failures < 1000)
        staple->failures++;
    const int64_t pause_s = (int64_t)pause_after_s(staple->failures, asked_s);
    staple->due_unix_s = now_unix_s + pause_s + spread_of(staple, pause_s);
    return is_news;
}

bool staple_revoked(struct staple *staple, struct slice why, int64_t now_unix_s)
{
    const bool is_news = !staple->is_revoked;

    (void)staple_failed(staple, why, 0, now_unix_s);
    staple->is_revoked = true;
    staple->until_unix_s = 0;
    return is_news;
}

struct acme_state staple_state(const struct staple *staple)
{
    return (struct acme_state){
        .id = slice_cstr(staple->id),
        .until_unix_s = staple->until_unix_s,
        .next_unix_s =
            staple->is_askable && staple->due_unix_s > 0 ? (uint64_t)staple->due_unix_s : 0,
        .error = slice_cstr(staple->error),
    };
}
