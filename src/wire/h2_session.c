/* What nghttp2 tells about frames that came and went. */
#include "h2_private.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

static void must(int r)
{
    if (r != 0)
        abort(); /* memory ran out: nothing else is possible here */
}

static struct h2_stream *stream_of(nghttp2_session *session, int32_t id)
{
    return nghttp2_session_get_stream_user_data(session, id);
}

/* The same for each field of a head, which all belong to one stream. */
static struct h2_stream *heading_of(const struct conn *conn, int32_t id)
{
    struct h2_stream *heading = conn->h2->heading;

    return heading && heading->id == id ? heading : stream_of(conn->h2->session, id);
}

static struct slice bytes_of(const uint8_t *at, size_t len)
{
    return slice_of((const char *)at, len);
}

/* For callbacks: an error ends the session. */
static int verdict_of(const struct conn *conn)
{
    return conn->h2->fault ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

void h2_blame(struct conn *conn, uint32_t error, const char *fault)
{
    if (conn->h2->fault)
        return;
    conn->h2->fault = fault;
    conn->h2->error = error;
}

static void note_deed(struct conn *conn, enum h2_deed deed)
{
    const char *fault = h2_calm_note(&conn->h2->calm, deed, conn->loop->now_ms);

    if (fault)
        h2_blame(conn, NGHTTP2_ENHANCE_YOUR_CALM, fault);
}

/* ---- frames that begin ---- */

static void count_head_frame(struct conn *conn)
{
    if (++conn->h2->head_frames > H2_CONTINUATIONS)
        h2_blame(conn, NGHTTP2_ENHANCE_YOUR_CALM, "a flood of CONTINUATION frames");
}

static int on_begin_frame(nghttp2_session *session, const nghttp2_frame_hd *hd, void *user)
{
    struct conn *conn = user;

    (void)session;
    conn->h2->known += H2_FRAME_HEAD + hd->length;
    switch (hd->type) {
    case NGHTTP2_HEADERS:
        conn->h2->head_frames = 0;
        break;
    case NGHTTP2_CONTINUATION:
        count_head_frame(conn);
        break;
    case NGHTTP2_DATA:
        if (hd->length == 0 && !(hd->flags & NGHTTP2_FLAG_END_STREAM))
            note_deed(conn, H2_DEED_IDLE_FRAME);
        break;
    default:
        note_deed(conn, H2_DEED_IDLE_FRAME);
        break;
    }
    return verdict_of(conn);
}

/* ---- heads ---- */

static bool is_request(const nghttp2_frame *frame)
{
    return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct conn *conn = user;

    if (!is_request(frame))
        return 0; /* trailers, which nobody here reads */
    struct h2_stream *stream = h2_stream_new(conn, frame->hd.stream_id);
    must(nghttp2_session_set_stream_user_data(session, stream->id, stream));
    conn->h2->heading = stream;
    return 0;
}

/* A small block can become a large head (RFC 7541 7.3). */
static bool is_bomb(const struct h2_stream *stream)
{
    const size_t most = stream->conn->limits->head.head_bytes;

    return most > 0 && stream->head.bytes > most * H2_HEAD_FACTOR;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *user)
{
    struct conn *conn = user;
    struct h2_stream *stream = heading_of(conn, frame->hd.stream_id);

    (void)session;
    (void)flags;
    if (!stream)
        return 0;
    if (!is_request(frame)) {
        stream->head.bytes += name_len + value_len; /* trailers: dropped, but not for nothing */
    } else {
        h2_head_add(&stream->head, stream->x, &conn->limits->head, bytes_of(name, name_len),
                    bytes_of(value, value_len));
    }
    if (is_bomb(stream))
        h2_blame(conn, NGHTTP2_ENHANCE_YOUR_CALM, "the head of a request is a bomb");
    return verdict_of(conn);
}

static int on_invalid_header(nghttp2_session *session, const nghttp2_frame *frame,
                             const uint8_t *name, size_t name_len, const uint8_t *value,
                             size_t value_len, uint8_t flags, void *user)
{
    struct h2_stream *stream = stream_of(session, frame->hd.stream_id);

    (void)name;
    (void)value;
    (void)flags;
    (void)user;
    if (!stream || !is_request(frame))
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    stream->head.bytes += name_len + value_len;
    h2_head_add_invalid(&stream->head);
    return 0; /* it is answered 400 */
}

/* ---- frames that came whole ---- */

static void take_reset(struct conn *conn, const struct h2_stream *stream)
{
    if (stream && stream->answer != H2_ANSWER_OVER)
        note_deed(conn, H2_DEED_RESET);
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct conn *conn = user;
    struct h2_stream *stream = heading_of(conn, frame->hd.stream_id);
    const bool is_last = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;

    (void)session;
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        if (stream && is_request(frame))
            h2_stream_head_is_whole(stream, is_last);
        else if (stream && is_last)
            h2_stream_end_of_data(stream);
        break;
    case NGHTTP2_DATA:
        if (stream && is_last)
            h2_stream_end_of_data(stream);
        break;
    case NGHTTP2_RST_STREAM:
        take_reset(conn, stream);
        break;
    case NGHTTP2_PING:
        if (frame->hd.flags & NGHTTP2_FLAG_ACK)
            conn->h2->notice_read = true;
        break;
    default:
        break;
    }
    return verdict_of(conn);
}

/* nghttp2 resets the stream of a malformed request (RFC 9113 8.1.1). */
static int on_invalid_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, int error,
                                 void *user)
{
    (void)session;
    (void)frame;
    (void)error;
    note_deed(user, H2_DEED_RESET);
    return verdict_of(user);
}

static int on_data_chunk_recv(nghttp2_session *session, uint8_t flags, int32_t id,
                              const uint8_t *data, size_t len, void *user)
{
    struct conn *conn = user;
    struct h2_stream *stream = stream_of(session, id);

    (void)flags;
    if (stream)
        h2_stream_take_data(stream, bytes_of(data, len));
    else
        nghttp2_session_consume_connection(session, len);
    return verdict_of(conn);
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *user)
{
    struct h2_stream *stream = stream_of(session, id);

    (void)error;
    (void)user;
    if (stream)
        h2_stream_finish(stream);
    return 0;
}

/* ---- frames that went ---- */

/* A client that makes us reset its streams is no better than one that does it itself. */
static bool blames_client(uint32_t error)
{
    return error == NGHTTP2_PROTOCOL_ERROR || error == NGHTTP2_FLOW_CONTROL_ERROR ||
           error == NGHTTP2_STREAM_CLOSED || error == NGHTTP2_FRAME_SIZE_ERROR ||
           error == NGHTTP2_REFUSED_STREAM;
}

static void take_goaway(struct conn *conn, const nghttp2_goaway *goaway)
{
    if (goaway->error_code == NGHTTP2_NO_ERROR)
        return;
    h2_blame(conn, goaway->error_code, "the client broke the rules of HTTP/2");
}

static int on_frame_send(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct conn *conn = user;
    struct h2_stream *stream = stream_of(session, frame->hd.stream_id);

    switch (frame->hd.type) {
    case NGHTTP2_DATA:
        note_deed(conn, H2_DEED_ANSWER);
        if (stream)
            h2_answer_frame_sent(stream, frame);
        break;
    case NGHTTP2_HEADERS:
        if (stream)
            h2_answer_frame_sent(stream, frame);
        break;
    case NGHTTP2_RST_STREAM:
        if (blames_client(frame->rst_stream.error_code))
            note_deed(conn, H2_DEED_RESET);
        break;
    case NGHTTP2_GOAWAY:
        take_goaway(conn, &frame->goaway);
        break;
    default:
        break;
    }
    return 0; /* a fault is seen when all is written */
}

/* An answer whose head cannot be carried: too large. */
static int on_frame_not_send(nghttp2_session *session, const nghttp2_frame *frame, int error,
                             void *user)
{
    struct h2_stream *stream = stream_of(session, frame->hd.stream_id);

    (void)error;
    (void)user;
    if (stream && frame->hd.type == NGHTTP2_HEADERS)
        h2_stream_cut(stream, RESET_BROKEN, NGHTTP2_INTERNAL_ERROR,
                      "the head of the answer is too large for HTTP/2");
    return 0;
}

/* ---- the data of answers ---- */

static int send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *head,
                     size_t length, nghttp2_data_source *source, void *user)
{
    (void)session;
    (void)user;
    assert(frame->data.padlen == 0); /* nobody asked for any */
    return h2_answer_put_data(source->ptr, slice_of((const char *)head, H2_FRAME_HEAD), length);
}

/* ---- opening and closing ---- */

static nghttp2_session_callbacks *callbacks; /* made once; reachable to the end */
static nghttp2_option *options;

static void prepare(void)
{
    h2_answer_prepare();
    must(nghttp2_session_callbacks_new(&callbacks));
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid_frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk_recv);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_send);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_frame_not_send);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);

    must(nghttp2_option_new(&options));
    nghttp2_option_set_no_auto_window_update(options, 1);
    nghttp2_option_set_no_closed_streams(options, 1);
    nghttp2_option_set_max_send_header_block_length(options, H2_ANSWER_HEAD_MOST);
    nghttp2_option_set_builtin_recv_extension_type(options, NGHTTP2_PRIORITY_UPDATE);
}

void h2_session_open(struct conn *conn)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const size_t head_bytes = conn->limits->head.head_bytes;
    const nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, H2_STREAMS },
        { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_STREAM_WINDOW },
        { NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1 }, /* those of RFC 9218 */
        { NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1 },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)head_bytes },
    };
    const size_t count = sizeof(settings) / sizeof(settings[0]) - (head_bytes == 0);

    pthread_once(&once, prepare);
    must(nghttp2_session_server_new2(&conn->h2->session, callbacks, conn, options));
    must(nghttp2_submit_settings(conn->h2->session, NGHTTP2_FLAG_NONE, settings, count));
    must(nghttp2_session_set_local_window_size(conn->h2->session, NGHTTP2_FLAG_NONE, 0, H2_WINDOW));
}

void h2_session_close(struct conn *conn)
{
    nghttp2_session_del(conn->h2->session);
    conn->h2->session = NULL;
}

static void blame_for(struct conn *conn, ssize_t error)
{
    switch (error) {
    case NGHTTP2_ERR_NOMEM:
        abort();
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
        h2_blame(conn, NGHTTP2_PROTOCOL_ERROR, "it asked for HTTP/2, and what it sent is none");
        break;
    case NGHTTP2_ERR_FLOODED:
        h2_blame(conn, NGHTTP2_ENHANCE_YOUR_CALM, "a flood of PING or SETTINGS frames");
        break;
    default:
        h2_blame(conn, NGHTTP2_ENHANCE_YOUR_CALM, nghttp2_strerror((int)error));
        break;
    }
}

/* Frames of unknown types are skipped without a word (RFC 9113 4.1), but not without end. */
static void look_for_junk(struct conn *conn)
{
    const struct h2 *h2 = conn->h2;

    if (h2->fed > h2->known + H2_UNKNOWN_MOST)
        h2_blame(conn, NGHTTP2_ENHANCE_YOUR_CALM, "a flood of unknown frames");
}

bool h2_session_feed(struct conn *conn, struct slice bytes)
{
    ssize_t used =
        nghttp2_session_mem_recv(conn->h2->session, (const uint8_t *)bytes.at, bytes.len);

    conn->h2->fed += bytes.len;
    if (used < 0)
        blame_for(conn, used);
    look_for_junk(conn);
    return !conn->h2->fault;
}
