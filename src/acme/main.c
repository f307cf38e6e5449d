/*
 * The program for certificates: started by the supervisor with its channel as descriptor 3, as the
 * user of the server and without rights. It ends when the supervisor does.
 */
#include "acme_private.h"

#include "os/fd.h"
#include "os/network_program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TASKS_MOST (64u << 20)
#define IDLE_MS    UINT64_C(3600000)

struct office {
    struct channel channel;
    char *bytes; /* owned: of the tasks */
    size_t len;
    struct arena arena; /* likewise */
    struct acme_tasks tasks;
    struct sites sites;
    struct staples staples;
};

/* ---- tasks ---- */

static void drop_tasks(struct office *office)
{
    if (office->bytes)
        explicit_bzero(office->bytes, office->len);
    free(office->bytes);
    office->bytes = NULL;
    office->tasks = (struct acme_tasks){ 0 };
    arena_done(&office->arena);
    web_free(office->channel.web);
    office->channel.web = NULL;
}

/* False: they are not to be understood. */
static bool take_tasks(struct office *office)
{
    scoped_fd fd = fd_take(&office->channel.tasks_fd);

    drop_tasks(office);
    if (fd_read_all(fd, TASKS_MOST, &office->bytes, &office->len) < 0 ||
        acme_tasks_decode(slice_of(office->bytes, office->len), &office->arena, &office->tasks,
                          NULL) != PARSE_DONE)
        return false;
    office->channel.web = web_new(office->tasks.roots);
    sites_take(&office->sites, &office->tasks, (int64_t)time(NULL));
    staples_take(&office->staples, &office->tasks, (int64_t)time(NULL));
    for (unsigned i = 0; i < office->sites.count; i++)
        channel_tell_state(&office->channel, ACME_CERTIFICATE, site_state(&office->sites.sites[i]));
    for (unsigned i = 0; i < office->staples.count; i++)
        channel_tell_state(&office->channel, ACME_STAPLE,
                           staple_state(&office->staples.staples[i]));
    return true;
}

/* ---- one try for a certificate ---- */

static bool obtain(struct office *office, struct session *session, const struct site *site,
                   struct slice *ret_pem)
{
    if (!session_open(session) || !order_certificate(session, slice_cstr(site->names), ret_pem))
        return false;
    const char *why = channel_keep(&office->channel, slice_cstr(site->id), *ret_pem);
    return !why || session_fail(session, "the certificate cannot be kept: %s", why);
}

static void try_site(struct office *office, struct site *site)
{
    struct arena arena = { 0 };
    struct session session = {
        .world = &office->channel.world,
        .arena = &arena,
        .tasks = &office->tasks,
    };
    struct slice pem;
    const bool good = obtain(office, &session, site, &pem);
    const int64_t now_s = (int64_t)time(NULL);

    if (good)
        site_obtained(site, pem, now_s);
    else if (site_failed(site, session.why, session.retry_after_s, now_s))
        channel_complain(&office->channel, site, now_s);
    channel_tell_state(&office->channel, ACME_CERTIFICATE, site_state(site));
    session_close(&session);
    arena_done(&arena);
}

/* ---- one question about a certificate ---- */

/* True: that it failed so is news. */
static bool keep_good(struct office *office, struct staple *staple,
                      const struct responder_answer *answer)
{
    const char *why = channel_keep_staple(&office->channel, slice_cstr(staple->id),
                                          staple_news(staple), answer->der);
    char sentence[512];

    if (!why) {
        staple_obtained(staple, &answer->times, (int64_t)time(NULL));
        return false;
    }
    snprintf(sentence, sizeof(sentence), "it came, and cannot be kept: %s", why);
    return staple_failed(staple, slice_cstr(sentence), 0, (int64_t)time(NULL));
}

/* What was good before is not shown any more; when that cannot be written, clients see it until it
 * runs out. */
static bool forget_good(struct office *office, struct staple *staple,
                        const struct responder_answer *answer)
{
    if (!staple->is_revoked)
        (void)channel_keep_staple(&office->channel, slice_cstr(staple->id), ACME_NEWS_TAKEN,
                                  SLICE(""));
    return staple_revoked(staple, answer->why, (int64_t)time(NULL));
}

static void try_staple(struct office *office, struct staple *staple)
{
    struct arena arena = { 0 };
    struct responder_answer answer;
    bool is_news = false;

    switch (
        responder_ask(&office->channel.world, slice_cstr(staple->certificates), &arena, &answer)) {
    case STAPLE_GOOD:
        is_news = keep_good(office, staple, &answer);
        break;
    case STAPLE_REVOKED:
        is_news = forget_good(office, staple, &answer);
        break;
    case STAPLE_UNUSABLE:
        is_news = staple_failed(staple, answer.why, answer.retry_after_s, (int64_t)time(NULL));
        break;
    }
    if (is_news)
        channel_complain_of_staple(&office->channel, staple, (int64_t)time(NULL));
    channel_tell_state(&office->channel, ACME_STAPLE, staple_state(staple));
    arena_done(&arena);
}

/* ---- all of it ---- */

/* What is due; returns how long nothing else is. */
static uint64_t do_what_is_due(struct office *office)
{
    struct site *site = sites_first(&office->sites);
    struct staple *staple = staples_first(&office->staples);
    const int64_t now_s = (int64_t)time(NULL);
    const int64_t site_s = site ? site->due_unix_s - now_s : INT64_MAX;
    const int64_t staple_s = staple ? staple->due_unix_s - now_s : INT64_MAX;
    const int64_t wait_s = site_s < staple_s ? site_s : staple_s;

    if (wait_s > 0)
        return (uint64_t)wait_s < IDLE_MS / 1000 ? (uint64_t)wait_s * 1000 : IDLE_MS;
    if (staple_s <= 0) /* one request each */
        try_staple(office, staple);
    else
        try_site(office, site);
    return 0;
}

static void work(struct office *office)
{
    for (;;) {
        if (office->channel.tasks_fd >= 0 && !take_tasks(office))
            return;
        channel_hear(&office->channel, do_what_is_due(office));
    }
}

int main(void)
{
    struct office office = { 0 };
    const int r = network_program_begin("acme", HANDOVER_FD);

    if (r != 0)
        return r;
    channel_init(&office.channel, HANDOVER_FD, &office.sites, &office.staples);
    channel_say(&office.channel, HANDOVER_READY, SLICE(""));
    work(&office);
    channel_say(&office.channel, HANDOVER_FAILED, SLICE("the tasks are not understood"));
    _Exit(EXIT_FAILURE);
}
