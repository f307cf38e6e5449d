#include "server/reading.h"

#include "gateway/place.h"
#include "gateway/probe.h"
#include "handler/output_cache.h"
#include "server/listener.h"
#include "server/reactor.h"

#include <assert.h>
#include <stdlib.h>

#define FILE_CACHE_ENTRIES 4096u

static struct reading *from_link(struct list_link *link)
{
    return container_of(link, struct reading, link);
}

/* ---- which one ---- */

struct reading *reading_current(const struct reactor *reactor)
{
    return from_link(list_first(&reactor->readings));
}

struct reading *reading_with(const struct reactor *reactor, const struct binding_conf *binding)
{
    list_for_each (link, &reactor->readings)
        if (edition_has(from_link(link)->edition, binding))
            return from_link(link);
    assert(!"the reading of a connection is kept as long as the connection is");
    return NULL;
}

struct reading *reading_of(const struct exchange *x)
{
    return container_of((struct services *)x->services, struct reading, services);
}

static bool is_current(const struct reading *reading)
{
    return reading_current(reading->reactor) == reading;
}

/* ---- the beginning ---- */

static struct reading *reading_new(struct reactor *reactor, struct edition *edition)
{
    struct reading *reading = calloc(1, sizeof(*reading));

    if (!reading)
        abort();
    reading->reactor = reactor;
    reading->edition = edition;
    list_init(&reading->conns);
    edition->readers++;
    return reading;
}

/* Each reactor has its part of what all may keep. */
static size_t share_of(const struct reactor *reactor, uint64_t bytes)
{
    const unsigned parts = reactor->house->reactor_count;

    return (size_t)(bytes / (parts > 0 ? parts : 1));
}

static struct output_cache *outputs_new(const struct reactor *reactor,
                                        const struct server_conf *conf)
{
    return output_cache_new(share_of(reactor, conf->cache_bytes), conf->cache_answer_bytes,
                            reactor->house->forgotten);
}

/* A program that runs after an exchange counts as one, for the reading and for the drain. */
static void on_afterwards_begun(struct services *services)
{
    struct reading *reading = container_of(services, struct reading, services);

    reading->exchanges++;
    reading->reactor->exchange_count++;
}

static void on_afterwards_over(struct services *services)
{
    struct reading *reading = container_of(services, struct reading, services);
    struct reactor *reactor = reading->reactor;

    reading->exchanges--;
    reactor->exchange_count--;
    reading_look(reading);
    if (reactor->state == REACTOR_DRAINING)
        loop_wake(&reactor->loop, &reactor->drain_task);
}

void readings_cut_afterwards(struct reactor *reactor)
{
    list_for_each (link, &reactor->readings)
        afterwards_cut(&from_link(link)->services);
}

static void enter(struct reading *reading)
{
    struct reactor *reactor = reading->reactor;
    const struct edition *edition = reading->edition;

    reading->services = (struct services){
        .loop = &reactor->loop,
        .log = reactor->house->log,
        .files = file_cache_new(FILE_CACHE_ENTRIES),
        .snapshot = edition->snapshot,
        .spawner = reactor->spawner,
        .turnstiles = edition->turnstiles,
        .desk = &reactor->desk,
        .keeper = reactor->house->keeper,
        .outputs = outputs_new(reactor, edition->snapshot->conf),
        .backends = edition->backends,
        .backend_count = edition->backend_count,
    };
    afterwards_init(&reading->services.afterwards, on_afterwards_begun, on_afterwards_over);
    press_shelf_limit(&reactor->shelf,
                      share_of(reactor, edition->snapshot->conf->compress_cache_bytes));
    list_push_front(&reactor->readings, &reading->link);
    reactor->access.format = &edition->snapshot->conf->log_format;
}

void reading_first(struct reactor *reactor, struct edition *edition)
{
    list_init(&reactor->readings);
    enter(reading_new(reactor, edition));
}

void reading_free(struct reading *reading)
{
    free(reading);
}

/* ---- probers: one reactor looks after the targets, for all ---- */

/* Of a group that lives on, its own. */
static struct prober *take_prober(struct reading *former, const struct backend_group *group)
{
    for (unsigned i = 0; former && i < former->edition->backend_count; i++) {
        struct prober *prober = former->probers[i];

        if (former->edition->backends[i] != group || !prober)
            continue;
        former->probers[i] = NULL;
        return prober;
    }
    return NULL;
}

static void close_probers(struct reading *reading)
{
    for (unsigned i = 0; reading->probers && i < reading->edition->backend_count; i++)
        prober_free(reading->probers[i]);
    free(reading->probers);
    reading->probers = NULL;
}

static void open_probers(struct reading *reading, struct reading *former)
{
    struct reactor *reactor = reading->reactor;
    const struct edition *edition = reading->edition;

    if (reactor->index != 0)
        return;
    reading->probers = calloc(edition->backend_count + 1, sizeof(struct prober *));
    if (!reading->probers)
        abort();
    for (unsigned i = 0; i < edition->backend_count; i++) {
        struct backend_group *group = edition->backends[i];

        if (!group->conf->probe)
            continue;
        reading->probers[i] = take_prober(former, group);
        if (!reading->probers[i])
            reading->probers[i] =
                prober_new(&reactor->loop, &reactor->desk, reactor->house->log, group);
    }
    if (former)
        close_probers(former);
}

/* ---- the end ---- */

static bool is_used_elsewhere(const struct reading *reading, const struct backend_group *group)
{
    list_for_each (link, &reading->reactor->readings)
        if (from_link(link) != reading && edition_has_group(from_link(link)->edition, group))
            return true;
    return false;
}

static void release(struct reading *reading)
{
    struct reactor *reactor = reading->reactor;

    close_probers(reading);
    for (unsigned i = 0; i < reading->edition->backend_count; i++)
        if (!is_used_elsewhere(reading, reading->edition->backends[i]))
            place_close_kept(reading->edition->backends[i], &reactor->desk);
    access_log_flush(&reactor->access); /* its files may be closed */
    file_cache_free(reading->services.files);
    output_cache_free(reading->services.outputs);
    list_remove(&reading->link);
}

static bool is_left(const struct reading *reading)
{
    return list_empty(&reading->conns) && reading->exchanges == 0 && !is_current(reading);
}

void reading_look(struct reading *reading)
{
    /* Not before what was buried in this turn is gone. */
    if (is_left(reading))
        loop_wake_next_turn(&reading->reactor->loop, &reading->reactor->readings_task);
}

static void on_look(struct task *task)
{
    struct reactor *reactor = container_of(task, struct reactor, readings_task);
    struct list_link *link = reactor->readings.head.next;

    while (link != &reactor->readings.head) {
        struct reading *reading = from_link(link);

        link = link->next;
        if (!is_left(reading))
            continue;
        release(reading);
        mailbox_send(reactor->ended, &reading->left);
    }
}

void readings_open(struct reactor *reactor)
{
    reactor->readings_task.run = on_look;
    open_probers(reading_current(reactor), NULL);
}

void readings_close(struct reactor *reactor)
{
    for (struct list_link *link; (link = list_first(&reactor->readings)) != NULL;) {
        struct reading *reading = from_link(link);

        release(reading);
        reading_free(reading);
    }
    loop_forget(&reactor->loop, &reactor->readings_task);
}

/* ---- from one to the next ---- */

static bool speaks_tls(const struct binding_conf *binding)
{
    return binding->tls.certificates != NULL;
}

/* Until a TLS client has asked for something, its handshake may choose among our certificates. */
static bool may_move(const struct conn *conn)
{
    return conn_can_move(conn) && (conn_has_asked(conn) || !speaks_tls(conn_visit(conn)->binding));
}

void reading_move(struct reading *reading, struct conn *conn)
{
    struct reading *current = reading_current(reading->reactor);
    const struct binding_conf *binding =
        edition_find_binding(current->edition, conn_visit(conn)->binding);

    if (reading == current)
        return;
    if (!binding || speaks_tls(binding) != speaks_tls(conn_visit(conn)->binding)) {
        conn_make_last(conn);
        return;
    }
    conn_move(conn, binding,
              edition_limits(current->edition, binding, conn_visit(conn)->unlimited));
    list_remove(conn_link(conn));
    list_push_back(&current->conns, conn_link(conn));
    reading_look(reading);
}

static void move_conns(struct reading *former)
{
    struct list_link *link = former->conns.head.next;

    while (link != &former->conns.head) {
        struct conn *conn = conn_from_link(link);

        link = link->next;
        if (may_move(conn))
            reading_move(former, conn);
        else
            conn_ask_for_rest(conn);
    }
}

static void read_adopt(struct letter *letter)
{
    struct reading *reading = container_of(letter, struct reading, letter);
    struct reactor *reactor = reading->reactor;
    struct reading *former = reading_current(reactor);

    former->left.read = reading->left.read; /* the first one did not know */
    enter(reading);
    listeners_renew(reactor);
    open_probers(reading, former);
    move_conns(former);
    mailbox_send(reactor->ended, &reading->adopted);
    reading_look(former);
}

void reading_send(struct reactor *reactor, struct edition *edition, struct reading_news news)
{
    struct reading *reading = reading_new(reactor, edition);

    reading->letter.read = read_adopt;
    reading->adopted.read = news.adopted;
    reading->left.read = news.left;
    mailbox_send(&reactor->mailbox, &reading->letter);
}
