#include "gateway/probe.h"

#include "gateway/dialect.h"
#include "gateway/fcgi_record.h"
#include "gateway/owner.h"
#include "gateway/place.h"
#include "gateway/reply.h"
#include "net/tls_remote.h"
#include "os/socket.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PARAMS_MOST 4096u
#define READ_MOST   4096u

/*  IDLE ──timer──> CONNECTING [──> SECURING] ──> ASKING ──> HEARING ──> IDLE      any ── deadline,
 * failure ──> IDLE */
enum probe_state { PROBE_IDLE, PROBE_CONNECTING, PROBE_SECURING, PROBE_ASKING, PROBE_HEARING };

/* Of one target. */
struct probe {
    struct prober *prober;
    struct backend *backend;
    enum probe_state state;
    struct io io;
    struct tls_line *tls; /* owned; NULL: the target is asked without */
    struct task task;
    struct timer timer; /* IDLE: of the next probe; else: of its deadline */
    uint64_t begun_ms;
    struct arena arena; /* of one probe */
    struct slice left;  /* ASKING: of the request */
    struct fcgi_reader reader;
    struct reply reply;
};

struct prober {
    struct loop *loop; /* borrowed, as the following */
    struct desk *desk;
    struct log *log;
    struct backend_group *group;
    struct probe_news *news; /* NULL: nobody wants to know */
    unsigned count;
    struct probe probes[]; /* one per target */
};

/* ---- the end of a probe ---- */

static const struct fastcgi_conf *conf_of(const struct probe *probe)
{
    return probe->prober->group->conf;
}

static void rest_until_next(struct probe *probe)
{
    struct loop *loop = probe->prober->loop;

    tls_line_close(probe->tls);
    probe->tls = NULL;
    io_close(loop, &probe->io);
    arena_done(&probe->arena);
    arena_init(&probe->arena);
    probe->state = PROBE_IDLE;
    timer_stop(loop, &probe->timer);
    timer_set(loop, &probe->timer, loop->now_ms + conf_of(probe)->probe_every_ms);
}

static const char *name_of(const struct probe *probe)
{
    return dialect_of(conf_of(probe)->protocol)->name;
}

static void tell(const struct probe *probe, enum probe_word word, const char *why)
{
    struct probe_news *news = probe->prober->news;

    if (news)
        news->told(news, probe->backend, word, why);
}

static void is_well(struct probe *probe)
{
    const struct prober *prober = probe->prober;
    char target[BACKEND_NAME_MOST];

    tell(probe, PROBE_WELL, NULL);
    if (place_found_well(prober->group, probe->backend, prober->desk))
        log_notice(prober->log, "%s %.*s: %s is well again, its probe says", name_of(probe),
                   SLICE_ARGS(conf_of(probe)->id), backend_name(probe->backend, target));
    rest_until_next(probe);
}

static void has_failed(struct probe *probe, enum probe_word word, const char *why)
{
    const struct prober *prober = probe->prober;
    char target[BACKEND_NAME_MOST];
    const uint64_t rest_ms =
        place_found_ill(prober->group, probe->backend, prober->desk, probe->begun_ms);

    tell(probe, word, why);
    if (rest_ms > 0)
        log_warning(prober->log,
                    "%s %.*s: the probe of %s failed: %s; resting it for %" PRIu64 " s",
                    name_of(probe), SLICE_ARGS(conf_of(probe)->id),
                    backend_name(probe->backend, target), why, rest_ms / 1000);
    rest_until_next(probe);
}

static void is_ill(struct probe *probe, const char *why)
{
    has_failed(probe, PROBE_ILL, why);
}

/* It is busy, or has no address now. */
static void says_nothing(struct probe *probe)
{
    tell(probe, PROBE_SAYS_NOTHING, NULL);
    rest_until_next(probe);
}

/* ---- asking ---- */

static bool asks_for_page(const struct probe *probe)
{
    return conf_of(probe)->probe_path.len > 0;
}

/* The least that php-fpm and libfcgi programs need; php-fpm knows its ping path by SCRIPT_NAME. */
static struct slice make_request(struct probe *probe)
{
    const struct slice path = conf_of(probe)->probe_path;
    const struct {
        struct slice name;
        struct slice value;
    } variables[] = {
        { SLICE_INIT("GATEWAY_INTERFACE"), SLICE_INIT("CGI/1.1") },
        { SLICE_INIT("REQUEST_METHOD"), SLICE_INIT("GET") },
        { SLICE_INIT("SERVER_PROTOCOL"), SLICE_INIT("HTTP/1.1") },
        { SLICE_INIT("SERVER_SOFTWARE"), SLICE_INIT("Longhouse") },
        { SLICE_INIT("SERVER_NAME"), SLICE_INIT("localhost") },
        { SLICE_INIT("REMOTE_ADDR"), SLICE_INIT("127.0.0.1") },
        { SLICE_INIT("REDIRECT_STATUS"), SLICE_INIT("200") },
        { SLICE_INIT("QUERY_STRING"), SLICE_INIT("") },
        { SLICE_INIT("SCRIPT_NAME"), path },
        { SLICE_INIT("SCRIPT_FILENAME"), path },
        { SLICE_INIT("REQUEST_URI"), path },
    };
    struct fcgi_params params;

    fcgi_params_init(&params, &probe->arena, PARAMS_MOST, FCGI_RESPONDER, false);
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        params.sink.put(&params.sink, variables[i].name, variables[i].value);
    const struct slice prelude = fcgi_params_end(&params);
    char *whole = arena_bytes(&probe->arena, prelude.len + FCGI_HEAD_LEN);
    memcpy(whole, prelude.at, prelude.len);
    fcgi_head_encode(FCGI_STDIN, 0, (unsigned char *)whole + prelude.len);
    return slice_of(whole, prelude.len + FCGI_HEAD_LEN);
}

static void connected(struct probe *probe)
{
    if (probe->backend->remote && !probe->tls) {
        probe->tls = tls_line_open(probe->backend->remote, &probe->io);
        probe->state = PROBE_SECURING;
        return;
    }
    if (!asks_for_page(probe)) {
        is_well(probe);
        return;
    }
    probe->left = make_request(probe);
    probe->state = PROBE_ASKING;
}

/* False: the target has no address now. */
static bool find_address(const struct probe *probe, union socket_address *ret)
{
    const struct connect_conf *conf = probe->backend->conf;

    if (!place_address(probe->prober->group, probe->backend, ret))
        return false;
    if (conf->probe_address.any.sa_family != AF_UNSPEC)
        *ret = conf->probe_address;
    else if (conf->probe_port > 0)
        address_set_port(ret, conf->probe_port);
    return true;
}

static void begin(struct probe *probe)
{
    struct prober *prober = probe->prober;
    int fd = -1;

    probe->begun_ms = prober->loop->now_ms;
    probe->reader = (struct fcgi_reader){ 0 };
    reply_init(&probe->reply, &probe->arena);
    union socket_address address;
    if (!find_address(probe, &address)) {
        says_nothing(probe);
        return;
    }
    int r = owner_connect(&address, prober->group->socket_owner, &fd);
    if (r == -EAGAIN) { /* its queue is full: busy is not down */
        says_nothing(probe);
        return;
    }
    if (r != 0 && r != -EINPROGRESS) {
        is_ill(probe, r == OWNER_WRONG ? "it is not SocketOwner's" : strerror(-r));
        return;
    }
    io_init(&probe->io, fd, &probe->task);
    probe->io.readable = false;
    probe->io.writable = r == 0;
    probe->state = PROBE_CONNECTING;
    timer_set(prober->loop, &probe->timer, prober->loop->now_ms + conf_of(probe)->probe_timeout_ms);
}

/* ---- the steps; each true: go on at once ---- */

static bool step_connect(struct probe *probe)
{
    if (!probe->io.writable)
        return false;

    int r = socket_error(probe->io.fd);
    if (r < 0)
        is_ill(probe, strerror(-r));
    else
        connected(probe);
    return true;
}

static bool step_secure(struct probe *probe)
{
    const int r = tls_line_shake(probe->tls);

    if (r == -EAGAIN)
        return false;
    if (r < 0)
        has_failed(probe, PROBE_INSECURE, tls_line_why(probe->tls));
    else
        connected(probe);
    return true;
}

static bool step_ask(struct probe *probe)
{
    if (!probe->io.writable)
        return false;

    ssize_t put = send(probe->io.fd, probe->left.at, probe->left.len, MSG_NOSIGNAL);
    if (put < 0 && errno == EAGAIN) {
        probe->io.writable = false;
        return false;
    }
    if (put < 0 && errno != EINTR) {
        is_ill(probe, strerror(errno));
        return true;
    }
    probe->left = slice_skip(probe->left, put > 0 ? (size_t)put : 0);
    if (probe->left.len == 0)
        probe->state = PROBE_HEARING;
    return true;
}

/* The head of its answer is enough. True: the probe is over. */
static bool judge_output(struct probe *probe, struct slice output)
{
    size_t used;

    switch (reply_feed(&probe->reply, output, &used)) {
    case PARSE_MORE:
        return false;
    case PARSE_DONE:
        if (probe->reply.status >= 500)
            is_ill(probe, "it answers with a status of 500 or more");
        else
            is_well(probe);
        return true;
    case PARSE_BAD:
        break;
    }
    is_ill(probe, probe->reply.why);
    return true;
}

/* True: the probe is over. */
static bool judge_piece(struct probe *probe, const struct fcgi_piece *piece)
{
    switch (piece->type) {
    case FCGI_STDOUT:
        return piece->content.len > 0 && judge_output(probe, piece->content);
    case FCGI_END_REQUEST:
        if (piece->status == FCGI_OVERLOADED || piece->status == FCGI_CANT_MULTIPLEX)
            says_nothing(probe);
        else
            is_ill(probe, "it ended the request without an answer");
        return true;
    default:
        return false;
    }
}

static void judge_bytes(struct probe *probe, struct slice bytes)
{
    struct fcgi_piece piece;
    struct parse_fault fault;

    for (;;) {
        switch (fcgi_reader_next(&probe->reader, &bytes, &piece, &fault)) {
        case PARSE_DONE:
            if (judge_piece(probe, &piece))
                return;
            break;
        case PARSE_MORE:
            return;
        case PARSE_BAD:
            is_ill(probe, fault.why);
            return;
        }
    }
}

static bool step_hear(struct probe *probe)
{
    char bytes[READ_MOST];

    if (!probe->io.readable)
        return false;

    ssize_t got = recv(probe->io.fd, bytes, sizeof(bytes), 0);
    if (got < 0 && errno == EAGAIN) {
        probe->io.readable = false;
        return false;
    }
    if (got > 0)
        judge_bytes(probe, slice_of(bytes, (size_t)got));
    else if (got == 0 || errno != EINTR)
        is_ill(probe, got == 0 ? "it closed without an answer" : strerror(errno));
    return true;
}

static bool step(struct probe *probe)
{
    switch (probe->state) {
    case PROBE_IDLE:
        break;
    case PROBE_CONNECTING:
        return step_connect(probe);
    case PROBE_SECURING:
        return step_secure(probe);
    case PROBE_ASKING:
        return step_ask(probe);
    case PROBE_HEARING:
        return step_hear(probe);
    }
    return false;
}

static const char *late_text(enum probe_state state)
{
    switch (state) {
    case PROBE_CONNECTING:
        return "no connection within ProbeTimeout";
    case PROBE_SECURING:
        return "no end of the TLS handshake within ProbeTimeout";
    case PROBE_IDLE:
    case PROBE_ASKING:
    case PROBE_HEARING:
        break;
    }
    return "no answer within ProbeTimeout";
}

static void probe_on_wake(struct task *task)
{
    struct probe *probe = container_of(task, struct probe, task);

    if (probe->timer.fired) {
        probe->timer.fired = false;
        if (probe->state == PROBE_IDLE)
            begin(probe);
        else
            is_ill(probe, late_text(probe->state));
    }
    while (step(probe))
        ;
    if (probe->state != PROBE_IDLE && io_wait(probe->prober->loop, &probe->io) < 0)
        is_ill(probe, "its connection cannot be watched");
}

/* ---- the face ---- */

struct prober *prober_new(struct loop *loop, struct desk *desk, struct log *log,
                          struct backend_group *group)
{
    struct prober *prober = calloc(1, sizeof(*prober) + group->count * sizeof(prober->probes[0]));

    if (!prober)
        abort();
    *prober = (struct prober){
        .loop = loop, .desk = desk, .log = log, .group = group, .count = group->count
    };
    for (unsigned i = 0; i < group->count; i++) {
        struct probe *probe = &prober->probes[i];

        probe->prober = prober;
        probe->backend = &group->targets[i];
        probe->io.fd = -1;
        probe->task.run = probe_on_wake;
        probe->timer.task = &probe->task;
        arena_init(&probe->arena);
        timer_set(loop, &probe->timer, loop->now_ms);
    }
    return prober;
}

void prober_tell(struct prober *prober, struct probe_news *news)
{
    prober->news = news;
}

void prober_free(struct prober *prober)
{
    if (!prober)
        return;
    for (unsigned i = 0; i < prober->count; i++) {
        struct probe *probe = &prober->probes[i];

        tls_line_close(probe->tls);
        io_close(prober->loop, &probe->io);
        timer_stop(prober->loop, &probe->timer);
        loop_forget(prober->loop, &probe->task);
        arena_done(&probe->arena);
    }
    free(prober);
}
