#include "base/unset.h"
#include "fcgi_link_private.h"
#include "gateway/dialect.h"
#include "gateway/owner.h"
#include "net/tls_remote.h"
#include "os/fd.h"
#include "os/socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_MOST       65536u
#define READ_LEAST      16384u
#define BYTES_PER_TURN  ((size_t)256 * 1024)
#define SOURCE_PARTS    24
#define PARTS_PER_WRITE (SOURCE_PARTS + 4) /* prelude, head, content, padding, the end of STDIN */

enum step fcgi_link_end(struct fcgi_link *link, enum link_end end, int error)
{
    link->end = end;
    link->error = error;
    fcgi_link_close(link);
    link->state = LINK_ENDED;
    return STEP_AGAIN;
}

/* Nothing of this request is under way in either direction, and nobody has closed it. */
static bool may_be_kept(const struct fcgi_link *link)
{
    const struct io *io = &link->conn->io;

    return link->keeps_conn && link->drained && fcgi_link_all_is_sent(link) && !io->read_closed &&
           !io->hung_up;
}

void fcgi_link_complete(struct fcgi_link *link, bool is_fit)
{
    if (!is_fit || !may_be_kept(link)) {
        fcgi_link_end(link, LINK_COMPLETE, 0);
        return;
    }
    link->end = LINK_COMPLETE;
    link->state = LINK_ENDED;
    link->conn->io.readable = false; /* all was read: what comes now makes a new edge */
}

void fcgi_link_switch(struct fcgi_link *link)
{
    link->end = LINK_SWITCHED;
    link->state = LINK_ENDED;
}

/* ---- connecting ---- */

static void begin(struct fcgi_link *link, const struct fcgi_plan *plan)
{
    *link = (struct fcgi_link){
        .dialect = plan->dialect,
        .loop = plan->loop,
        .task = plan->task,
        .delivery = plan->delivery,
        .words = plan->words,
        .source = plan->source,
        .prelude = plan->prelude,
        .greeting = plan->greets ? plan->dialect->greeting : 0,
        .keep = plan->source->end == BODY_COMPLETE || plan->source_length <= FCGI_REPLAY_MOST,
        .keeps_conn = plan->keeps_conn,
    };
}

void fcgi_link_open(struct fcgi_link *link, const struct fcgi_plan *plan,
                    const union socket_address *address, uint64_t connect_ms)
{
    int fd = -1;

    begin(link, plan);
    int r = owner_connect(address, plan->socket_owner, &fd);
    if (r != 0 && r != -EINPROGRESS) {
        fcgi_link_end(link, r == -EAGAIN ? LINK_BUSY : LINK_UNREACHABLE, r);
        return;
    }
    link->conn = fcgi_conn_new(plan->loop, fd, false);
    link->conn->io.task = plan->task;
    if (plan->remote)
        link->conn->tls = tls_line_open(plan->remote, &link->conn->io);
    link->state = plan->remote ? LINK_SECURING : LINK_GREETING;
    if (r == -EINPROGRESS) {
        link->state = LINK_CONNECTING;
        link->conn->io.writable = false;
    }
    if (link->state != LINK_GREETING) {
        link->connect_timer.task = plan->task;
        timer_set(plan->loop, &link->connect_timer, plan->loop->now_ms + connect_ms);
    }
}

void fcgi_link_open_kept(struct fcgi_link *link, const struct fcgi_plan *plan,
                         struct fcgi_conn *conn)
{
    begin(link, plan);
    link->conn = conn;
    link->reused = true;
    link->state = LINK_GREETING;
    conn->io.task = plan->task;
}

static enum step link_connect(struct fcgi_link *link)
{
    if (link->connect_timer.fired)
        return fcgi_link_end(link, LINK_UNREACHABLE, -ETIMEDOUT);
    if (!link->conn->io.writable) {
        int r = io_wait(link->loop, &link->conn->io);
        return r < 0 ? fcgi_link_end(link, LINK_UNREACHABLE, r) : STEP_WAIT;
    }

    int r = socket_error(link->conn->io.fd);
    if (r < 0)
        return fcgi_link_end(link, LINK_UNREACHABLE, r);
    link->conn->io.readable = false;
    if (link->conn->tls) {
        link->state = LINK_SECURING;
        return STEP_AGAIN;
    }
    timer_stop(link->loop, &link->connect_timer);
    link->state = LINK_GREETING;
    return STEP_AGAIN;
}

/* ---- securing ---- */

static enum step give_up_securing(struct fcgi_link *link, int error, const char *why)
{
    link->why = arena_cstr(&link->delivery->x->arena, slice_cstr(why));
    return fcgi_link_end(link, LINK_INSECURE, error);
}

static enum step link_secure(struct fcgi_link *link)
{
    struct tls_line *tls = link->conn->tls;

    if (link->connect_timer.fired)
        return give_up_securing(link, -ETIMEDOUT,
                                "the TLS handshake was not over within ConnectTimeout; does it "
                                "speak TLS at that port, is it overloaded?");
    int r = tls_line_shake(tls);
    if (r == -EAGAIN) {
        r = io_wait(link->loop, &link->conn->io);
        if (r == 0)
            return STEP_WAIT;
    }
    if (r < 0)
        return give_up_securing(link, r, tls_line_why(tls));
    timer_stop(link->loop, &link->connect_timer);
    link->state = LINK_GREETING;
    return STEP_AGAIN;
}

/* ---- greeting ---- */

static enum step go_on_sending(struct fcgi_link *link)
{
    link->conn->io.writable = true;
    link->state = LINK_SENDING;
    return STEP_AGAIN;
}

/* Nothing waits in the socket: it goes whole. 0 or negative errno. */
static int greet(struct fcgi_link *link)
{
    ssize_t put = send(link->conn->io.fd, link->prelude.at, link->greeting, MSG_NOSIGNAL);

    if (put < 0)
        return -errno;
    link->prelude = slice_skip(link->prelude, (size_t)put);
    link->greeting = 0;
    return 0;
}

static bool has_said_something(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_PEEK) > 0;
}

static enum step link_greet(struct fcgi_link *link)
{
    struct io *io = &link->conn->io;

    if (link->greeting > 0) {
        int r = greet(link);
        if (r < 0)
            return fcgi_link_end(link, LINK_UNHEARD, r);
        link->greets = true;
    }
    if (!link->greets)
        return go_on_sending(link);
    if (io->readable && has_said_something(io->fd)) /* that is to be heard in any case */
        return go_on_sending(link);
    if (io->hung_up || io->read_closed)
        return fcgi_link_end(link, LINK_UNHEARD, -ECONNRESET);

    io->writable = false; /* reading makes an edge */
    if (socket_is_read(io->fd))
        return go_on_sending(link);
    int r = io_wait(link->loop, io);
    return r < 0 ? fcgi_link_end(link, LINK_UNHEARD, r) : STEP_WAIT;
}

/* ---- sending ---- */

static uint64_t unsent(const struct fcgi_link *link)
{
    return body_waiting(link->source) - link->sent;
}

static bool source_is_over(const struct fcgi_link *link)
{
    return link->source->end == BODY_COMPLETE && unsent(link) == link->out.content_left;
}

static bool is_between_frames(const struct fcgi_outgoing *out)
{
    return out->head_left == 0 && out->content_left == 0 && out->padding_left == 0;
}

/* A body in a file is sent from a copy of 16 KiB at a time. 1: there is some; 0: the source is
 * none; negative errno. */
static int load_file_part(struct fcgi_link *link)
{
    struct file_ref *file;
    uint64_t offset;
    uint64_t len;

    if (!body_peek_file(link->source, &file, &offset, &len))
        return 0;
    if (!link->file_part)
        link->file_part = chunk_new();

    struct chunk *part = link->file_part;
    uint64_t left = len - link->sent;
    ssize_t got = pread(file->fd, part->data, left < CHUNK_SIZE ? (size_t)left : CHUNK_SIZE,
                        (off_t)(offset + link->sent));
    if (got <= 0)
        return got < 0 ? -errno : -EIO;
    part->begin = 0;
    part->end = (uint32_t)got;
    return 1;
}

/* Makes the next frame of what is there. 0 or negative errno. */
static int open_frame(struct fcgi_link *link)
{
    struct fcgi_outgoing *out = &link->out;
    uint64_t len = unsent(link);

    if (!is_between_frames(out) || len == 0)
        return 0;
    int r = load_file_part(link);
    if (r < 0)
        return r;
    if (r > 0)
        len = link->file_part->end;
    if (len > FCGI_CONTENT_MOST)
        len = FCGI_CONTENT_MOST;

    if (link->dialect->open_frame)
        link->dialect->open_frame(out, (size_t)len);
    out->content_left = (size_t)len;
    return 0;
}

/* What ends the body, as soon as nothing can come before it. */
static void open_end(struct fcgi_link *link)
{
    if (link->out.end_begun || !source_is_over(link))
        return;
    link->out.end_begun = true;
    if (link->dialect->open_end)
        link->dialect->open_end(&link->out);
}

static int add_part(struct iovec *parts, int count, const void *at, size_t len)
{
    if (len > 0)
        parts[count++] = (struct iovec){ .iov_base = (void *)at, .iov_len = len };
    return count;
}

/* The content of the open frame, or as much of it as fits; *ret_whole: all of it. */
static int add_content(const struct fcgi_link *link, struct iovec *parts, int count,
                       bool *ret_whole)
{
    UNSET struct iovec held[SOURCE_PARTS];
    size_t left = link->out.content_left;
    uint64_t skip = link->sent;

    if (link->file_part && left > 0) {
        count = add_part(parts, count, link->file_part->data + link->file_part->begin, left);
        *ret_whole = true;
        return count;
    }
    int held_count = left > 0 ? body_peek(link->source, held, SOURCE_PARTS) : 0;
    for (int i = 0; i < held_count && left > 0; i++) {
        size_t len = held[i].iov_len;
        size_t before = skip < len ? (size_t)skip : len;
        size_t part = len - before < left ? len - before : left;

        skip -= before;
        left -= part;
        count = add_part(parts, count, (const char *)held[i].iov_base + before, part);
    }
    *ret_whole = left == 0;
    return count;
}

/* All that can go in one write: in the usual case the whole request. */
static int list_parts(const struct fcgi_link *link, struct iovec parts[PARTS_PER_WRITE])
{
    static const unsigned char zeros[8];
    const struct fcgi_outgoing *out = &link->out;
    bool whole;
    int count = add_part(parts, 0, link->prelude.at, link->prelude.len);

    count = add_part(parts, count, out->head + FCGI_HEAD_LEN - out->head_left, out->head_left);
    count = add_content(link, parts, count, &whole);
    if (!whole)
        return count;
    count = add_part(parts, count, zeros, out->padding_left);
    return add_part(parts, count, out->end + FCGI_HEAD_LEN - out->end_left, out->end_left);
}

static size_t use_up(size_t *put, size_t left)
{
    size_t used = *put < left ? *put : left;

    *put -= used;
    return used;
}

/* `put` bytes of what list_parts() listed have gone. */
static void note_sent(struct fcgi_link *link, size_t put)
{
    struct fcgi_outgoing *out = &link->out;

    link->prelude = slice_skip(link->prelude, use_up(&put, link->prelude.len));
    out->head_left -= (unsigned)use_up(&put, out->head_left);

    size_t content = use_up(&put, out->content_left);
    out->content_left -= content;
    if (link->file_part)
        link->file_part->begin += (uint32_t)content;
    if (link->keep)
        link->sent += content;
    else
        body_take(link->source, content);

    out->padding_left -= (unsigned)use_up(&put, out->padding_left);
    out->end_left -= (unsigned)use_up(&put, out->end_left);
}

bool fcgi_link_all_is_sent(const struct fcgi_link *link)
{
    const struct fcgi_outgoing *out = &link->out;

    return link->prelude.len == 0 && is_between_frames(out) && out->end_begun && out->end_left == 0;
}

/* The program wants no more, but it may still say something: it often has. */
static void stop_sending(struct fcgi_link *link)
{
    link->state = LINK_RECEIVING;
    link->conn->io.readable = true;
    if (!link->keep)
        body_abandon(link->source);
}

/* One write. False: nothing to send now, or the socket is full, or sending is over. */
static bool send_some(struct fcgi_link *link)
{
    UNSET struct iovec parts[PARTS_PER_WRITE];

    int r = open_frame(link);
    if (r < 0) {
        fcgi_link_end(link, LINK_BODY_LOST, r);
        return false;
    }
    open_end(link);

    const int count = list_parts(link, parts);
    if (count == 0) {
        if (fcgi_link_all_is_sent(link)) /* the body ended, and nothing is said about that */
            link->state = LINK_RECEIVING;
        return false;
    }

    ssize_t put = fcgi_conn_send(link->conn, parts, count);
    if (put >= 0) {
        note_sent(link, (size_t)put);
        if (fcgi_link_all_is_sent(link))
            link->state = LINK_RECEIVING;
        return link->state == LINK_SENDING;
    }
    if (put == -ENOBUFS || put == -ENOMEM) /* ours: the program waits for the rest */
        fcgi_link_end(link, LINK_UNREACHABLE, (int)put);
    else if (put != -EAGAIN)
        stop_sending(link);
    return false;
}

/* ---- receiving ---- */

static enum step take_end(struct fcgi_link *link, int error)
{
    const bool whole = link->dialect->is_whole(link, error);

    return fcgi_link_end(link, whole ? LINK_COMPLETE : LINK_CLOSED, error);
}

/* How much to read: what the client has room for, 0 while it is behind. */
static size_t read_room(const struct fcgi_link *link)
{
    size_t room = body_room(&link->delivery->x->response.body);

    if (room == 0)
        return 0;
    return room < READ_LEAST ? READ_LEAST : room < READ_MOST ? room : READ_MOST;
}

static enum step receive(struct fcgi_link *link)
{
    UNSET char bytes[READ_MOST];
    size_t budget = BYTES_PER_TURN;

    while (link->conn->io.readable) {
        size_t room = read_room(link);
        if (room == 0)
            return STEP_WAIT;

        ssize_t got = fcgi_conn_receive(link->conn, bytes, room);
        if (got == -EAGAIN)
            return STEP_WAIT;
        if (got <= 0)
            return take_end(link, (int)got);
        link->touched = true;
        link->drained = !link->conn->io.readable;
        if (!link->dialect->take_bytes(link, slice_of(bytes, (size_t)got)))
            return STEP_AGAIN;
        if (budget <= (size_t)got) {
            loop_wake_next_turn(link->loop, link->task);
            return STEP_WAIT;
        }
        budget -= (size_t)got;
    }
    return STEP_WAIT;
}

static enum step link_talk(struct fcgi_link *link)
{
    while (link->state == LINK_SENDING && link->conn->io.writable && send_some(link))
        ;
    if (link->state == LINK_ENDED)
        return STEP_AGAIN;

    int r = io_wait(link->loop, &link->conn->io);
    if (r < 0)
        return fcgi_link_end(link, LINK_CLOSED, r);
    return receive(link);
}

/* ---- the face ---- */

void fcgi_link_advance(struct fcgi_link *link)
{
    enum step step = STEP_AGAIN;

    while (step == STEP_AGAIN) {
        switch (link->state) {
        case LINK_CONNECTING:
            step = link_connect(link);
            break;
        case LINK_SECURING:
            step = link_secure(link);
            break;
        case LINK_GREETING:
            step = link_greet(link);
            break;
        case LINK_SENDING:
        case LINK_RECEIVING:
            step = link_talk(link);
            break;
        case LINK_ENDED:
            return;
        }
    }
}

bool fcgi_link_waits_for_client(const struct fcgi_link *link)
{
    return link->state == LINK_SENDING && link->conn->io.writable && link->prelude.len == 0 &&
           is_between_frames(&link->out) && unsent(link) == 0 && link->source->end == BODY_OPEN;
}

bool fcgi_link_is_replayable(const struct fcgi_link *link)
{
    return !link->heard && !link->source->reader_gone &&
           (link->keep || link->source->taken_bytes == 0);
}

bool fcgi_link_was_cut_short(const struct fcgi_link *link)
{
    return !link->touched && !fcgi_link_all_is_sent(link);
}

struct fcgi_conn *fcgi_link_take_conn(struct fcgi_link *link)
{
    struct fcgi_conn *conn = link->conn;

    link->conn = NULL;
    return conn;
}

void fcgi_link_close(struct fcgi_link *link)
{
    if (!link->loop)
        return;
    timer_stop(link->loop, &link->connect_timer);
    fcgi_conn_close(link->conn);
    link->conn = NULL;
    chunk_free(link->file_part);
    link->file_part = NULL;
}
