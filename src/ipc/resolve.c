#include "ipc/resolve.h"

#include "base/host_name.h"
#include "ipc_private.h"

#include <assert.h>
#include <string.h>

/*
 * Every message begins with kind and token (u32 each); then
 *
 *   ASK     is_srv u32, port u32, the name
 *   ANSWER  again u32, count u32, for each address {family (4 or 6) u32, port u32, priority u32,
 *           weight u32, 16 bytes}, the error
 */
#define ADDRESS_BYTES 16

/* ---- to bytes ---- */

static unsigned char *put_slice(unsigned char *at, struct slice bytes)
{
    if (bytes.len > 0)
        memcpy(at, bytes.at, bytes.len);
    return at + bytes.len;
}

static unsigned char *put_address(unsigned char *at, const struct resolved *one)
{
    const bool is_4 = one->address.any.sa_family == AF_INET;

    at = put_u32(at, is_4 ? 4 : 6);
    at = put_u32(at, address_port(&one->address));
    at = put_u32(at, one->priority);
    at = put_u32(at, one->weight);
    memset(at, 0, ADDRESS_BYTES);
    if (is_4)
        memcpy(at, &one->address.in4.sin_addr, sizeof(one->address.in4.sin_addr));
    else
        memcpy(at, &one->address.in6.sin6_addr, ADDRESS_BYTES);
    return at + ADDRESS_BYTES;
}

static unsigned char *put_answer(unsigned char *at, const struct resolve_answer *answer)
{
    assert(answer->count <= RESOLVE_ADDRESSES_MOST && answer->error.len <= RESOLVE_ERROR_MOST);
    at = put_u32(at, answer->token);
    at = put_u32(at, answer->again_s);
    at = put_u32(at, answer->count);
    for (unsigned i = 0; i < answer->count; i++)
        at = put_address(at, &answer->addresses[i]);
    return put_slice(at, answer->error);
}

static unsigned char *put_ask(unsigned char *at, const struct resolve_ask *ask)
{
    assert(ask->name.len <= HOST_NAME_MOST + 1);
    at = put_u32(at, ask->token);
    at = put_u32(at, ask->is_srv);
    at = put_u32(at, ask->port);
    return put_slice(at, ask->name);
}

size_t resolve_encode(const struct resolve_message *message, char room[RESOLVE_MESSAGE_MOST])
{
    unsigned char *begin = (unsigned char *)room;
    unsigned char *at = put_u32(begin, (uint32_t)message->kind);

    switch (message->kind) {
    case RESOLVE_ASK:
        at = put_ask(at, &message->ask);
        break;
    case RESOLVE_ANSWER:
        at = put_answer(at, &message->answer);
        break;
    }
    return (size_t)(at - begin);
}

/* ---- from bytes ---- */

/* NULL, or the rule that is broken. */
static const char *take_ask(struct cursor *cursor, struct resolve_ask *ask)
{
    const uint32_t is_srv = take_u32(cursor);
    const uint32_t port = take_u32(cursor);

    ask->is_srv = is_srv == 1;
    ask->port = (uint16_t)port;
    ask->name = take_bytes(cursor, cursor->rest.len);
    if (is_srv > 1)
        return "neither a host nor a service";
    if (port > UINT16_MAX || (port == 0) != ask->is_srv)
        return "the port is outside its range";
    return host_name_is_good(ask->name) ? NULL : "the name is none of a host";
}

static const char *take_address(struct cursor *cursor, struct resolved *one)
{
    const uint32_t family = take_u32(cursor);
    const uint32_t port = take_u32(cursor);
    const uint32_t priority = take_u32(cursor);
    const uint32_t weight = take_u32(cursor);
    const struct slice bytes = take_bytes(cursor, ADDRESS_BYTES);
    static const char nothing[ADDRESS_BYTES];

    if (bytes.len < ADDRESS_BYTES)
        return "an address is too short";
    if (port == 0 || port > UINT16_MAX || priority > UINT16_MAX || weight > UINT16_MAX)
        return "a number of an address is outside its range";
    *one = (struct resolved){ .priority = (uint16_t)priority, .weight = (uint16_t)weight };
    if (family == 4 && memcmp(bytes.at + 4, nothing, ADDRESS_BYTES - 4) == 0) {
        one->address.in4 =
            (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
        memcpy(&one->address.in4.sin_addr, bytes.at, sizeof(one->address.in4.sin_addr));
        return NULL;
    }
    if (family != 6)
        return "an address of no known family";
    one->address.in6 =
        (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
    memcpy(&one->address.in6.sin6_addr, bytes.at, ADDRESS_BYTES);
    return NULL;
}

static const char *take_answer(struct cursor *cursor, struct resolve_answer *answer)
{
    answer->again_s = take_u32(cursor);
    answer->count = take_u32(cursor);
    if (answer->again_s < RESOLVE_AGAIN_LEAST_S || answer->again_s > RESOLVE_AGAIN_MOST_S)
        return "the time of the next question is outside its range";
    if (answer->count > RESOLVE_ADDRESSES_MOST)
        return "too many addresses";
    for (unsigned i = 0; i < answer->count; i++) {
        const char *why = take_address(cursor, &answer->addresses[i]);
        if (why)
            return why;
    }
    answer->error = take_bytes(cursor, cursor->rest.len);
    if ((answer->error.len == 0) != (answer->count > 0) || answer->error.len > RESOLVE_ERROR_MOST)
        return "either addresses or an error";
    return NULL;
}

enum parse resolve_decode(struct slice datagram, struct resolve_message *ret,
                          struct parse_fault *reterr)
{
    struct cursor cursor = { .rest = datagram };
    const uint32_t kind = take_u32(&cursor);
    const uint32_t token = take_u32(&cursor);
    const char *why = "unknown kind of message";

    if (datagram.len > RESOLVE_MESSAGE_MOST)
        return parse_bad(reterr, RESOLVE_MESSAGE_MOST, "message too long");
    struct resolve_message message = { .kind = (enum resolve_kind)kind };
    if (kind == RESOLVE_ASK) {
        message.ask.token = token;
        why = take_ask(&cursor, &message.ask);
    } else if (kind == RESOLVE_ANSWER) {
        message.answer.token = token;
        why = take_answer(&cursor, &message.answer);
    }
    if (why)
        return parse_bad(reterr, datagram.len - cursor.rest.len, why);
    *ret = message;
    return PARSE_DONE;
}
