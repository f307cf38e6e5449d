#include "wire/h2_client.h"

#include "base/number.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS_MOST 200

struct h2_reply *h2_client_reply(struct h2_client *client, int32_t id)
{
    struct h2_reply **reply = &client->replies[id / 2];

    assert(id / 2 < H2_REPLIES);
    if (!*reply)
        *reply = calloc(1, sizeof(**reply));
    assert(*reply);
    return *reply;
}

const char *h2_reply_field(const struct h2_reply *reply, const char *name)
{
    static char value[1024];
    char line[80];

    snprintf(line, sizeof(line), "\n%s: ", name);
    const char *at = strstr(reply->fields, line);
    if (!at)
        return NULL;
    at += strlen(line);
    snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\n"), at);
    return value;
}

/* ---- what comes ---- */

static void add(char *to, size_t room, const char *text)
{
    size_t len = strlen(to);

    snprintf(to + len, room - len, "%s", text);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *user)
{
    struct h2_reply *reply = h2_client_reply(user, frame->hd.stream_id);
    char line[512];

    (void)session;
    (void)flags;
    if (name_len == 7 && memcmp(name, ":status", 7) == 0) {
        uint64_t status = 0;

        assert(number_parse(slice_of((const char *)value, value_len), 999, &status));
        snprintf(line, sizeof(line), "%d ", (int)status);
        if (status < 200)
            add(reply->interim, sizeof(reply->interim), line);
        else
            reply->status = (int)status;
        return 0;
    }
    snprintf(line, sizeof(line), "\n%.*s: %.*s", (int)name_len, (const char *)name, (int)value_len,
             (const char *)value);
    if (frame->headers.cat == NGHTTP2_HCAT_HEADERS && reply->status > 0)
        add(reply->trailers, sizeof(reply->trailers), line);
    else
        add(reply->fields, sizeof(reply->fields), line);
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *data,
                   size_t len, void *user)
{
    struct h2_client *client = user;
    struct h2_reply *reply = h2_client_reply(client, id);
    char text[16];

    (void)flags;
    if (reply->body_len < sizeof(reply->body)) {
        size_t room = sizeof(reply->body) - reply->body_len;

        memcpy(reply->body + reply->body_len, data, len < room ? len : room);
    }
    reply->body_len += len;
    snprintf(text, sizeof(text), "%d ", id);
    add(client->order, sizeof(client->order), text);
    if (!client->hoards)
        nghttp2_session_consume(session, id, len);
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2_client *client = user;

    (void)session;
    if (frame->hd.type == NGHTTP2_GOAWAY) {
        client->goaways++;
        client->goaway_error = frame->goaway.error_code;
        client->goaway_last = frame->goaway.last_stream_id;
    } else if (frame->hd.type == NGHTTP2_PING && frame->hd.flags & NGHTTP2_FLAG_ACK) {
        client->pings++;
    } else if (frame->hd.type == NGHTTP2_SETTINGS && !(frame->hd.flags & NGHTTP2_FLAG_ACK)) {
        client->settings++;
    } else if ((frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
               frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
        struct h2_reply *reply = h2_client_reply(client, frame->hd.stream_id);

        reply->ended = true;
        reply->at = ++client->ended;
    }
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t error, void *user)
{
    struct h2_reply *reply = h2_client_reply(user, id);

    (void)session;
    reply->closed = true;
    reply->error = error;
    return 0;
}

/* ---- its life ---- */

void h2_client_send(struct h2_client *client)
{
    const uint8_t *bytes;
    ssize_t len;

    while ((len = nghttp2_session_mem_send(client->session, &bytes)) > 0)
        transport_memory_feed(client->house->client, slice_of((const char *)bytes, (size_t)len));
    assert(len == 0);
}

/* True: something came. */
static bool receive(struct h2_client *client)
{
    struct slice written = transport_memory_written(client->house->client);

    if (written.len == 0)
        return false;
    ssize_t used =
        nghttp2_session_mem_recv(client->session, (const uint8_t *)written.at, written.len);
    assert(used == (ssize_t)written.len);
    transport_memory_forget(client->house->client);
    return true;
}

void h2_client_pump(struct h2_client *client)
{
    do {
        if (client->house->conn)
            h2_client_send(client);
        house_settle(client->house);
    } while (receive(client));
}

struct h2_client *h2_client_new(struct house *house)
{
    struct h2_client *client = calloc(1, sizeof(*client));
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;

    assert(client);
    client->house = house;
    client->body_most = SIZE_MAX;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_option_new(&option);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_peer_max_concurrent_streams(option, H2_REPLIES);
    int r = nghttp2_session_client_new2(&client->session, callbacks, client, option);
    assert(r == 0);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);

    house->limits.http2 = WIRE_HTTP2_ANYWAY;
    house_open(house);
    nghttp2_submit_settings(client->session, NGHTTP2_FLAG_NONE, NULL, 0);
    h2_client_pump(client);
    return client;
}

void h2_client_free(struct h2_client *client)
{
    nghttp2_session_del(client->session);
    for (size_t i = 0; i < H2_REPLIES; i++)
        free(client->replies[i]);
    free(client);
}

/* ---- requests ---- */

static void add_pair(nghttp2_nv *pairs, size_t *count, struct slice name, struct slice value)
{
    assert(*count < PAIRS_MOST);
    pairs[(*count)++] = (nghttp2_nv){
        .name = (uint8_t *)name.at,
        .value = (uint8_t *)value.at,
        .namelen = name.len,
        .valuelen = value.len,
    };
}

/* "name: value\n" each; a pseudo-field begins with its colon. */
static void add_lines(nghttp2_nv *pairs, size_t *count, const char *lines)
{
    struct slice rest = slice_cstr(lines);
    struct slice line;

    while (rest.len > 0) {
        slice_cut(rest, '\n', &line, &rest);
        size_t colon = slice_find_slice(line, SLICE(": "));
        assert(colon != SLICE_NONE);
        add_pair(pairs, count, slice_first(line, colon), slice_skip(line, colon + 2));
    }
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *to, size_t room,
                         uint32_t *flags, nghttp2_data_source *source, void *user)
{
    struct h2_client *client = user;
    size_t most = client->body_len < client->body_most ? client->body_len : client->body_most;
    size_t len = most - client->body_sent < room ? most - client->body_sent : room;

    (void)session;
    (void)id;
    (void)source;
    memcpy(to, client->body + client->body_sent, len);
    client->body_sent += len;
    if (client->body_sent == client->body_len)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    else if (len == 0)
        return NGHTTP2_ERR_DEFERRED;
    return (ssize_t)len;
}

static int32_t submit(struct h2_client *client, const nghttp2_nv *pairs, size_t count,
                      bool has_body)
{
    const nghttp2_data_provider provider = { .read_callback = read_body };
    int32_t id = nghttp2_submit_request(client->session, NULL, pairs, count,
                                        has_body ? &provider : NULL, NULL);

    assert(id > 0);
    return id;
}

static size_t usual_pairs(nghttp2_nv *pairs, const char *method, const char *path, const char *more)
{
    size_t count = 0;

    add_pair(pairs, &count, SLICE(":method"), slice_cstr(method));
    add_pair(pairs, &count, SLICE(":scheme"), SLICE("http"));
    add_pair(pairs, &count, SLICE(":authority"), SLICE("a"));
    add_pair(pairs, &count, SLICE(":path"), slice_cstr(path));
    add_lines(pairs, &count, more ? more : "");
    return count;
}

int32_t h2_client_ask(struct h2_client *client, const char *method, const char *path,
                      const char *more)
{
    nghttp2_nv pairs[PAIRS_MOST];

    return submit(client, pairs, usual_pairs(pairs, method, path, more), false);
}

int32_t h2_client_get(struct h2_client *client, const char *path)
{
    return h2_client_ask(client, "GET", path, NULL);
}

int32_t h2_client_ask_raw(struct h2_client *client, const char *fields)
{
    nghttp2_nv pairs[PAIRS_MOST];
    size_t count = 0;

    add_lines(pairs, &count, fields);
    return submit(client, pairs, count, false);
}

int32_t h2_client_upload(struct h2_client *client, const char *path, const char *more,
                         const char *body, size_t len)
{
    nghttp2_nv pairs[PAIRS_MOST];

    client->body = body;
    client->body_len = len;
    client->body_sent = 0;
    return submit(client, pairs,
                  usual_pairs(pairs, client->method ? client->method : "POST", path, more), true);
}

void h2_client_let_go(struct h2_client *client, int32_t id, size_t most)
{
    client->body_most = most;
    nghttp2_session_resume_data(client->session, id);
}

void h2_client_frame(struct h2_client *client, uint8_t type, uint8_t flags, int32_t id,
                     struct slice payload)
{
    const char head[9] = {
        (char)(payload.len >> 16),
        (char)(payload.len >> 8),
        (char)payload.len,
        (char)type,
        (char)flags,
        (char)(id >> 24),
        (char)(id >> 16),
        (char)(id >> 8),
        (char)id,
    };

    transport_memory_feed(client->house->client, slice_of(head, sizeof(head)));
    transport_memory_feed(client->house->client, payload);
}
