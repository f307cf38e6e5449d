#include "server/workers_status.h"

#include "ipc/workers_report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct pool_status {
    char text[WORKERS_REPORT_MOST];
    struct workers_report report; /* its words are in `text` */
};

struct workers_status {
    const struct server_conf *conf;
    struct pool_status *pools; /* owned; by number of the pool */
};

struct workers_status *workers_status_new(const struct server_conf *conf)
{
    struct workers_status *status = calloc(1, sizeof(*status));

    if (!status)
        abort();
    status->conf = conf;
    status->pools = calloc((size_t)conf->pool_count + 1, sizeof(*status->pools));
    if (!status->pools)
        abort();
    return status;
}

void workers_status_free(struct workers_status *status)
{
    if (!status)
        return;
    free(status->pools);
    free(status);
}

void workers_status_take(struct workers_status *status, unsigned pool, struct slice report)
{
    struct parse_fault fault;
    struct workers_report decoded;

    if (pool >= status->conf->pool_count || report.len > WORKERS_REPORT_MOST)
        return;
    struct pool_status *entry = &status->pools[pool];
    memcpy(entry->text, report.at, report.len);
    if (workers_report_decode(slice_of(entry->text, report.len), &decoded, &fault) == PARSE_DONE)
        entry->report = decoded;
    else
        entry->report = (struct workers_report){ 0 };
}

static void describe_pool(const struct fastcgi_conf *pool, const struct workers_report *report,
                          struct text *text)
{
    text_printf(
        text,
        "  %.*s: %" PRIu32 " busy, %" PRIu32 " idle, %" PRIu32 " starting, %" PRIu32
        " ending, of %u at most; %" PRIu64 " MiB; ever: %" PRIu64 " started, %" PRIu64 " died\n",
        SLICE_ARGS(pool->id), report->busy, report->idle, report->starting, report->ending,
        (unsigned)pool->run.max_workers, report->memory_bytes >> 20, report->started, report->died);
    if (report->held_ms > 0)
        text_printf(text, "    they die at once: the next start after %" PRIu64 " ms\n",
                    report->held_ms);
    if (report->last_end.len > 0) {
        text_add_cstr(text, "    the last one that ended ");
        text_add_escaped(text, report->last_end);
        text_add_char(text, '\n');
    }
}

void workers_status_describe(const struct workers_status *status, struct text *text)
{
    if (status->conf->pool_count == 0)
        return;
    text_add_cstr(text, "\nWorkers\n");
    for (unsigned i = 0; i < status->conf->pool_count; i++)
        describe_pool(status->conf->pools[i], &status->pools[i].report, text);
}

static void describe_pool_json(const struct fastcgi_conf *pool, const struct workers_report *report,
                               struct text *text)
{
    text_add_cstr(text, "{\"section\":");
    text_add_json(text, pool->id);
    text_printf(text,
                ",\"busy\":%" PRIu32 ",\"idle\":%" PRIu32 ",\"starting\":%" PRIu32
                ",\"ending\":%" PRIu32 ",\"most\":%u,\"memory_bytes\":%" PRIu64
                ",\"started\":%" PRIu64 ",\"died\":%" PRIu64 ",\"held_ms\":%" PRIu64
                ",\"last_end\":",
                report->busy, report->idle, report->starting, report->ending,
                (unsigned)pool->run.max_workers, report->memory_bytes, report->started,
                report->died, report->held_ms);
    text_add_json(text, report->last_end);
    text_add_char(text, '}');
}

void workers_status_describe_json(const struct workers_status *status, struct text *text)
{
    for (unsigned i = 0; i < status->conf->pool_count; i++) {
        if (i > 0)
            text_add_char(text, ',');
        describe_pool_json(status->conf->pools[i], &status->pools[i].report, text);
    }
}
