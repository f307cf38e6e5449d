#include "server/reactor.h"

#include "base/chunk.h"
#include "gateway/spawn_client.h"
#include "handler/registry.h"
#include "http/coder.h"
#include "os/fd.h"
#include "os/socket.h"
#include "server/admission.h"
#include "server/certificates.h"
#include "server/listener.h"
#include "server/proofs.h"
#include "server/throttle.h"
#include "server/trace_reply.h"
#include "server/warden.h"
#include "site/compression.h"
#include "site/origin.h"
#include "site/router.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- exchanges: the owner's three calls ---- */

static struct reactor *reactor_of(struct exchange_owner *owner)
{
    return container_of(owner, struct reactor, exchanges);
}

static char *anonymous_text(union socket_address client, struct arena *arena)
{
    char text[ADDRESS_TEXT_MOST];

    address_anonymize(&client);
    return arena_cstr(arena, slice_cstr(address_text(&client, text)));
}

/* For the logs, from here on (AnonymizeIP). */
static void hide_client(const struct reactor *reactor, struct exchange *x)
{
    if (reading_current(reactor)->services.snapshot->conf->anonymize_ip && !x->record.client)
        x->record.client = anonymous_text(x->visit->client, &x->arena);
}

static const struct host *find_host(const struct snapshot *snapshot, struct exchange *x)
{
    const struct binding_conf *binding = x->visit->binding;
    const struct host *host = router_host(snapshot, binding, x->request.host, NULL);

    if (x->visit->refuse == REFUSE_NOTHING && trace_reply_begin(x, host))
        (void)router_host(snapshot, binding, x->request.host, x->trace); /* why that one? */
    return host;
}

/* ChallengeClient: who has to prove something first. */
static bool is_to_be_challenged(const struct reactor *reactor, const struct reading *reading,
                                const struct exchange *x)
{
    const struct server_conf *conf = reading->services.snapshot->conf;
    const struct visit *visit = x->visit;

    if (conf->challenge.threshold == 0 || x->request.failed != 0 ||
        x->request.method == METHOD_CONNECT ||
        !challenge_is_on(&reactor->house->challenger, &conf->challenge, x->connections,
                         reactor->house->log))
        return false;
    return warden_may_ban(reactor, visit) &&
           !slice_starts(x->request.target.path, SLICE("/.well-known/acme-challenge/")) &&
           !challenge_is_answered(&reading->edition->challenge_key, &visit->client,
                                  &x->request.fields, x->record.begun_unix_ms / 1000);
}

static void reactor_route(struct exchange_owner *owner, struct exchange *x)
{
    struct reactor *reactor = reactor_of(owner);
    struct reading *reading = reading_with(reactor, x->visit->binding);
    const struct snapshot *snapshot = reading->services.snapshot;
    struct verdict *verdict = arena_new(&x->arena, struct verdict);

    x->connections = guard_connections(reactor->house->guard);
    reactor->exchange_count++;
    reading->exchanges++;
    stats_add(&reactor->stats.exchanges_now, 1);
    x->services = &reading->services;
    x->hold = verdict;
    const bool welcome = admission_of_request(reactor, x);
    hide_client(reactor, x);
    const struct host *host = find_host(snapshot, x);
    x->host = host;
    if (welcome && proofs_start(reactor->house->proofs, x))
        return;
    if (welcome && is_to_be_challenged(reactor, reading, x)) {
        challenge_start(&reactor->house->challenger, &snapshot->conf->challenge,
                        &reading->edition->challenge_key, x);
        return;
    }
    if (welcome) {
        router_judge(snapshot, host, x, reading->services.files, verdict);
        throttle_admit(x, snapshot->conf, reading->edition->throttles, verdict);
    } else {
        router_refuse(x, host, verdict);
    }
    if (verdict->answer == ANSWER_CGI || verdict->answer == ANSWER_FASTCGI)
        stats_add(&reactor->stats.programs, 1);
    const struct verdict *first = welcome ? login_first(x, verdict) : verdict;
    x->handler = handler_for(first->answer);
    x->handler->start(x, first);
}

static void reactor_head(struct exchange_owner *owner, struct exchange *x)
{
    struct reactor *reactor = reactor_of(owner);
    const struct server_conf *conf = reading_of(x)->services.snapshot->conf;
    const struct host *host = x->host;

    warden_reads_head(x);
    warden_judge(reactor, x);
    if (conf->server_string.len > 0 && !fields_find(&x->response.fields, FIELD_SERVER))
        exchange_field_id(x, FIELD_SERVER, conf->server_string);
    if (!host)
        return;
    throttle_slow_down(x, conf, x->hold);
    for (const struct conf_pair *pair = host->conf->custom_headers; pair; pair = pair->next)
        exchange_field(x, pair->name, pair->value);
    if (x->visit->secure)
        secrecy_fields(x, host->conf);
    compression_apply(x, x->hold, &reactor->shelf, conf->work_directory);
    trace_reply_add(x);
}

static void reactor_ended_exchange(struct exchange_owner *owner, struct exchange *x)
{
    struct reactor *reactor = reactor_of(owner);
    const struct server_conf *conf = reading_current(reactor)->services.snapshot->conf;
    const struct host *host = x->host;
    unsigned kind = (unsigned)x->response.status / 100;

    stats_add(&reactor->stats.requests, 1);
    stats_add(&reactor->stats.sent_bytes, x->record.sent_bytes);
    stats_add(&reactor->stats.answers[kind < 6 ? kind : 0], 1);
    warden_judge(reactor, x);
    hide_client(reactor, x);
    if (host && host->access_log && !conf_rules_deny(conf->log_mask, &x->visit->client))
        access_log_add(&reactor->access, host->access_log, x);
    if (x->hold) { /* else its client left before it was routed and counted */
        struct reading *reading = reading_of(x);

        afterwards_start(x, x->hold);
        throttle_leave(x);
        exploit_logs_add(&reading->edition->exploit_logs, x);
        verdict_done(x->hold, reading->services.files);
        reactor->exchange_count--;
        admission_ends_request(reactor, x);
        reading->exchanges--;
        reading_look(reading);
        stats_add(&reactor->stats.exchanges_now, UINT64_MAX);
    }
    if (reactor->state == REACTOR_DRAINING)
        loop_wake(&reactor->loop, &reactor->drain_task);
}

static const struct exchange_owner_ops exchange_owner_ops = {
    .route = reactor_route,
    .head = reactor_head,
    .ended = reactor_ended_exchange,
};

/* ---- connections ---- */

static void reactor_conn_closed(struct conn_owner *owner, struct conn *conn)
{
    struct reactor *reactor = container_of(owner, struct reactor, conns);

    const struct visit *visit = conn_visit(conn);
    list_remove(conn_link(conn));
    admission_ends_connection(reactor, visit);
    reading_look(reading_with(reactor, visit->binding));
    stats_add(&reactor->stats.connections_now, UINT64_MAX);
    if (reactor->state == REACTOR_DRAINING)
        loop_wake(&reactor->loop, &reactor->drain_task);
    else if (!reactor->listening && listeners_may_listen(reactor))
        loop_wake(&reactor->loop, &reactor->listen_task);
}

/* The fields of its requests count if the client is itself a proxy that is trusted. */
static void reactor_conn_introduced(struct conn_owner *owner, struct visit *visit)
{
    struct reactor *reactor = container_of(owner, struct reactor, conns);

    const struct reading *reading = reading_with(reactor, visit->binding);

    visit->believed =
        origin_trusts(reading->services.snapshot->conf, visit->binding, &visit->client);
}

static void reactor_conn_misled(struct conn_owner *owner, struct conn *conn, const char *why)
{
    struct reactor *reactor = container_of(owner, struct reactor, conns);
    const struct visit *visit = conn_visit(conn);

    stats_add(&reactor->stats.refused, 1);
    log_warning(reactor->house->log, "PROXY protocol from %s on port %u: %s; closed",
                visit->client_text, visit->local_port, why);
}

static void reactor_conn_misbehaved(struct conn_owner *owner, struct conn *conn, const char *why)
{
    struct reactor *reactor = container_of(owner, struct reactor, conns);
    const struct visit *visit = conn_visit(conn);
    const struct bans_conf *bans = &reading_current(reactor)->services.snapshot->conf->bans;

    log_warning(reactor->house->log, "HTTP/2 from %s on port %u: %s; closed", visit->client_text,
                visit->local_port, why);
    warden_ban(reactor, visit, OFFENCE_GARBAGE, bans->garbage_ms);
}

static void reactor_conn_rests(struct conn_owner *owner, struct conn *conn)
{
    struct reactor *reactor = container_of(owner, struct reactor, conns);

    reading_move(reading_with(reactor, conn_visit(conn)->binding), conn);
}

static const struct conn_owner_ops conn_owner_ops = {
    .closed = reactor_conn_closed,
    .introduced = reactor_conn_introduced,
    .misled = reactor_conn_misled,
    .misbehaved = reactor_conn_misbehaved,
    .rests = reactor_conn_rests,
};

void reactor_welcome(struct reactor *reactor, int fd, const struct visit *visit)
{
    stats_add(&reactor->stats.connections_now, 1);
    stats_add(&reactor->stats.connections, 1);
    if (visit->refuse != REFUSE_NOTHING)
        stats_add(&reactor->stats.refused, 1);

    const struct binding_conf *binding = visit->binding;
    struct reading *reading = reading_current(reactor);
    struct transport *transport =
        certificates_transport(reading->edition->certificates, &reactor->loop, fd, binding);
    struct conn *conn = conn_open(&reactor->loop, transport, visit,
                                  edition_limits(reading->edition, binding, visit->unlimited),
                                  &reactor->exchanges, &reactor->conns);
    list_push_back(&reading->conns, conn_link(conn));
}

/* ---- the end ---- */

/* A conn may leave the list while it is told something; the next one stays. */
static void tell_conns(struct list *conns, void (*tell)(struct conn *))
{
    struct list_link *link = conns->head.next;

    while (link != &conns->head) {
        struct list_link *next = link->next;

        tell(conn_from_link(link));
        link = next;
    }
}

static void for_each_conn(struct reactor *reactor, void (*tell)(struct conn *))
{
    list_for_each (link, &reactor->readings)
        tell_conns(&container_of(link, struct reading, link)->conns, tell);
}

static bool has_conns(const struct reactor *reactor)
{
    list_for_each (link, &reactor->readings)
        if (!list_empty(&container_of(link, struct reading, link)->conns))
            return true;
    return false;
}

static void conn_end_for_drain(struct conn *conn)
{
    conn_end(conn, RESET_DRAIN);
}

static void reactor_on_drain(struct task *task)
{
    struct reactor *reactor = container_of(task, struct reactor, drain_task);

    if (reactor->state != REACTOR_DRAINING)
        return;
    if (reactor->drain_timer.fired) {
        reactor->drain_timer.fired = false;
        log_warning(reactor->house->log,
                    "reactor %u: DrainTime is over, %llu answers in flight are cut", reactor->index,
                    (unsigned long long)reactor->exchange_count);
        for_each_conn(reactor, conn_end_for_drain);
        readings_cut_afterwards(reactor);
    }
    if (!has_conns(reactor) && reactor->exchange_count == 0) {
        reactor->state = REACTOR_ENDED;
        loop_stop(&reactor->loop);
    }
}

struct drain_letter {
    struct letter letter;
    struct reactor *reactor;
    uint64_t drain_ms;
};

static void reactor_read_drain(struct letter *letter)
{
    struct drain_letter *drain = container_of(letter, struct drain_letter, letter);
    struct reactor *reactor = drain->reactor;

    if (reactor->state == REACTOR_OPEN) {
        reactor->state = REACTOR_DRAINING;
        listeners_close(reactor);
        for_each_conn(reactor, conn_drain);
    }
    timer_set(&reactor->loop, &reactor->drain_timer, reactor->loop.now_ms + drain->drain_ms);
    loop_wake(&reactor->loop, &reactor->drain_task);
    free(drain);
}

void reactor_drain(struct reactor *reactor, uint64_t drain_ms)
{
    struct drain_letter *drain = malloc(sizeof(*drain));

    if (!drain)
        abort();
    *drain = (struct drain_letter){
        .letter.read = reactor_read_drain,
        .reactor = reactor,
        .drain_ms = drain_ms,
    };
    mailbox_send(&reactor->mailbox, &drain->letter);
}

/* ---- a client has to go ---- */

struct kick_letter {
    struct letter letter;
    struct reactor *reactor;
    union socket_address client;
};

static bool is_same_client(const union socket_address *a, const union socket_address *b)
{
    unsigned char key_a[16];
    unsigned char key_b[16];
    const unsigned len = address_client_key(a, key_a);

    return len == address_client_key(b, key_b) && memcmp(key_a, key_b, len) == 0;
}

/*
 * Only its own connections: those of a trusted proxy carry others. One that was opened since the
 * ban is told about it.
 */
static bool has_to_go(const struct visit *visit, const union socket_address *client)
{
    return !visit->shared && visit->refuse != REFUSE_BANNED && is_same_client(&visit->peer, client);
}

static void kick_from(struct list *conns, const union socket_address *client)
{
    struct list_link *link = conns->head.next;

    while (link != &conns->head) {
        struct conn *conn = conn_from_link(link);

        link = link->next;
        if (has_to_go(conn_visit(conn), client))
            conn_end(conn, RESET_BANNED);
    }
}

static void reactor_read_kick(struct letter *letter)
{
    struct kick_letter *kick = container_of(letter, struct kick_letter, letter);

    list_for_each (link, &kick->reactor->readings)
        kick_from(&container_of(link, struct reading, link)->conns, &kick->client);
    free(kick);
}

void reactor_kick(struct reactor *reactor, const union socket_address *client)
{
    struct kick_letter *kick = malloc(sizeof(*kick));

    if (!kick)
        abort();
    *kick = (struct kick_letter){
        .letter.read = reactor_read_kick,
        .reactor = reactor,
        .client = *client,
    };
    mailbox_send(&reactor->mailbox, &kick->letter);
}

struct spawner_letter {
    struct letter letter;
    struct reactor *reactor;
    int fd;
};

static void reactor_read_spawner(struct letter *letter)
{
    struct spawner_letter *news = container_of(letter, struct spawner_letter, letter);

    spawn_client_attach(news->reactor->spawner, news->fd);
    free(news);
}

void reactor_new_spawner(struct reactor *reactor, int spawner_fd)
{
    struct spawner_letter *news = malloc(sizeof(*news));

    if (!news)
        abort();
    *news = (struct spawner_letter){
        .letter.read = reactor_read_spawner,
        .reactor = reactor,
        .fd = spawner_fd,
    };
    mailbox_send(&reactor->mailbox, &news->letter);
}

static void reactor_close(struct reactor *reactor)
{
    spawn_client_free(reactor->spawner);
    readings_close(reactor);
    access_log_done(&reactor->access);
    press_shelf_done(&reactor->shelf);
    desk_close(&reactor->desk);
    timer_stop(&reactor->loop, &reactor->drain_timer);
    timer_stop(&reactor->loop, &reactor->listen_again);
    fd_close(&reactor->spare_fd);
    free(reactor->listeners);
    coder_pool_drain();
    chunk_pool_drain();
    arena_pool_drain();
}

static void *reactor_run(void *arg)
{
    struct reactor *reactor = arg;

    readings_open(reactor);
    listeners_open(reactor);
    loop_run(&reactor->loop);
    reactor_close(reactor);
    mailbox_send(reactor->ended, &reactor->ended_letter);
    return NULL;
}

static int reactor_build(struct reactor *reactor, int spawner_fd)
{
    struct house *house = reactor->house;
    struct driver *driver = NULL;
    int r = driver_epoll_new(&driver);

    if (r < 0)
        return r;
    loop_init(&reactor->loop, driver);
    reactor->exchanges.ops = &exchange_owner_ops;
    reactor->conns.ops = &conn_owner_ops;
    reactor->drain_task.run = reactor_on_drain;
    reactor->drain_timer.task = &reactor->drain_task;
    reactor->spawner = spawn_client_new(&reactor->loop, house->log);
    desk_open(&reactor->desk, &reactor->loop, &reactor->mailbox);
    access_log_init(&reactor->access, &reactor->loop);
    press_shelf_init(&reactor->shelf);
    reading_first(reactor, house->edition);
    if (spawner_fd >= 0)
        spawn_client_attach(reactor->spawner, spawner_fd);
    listeners_prepare(reactor);
    return mailbox_open(&reactor->mailbox, &reactor->loop);
}

int reactor_start(struct house *house, unsigned index, int spawner_fd, struct mailbox *ended,
                  void (*on_ended)(struct letter *), struct reactor **ret)
{
    struct reactor *reactor = calloc(1, sizeof(*reactor));

    if (!reactor)
        abort();
    reactor->house = house;
    reactor->index = index;
    reactor->ended = ended;
    reactor->ended_letter.read = on_ended;

    int r = reactor_build(reactor, spawner_fd);
    if (r == 0)
        r = -pthread_create(&reactor->thread, NULL, reactor_run, reactor);
    if (r < 0) {
        free(reactor); /* the process ends: nothing more is worth undoing */
        return r;
    }
    *ret = reactor;
    return 0;
}

void reactor_join(struct reactor *reactor)
{
    pthread_join(reactor->thread, NULL);
    /* Not by its own thread: until the news of its end is read, letters are sent to it. */
    mailbox_close(&reactor->mailbox);
    loop_done(&reactor->loop);
    free(reactor);
}
