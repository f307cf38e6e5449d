#include "gateway/place.h"

#include "place_private.h"

#include <assert.h>

#define BUSY_FIRST_MS 5u
#define BUSY_MOST_MS  50u
#define DOWN_FIRST_MS 10u
#define DOWN_MOST_MS  100u

static uint64_t now_of(const struct place *place)
{
    return place->desk->loop->now_ms;
}

static uint64_t give_up_ms(const struct place *place)
{
    return place->waits_since_ms + place->group->conf->queue_ms;
}

static void on_news(struct desk_note *news)
{
    struct place *place = container_of(news, struct place, news);

    pthread_mutex_lock(&place->group->lock);
    place_heed(place);
    pthread_mutex_unlock(&place->group->lock);
    loop_wake(place->desk->loop, place->task);
}

void place_init(struct place *place, struct backend_group *group, struct desk *desk,
                struct task *task, unsigned host, const union socket_address *client, bool *tried,
                bool *fit)
{
    *place = (struct place){
        .group = group,
        .desk = desk,
        .task = task,
        .host = host,
        .client = client,
        .wanted = -1,
        .tried = tried,
        .fit = fit,
        .timer.task = task,
        .given_fd = -1,
        .news.read = on_news,
    };
}

static void lock(struct place *place)
{
    pthread_mutex_lock(&place->group->lock);
}

static void unlock(struct place *place)
{
    pthread_mutex_unlock(&place->group->lock);
}

/* ---- decisions, in the own thread ---- */

/* A kept connection of another thread; NULL: none was given. */
static struct fcgi_conn *unwrap_gift(struct place *place)
{
    struct fcgi_conn *conn = NULL;

    if (place->given_fd >= 0) {
        conn = fcgi_conn_new(place->desk->loop, place->given_fd, true);
        fcgi_conn_give_tls(conn, place->given_tls);
    }
    place->given_fd = -1;
    place->given_tls = NULL;
    return conn;
}

static void receive(struct place *place)
{
    struct loop *loop = place->desk->loop;

    place->state = PLACE_GIVEN;
    place->backend = place->given;
    place->prober = place->probes != NULL;
    place->conn = place->given_conn;
    if (!place->conn)
        place->conn = unwrap_gift(place);
    if (place->conn && fcgi_conn_is_stale(place->conn)) {
        fcgi_conn_close(place->conn);
        place->conn = NULL;
    }
    if (place->conn)
        timer_stop(loop, &place->conn->timer);
    place->given_conn = NULL;
    timer_stop(loop, &place->timer);
}

/* Wakes the task when something is to be done or its patience is over. */
static void set_alarm(struct place *place)
{
    uint64_t due_ms = give_up_ms(place);

    if (place->probes && place->probes->retry_ms < due_ms)
        due_ms = place->probes->retry_ms;
    timer_stop(place->desk->loop, &place->timer); /* it may have to ring earlier than it did */
    timer_set(place->desk->loop, &place->timer, due_ms);
}

void place_heed(struct place *place)
{
    const enum place_decision decided = place->decided;

    place->decided = DECIDED_NOTHING;
    switch (decided) {
    case DECIDED_NOTHING:
        break;
    case DECIDED_GIVEN:
        receive(place);
        break;
    case DECIDED_PROBE:
        set_alarm(place);
        break;
    case DECIDED_AGAIN:
        timer_stop(place->desk->loop, &place->timer);
        place->state = PLACE_NONE;
        break;
    case DECIDED_REFUSED:
        timer_stop(place->desk->loop, &place->timer);
        place->state = PLACE_REFUSED;
        break;
    }
}

/* ---- taking and waiting ---- */

/* Under the lock. */
static enum place_state choose(struct place *place)
{
    place->state = PLACE_NONE;
    place->backend = NULL;
    place_choose(place);
    if (place->decided != DECIDED_NOTHING)
        place_heed(place);
    else if (place->state == PLACE_WAITING)
        set_alarm(place);
    return place->state;
}

enum place_state place_take(struct place *place)
{
    assert(place->state == PLACE_NONE);
    lock(place);
    choose(place);
    unlock(place);
    return place->state;
}

enum place_state place_advance(struct place *place)
{
    if (place->state != PLACE_WAITING || !place->timer.fired)
        return place->state;
    place->timer.fired = false;
    lock(place);
    struct backend *backend = place->probes;
    if (backend && !backend->is_asked && place->decided == DECIDED_NOTHING &&
        now_of(place) >= backend->retry_ms) {
        place_enter(place, backend, place->desk);
        place_heed(place);
    } else if (now_of(place) < give_up_ms(place)) {
        set_alarm(place);
    }
    unlock(place);
    return place->state;
}

bool place_is_late(const struct place *place)
{
    return place->state == PLACE_WAITING && now_of(place) >= give_up_ms(place);
}

/* ---- what became of the connection ---- */

/* Under the lock: the place has no target any more. */
static void give_back(struct place *place)
{
    struct backend *backend = place->backend;

    backend->open--;
    atomic_fetch_sub_explicit(&backend->now, 1, memory_order_relaxed);
    place->state = PLACE_NONE;
}

/*
 * When it is asked again: each time that its prober has failed after a longer pause. Others who
 * fail had set out before the trouble was known.
 */
static void plan_retry(struct backend *backend, enum backend_trouble trouble, uint64_t now_ms)
{
    const uint64_t first = trouble == TROUBLE_BUSY ? BUSY_FIRST_MS : DOWN_FIRST_MS;
    const uint64_t most = trouble == TROUBLE_BUSY ? BUSY_MOST_MS : DOWN_MOST_MS;

    if (backend->trouble == trouble && backend->prober)
        return;
    if (backend->trouble != trouble) {
        backend->trouble = trouble;
        backend->trouble_since_ms = now_ms;
        backend->pause_ms = first;
    }
    backend->retry_ms = now_ms + backend->pause_ms;
    backend->pause_ms = backend->pause_ms * 2 < most ? backend->pause_ms * 2 : most;
}

/* It may be starting anew, and is given the time for it. */
static bool is_held(const struct backend_group *group, const struct backend *backend,
                    uint64_t now_ms)
{
    const uint64_t since_ms = backend->trouble == TROUBLE_DOWN ? backend->trouble_since_ms : now_ms;

    return backend->rests == 0 && now_ms < since_ms + group->conf->restart_hold_ms;
}

static void plan_within_hold(const struct backend_group *group, struct backend *backend,
                             uint64_t now_ms)
{
    plan_retry(backend, TROUBLE_DOWN, now_ms);

    const uint64_t end_ms = backend->trouble_since_ms + group->conf->restart_hold_ms;
    if (backend->retry_ms > end_ms)
        backend->retry_ms = end_ms;
}

/* It is not asked again by this request. Returns for how many ms it rests because of this. */
static uint64_t give_up_target(struct place *place, struct backend *backend)
{
    place->tried[backend - place->group->targets] = true;
    return backend_send_away(place->group, backend, place->desk);
}

enum place_state place_fail(struct place *place, enum place_fault fault, struct place_news *ret)
{
    struct backend_group *group = place->group;
    struct backend *backend = place->backend;
    const uint64_t now_ms = now_of(place);

    *ret = (struct place_news){ 0 };
    assert(place->state == PLACE_GIVEN);
    lock(place);
    give_back(place);
    if (place->probes) {
        place->probes = NULL;
        backend->prober = NULL;
        backend->is_asked = false;
    }
    switch (fault) {
    case PLACE_BUSY:
    case PLACE_OVERLOADED:
        plan_retry(backend, TROUBLE_BUSY, now_ms);
        backend->overloaded = fault == PLACE_OVERLOADED;
        break;
    case PLACE_DOWN:
        if (is_held(group, backend, now_ms)) {
            ret->is_down = backend->trouble != TROUBLE_DOWN;
            plan_within_hold(group, backend, now_ms);
        } else {
            ret->rest_ms = give_up_target(place, backend);
        }
        break;
    case PLACE_UNREACHABLE:
        ret->rest_ms = give_up_target(place, backend);
        break;
    }
    choose(place);
    backend_appoint(group, backend, place->desk);
    unlock(place);
    return place->state;
}

/* Under the lock. The next one asks at once; with nobody left, or when it is all there again, the
 * trouble is over. Returns for how many ms it was gone. */
static uint64_t end_trouble(struct place *place, struct backend *backend)
{
    struct backend_group *group = place->group;
    const uint64_t now_ms = now_of(place);
    uint64_t gone_ms = 0;

    place->prober = false;
    place->probes = NULL;
    backend->prober = NULL;
    backend->is_asked = false;
    backend->pause_ms = BUSY_FIRST_MS;
    backend->retry_ms = now_ms;
    if (backend->trouble == TROUBLE_DOWN) {
        gone_ms = now_ms - backend->trouble_since_ms + 1;
        backend->came_back_ms = now_ms;
    } else {
        backend_appoint(group, backend, place->desk);
    }
    if (!backend->prober) {
        backend->trouble = TROUBLE_NONE;
        backend_serve(group, backend, place->desk);
    }
    return gone_ms;
}

uint64_t place_reached(struct place *place, bool answered)
{
    struct backend *backend = place->backend;
    uint64_t gone_ms = 0;

    if (place->state != PLACE_GIVEN || !place->prober)
        return 0;
    lock(place);
    if (!place->probes)
        place->prober = false; /* the target was sent to rest meanwhile */
    else if (answered || !backend->overloaded)
        gone_ms = end_trouble(place, backend);
    unlock(place);
    return gone_ms;
}

uint64_t place_blame(struct place *place)
{
    uint64_t rest_ms = 0;

    if (place->state != PLACE_GIVEN)
        return 0;
    lock(place);
    rest_ms = backend_blame(place->group, place->backend, now_of(place));
    if (rest_ms > 0)
        backend_send_away(place->group, place->backend, place->desk);
    unlock(place);
    return rest_ms;
}

bool place_has_other(struct place *place)
{
    lock(place);
    const bool has_other = place_may_hope(place, place->backend);
    unlock(place);
    return has_other;
}

/* ---- leaving ---- */

static void on_kept_news(struct task *task)
{
    struct fcgi_conn *conn = container_of(task, struct fcgi_conn, task);
    struct backend_group *group = conn->group;
    struct backend *backend = conn->backend;

    pthread_mutex_lock(&group->lock);
    const bool was_kept = list_linked(&conn->link);
    if (was_kept) {
        list_remove(&conn->link);
        backend->kept_count--;
        backend->open--;
        backend_serve(group, backend, conn->desk);
    }
    pthread_mutex_unlock(&group->lock);
    if (was_kept) /* else it was taken, and its note is on its way */
        fcgi_conn_close(conn);
}

/* True: the connection waits for its next request, or has gone to one. Under the lock. */
static bool keep(struct place *place, struct fcgi_conn *conn)
{
    struct backend_group *group = place->group;
    struct backend *backend = place->backend;

    if (group->conf->keep_connections == 0 || backend->absent || fcgi_conn_is_stale(conn) ||
        io_wait(conn->loop, &conn->io) < 0)
        return false;
    conn->desk = place->desk;
    conn->group = group;
    conn->backend = backend;
    conn->task.run = on_kept_news;
    conn->timer.task = &conn->task;
    conn->io.task = &conn->task;
    timer_set(conn->loop, &conn->timer, conn->loop->now_ms + group->conf->keep_ms);
    list_push_front(&backend->kept, &conn->link);
    backend->kept_count++;
    backend_serve(group, backend, place->desk);
    if (backend->kept_count <= group->conf->keep_connections)
        return true;
    /* Nobody took it, and there are enough: it is still the first. */
    list_remove(&conn->link);
    backend->kept_count--;
    return false;
}

/* Under the lock: what was given and not received yet. */
static void refuse_gift(struct place *place)
{
    struct backend *backend = place->given;

    fcgi_conn_close(place->given_conn);
    fcgi_conn_close(unwrap_gift(place));
    place->given_conn = NULL;
    backend->open--;
    atomic_fetch_sub_explicit(&backend->now, 1, memory_order_relaxed);
    place_withdraw(place);
    backend_serve(place->group, backend, place->desk);
}

static void leave_line(struct place *place)
{
    const bool was_late = place_is_late(place);

    lock(place);
    desk_take_back(place->desk, &place->news);
    const enum place_decision decided = place->decided;
    place->decided = DECIDED_NOTHING;
    if (decided == DECIDED_GIVEN)
        refuse_gift(place);
    else
        place_withdraw(place);
    if (was_late)
        place->group->refused++;
    unlock(place);
    timer_stop(place->desk->loop, &place->timer);
}

static void leave_target(struct place *place, struct fcgi_conn *conn)
{
    struct backend_group *group = place->group;
    struct backend *backend = place->backend;

    lock(place);
    atomic_fetch_sub_explicit(&backend->now, 1, memory_order_relaxed);
    if (place->praise)
        backend_praise(backend, now_of(place));
    place->praise = false;
    place_withdraw(place);
    if (conn && keep(place, conn)) {
        conn = NULL;
    } else {
        backend->open--;
        backend_serve(group, backend, place->desk);
    }
    unlock(place);
    fcgi_conn_close(conn);
}

void place_leave(struct place *place, struct fcgi_conn *conn)
{
    switch (place->state) {
    case PLACE_WAITING:
        leave_line(place);
        break;
    case PLACE_GIVEN:
        fcgi_conn_close(place->conn);
        leave_target(place, conn);
        break;
    case PLACE_NONE:
    case PLACE_NOBODY:
    case PLACE_REFUSED:
        break;
    }
    place->conn = NULL;
    place->state = PLACE_NONE;
}

/* ---- those who look after targets ---- */

bool place_found_well(struct backend_group *group, struct backend *backend, const struct desk *own)
{
    pthread_mutex_lock(&group->lock);
    const bool was_ill = backend->rests > 0;
    const uint64_t praised_ms = backend->praised_ms;
    backend_praise(backend, own->loop->now_ms);
    backend->praised_ms = praised_ms; /* by visitors only */
    if (was_ill)
        backend_serve(group, backend, own);
    pthread_mutex_unlock(&group->lock);
    return was_ill;
}

uint64_t place_found_ill(struct backend_group *group, struct backend *backend,
                         const struct desk *own, uint64_t since_ms)
{
    uint64_t rest_ms = 0;

    pthread_mutex_lock(&group->lock);
    if (backend->praised_ms < since_ms && backend->trouble == TROUBLE_NONE)
        rest_ms = backend_send_away(group, backend, own);
    pthread_mutex_unlock(&group->lock);
    return rest_ms;
}

bool place_address(struct backend_group *group, const struct backend *backend,
                   union socket_address *ret)
{
    pthread_mutex_lock(&group->lock);
    const bool is_there = !backend->absent;
    if (is_there)
        *ret = backend->address;
    pthread_mutex_unlock(&group->lock);
    return is_there;
}

void place_close_kept(struct backend_group *group, struct desk *desk)
{
    pthread_mutex_lock(&group->lock);
    for (unsigned i = 0; i < group->count; i++) {
        struct backend *backend = &group->targets[i];

        for (struct list_link *link = backend->kept.head.next, *next; link != &backend->kept.head;
             link = next) {
            struct fcgi_conn *conn = container_of(link, struct fcgi_conn, link);

            next = link->next;
            if (conn->desk != desk)
                continue;
            list_remove(&conn->link);
            backend->kept_count--;
            backend->open--;
            fcgi_conn_close(conn);
        }
    }
    pthread_mutex_unlock(&group->lock);
}
