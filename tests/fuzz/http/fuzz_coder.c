/*
 * A body that is split and flushed as the input says, with as little room as it says, is the same
 * when it was decoded, in each coding; and at each flush all of it so far.
 */
#include "http/coder.h"

#include "http/decoder.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PLAIN_MOST ((size_t)1 << 20)
#define CODED_MOST ((size_t)2 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct story {
    enum coding coding;
    struct coder *coder;
    size_t room; /* in one step */
    char *plain;
    char *coded;
    char *decoded;
    size_t plain_len;
    size_t coded_len;
};

static void put(struct story *story, enum coder_act act, struct slice in)
{
    bool is_done = false;

    while (!is_done) {
        size_t len = 0;

        assert(story->coded_len + story->room <= CODED_MOST);
        is_done =
            coder_step(story->coder, act, &in, story->coded + story->coded_len, story->room, &len);
        assert(len <= story->room);
        story->coded_len += len;
    }
    assert(in.len == 0);
}

static void check(const struct story *story, bool is_whole)
{
    bool ended = false;
    const size_t len = decode(story->coding, slice_of(story->coded, story->coded_len),
                              story->decoded, PLAIN_MOST, &ended);

    assert(len == story->plain_len && memcmp(story->decoded, story->plain, len) == 0);
    assert(ended == is_whole);
}

/* Each pair of bytes is a piece: how long it is and of what, and whether a pause follows. */
static void put_pieces(struct story *story, struct slice script)
{
    for (; script.len >= 2; script = slice_skip(script, 2)) {
        const unsigned head = (unsigned char)script.at[0];
        const size_t len = (size_t)(head & 0x7f) * (head & 0x40 ? 61 : 1);
        char *at = story->plain + story->plain_len;

        if (story->plain_len + len > PLAIN_MOST)
            return;
        for (size_t i = 0; i < len; i++)
            at[i] = (char)((unsigned char)script.at[1] ^ (i * i >> 5));
        story->plain_len += len;
        put(story, CODER_TAKE, slice_of(at, len));
        if (head & 0x80) {
            put(story, CODER_FLUSH, SLICE(""));
            check(story, false);
        }
    }
}

static void run(struct story *story, struct slice script, enum effort effort)
{
    story->coder = coder_open(story->coding, effort);
    story->plain_len = story->coded_len = 0;
    put_pieces(story, script);
    put(story, CODER_END, SLICE(""));
    check(story, true);
    coder_close(story->coder);
}

/* The first byte is the effort, the second one the room. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 512)
        return 0;
    struct story story = { .room = (size_t)data[1] * 16 + 8,
                           .plain = malloc(PLAIN_MOST),
                           .coded = malloc(CODED_MOST),
                           .decoded = malloc(PLAIN_MOST) };
    const struct slice script = slice_of(data + 2, size - 2);

    for (unsigned coding = 0; coding < CODING_COUNT; coding++) {
        story.coding = (enum coding)coding;
        run(&story, script, (enum effort)(data[0] % EFFORT_COUNT));
        run(&story, script, EFFORT_FULL); /* one that was used before is as good as new */
    }
    assert(coders_in_use() == 0);
    coder_pool_drain();
    free(story.plain);
    free(story.coded);
    free(story.decoded);
    return 0;
}
