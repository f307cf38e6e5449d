/* Who gets a target, and who waits for it. */
#include "gateway/balance.h"
#include "place_private.h"

#include <assert.h>
#include <fcntl.h>

/* Kept connections that are looked at for one of the own thread, before any is taken. */
#define KEPT_LOOKED_AT 16u

static uint64_t now_of(const struct place *place)
{
    return place->desk->loop->now_ms;
}

static unsigned index_of(const struct backend_group *group, const struct backend *backend)
{
    return (unsigned)(backend - group->targets);
}

/* ---- what a place may hope for ---- */

enum prospect {
    PROSPECT_NONE,
    PROSPECT_REST,  /* it rests */
    PROSPECT_WAIT,  /* it will have room, or may be there again */
    PROSPECT_READY, /* now */
};

static enum prospect prospect_of(const struct backend_group *group, const struct backend *backend,
                                 uint64_t now_ms)
{
    if (backend->absent)
        return backend->expected ? PROSPECT_WAIT : PROSPECT_NONE;
    if (backend_is_resting(backend, now_ms))
        return PROSPECT_REST;
    if (backend->trouble != TROUBLE_NONE)
        return !backend->prober && now_ms >= backend->retry_ms ? PROSPECT_READY : PROSPECT_WAIT;
    return backend_has_room(group, backend) ? PROSPECT_READY : PROSPECT_WAIT;
}

/* The best that the targets of a kind offer to one without a session; those that are READY are
 * marked. */
static enum prospect look_around(struct place *place, bool backups)
{
    const struct backend_group *group = place->group;
    enum prospect best = PROSPECT_NONE;

    for (unsigned i = 0; i < group->count; i++) {
        const struct backend *backend = &group->targets[i];
        const bool asked = !place->tried[i] && !backend->drained && backend->backup == backups;
        const enum prospect prospect =
            asked ? prospect_of(group, backend, now_of(place)) : PROSPECT_NONE;

        place->fit[i] = prospect == PROSPECT_READY;
        best = prospect > best ? prospect : best;
    }
    return best;
}

/* Of those that rest the one that has rested most; NULL: none is left. */
static struct backend *find_rested(const struct place *place)
{
    const struct backend_group *group = place->group;
    struct backend *best = NULL;

    for (unsigned i = 0; i < group->count; i++) {
        struct backend *backend = &group->targets[i];

        if (!place->tried[i] && !backend->drained && !backend->absent &&
            (!best || backend->rest_until_ms < best->rest_until_ms))
            best = backend;
    }
    return best;
}

/* Some target that is no backup is there, or will be. */
static bool has_hope(const struct backend_group *group, uint64_t now_ms, bool backups_too)
{
    for (unsigned i = 0; i < group->count; i++) {
        const struct backend *backend = &group->targets[i];

        if (!backend->drained && (backups_too || !backend->backup) &&
            prospect_of(group, backend, now_ms) >= PROSPECT_WAIT)
            return true;
    }
    return false;
}

/* ---- kept connections ---- */

/* Only its own thread can see whether it is of use still. */
static bool is_stale(const struct fcgi_conn *conn, const struct desk *own)
{
    return conn->desk == own && fcgi_conn_is_stale(conn);
}

/* A kept connection, best one of this thread; NULL: there is none. It is out of the list. */
static struct fcgi_conn *pick_kept(struct backend *backend, const struct desk *desk)
{
    struct fcgi_conn *found = NULL;
    unsigned looked_at = 0;

    list_for_each (link, &backend->kept) {
        struct fcgi_conn *conn = container_of(link, struct fcgi_conn, link);

        if (!found || conn->desk == desk)
            found = conn;
        if (conn->desk == desk || ++looked_at == KEPT_LOOKED_AT)
            break;
    }
    if (found) {
        list_remove(&found->link);
        backend->kept_count--;
    }
    return found;
}

static void on_taken(struct desk_note *note)
{
    fcgi_conn_close(container_of(note, struct fcgi_conn, note));
}

/*
 * To a place of any thread. The descriptor of a third thread's is doubled: only that thread can
 * take it out of its loop.
 */
static void hand_over(struct fcgi_conn *conn, struct place *place, const struct desk *own)
{
    if (conn->desk == place->desk) {
        place->given_conn = conn;
    } else if (conn->desk == own) {
        place->given_tls = fcgi_conn_take_tls(conn);
        place->given_fd = fcgi_conn_release(conn);
    } else {
        conn->shared = true;
        place->given_fd = fcntl(conn->io.fd, F_DUPFD_CLOEXEC, 3); /* -1: a fresh one will do */
        if (place->given_fd >= 0)
            place->given_tls = fcgi_conn_take_tls(conn);
        conn->note.read = on_taken;
        desk_tell(conn->desk, &conn->note, own);
    }
}

/* ---- decisions ---- */

static void leave_line(struct place *place)
{
    if (place->line)
        fair_line_remove(place->line, &place->waiter);
    place->line = NULL;
    if (place->counted)
        place->group->waiting--;
    place->counted = false;
}

static void count_waiting(struct place *place)
{
    if (!place->counted)
        place->group->waiting++;
    place->counted = true;
}

/* One who waits is told; a decision that it has not read yet is overruled. */
static void tell(struct place *place, enum place_decision decided, const struct desk *own)
{
    place->decided = decided;
    if (place->desk == own) {
        place_heed(place);
        loop_wake(place->desk->loop, place->task);
        return;
    }
    desk_take_back(place->desk, &place->news);
    desk_tell(place->desk, &place->news, own);
}

void place_enter(struct place *place, struct backend *backend, const struct desk *own)
{
    struct fcgi_conn *conn = pick_kept(backend, place->desk);

    while (conn && is_stale(conn, own)) {
        backend->open--;
        fcgi_conn_close(conn);
        conn = pick_kept(backend, place->desk);
    }
    place->given = backend;
    place->given_conn = NULL;
    place->given_fd = -1;
    if (conn)
        hand_over(conn, place, own);
    else
        backend->open++;
    atomic_fetch_add_explicit(&backend->now, 1, memory_order_relaxed);

    leave_line(place);
    place->probes = NULL;
    if (backend->trouble != TROUBLE_NONE) {
        backend->prober = place;
        backend->is_asked = true;
        place->probes = backend;
    }
    place->decided = DECIDED_GIVEN;
}

/* ---- serving those who wait ---- */

static struct place *place_of(struct fair_waiter *waiter)
{
    return container_of(waiter, struct place, waiter);
}

static bool accepts(const struct place *place, const struct backend *backend, bool hope)
{
    const struct backend_group *group = place->group;

    if (place->tried[index_of(group, backend)])
        return false;
    return place->line == &backend->line || (!backend->drained && !(backend->backup && hope));
}

/* The next of a line who may have the target. Those who may not (they were there already) go to
 * the end. */
static struct place *next_of(struct fair_line *line, const struct backend *backend, bool hope)
{
    for (unsigned left = line->count; left > 0; left--) {
        struct place *place = place_of(fair_line_next(line));

        if (accepts(place, backend, hope))
            return place;
        fair_line_add(line, &place->waiter, place->host, place->client);
    }
    return NULL;
}

/* Its own line and the common one take turns. The place is out of its line, but still counted. */
static struct place *next_waiter(struct backend_group *group, struct backend *backend,
                                 const struct desk *own)
{
    const bool hope = has_hope(group, own->loop->now_ms, false);
    struct fair_line *first = backend->line_is_next ? &backend->line : &group->line;
    struct fair_line *second = backend->line_is_next ? &group->line : &backend->line;
    struct place *place = next_of(first, backend, hope);

    backend->line_is_next = !backend->line_is_next;
    return place ? place : next_of(second, backend, hope);
}

/* The waiter becomes the prober; it asks when its pause is over. */
static void make_prober(struct place *place, struct backend *backend)
{
    if (place->line)
        fair_line_remove(place->line, &place->waiter);
    place->line = NULL;
    count_waiting(place);
    place->probes = backend;
    backend->prober = place;
    backend->is_asked = false;
}

void backend_appoint(struct backend_group *group, struct backend *backend, const struct desk *own)
{
    if (backend->trouble == TROUBLE_NONE || backend->prober || backend->absent)
        return;

    struct place *place = next_waiter(group, backend, own);
    if (!place)
        return;
    make_prober(place, backend);
    tell(place, DECIDED_PROBE, own);
}

void backend_serve(struct backend_group *group, struct backend *backend, const struct desk *own)
{
    if (backend->absent)
        return;
    if (backend->trouble != TROUBLE_NONE) {
        struct place *prober = backend->prober;

        if (backend->trouble == TROUBLE_BUSY && prober && !backend->is_asked) {
            place_enter(prober, backend, own); /* somebody has left it: now may be the time */
            tell(prober, DECIDED_GIVEN, own);
        }
        return;
    }
    while (backend_has_room(group, backend)) {
        struct place *place = next_waiter(group, backend, own);

        if (!place)
            return;
        place_enter(place, backend, own);
        tell(place, DECIDED_GIVEN, own);
    }
}

/* All of a line have to choose anew. */
static void dissolve(struct fair_line *line, const struct desk *own)
{
    struct fair_waiter *waiter;

    while ((waiter = fair_line_next(line)) != NULL) {
        struct place *place = place_of(waiter);

        leave_line(place);
        tell(place, DECIDED_AGAIN, own);
    }
}

uint64_t backend_send_away(struct backend_group *group, struct backend *backend,
                           const struct desk *own)
{
    const uint64_t now_ms = own->loop->now_ms;
    const uint64_t rest_ms = backend_rest(backend, now_ms);
    struct place *prober = backend->prober;

    backend->trouble = TROUBLE_NONE;
    backend->prober = NULL;
    if (prober && backend->is_asked) {
        prober->probes = NULL;
    } else if (prober) {
        leave_line(prober);
        prober->probes = NULL;
        tell(prober, DECIDED_AGAIN, own);
    }
    dissolve(&backend->line, own);
    if (!has_hope(group, now_ms, true))
        dissolve(&group->line, own);
    return rest_ms;
}

/* ---- choosing ---- */

/* False: the line is full, and nobody has to yield to this one. */
static bool make_room(struct place *place, struct fair_line *line)
{
    struct backend_group *group = place->group;

    if (group->waiting < group->conf->queue_length)
        return true;

    struct fair_waiter *waiter = fair_line_yield(line, place->host, place->client);
    if (!waiter)
        return false;
    group->refused++;
    leave_line(place_of(waiter));
    tell(place_of(waiter), DECIDED_REFUSED, place->desk);
    return true;
}

/* One of them is in trouble and nobody asks it: this one does. */
static struct backend *find_forsaken(const struct place *place, struct backend *only)
{
    const struct backend_group *group = place->group;

    assert(group->targets);
    for (unsigned i = 0; i < group->count; i++) {
        struct backend *backend = &group->targets[i];

        if (only ? only != backend : backend->drained)
            continue;
        if (!place->tried[i] && !backend->prober && !backend->absent &&
            backend->trouble != TROUBLE_NONE)
            return backend;
    }
    return NULL;
}

/* In the line of one target, or (NULL) in that for any. */
static void get_in_line(struct place *place, struct backend *only)
{
    struct backend_group *group = place->group;
    struct fair_line *line = only ? &only->line : &group->line;
    struct backend *forsaken = find_forsaken(place, only);

    if (!make_room(place, line)) {
        group->refused++;
        place->state = PLACE_REFUSED;
        return;
    }
    place->state = PLACE_WAITING;
    if (place->waits_since_ms == 0) {
        place->waits_since_ms = now_of(place);
        group->waited++;
    }
    if (forsaken) {
        make_prober(place, forsaken);
        place->decided = DECIDED_PROBE;
        return;
    }
    place->line = line;
    fair_line_add(line, &place->waiter, place->host, place->client);
    count_waiting(place);
}

static void choose_any(struct place *place)
{
    struct backend_group *group = place->group;
    enum prospect best = look_around(place, false);

    if (best < PROSPECT_WAIT) {
        const enum prospect of_backups = look_around(place, true);

        best = of_backups > best ? of_backups : best;
    }
    switch (best) {
    case PROSPECT_READY: {
        const int chosen = balance_choose(group, place->client, now_of(place), place->fit);

        place_enter(place, &group->targets[chosen], place->desk);
        return;
    }
    case PROSPECT_WAIT:
        get_in_line(place, NULL);
        return;
    case PROSPECT_REST:
        place_enter(place, find_rested(place), place->desk);
        return;
    case PROSPECT_NONE:
        break;
    }
    place->state = PLACE_NOBODY;
}

void place_choose(struct place *place)
{
    struct backend_group *group = place->group;

    if (place->wanted >= 0 && !place->tried[place->wanted]) {
        struct backend *wanted = &group->targets[place->wanted];

        switch (prospect_of(group, wanted, now_of(place))) {
        case PROSPECT_READY:
            place_enter(place, wanted, place->desk);
            return;
        case PROSPECT_WAIT:
            get_in_line(place, wanted);
            return;
        case PROSPECT_REST:
        case PROSPECT_NONE:
            break;
        }
    }
    choose_any(place);
}

void place_withdraw(struct place *place)
{
    struct backend *backend = place->probes;

    leave_line(place);
    place->probes = NULL;
    if (!backend || backend->prober != place)
        return;
    backend->prober = NULL;
    backend->is_asked = false;
    backend_appoint(place->group, backend, place->desk);
}

bool place_may_hope(const struct place *place, const struct backend *apart_from)
{
    const struct backend_group *group = place->group;

    for (unsigned i = 0; i < group->count; i++) {
        const struct backend *backend = &group->targets[i];

        if (backend != apart_from && !place->tried[i] && !backend->drained &&
            prospect_of(group, backend, now_of(place)) >= PROSPECT_WAIT)
            return true;
    }
    return false;
}
