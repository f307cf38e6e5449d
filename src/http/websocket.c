#include "http/websocket.h"

#include "base/encode.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#define NONCE_LEN 16u

static bool is_key(struct slice value)
{
    char nonce[WEBSOCKET_KEY_LEN / 4 * 3 + 3];
    size_t len;

    return value.len == WEBSOCKET_KEY_LEN && base64_decode(value, nonce, &len) && len == NONCE_LEN;
}

/* Which versions it speaks is the server's to say (426). */
static bool is_version(struct slice value)
{
    for (size_t i = 0; i < value.len; i++)
        if (!ascii_is_digit(value.at[i]))
            return false;
    return value.len > 0 && value.len <= 3;
}

struct slice websocket_key_of(const struct request *request)
{
    const struct fields *fields = &request->fields;

    if (request->websocket_key.len > 0)
        return request->websocket_key;
    if (request->method != METHOD_GET || request->version != 11 || request->has_body ||
        !slice_equal_nocase(fields_only(fields, SLICE("Upgrade")), SLICE("websocket")) ||
        !fields_list_has(fields, FIELD_CONNECTION, SLICE("upgrade")) ||
        !is_version(fields_only(fields, SLICE("Sec-WebSocket-Version"))))
        return SLICE("");

    const struct slice key = fields_only(fields, SLICE("Sec-WebSocket-Key"));
    return is_key(key) ? key : SLICE("");
}

static struct slice base64_in(struct arena *arena, struct slice bytes)
{
    const size_t room = BASE64_LEN(bytes.len);
    struct text text = text_on(arena_bytes(arena, room), room);

    base64_encode(&text, bytes);
    return text_slice(&text);
}

struct slice websocket_make_key(struct arena *arena)
{
    char nonce[NONCE_LEN];

    if (getrandom(nonce, sizeof(nonce), 0) != (ssize_t)sizeof(nonce)) {
        perror("longhouse: no random key from getrandom(), ending");
        abort();
    }
    return base64_in(arena, slice_of(nonce, sizeof(nonce)));
}

struct slice websocket_accept(struct slice key, struct arena *arena)
{
    const struct slice parts[] = { key, SLICE("258EAFA5-E914-47DA-95CA-C5AB0DC85B11") };
    const struct slice whole = arena_join(arena, parts, 2);
    unsigned char sum[SHA_DIGEST_LENGTH] = { 0 };

    SHA1((const unsigned char *)whole.at, whole.len, sum);
    return base64_in(arena, slice_of((const char *)sum, sizeof(sum)));
}
