#include "ipc/handover.h"

#include "ipc_private.h"

#include <errno.h>

/* kind u32, index u32, number u64, text length u32, nothing u32, text */

int handover_encode(const struct handover *message, unsigned char head[HANDOVER_HEAD],
                    struct iovec parts[2])
{
    if (message->text.len > HANDOVER_TEXT_MOST)
        return -EMSGSIZE;

    unsigned char *at = put_u32(head, (uint32_t)message->kind);
    at = put_u32(at, message->index);
    at = put_u64(at, message->number);
    at = put_u32(at, (uint32_t)message->text.len);
    put_u32(at, 0);
    parts[0] = (struct iovec){ head, HANDOVER_HEAD };
    parts[1] = (struct iovec){ (void *)message->text.at, message->text.len };
    return message->text.len > 0 ? 2 : 1;
}

enum parse handover_decode(struct slice datagram, struct handover *ret, struct parse_fault *reterr)
{
    struct cursor cursor = { .rest = datagram };
    uint32_t kind = take_u32(&cursor);
    uint32_t index = take_u32(&cursor);
    uint64_t number = take_u64(&cursor);
    uint32_t text_len = take_u32(&cursor);
    uint32_t nothing = take_u32(&cursor);

    if (cursor.short_of)
        return parse_bad(reterr, datagram.len, "message too short");
    if (kind < HANDOVER_BUNDLE || kind > HANDOVER_KIND_LAST)
        return parse_bad(reterr, 0, "unknown kind of message");
    if (text_len != cursor.rest.len || text_len > HANDOVER_TEXT_MOST)
        return parse_bad(reterr, 16, "the text has another length");
    if (nothing != 0)
        return parse_bad(reterr, 20, "reserved bytes are not zero");
    if (slice_has(cursor.rest, '\0'))
        return parse_bad(reterr, HANDOVER_HEAD, "NUL in the text");

    *ret = (struct handover){
        .kind = (enum handover_kind)kind,
        .index = index,
        .number = number,
        .text = cursor.rest,
    };
    return PARSE_DONE;
}
