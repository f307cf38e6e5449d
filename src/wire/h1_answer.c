/* The answer of an HTTP/1 exchange: from the exchange to the socket. */
#include "wire_private.h"

#include "base/unset.h"
#include "http/clock.h"
#include "http/status.h"

#include <assert.h>
#include <errno.h>

#define REQUEST_FIRST_MS 2000u /* how long an answer waits while nobody takes the request */

#define PIECES_MOST 16      /* of the body in one write */
#define FILE_SLICE  0x80000 /* of a file in one turn: 512 KiB */

static bool frame_empty(const struct h1_frame *frame)
{
    return frame->head.len == 0 && frame->before.len == 0 && frame->data == 0 &&
           frame->after.len == 0;
}

/* ---- the head ---- */

bool answer_has_trailers(const struct exchange *x)
{
    return x->response.trailers.count > 0 && exchange_takes_trailers(x);
}

bool answer_has_body(const struct exchange *x, int64_t *ret_length)
{
    const struct body *body = x->response.out;
    const int64_t announced = x->response.recoded ? -1 : x->response.length;
    int64_t length = announced;

    /* A client that knows the length may look no further (curl does, over HTTP/2 too). */
    if (length < 0 && body->end == BODY_COMPLETE && !answer_has_trailers(x))
        length = (int64_t)body_waiting(body);
    *ret_length = length;

    if (status_has_no_content(x->response.status)) {
        *ret_length = -1;
        return false;
    }
    if (x->request.method != METHOD_HEAD)
        return true;
    /* A handler that knew of HEAD and put nothing does not mean that GET would give nothing. */
    if (announced < 0 && length == 0)
        *ret_length = -1;
    return false;
}

static void choose_coding(const struct conn *conn, struct h1_head *head)
{
    if (conn->h1.x->response.is_tunnel)
        head->body = H1_BODY_TUNNEL;
    else if (!answer_has_body(conn->h1.x, &head->length))
        head->body = H1_BODY_NONE;
    else if (head->length >= 0)
        head->body = H1_BODY_LENGTH;
    else
        head->body = head->version >= 11 ? H1_BODY_CHUNKED : H1_BODY_CLOSE;
}

/* What a client says behind a CONNECT, in hope, is no request: it was never agreed to. */
static bool is_refused_tunnel(const struct exchange *x)
{
    return x->request.method == METHOD_CONNECT && !x->response.is_tunnel;
}

/* A body that will surely not be read to its end here. */
static bool intake_is_hopeless(const struct h1_leg *leg)
{
    return leg->intake == H1_INTAKE_FAILED || leg->intake == H1_INTAKE_HELD ||
           (leg->intake == H1_INTAKE_LENGTH && leg->intake_left > 2 * (uint64_t)H1_REST_MOST);
}

static bool may_keep_alive(const struct conn *conn, enum h1_body coding)
{
    const struct exchange *x = conn->h1.x;
    const struct h1_leg *leg = conn->h1.leg;

    return leg->framing.keep_alive && !conn->draining && !conn->last && !x->response.close &&
           x->request.failed == 0 && !is_refused_tunnel(x) && coding != H1_BODY_CLOSE &&
           coding != H1_BODY_TUNNEL && conn->requests <= conn->limits->keep_alive_most &&
           !(x->response.out->end == BODY_COMPLETE && intake_is_hopeless(leg)) &&
           leg->intake != H1_INTAKE_HELD;
}

/* An upper bound of what a head takes. */
static size_t head_room(struct slice phrase, const struct fields *fields)
{
    const size_t status_line_and_our_own_fields = 512;
    size_t room = status_line_and_our_own_fields + phrase.len;

    for (uint32_t i = 0; i < fields->count; i++)
        room += fields->at[i].name.len + fields->at[i].value.len + 4;
    return room;
}

static void start_answer(struct conn *conn)
{
    struct exchange *x = conn->h1.x;
    struct h1_leg *leg = conn->h1.leg;
    struct h1_head head = { .version = x->request.version == 10 ? 10 : 11,
                            .date = clock_http_date() };

    choose_coding(conn, &head);
    head.keep_alive = may_keep_alive(conn, head.body);

    size_t room = head_room(x->response.phrase, &x->response.fields);
    struct text text = text_on(arena_bytes(&x->arena, room), room);
    h1_write_head(&text, &x->response, &head);

    leg->frame.head = text_slice(&text);
    leg->coding = head.body;
    leg->keep_alive = head.keep_alive;
    leg->answer_left = head.body == H1_BODY_LENGTH ? (uint64_t)head.length : 0;
    leg->answer = H1_ANSWER_BODY;
    if (head.body == H1_BODY_NONE)
        body_abandon(x->response.out);
    if (head.body == H1_BODY_TUNNEL)
        h1_intake_tunnel(conn);
}

/* ---- frames ---- */

/* The end of the chunk before it, and the last chunk with what stands behind it. */
static struct slice last_chunk(struct exchange *x)
{
    const struct fields *trailers = &x->response.trailers;

    if (!answer_has_trailers(x))
        return SLICE("\r\n0\r\n\r\n");
    const size_t room = head_room(SLICE(""), trailers);
    struct text text = text_on(arena_bytes(&x->arena, room), room);

    text_add_cstr(&text, "\r\n0\r\n");
    h1_write_trailers(&text, trailers);
    return text_slice(&text);
}

/* All that waits, and may be taken, goes into one frame: what a program wrote before it paused is
 * on its way when it pauses. */
static void frame_data(struct h1_leg *leg, struct exchange *x)
{
    struct body *body = x->response.out;
    struct h1_frame *frame = &leg->frame;
    uint64_t waiting = body_ready(body);

    switch (leg->coding) {
    case H1_BODY_NONE:
        break;
    case H1_BODY_LENGTH:
        frame->data = waiting < leg->answer_left ? waiting : leg->answer_left;
        leg->answer_left -= frame->data;
        break;
    case H1_BODY_CLOSE:
    case H1_BODY_TUNNEL:
        frame->data = waiting;
        break;
    case H1_BODY_CHUNKED:
        if (waiting == 0)
            break;
        struct text line = text_on(leg->size_line, sizeof(leg->size_line));
        text_add_hex(&line, waiting, 1);
        text_add(&line, SLICE("\r\n"));
        leg->last_chunk_framed = body->end == BODY_COMPLETE && waiting == body_waiting(body);
        frame->before = text_slice(&line);
        frame->data = waiting;
        frame->after = leg->last_chunk_framed ? last_chunk(x) : SLICE("\r\n");
        break;
    }
}

/* All of the answer is written. */
static enum step answer_over(struct h1_leg *leg)
{
    leg->answer = H1_ANSWER_OVER;
    return STEP_WAIT;
}

static enum step answer_broken(struct conn *conn, const char *cause)
{
    enum reset_reason reason = conn->h1.leg->reset;

    h1_cut(conn, reason != RESET_NONE ? reason : RESET_BROKEN, cause);
    return STEP_AGAIN;
}

static enum step end_of_length(struct conn *conn)
{
    struct exchange *x = conn->h1.x;
    struct h1_leg *leg = conn->h1.leg;

    if (leg->answer_left > 0 && x->response.out->end == BODY_OPEN)
        return STEP_WAIT;
    if (leg->answer_left > 0)
        return answer_broken(conn, x->response.out->end == BODY_COMPLETE
                                       ? "the answer is shorter than its Content-Length"
                                       : "the answer broke off");
    if (body_waiting(x->response.out) > 0) {
        leg->keep_alive = false;
        if (!x->record.cause)
            x->record.cause = "the answer is longer than its Content-Length";
    }
    return answer_over(leg);
}

/* Nothing waits: more will come, that was all, or it broke. */
static enum step end_of_data(struct conn *conn)
{
    struct h1_leg *leg = conn->h1.leg;

    if (leg->coding == H1_BODY_NONE)
        return answer_over(leg);
    if (leg->coding == H1_BODY_LENGTH)
        return end_of_length(conn);

    switch (conn->h1.x->response.out->end) {
    case BODY_OPEN:
        return STEP_WAIT;
    case BODY_BROKEN:
        return answer_broken(conn, "the answer broke off");
    case BODY_COMPLETE:
        break;
    }
    if (leg->coding != H1_BODY_CHUNKED || leg->last_chunk_framed)
        return answer_over(leg);
    leg->last_chunk_framed = true;
    leg->frame.after = slice_skip(last_chunk(conn->h1.x), 2); /* no chunk is before it */
    return STEP_AGAIN;
}

/* More waits, and may not be taken yet (its pace). A program need not wait for that. */
static bool is_held_back(const struct h1_leg *leg, struct body *body)
{
    if (leg->coding == H1_BODY_NONE || body_waiting(body) == 0 ||
        (leg->coding == H1_BODY_LENGTH && leg->answer_left == 0))
        return false;
    body_reader_stuck(body);
    return true;
}

/*
 * A proxy that sees the head of an answer may send no more of the request (nginx does so), and a
 * program that still reads its upload would wait for the rest for ever. So the answer to a trusted
 * proxy begins when the request is in. It does not wait for bytes that nobody wants: the handler
 * has let go of them, or takes none for a while; nor when the answer is whole or fills its queue.
 */
static bool waits_for_request(const struct conn *conn)
{
    struct exchange *x = conn->h1.x;
    const struct h1_leg *leg = conn->h1.leg;

    if (!x->visit->shared || x->response.out->end != BODY_OPEN)
        return false;
    if (leg->intake != H1_INTAKE_LENGTH && leg->intake != H1_INTAKE_CHUNKED)
        return false;
    if (leg->intake_held_ms != 0 && conn->loop->now_ms >= leg->intake_held_ms + REQUEST_FIRST_MS)
        return false;
    return !x->request.body.reader_gone && body_room(x->response.out) > 0;
}

uint64_t h1_answer_look_ms(const struct conn *conn)
{
    const struct h1_leg *leg = conn->h1.leg;

    if (!leg || !conn->h1.x->response.head_sent || leg->answer != H1_ANSWER_WAITING ||
        leg->intake_held_ms == 0 || !waits_for_request(conn))
        return 0;
    return leg->intake_held_ms + REQUEST_FIRST_MS;
}

void h1_answer_interim(struct conn *conn, int status, const struct fields *fields)
{
    struct arena *arena = &conn->h1.x->arena;
    struct h1_leg *leg = conn->h1.leg;
    const size_t room = head_room(SLICE(""), fields);
    struct text text = text_on(arena_bytes(arena, room), room);

    h1_write_interim(&text, status, fields);
    const struct slice parts[] = { leg->interim, text_slice(&text) };
    leg->interim = leg->interim.len > 0 ? arena_join(arena, parts, 2) : text_slice(&text);
}

static enum step next_frame(struct conn *conn)
{
    struct exchange *x = conn->h1.x;
    struct h1_leg *leg = conn->h1.leg;

    if (leg->answer == H1_ANSWER_OVER)
        return STEP_WAIT;
    if (leg->answer == H1_ANSWER_WAITING) {
        if (leg->interim.len > 0) {
            leg->frame.head = leg->interim;
            leg->interim = SLICE("");
            return STEP_AGAIN;
        }
        if (!x->response.head_sent || waits_for_request(conn))
            return STEP_WAIT;
        start_answer(conn);
    }
    frame_data(leg, x);
    if (!frame_empty(&leg->frame))
        return STEP_AGAIN;
    return is_held_back(leg, x->response.out) ? STEP_WAIT : end_of_data(conn);
}

/* ---- writing ---- */

static void cut_slice(struct slice *slice, uint64_t *len)
{
    size_t part = *len < slice->len ? (size_t)*len : slice->len;

    *slice = slice_skip(*slice, part);
    *len -= part;
}

/* `len` bytes of the frame are with the kernel. */
static void frame_sent(struct conn *conn, uint64_t len)
{
    struct exchange *x = conn->h1.x;
    struct h1_frame *frame = &conn->h1.leg->frame;

    x->record.sent_bytes += len;
    conn->h1.turn_bytes += (unsigned)len;
    conn->h1.leg->blocked_since_ms = 0;

    cut_slice(&frame->head, &len);
    cut_slice(&frame->before, &len);
    if (frame->data > 0 && len > 0) {
        uint64_t data = len < frame->data ? len : frame->data;

        body_take(x->response.out, data);
        x->record.body_bytes += data;
        frame->data -= data;
        len -= data;
    }
    cut_slice(&frame->after, &len);
}

static void add_part(struct iovec *parts, int *count, struct slice bytes)
{
    if (bytes.len > 0)
        parts[(*count)++] = (struct iovec){ .iov_base = (void *)bytes.at, .iov_len = bytes.len };
}

/*
 * The parts of the frame that are memory, as far as they stand at its front. *ret_whole: it is all
 * of it. No part: a file is next.
 */
static int gather(const struct h1_frame *frame, const struct body *body,
                  struct iovec parts[PIECES_MOST + 3], bool *ret_whole)
{
    uint64_t left = frame->data;
    int count = 0;

    add_part(parts, &count, frame->head);
    add_part(parts, &count, frame->before);
    if (left > 0) {
        int end = count + body_peek(body, parts + count, PIECES_MOST);

        for (; count < end && left > 0; count++) {
            if (parts[count].iov_len > left)
                parts[count].iov_len = (size_t)left;
            left -= parts[count].iov_len;
        }
    }
    *ret_whole = left == 0;
    if (left == 0)
        add_part(parts, &count, frame->after);
    return count;
}

/* What a write or sendfile said. */
static enum step judge_sent(struct conn *conn, ssize_t sent)
{
    if (sent >= 0) {
        frame_sent(conn, (uint64_t)sent);
        return STEP_AGAIN;
    }
    if (sent != -EAGAIN) {
        h1_cut(conn, RESET_CLIENT_GONE, NULL);
        return STEP_AGAIN;
    }
    if (conn->h1.leg->blocked_since_ms == 0)
        conn->h1.leg->blocked_since_ms = conn->loop->now_ms;
    body_reader_stuck(conn->h1.x->response.out);
    return STEP_WAIT;
}

static enum step send_file(struct conn *conn)
{
    struct file_ref *file = NULL;
    uint64_t offset = 0;
    uint64_t len = 0;

    bool found = body_peek_file(conn->h1.x->response.out, &file, &offset, &len);
    assert(found); /* the frame says that data waits, and it is no memory */
    if (len > conn->h1.leg->frame.data)
        len = conn->h1.leg->frame.data;
    if (len > FILE_SLICE)
        len = FILE_SLICE;

    ssize_t sent = transport_send_file(conn->transport, file->fd, offset, (size_t)len);
    if (sent == 0)
        return answer_broken(conn, "the file shrank while it was sent");
    return judge_sent(conn, sent);
}

static enum step send_frame(struct conn *conn)
{
    const struct h1_frame *frame = &conn->h1.leg->frame;
    UNSET struct iovec parts[PIECES_MOST + 3];
    bool whole = false;

    if (conn->h1.turn_bytes >= H1_TURN_BYTES) {
        conn_again_next_turn(conn);
        return STEP_WAIT;
    }
    int count = gather(frame, conn->h1.x->response.out, parts, &whole);
    if (count == 0)
        return send_file(conn);
    return judge_sent(conn, transport_write(conn->transport, parts, count, !whole));
}

enum step h1_answer_step(struct conn *conn)
{
    struct h1_leg *leg = conn->h1.leg;

    if (frame_empty(&leg->frame))
        return next_frame(conn);
    if (!conn->transport->io.writable)
        return judge_sent(conn, -EAGAIN);
    return send_frame(conn);
}

bool h1_answer_is_whole(const struct conn *conn)
{
    const struct response *response = &conn->h1.x->response;
    const struct h1_leg *leg = conn->h1.leg;

    if (!response->head_sent)
        return false;
    if (response->body.end == BODY_COMPLETE)
        return true;
    return leg->answer != H1_ANSWER_WAITING &&
           (leg->coding == H1_BODY_NONE ||
            (leg->coding == H1_BODY_LENGTH && leg->answer_left == 0));
}

uint64_t h1_answer_due(const struct conn *conn)
{
    const struct h1_leg *leg = conn->h1.leg;

    if (leg->blocked_since_ms == 0 || conn->limits->send_ms == 0)
        return 0;
    return leg->blocked_since_ms + conn->limits->send_ms;
}
