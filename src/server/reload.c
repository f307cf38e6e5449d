#include "server/reload.h"

#include "base/arena.h"
#include "os/fd.h"
#include "server/acme_status.h"
#include "server/reactor.h"
#include "server/workers_status.h"

#include <stdlib.h>

struct reload {
    struct house *house;
    struct reload_boss boss;
};

static struct reload *the_reload; /* letters carry no owner */

struct reload *reload_open(struct house *house, struct reload_boss boss)
{
    struct reload *reload = calloc(1, sizeof(*reload));

    if (!reload)
        abort();
    *reload = (struct reload){ .house = house, .boss = boss };
    the_reload = reload;
    return reload;
}

void reload_close(struct reload *reload)
{
    free(reload);
    the_reload = NULL;
}

/* ---- the end of the former ones ---- */

static void unlink_edition(struct house *house, const struct edition *edition)
{
    for (struct edition **at = &house->edition; *at; at = &(*at)->older) {
        if (*at != edition)
            continue;
        *at = edition->older;
        return;
    }
}

static void read_left(struct letter *letter)
{
    struct reading *reading = container_of(letter, struct reading, left);
    struct edition *edition = reading->edition;
    struct house *house = the_reload->house;
    const uint64_t generation = edition->generation;

    reading_free(reading);
    if (--edition->readers > 0 || edition == house->edition)
        return;
    unlink_edition(house, edition);
    edition_free(edition);
    arena_give_back();
    the_reload->boss.left(the_reload->boss.self, generation);
}

/* ---- the beginning of the next ---- */

/* No reactor accepts for the former any more: a binding that is gone is closed now. */
static void read_adopted(struct letter *letter)
{
    struct edition *edition = container_of(letter, struct reading, adopted)->edition;

    if (--edition->adopting > 0)
        return;
    for (struct edition *older = edition->older; older; older = older->older)
        edition_close_listeners(older);
    the_reload->boss.settled(the_reload->boss.self, edition->generation);
}

static void add_logs(struct log_writer *writer, struct takeover *takeover)
{
    for (struct takeover_log *log = takeover->logs; log; log = log->next) {
        const struct conf_log conf = { .kind = LOG_TO_FILE, .path = log->path };
        struct log_file *known = log_writer_find(writer, &conf);

        if (known)
            log_file_reopen(known, fd_take(&log->fd));
        else
            log_writer_add(writer, LOG_TO_FILE, log->path, fd_take(&log->fd));
    }
}

static void renew_status(struct house *house)
{
    const struct server_conf *conf = house->edition->snapshot->conf;

    workers_status_free(house->workers);
    house->workers = workers_status_new(conf); /* the supervisor tells anew */
    acme_status_forget(house->acme, conf);
    acme_status_forget_staples(house->staples, conf);
}

const char *reload_begin(struct reload *reload, struct takeover *takeover)
{
    static const struct reading_news news = { .adopted = read_adopted, .left = read_left };
    struct house *house = reload->house;
    const char *why;

    add_logs(house->writer, takeover);
    struct edition *edition =
        edition_build(takeover, house->writer, house->log, house->proofs, house->edition, &why);
    if (!edition)
        return why;
    const struct server_conf *conf = edition->snapshot->conf;
    edition->older = house->edition;
    edition->adopting = house->reactor_count;
    house->edition = edition;
    edition_settle(edition);
    log_writer_tell_syslog(house->writer, conf);
    guard_set_limits(house->guard, conf->connections_total, conf->connections_per_ip,
                     conf->bans.reconnect_delay_ms, house_now_ms(house));
    renew_status(house);
    for (unsigned i = 0; i < house->reactor_count; i++)
        reading_send(house->reactors[i], edition, news);
    return NULL;
}
