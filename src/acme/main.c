/*
 * The program for certificates: started by the supervisor with its channel as descriptor 3, as the
 * user of the server and without rights. It ends when the supervisor does.
 */
#include "acme_private.h"

#include "os/fd.h"
#include "os/network_program.h"

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
    for (unsigned i = 0; i < office->sites.count; i++)
        channel_tell_state(&office->channel, &office->sites.sites[i]);
    return true;
}

/* ---- one try ---- */

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
    channel_tell_state(&office->channel, site);
    session_close(&session);
    arena_done(&arena);
}

static void work(struct office *office)
{
    for (;;) {
        if (office->channel.tasks_fd >= 0 && !take_tasks(office))
            return;
        struct site *site = sites_first(&office->sites);
        const int64_t wait_s = site ? site->due_unix_s - (int64_t)time(NULL) : 0;

        if (site && wait_s <= 0)
            try_site(office, site);
        channel_hear(&office->channel, !site ? IDLE_MS : wait_s > 0 ? (uint64_t)wait_s * 1000 : 0);
    }
}

int main(void)
{
    struct office office = { 0 };
    const int r = network_program_begin("acme", HANDOVER_FD);

    if (r != 0)
        return r;
    channel_init(&office.channel, HANDOVER_FD, &office.sites);
    channel_say(&office.channel, HANDOVER_READY, SLICE(""));
    work(&office);
    channel_say(&office.channel, HANDOVER_FAILED, SLICE("the tasks are not understood"));
    _Exit(EXIT_FAILURE);
}
