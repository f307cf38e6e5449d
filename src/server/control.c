#include "server/control.h"

#include "base/text.h"
#include "gateway/backend.h"
#include "gateway/name_watch.h"
#include "gateway/turnstile.h"
#include "os/fd.h"
#include "os/socket.h"
#include "server/acme_status.h"
#include "server/bans.h"
#include "server/house.h"
#include "server/orders.h"
#include "server/reactor.h"
#include "server/workers_status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define QUESTION_MOST 512u
#define ANSWER_MOST   ((size_t)256 * 1024)
#define ASKERS_MOST   16u
#define PATIENCE_MS   5000u
#define STARVED_MS    200u /* without descriptors */

/*  READING ──line──> (WAITING for a reload ──outcome──>) WRITING ──all out, too slow, gone──>
 * buried  */
struct asker {
    struct control *control;
    struct list_link link;
    struct grave grave;
    struct io io;
    struct task task;
    struct timer timer;
    char question[QUESTION_MOST];
    size_t question_len;
    uint64_t reload; /* the number of the reload it waits for; 0: it does not */
    char *answer;    /* NULL while reading and waiting */
    size_t answer_len;
    size_t answer_sent;
};

struct control {
    struct loop *loop;
    struct house *house;
    struct io io;
    struct task task;
    struct control_boss boss;
    struct timer again; /* somebody waits who could not be taken */
    int spare_fd;       /* the place of an asker when descriptors run out */
    uint64_t reloads;   /* asked for so far */
    struct list askers;
    unsigned asker_count;
};

/* ---- the answers ---- */

struct totals {
    uint64_t connections_now;
    uint64_t connections;
    uint64_t refused;
    uint64_t exchanges_now;
    uint64_t requests;
    uint64_t sent_bytes;
    uint64_t programs;
    uint64_t answers[6];
};

static struct totals totals_of(const struct house *house)
{
    struct totals sum = { 0 };

    for (unsigned i = 0; i < house->reactor_count; i++) {
        const struct stats *stats = &house->reactors[i]->stats;

        sum.connections_now += stats_get(&stats->connections_now);
        sum.connections += stats_get(&stats->connections);
        sum.refused += stats_get(&stats->refused);
        sum.exchanges_now += stats_get(&stats->exchanges_now);
        sum.requests += stats_get(&stats->requests);
        sum.sent_bytes += stats_get(&stats->sent_bytes);
        sum.programs += stats_get(&stats->programs);
        for (unsigned a = 0; a < 6; a++)
            sum.answers[a] += stats_get(&stats->answers[a]);
    }
    return sum;
}

static void add_count(struct text *text, const char *name, uint64_t number)
{
    text_printf(text, "  %-22s %12llu\n", name, (unsigned long long)number);
}

static void add_many(struct text *text, unsigned number, const char *thing)
{
    text_printf(text, "%u %s%s", number, thing, number == 1 ? "" : "s");
}

static void add_duration(struct text *text, uint64_t seconds)
{
    if (seconds >= 86400)
        text_printf(text, "%llu d ", (unsigned long long)(seconds / 86400));
    text_printf(text, "%02llu:%02llu:%02llu", (unsigned long long)(seconds / 3600 % 24),
                (unsigned long long)(seconds / 60 % 60), (unsigned long long)(seconds % 60));
}

/* Hosts whose programs were never asked for are left out. */
static void add_seats(const struct house *house, struct text *text)
{
    text_printf(text, "\nSeats of programs: %u of %u taken\n",
                turnstiles_taken(house->edition->turnstiles),
                turnstiles_seats(house->edition->turnstiles));
    for (unsigned i = 0; i < house->edition->snapshot->conf->host_count; i++) {
        const struct turnstile_numbers now =
            turnstile_numbers(turnstiles_at(house->edition->turnstiles, i));

        if (now.seated + now.refused > 0)
            text_printf(text,
                        "  %.*s: %u of %u taken, %u waiting; ever: %llu seated, %llu of them after "
                        "waiting, %llu turned away\n",
                        SLICE_ARGS(house->edition->snapshot->hosts[i].name), now.taken,
                        now.rules.seats, now.waiting, (unsigned long long)now.seated,
                        (unsigned long long)now.waited, (unsigned long long)now.refused);
    }
}

static void add_seats_json(const struct house *house, struct text *text)
{
    bool first = true;

    text_printf(text, "],\"seats\":{\"taken\":%u,\"total\":%u,\"hosts\":[",
                turnstiles_taken(house->edition->turnstiles),
                turnstiles_seats(house->edition->turnstiles));
    for (unsigned i = 0; i < house->edition->snapshot->conf->host_count; i++) {
        const struct turnstile_numbers now =
            turnstile_numbers(turnstiles_at(house->edition->turnstiles, i));

        if (now.seated + now.refused == 0)
            continue;
        text_add_cstr(text, first ? "{\"host\":" : ",{\"host\":");
        first = false;
        text_add_json(text, house->edition->snapshot->hosts[i].name);
        text_printf(text,
                    ",\"taken\":%u,\"seats\":%u,\"waiting\":%u,\"seated\":%llu,"
                    "\"waited\":%llu,\"turned_away\":%llu}",
                    now.taken, now.rules.seats, now.waiting, (unsigned long long)now.seated,
                    (unsigned long long)now.waited, (unsigned long long)now.refused);
    }
    text_add_cstr(text, "]}");
}

/* Some reactor before this one is served by the same spawner. */
static bool was_told(const struct house *house, unsigned reactor)
{
    for (unsigned i = 0; i < reactor; i++)
        if (house->reactors[i]->spawner_pid == house->reactors[reactor]->spawner_pid)
            return true;
    return false;
}

static void add_reactors_of(const struct house *house, int spawner_pid, struct text *text)
{
    bool first = true;

    for (unsigned i = 0; i < house->reactor_count; i++) {
        if (house->reactors[i]->spawner_pid != spawner_pid)
            continue;
        text_printf(text, first ? "%u" : ",%u", i);
        first = false;
    }
}

static void add_spawners(const struct house *house, struct text *text)
{
    text_add_cstr(text, "\nSpawners of programs:\n");
    for (unsigned i = 0; i < house->reactor_count; i++) {
        const int pid = house->reactors[i]->spawner_pid;

        if (pid < 0 || was_told(house, i))
            continue;
        text_printf(text, "  process %d, for reactors ", pid);
        add_reactors_of(house, pid, text);
        text_add_char(text, '\n');
    }
}

static void add_spawners_json(const struct house *house, struct text *text)
{
    bool first = true;

    text_add_cstr(text, ",\"spawners\":[");
    for (unsigned i = 0; i < house->reactor_count; i++) {
        const int pid = house->reactors[i]->spawner_pid;

        if (pid < 0 || was_told(house, i))
            continue;
        text_printf(text, "%s{\"pid\":%d,\"reactors\":[", first ? "" : ",", pid);
        first = false;
        add_reactors_of(house, pid, text);
        text_add_cstr(text, "]}");
    }
    text_add_char(text, ']');
}

static unsigned editions_of(const struct house *house)
{
    unsigned count = 0;

    for (const struct edition *edition = house->edition; edition; edition = edition->older)
        count++;
    return count;
}

static void add_generation(const struct house *house, struct text *text)
{
    const unsigned former = editions_of(house) - 1;

    text_printf(text, "  generation %llu of the configuration",
                (unsigned long long)house->edition->generation);
    if (former > 0)
        text_printf(text, ", requests of %u former in progress", former);
    if (house->outcome.when[0] != '\0')
        text_printf(text, "; reload of %s: %s", house->outcome.when,
                    house->outcome.failed ? "failed, nothing was changed (see the system log)"
                                          : "ok");
    text_add_char(text, '\n');
    if (house->outcome.failed) {
        text_add_cstr(text, "    ");
        text_add_escaped(text, slice_cstr(house->outcome.failure));
        text_add_char(text, '\n');
    }
}

static void add_generation_json(const struct house *house, struct text *text)
{
    text_printf(text, ",\"generation\":%llu,\"generations_in_use\":%u",
                (unsigned long long)house->edition->generation, editions_of(house));
    if (house->outcome.when[0] == '\0')
        return;
    text_add_cstr(text, ",\"reload\":{\"when\":");
    text_add_json(text, slice_cstr(house->outcome.when));
    text_printf(text, ",\"ok\":%s", house->outcome.failed ? "false" : "true");
    if (house->outcome.failed) {
        text_add_cstr(text, ",\"failure\":");
        text_add_json(text, slice_cstr(house->outcome.failure));
    }
    text_add_char(text, '}');
}

void control_write_status(const struct house *house, struct text *text)
{
    static const char *const kinds[6] = { "without answer", "1xx", "2xx", "3xx", "4xx", "5xx" };
    struct totals sum = totals_of(house);
    const uint64_t now_ms = house_now_ms(house);

    text_printf(text, "Longhouse %s, server process %d, up ", LONGHOUSE_VERSION, (int)getpid());
    add_duration(text, (now_ms - house->started_ms) / 1000);
    text_add_cstr(text, "\n  ");
    add_many(text, house->edition->snapshot->conf->host_count, "host");
    text_add_cstr(text, " on ");
    add_many(text, house->edition->binding_count, "binding");
    text_add_cstr(text, ", ");
    add_many(text, house->reactor_count, "reactor");
    text_add_char(text, '\n');
    add_generation(house, text);
    text_add_char(text, '\n');
    add_count(text, "connections now", sum.connections_now);
    add_count(text, "requests in progress", sum.exchanges_now);
    add_count(text, "connections", sum.connections);
    add_count(text, "connections refused", sum.refused);
    add_count(text, "requests", sum.requests);
    for (unsigned a = 2; a < 6; a++) {
        char name[32];
        struct text label = text_on(name, sizeof(name));

        text_printf(&label, "  answered %s", kinds[a]);
        add_count(text, text_cstr(&label), sum.answers[a]);
    }
    add_count(text, "  without answer", sum.answers[0]);
    add_count(text, "by programs", sum.programs);
    add_count(text, "bytes sent", sum.sent_bytes);
    add_count(text, "clients banned", bans_count(house->bans, now_ms));
    for (unsigned i = 0; i < house->edition->backend_count; i++) {
        text_add_char(text, '\n');
        backend_group_describe(house->edition->backends[i], now_ms, text);
    }
    if (house->name_watch) {
        text_add_cstr(text, "\nNames in ConnectTo:\n");
        name_watch_describe(house->name_watch, text);
    }
    add_seats(house, text);
    workers_status_describe(house->workers, text);
    acme_status_describe(house->acme, (int64_t)time(NULL), text);
    acme_status_describe_staples(house->staples, house->edition->snapshot->conf,
                                 (int64_t)time(NULL), text);
    add_spawners(house, text);
}

void control_write_status_json(const struct house *house, struct text *text)
{
    struct totals sum = totals_of(house);
    const uint64_t now_ms = house_now_ms(house);

    text_printf(text,
                "{\"version\":\"%s\",\"pid\":%d,\"uptime_s\":%llu,\"hosts\":%u,\"bindings\":%u,"
                "\"reactors\":%u,\"connections_now\":%llu,\"requests_in_progress\":%llu,"
                "\"connections\":%llu,\"connections_refused\":%llu,\"requests\":%llu,"
                "\"answers\":{\"none\":%llu,\"1xx\":%llu,\"2xx\":%llu,\"3xx\":%llu,\"4xx\":%llu,"
                "\"5xx\":%llu},\"by_programs\":%llu,\"sent_bytes\":%llu,\"banned\":%u,"
                "\"fastcgi\":[",
                LONGHOUSE_VERSION, (int)getpid(),
                (unsigned long long)((now_ms - house->started_ms) / 1000),
                house->edition->snapshot->conf->host_count, house->edition->binding_count,
                house->reactor_count, (unsigned long long)sum.connections_now,
                (unsigned long long)sum.exchanges_now, (unsigned long long)sum.connections,
                (unsigned long long)sum.refused, (unsigned long long)sum.requests,
                (unsigned long long)sum.answers[0], (unsigned long long)sum.answers[1],
                (unsigned long long)sum.answers[2], (unsigned long long)sum.answers[3],
                (unsigned long long)sum.answers[4], (unsigned long long)sum.answers[5],
                (unsigned long long)sum.programs, (unsigned long long)sum.sent_bytes,
                bans_count(house->bans, now_ms));
    for (unsigned i = 0; i < house->edition->backend_count; i++) {
        if (i > 0)
            text_add_char(text, ',');
        backend_group_describe_json(house->edition->backends[i], now_ms, text);
    }
    add_seats_json(house, text);
    add_spawners_json(house, text);
    if (house->name_watch) {
        text_add_cstr(text, ",\"names\":");
        name_watch_describe_json(house->name_watch, text);
    }
    add_generation_json(house, text);
    text_add_cstr(text, ",\"workers\":[");
    workers_status_describe_json(house->workers, text);
    text_add_cstr(text, "],\"certificates\":[");
    acme_status_describe_json(house->acme, text);
    text_add_cstr(text, "],\"staples\":[");
    acme_status_describe_staples_json(house->staples, house->edition->snapshot->conf, text);
    text_add_cstr(text, "]}\n");
}

/* ---- those who ask ---- */

static void asker_release(struct grave *grave)
{
    struct asker *asker = container_of(grave, struct asker, grave);

    free(asker->answer);
    free(asker);
}

static void asker_end(struct asker *asker)
{
    struct control *control = asker->control;

    io_close(control->loop, &asker->io);
    timer_stop(control->loop, &asker->timer);
    loop_forget(control->loop, &asker->task);
    list_remove(&asker->link);
    control->asker_count--;
    if (control->spare_fd < 0)
        control->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    loop_bury(control->loop, &asker->grave, asker_release);
}

/* How long that takes is the supervisor's affair. */
static void asker_wait_for_outcome(struct asker *asker, bool upgrade)
{
    struct control *control = asker->control;

    asker->reload = ++control->reloads;
    timer_stop(control->loop, &asker->timer);
    control->boss.reload(control->boss.self, asker->reload, upgrade);
}

/* "acme renew [HOST]", behind the first two words. */
static void order_renewal(const struct control *control, struct slice host, struct text *text)
{
    const struct house *house = control->house;

    if (!acme_status_knows(house->acme, host) &&
        !(host.len == 0 && acme_status_knows(house->staples, host))) {
        text_printf(text,
                    "error: no certificate of AutoTLS is named '%.*s'; 'longhouse status' lists "
                    "them by the first Hostname\n",
                    SLICE_ARGS(host));
        return;
    }
    control->boss.renew(control->boss.self, host);
    text_add_cstr(text,
                  "ok: the authority is asked; 'longhouse status' and the system log say what "
                  "comes of it\n");
}

static void asker_answer(struct asker *asker, struct slice question)
{
    static const struct slice renew = SLICE_INIT("acme renew");
    const bool upgrade = slice_equal(question, SLICE("upgrade"));

    if (upgrade || slice_equal(question, SLICE("reload"))) {
        asker_wait_for_outcome(asker, upgrade);
        return;
    }
    char *buffer = malloc(ANSWER_MOST);

    if (!buffer)
        abort();
    struct text text = text_on(buffer, ANSWER_MOST);
    if (slice_equal(question, SLICE("status")))
        control_write_status(asker->control->house, &text);
    else if (slice_equal(question, SLICE("status json")))
        control_write_status_json(asker->control->house, &text);
    else if (slice_starts(question, renew))
        order_renewal(asker->control, slice_trim(slice_skip(question, renew.len)), &text);
    else if (!orders_obey(asker->control->house, question, &text))
        text_add_cstr(&text, "error: unknown question; ask for \"status\" or \"status json\"\n");
    asker->answer = buffer;
    asker->answer_len = text.len;
}

/* False: wait or ended. */
static bool asker_read(struct asker *asker)
{
    ssize_t n = recv(asker->io.fd, asker->question + asker->question_len,
                     sizeof(asker->question) - asker->question_len, 0);

    if (n < 0 && errno == EAGAIN) {
        asker->io.readable = false;
        return false;
    }
    if (n <= 0) {
        asker_end(asker);
        return false;
    }
    asker->question_len += (size_t)n;

    struct slice all = slice_of(asker->question, asker->question_len);
    struct slice line;
    struct slice rest;
    if (slice_cut(all, '\n', &line, &rest))
        asker_answer(asker, slice_trim_space(line));
    else if (asker->question_len == sizeof(asker->question))
        asker_end(asker);
    return true;
}

static void asker_write(struct asker *asker)
{
    while (asker->answer_sent < asker->answer_len) {
        ssize_t n = send(asker->io.fd, asker->answer + asker->answer_sent,
                         asker->answer_len - asker->answer_sent, MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN) {
            asker->io.writable = false;
            return;
        }
        if (n < 0)
            break;
        asker->answer_sent += (size_t)n;
    }
    asker_end(asker);
}

static void asker_on_wake(struct task *task)
{
    struct asker *asker = container_of(task, struct asker, task);

    if (asker->timer.fired) {
        asker_end(asker);
        return;
    }
    while (!asker->answer && asker->reload == 0 && asker->io.fd >= 0 && asker->io.readable) {
        if (!asker_read(asker))
            return;
    }
    if (asker->reload != 0 && asker->io.hung_up) { /* it does not want to know any more */
        asker_end(asker);
        return;
    }
    if (asker->answer && asker->io.fd >= 0 && asker->io.writable)
        asker_write(asker);
    if (asker->io.fd >= 0 && io_wait(asker->control->loop, &asker->io) < 0)
        asker_end(asker);
}

/* Without descriptors `longhouse status` is wanted most: the spare one is for whoever asks. */
static int accept_asker(struct control *control, int *ret_fd)
{
    union socket_address peer;
    int r = socket_accept(control->io.fd, &peer, ret_fd);

    if ((r == -EMFILE || r == -ENFILE) && control->spare_fd >= 0) {
        fd_close(&control->spare_fd);
        r = socket_accept(control->io.fd, &peer, ret_fd);
    }
    return r;
}

static void control_on_ready(struct task *task)
{
    struct control *control = container_of(task, struct control, task);
    int fd = -1;

    control->again.fired = false;
    while (control->io.readable) {
        int r = accept_asker(control, &fd);

        if (r == -EAGAIN) {
            control->io.readable = false;
            return;
        }
        if (r < 0) {
            timer_set(control->loop, &control->again, control->loop->now_ms + STARVED_MS);
            return;
        }
        if (control->asker_count >= ASKERS_MOST) {
            fd_close(&fd);
            continue;
        }
        struct asker *asker = calloc(1, sizeof(*asker));
        if (!asker)
            abort();
        asker->control = control;
        asker->task.run = asker_on_wake;
        asker->timer.task = &asker->task;
        io_init(&asker->io, fd, &asker->task);
        list_push_back(&control->askers, &asker->link);
        control->asker_count++;
        timer_set(control->loop, &asker->timer, control->loop->now_ms + PATIENCE_MS);
        if (io_wait(control->loop, &asker->io) < 0)
            asker_end(asker);
        else
            loop_wake(control->loop, &asker->task);
    }
}

struct control *control_open(struct loop *loop, struct house *house, int fd,
                             struct control_boss boss)
{
    struct control *control = calloc(1, sizeof(*control));

    if (!control)
        abort();
    control->loop = loop;
    control->house = house;
    control->boss = boss;
    control->task.run = control_on_ready;
    control->again.task = &control->task;
    control->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    list_init(&control->askers);
    io_init(&control->io, fd, &control->task);
    if (io_wait(loop, &control->io) < 0)
        log_warning(house->log, "the control socket cannot be watched: no 'longhouse status'");
    loop_wake(loop,
              &control->task); /* a fresh socket counts as readable: looked at once, it waits */
    return control;
}

void control_tell(struct control *control, uint64_t number, struct slice text)
{
    list_for_each (link, &control->askers) {
        struct asker *asker = container_of(link, struct asker, link);

        if (asker->reload == 0 || asker->reload > number)
            continue;
        asker->reload = 0;
        asker->answer = malloc(text.len + 1);
        if (!asker->answer)
            abort();
        memcpy(asker->answer, text.at, text.len);
        asker->answer_len = text.len;
        timer_set(control->loop, &asker->timer, control->loop->now_ms + PATIENCE_MS);
        loop_wake(control->loop, &asker->task);
    }
}

void control_close(struct control *control)
{
    while (!list_empty(&control->askers)) {
        struct asker *asker = container_of(list_first(&control->askers), struct asker, link);
        if (asker->answer)
            asker_write(asker); /* the outcome of an upgrade: what fits */
        if (asker->io.fd >= 0)
            asker_end(asker);
    }
    io_close(control->loop, &control->io);
    timer_stop(control->loop, &control->again);
    loop_forget(control->loop, &control->task);
    fd_close(&control->spare_fd);
    free(control);
}
