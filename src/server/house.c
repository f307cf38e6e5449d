#include "server/house.h"

#include "handler/keeper.h"
#include "handler/output_cache.h"
#include "os/fd.h"
#include "server/acme_status.h"
#include "server/bans.h"
#include "server/house_build.h"
#include "server/proofs.h"
#include "server/reactor.h"
#include "server/tally.h"
#include "server/workers_status.h"

#include <assert.h>
#include <stdlib.h>

static void house_open_logs(struct house *house, struct takeover *takeover)
{
    log_writer_add(house->writer, LOG_TO_STDOUT, SLICE(""), 1);
    log_writer_add(house->writer, LOG_TO_STDERR, SLICE(""), 2);
    for (struct takeover_log *log = takeover->logs; log; log = log->next)
        log_writer_add(house->writer, LOG_TO_FILE, log->path, fd_take(&log->fd));
}

/* Where its lines go is settled once: it is read by all threads. */
static void house_settle_log(struct house *house)
{
    struct log_file *system =
        log_writer_find(house->writer, &house->edition->snapshot->conf->system_log);

    if (system)
        house->log = &system->log;
    log_writer_tell_syslog(house->writer, house->edition->snapshot->conf);
}

const char *house_build(struct house *house, struct takeover *takeover)
{
    *house = (struct house){ .writer = log_writer_start() };
    if (!house->writer)
        return "no thread for the logs is to be had";
    house_open_logs(house, takeover);
    const struct conf_log to_stderr = { .kind = LOG_TO_STDERR };
    house->log = &log_writer_find(house->writer, &to_stderr)->log;

    const char *why;
    house->proofs = proofs_new();
    house->edition = edition_build(takeover, house->writer, house->log, house->proofs, NULL, &why);
    if (!house->edition)
        return why;
    edition_settle(house->edition);
    house_settle_log(house);
    const struct server_conf *conf = house->edition->snapshot->conf;
    house->forgotten = forgotten_new();
    house->keeper = keeper_new((takeover->reactors + 1) / 2, house->log);
    house->workers = workers_status_new(conf);
    house->acme = acme_status_new();
    house->staples = acme_status_new();
    house->guard =
        guard_new(conf->connections_total, conf->connections_per_ip, conf->bans.reconnect_delay_ms);
    house->bans = bans_new();
    house->requests = tally_new();
    house->passwords = tally_new();
    house->challenger.tries = tally_new();
    house->reactors = calloc(takeover->reactors, sizeof(struct reactor *));
    if (!house->reactors)
        abort();
    return NULL;
}

void house_free(struct house *house)
{
    keeper_free(house->keeper);
    forgotten_free(house->forgotten);
    workers_status_free(house->workers);
    acme_status_free(house->acme);
    acme_status_free(house->staples);
    proofs_free(house->proofs);
    free(house->reactors);
    if (house->guard)
        guard_free(house->guard);
    if (house->bans)
        bans_free(house->bans);
    if (house->requests)
        tally_free(house->requests);
    if (house->passwords)
        tally_free(house->passwords);
    if (house->challenger.tries)
        tally_free(house->challenger.tries);
    if (house->writer)
        log_writer_stop(house->writer);
    for (struct edition *edition = house->edition, *older; edition; edition = older) {
        older = edition->older;
        edition_free(edition);
    }
}

uint64_t house_now_ms(const struct house *house)
{
    assert(house->reactors[0]); /* orders are taken while all of them live */
    struct driver *driver = house->reactors[0]->loop.driver;

    return driver->ops->now_ms(driver);
}
