#include "gateway/scgi_head.h"

#include "base/container.h"
#include "base/text.h"

#include <assert.h>
#include <string.h>

#define FIRST_ROOM  2048u
#define PREFIX_MOST 24u /* digits and ':' */

static void reserve(struct scgi_head *head, size_t more)
{
    if (more <= head->room - head->len)
        return;

    size_t room = head->room > 0 ? head->room : FIRST_ROOM;
    while (room < head->len + more)
        room *= 2;

    char *at = arena_bytes(head->arena, room);
    if (head->len > 0)
        memcpy(at, head->at, head->len);
    head->at = at;
    head->room = room;
}

static void add(struct scgi_head *head, struct slice bytes)
{
    if (bytes.len > 0)
        memcpy(head->at + head->len, bytes.at, bytes.len);
    head->len += bytes.len;
}

static bool add_pair(struct scgi_head *head, struct slice name, struct slice value)
{
    const struct slice nul = slice_of("", 1);
    const size_t used = head->len - PREFIX_MOST;

    if (name.len > head->most || value.len > head->most ||
        used + name.len + value.len + 2 > head->most)
        return false;
    reserve(head, name.len + value.len + 2);
    add(head, name);
    add(head, nul);
    add(head, value);
    add(head, nul);
    return true;
}

static bool head_put(struct meta_sink *sink, struct slice name, struct slice value)
{
    struct scgi_head *head = container_of(sink, struct scgi_head, sink);

    /* They stand in front already, and a name must not come twice. */
    if (slice_equal(name, SLICE("CONTENT_LENGTH")) || slice_equal(name, SLICE("SCGI")))
        return true;
    return add_pair(head, name, value);
}

void scgi_head_init(struct scgi_head *head, struct arena *arena, size_t most, uint64_t body_length)
{
    char digits[24];
    struct text length = text_on(digits, sizeof(digits));
    const size_t own = sizeof("CONTENT_LENGTH") + sizeof("SCGI") + sizeof("1") + sizeof(digits);

    *head = (struct scgi_head){ .sink.put = head_put, .arena = arena, .most = most + own };
    reserve(head, PREFIX_MOST);
    head->len = PREFIX_MOST;
    text_add_u64(&length, body_length);
    add_pair(head, SLICE("CONTENT_LENGTH"), text_slice(&length));
    add_pair(head, SLICE("SCGI"), SLICE("1"));
}

struct slice scgi_head_end(struct scgi_head *head)
{
    char digits[PREFIX_MOST];
    struct text prefix = text_on(digits, sizeof(digits));

    text_add_u64(&prefix, head->len - PREFIX_MOST);
    text_add_char(&prefix, ':');
    assert(!prefix.cut);

    reserve(head, 1);
    add(head, SLICE(","));

    const struct slice length = text_slice(&prefix);
    const size_t begin = PREFIX_MOST - length.len;
    memcpy(head->at + begin, length.at, length.len);
    return slice_of(head->at + begin, head->len - begin);
}
