/* The answer of an HTTP/2 stream: from the exchange to frames. */
#include "h2_private.h"

#include "base/text.h"
#include "http/clock.h"
#include "http/status.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define NAME_MOST   24 /* of those that have an id */
#define PIECES_MOST 16 /* of the body in one frame, before it is looked at again */

/* ---- the head ---- */

/* RFC 9113 8.2: in small letters. */
static struct slice small_names[FIELD_COUNT];
static char small_letters[FIELD_COUNT][NAME_MOST];

void h2_answer_prepare(void)
{
    for (int id = FIELD_OTHER + 1; id < FIELD_COUNT; id++) {
        const struct slice name = field_name((enum field_id)id);

        assert(name.len <= NAME_MOST);
        for (size_t i = 0; i < name.len; i++)
            small_letters[id][i] = ascii_lower(name.at[i]);
        small_names[id] = slice_of(small_letters[id], name.len);
    }
}

/* The value is copied by nghttp2; the name is a constant in small letters. */
static nghttp2_nv pair(struct slice name, struct slice value)
{
    return (nghttp2_nv){
        .name = (uint8_t *)name.at,
        .value = (uint8_t *)value.at,
        .namelen = name.len,
        .valuelen = value.len,
        .flags = NGHTTP2_NV_FLAG_NO_COPY_NAME,
    };
}

static nghttp2_nv pair_of(const struct field *field)
{
    const bool is_known = field->id != FIELD_OTHER;
    nghttp2_nv made =
        pair(is_known ? small_names[field->id] : field->name, slice_trim(field->value));

    if (!is_known)
        made.flags = NGHTTP2_NV_FLAG_NONE; /* copied, too, in small letters */
    return made;
}

/* RFC 9113 8.2.2: what speaks about a connection of HTTP/1. */
static bool is_for_http1(enum field_id id)
{
    return id == FIELD_KEEP_ALIVE || id == FIELD_PROXY_CONNECTION || id == FIELD_UPGRADE;
}

static bool goes_out(const struct field *field)
{
    return answer_field_goes_out(field) && !is_for_http1(field->id) &&
           (field->id != FIELD_OTHER || field_is_token(field->name));
}

static struct slice status_text(int status, char digits[3])
{
    digits[0] = (char)('0' + status / 100 % 10);
    digits[1] = (char)('0' + status / 10 % 10);
    digits[2] = (char)('0' + status % 10);
    return slice_of(digits, 3);
}

static size_t fill_fields(nghttp2_nv *pairs, const struct fields *fields)
{
    size_t count = 0;

    for (uint32_t i = 0; i < fields->count; i++) {
        if (goes_out(&fields->at[i]))
            pairs[count++] = pair_of(&fields->at[i]);
    }
    return count;
}

/* Status, Date, the fields of the handler, Content-Length: in the order of HTTP/1. */
static size_t fill_pairs(nghttp2_nv *pairs, const struct response *response, struct slice status,
                         struct slice length)
{
    const struct fields *fields = &response->fields;
    size_t count = 0;

    pairs[count++] = pair(SLICE(":status"), status);
    if (!fields_find(fields, FIELD_DATE))
        pairs[count++] = pair(SLICE("date"), clock_http_date());
    count += fill_fields(pairs + count, fields);
    if (length.len > 0)
        pairs[count++] = pair(SLICE("content-length"), length);
    return count;
}

static ssize_t read_data(nghttp2_session *session, int32_t id, uint8_t *unused, size_t room,
                         uint32_t *flags, nghttp2_data_source *source, void *user);

static void submit(struct h2_stream *stream, const nghttp2_nv *pairs, size_t count, bool has_body)
{
    const nghttp2_data_provider provider = {
        .source.ptr = stream,
        .read_callback = read_data,
    };

    int r = nghttp2_submit_response(stream->conn->h2->session, stream->id, pairs, count,
                                    has_body ? &provider : NULL);

    if (r == NGHTTP2_ERR_NOMEM)
        abort();
    assert(r == 0); /* the stream is open, and this is its only answer */
}

/* RFC 8441 5: there is no 101; a tunnel is opened by any success. */
static int status_of(const struct response *response)
{
    return response->is_tunnel ? 200 : response->status;
}

void h2_answer_start(struct h2_stream *stream)
{
    struct exchange *x = stream->x;
    char status[3];
    char digits[24];
    int64_t length = -1;
    bool has_body = x->response.is_tunnel || answer_has_body(x, &length);
    struct text announced = text_on(digits, sizeof(digits));
    nghttp2_nv *pairs = arena_array(&x->arena, nghttp2_nv, x->response.fields.count + 3);

    if (length >= 0)
        text_add_u64(&announced, (uint64_t)length);
    size_t count = fill_pairs(pairs, &x->response, status_text(status_of(&x->response), status),
                              text_slice(&announced));

    if (!has_body || length == 0) {
        has_body = false;
        body_abandon(x->response.out);
    }
    stream->announced = length >= 0;
    stream->answer_left = length > 0 ? (uint64_t)length : 0;
    stream->answer = H2_ANSWER_SENDING;
    if (x->response.close)
        stream->conn->last = true;
    h2_stream_answer_tunnel(stream);
    submit(stream, pairs, count, has_body);
}

void h2_answer_interim(struct h2_stream *stream, int status, const struct fields *fields)
{
    nghttp2_nv *pairs = arena_array(&stream->x->arena, nghttp2_nv, fields->count + 1);
    char digits[3];

    pairs[0] = pair(SLICE(":status"), status_text(status, digits));
    const size_t count = 1 + fill_fields(pairs + 1, fields);
    int r = nghttp2_submit_headers(stream->conn->h2->session, NGHTTP2_FLAG_NONE, stream->id, NULL,
                                   pairs, count, NULL);

    if (r == NGHTTP2_ERR_NOMEM)
        abort();
    assert(r == 0);
}

/* ---- what goes into the next frame ---- */

static bool is_all_sent(const struct h2_stream *stream)
{
    return stream->announced && stream->answer_left == 0;
}

static ssize_t cut(struct h2_stream *stream, const char *cause)
{
    h2_stream_cut(stream, stream->reset != RESET_NONE ? stream->reset : RESET_BROKEN,
                  NGHTTP2_INTERNAL_ERROR, cause);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static void submit_trailers(struct h2_stream *stream)
{
    const struct fields *trailers = &stream->x->response.trailers;
    nghttp2_nv *pairs = arena_array(&stream->x->arena, nghttp2_nv, trailers->count);
    const size_t count = fill_fields(pairs, trailers);

    int r = nghttp2_submit_trailer(stream->conn->h2->session, stream->id, pairs, count);

    if (r == NGHTTP2_ERR_NOMEM)
        abort();
    assert(r == 0);
}

/* No data follows this frame; trailers may. */
static void end_data(struct h2_stream *stream, uint32_t *flags)
{
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!answer_has_trailers(stream->x))
        return;
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    submit_trailers(stream);
}

/* Nothing waits that may be taken now: more will come, that was all, or it broke. */
static ssize_t end_of_data(struct h2_stream *stream, uint32_t *flags)
{
    if (body_waiting(stream->x->response.out) > 0 && !is_all_sent(stream)) {
        stream->deferred = true; /* its pace; a program need not wait for that */
        body_reader_stuck(stream->x->response.out);
        return NGHTTP2_ERR_DEFERRED;
    }
    switch (stream->x->response.out->end) {
    case BODY_OPEN:
        stream->deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    case BODY_BROKEN:
        return cut(stream, "the answer broke off");
    case BODY_COMPLETE:
        break;
    }
    if (stream->announced && stream->answer_left > 0)
        return cut(stream, "the answer is shorter than its Content-Length");
    end_data(stream, flags);
    return 0;
}

/* The frame with these bytes is the last one. */
static bool is_last(struct h2_stream *stream, uint64_t len)
{
    struct exchange *x = stream->x;
    const uint64_t waiting = body_waiting(x->response.out);

    if (!stream->announced)
        return len == waiting && x->response.out->end == BODY_COMPLETE;
    if (len < stream->answer_left)
        return false;
    if (waiting > len && !x->record.cause)
        x->record.cause = "the answer is longer than its Content-Length";
    return true;
}

static ssize_t read_data(nghttp2_session *session, int32_t id, uint8_t *unused, size_t room,
                         uint32_t *flags, nghttp2_data_source *source, void *user)
{
    struct h2_stream *stream = source->ptr;
    uint64_t len = body_ready(stream->x->response.out);

    (void)session;
    (void)id;
    (void)unused;
    (void)user;
    if (stream->cut)
        return NGHTTP2_ERR_DEFERRED; /* its RST_STREAM is on the way */
    if (stream->announced && len > stream->answer_left)
        len = stream->answer_left;
    if (len > room)
        len = room;
    if (len == 0)
        return end_of_data(stream, flags);
    if (is_last(stream, len))
        end_data(stream, flags);
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    return (ssize_t)len;
}

/* ---- the bytes ---- */

/* From the front of the body, which is a file; 0: it became shorter. */
static size_t copy_file(const struct body *body, char *to, size_t len)
{
    struct file_ref *file = NULL;
    uint64_t offset = 0;
    uint64_t left = 0;
    size_t done = 0;

    if (!body_peek_file(body, &file, &offset, &left))
        return 0;
    if (left < len)
        len = (size_t)left;
    while (done < len) {
        ssize_t got = pread(file->fd, to + done, len - done, (off_t)(offset + done));

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return 0;
        done += (size_t)got;
    }
    return done;
}

static size_t copy_memory(const struct body *body, char *to, size_t len)
{
    struct iovec parts[PIECES_MOST];
    const int count = body_peek(body, parts, PIECES_MOST);
    size_t done = 0;

    for (int i = 0; i < count && done < len; i++) {
        size_t part = parts[i].iov_len < len - done ? parts[i].iov_len : len - done;

        memcpy(to + done, parts[i].iov_base, part);
        done += part;
    }
    return done;
}

/* Takes `len` bytes off the body; false: a file became shorter. */
static bool move_bytes(struct body *body, char *to, size_t len)
{
    while (len > 0) {
        size_t done = copy_memory(body, to, len);

        if (done == 0)
            done = copy_file(body, to, len);
        if (done == 0)
            return false;
        body_take(body, done);
        to += done;
        len -= done;
    }
    return true;
}

int h2_answer_put_data(struct h2_stream *stream, struct slice frame_head, size_t len)
{
    struct exchange *x = stream->x;

    if (stream->cut || body_waiting(x->response.out) < len)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* it was cancelled since it was promised */
    char *at = h2_output_claim(frame_head.len + len);
    if (!at)
        return NGHTTP2_ERR_WOULDBLOCK;
    memcpy(at, frame_head.at, frame_head.len);
    if (!move_bytes(x->response.out, at + frame_head.len, len)) {
        h2_output_unclaim(frame_head.len + len);
        return (int)cut(stream, "the file shrank while it was sent");
    }
    if (stream->announced)
        stream->answer_left -= len;
    x->record.body_bytes += len;
    stream->blocked_since_ms = 0;
    return 0;
}

/* ---- frames that went ---- */

void h2_answer_frame_sent(struct h2_stream *stream, const nghttp2_frame *frame)
{
    stream->x->record.sent_bytes += H2_FRAME_HEAD + frame->hd.length;
    if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        return;
    stream->answer = H2_ANSWER_OVER;
    if (stream->intake == H2_INTAKE_TUNNEL)
        conn_again(stream->conn); /* the client may go on while somebody listens */
    else if (stream->intake != H2_INTAKE_OVER)
        h2_stream_linger(stream);
}
