#include "http/coder.h"

#include <assert.h>
#include <brotli/encode.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#define GZIP_WINDOW_BITS 15
#define GZIP_HEAD        16 /* zlib adds it to the bits of the window: gzip, not zlib */
#define GZIP_MEMORY      8
#define WINDOW_BITS      17 /* of br and zstd */
#define IDLE_MOST        2u /* of each coding and thread: most answers are whole at once */

struct coder {
    enum coding coding;
    union {
        z_stream gzip;
        BrotliEncoderState *br; /* owned */
        ZSTD_CCtx *zstd;        /* owned */
    };
};

static const struct {
    int gzip;
    int zstd;
    uint32_t br;
} levels[EFFORT_COUNT] = {
    [EFFORT_FULL] = { .gzip = 6, .br = 4, .zstd = 3 },
    [EFFORT_HALF] = { .gzip = 3, .br = 2, .zstd = 1 },
    [EFFORT_LEAST] = { .gzip = 1, .br = 0, .zstd = -5 },
};

static _Thread_local struct idle {
    struct coder *at[IDLE_MOST];
    unsigned count;
} idle[CODING_COUNT];
static _Thread_local unsigned in_use;

/* ---- new, and as good as new ---- */

static void coder_free(struct coder *coder)
{
    switch (coder->coding) {
    case CODING_BR:
        BrotliEncoderDestroyInstance(coder->br);
        break;
    case CODING_ZSTD:
        ZSTD_freeCCtx(coder->zstd);
        break;
    case CODING_GZIP:
        deflateEnd(&coder->gzip);
        break;
    case CODING_COUNT:
        break;
    }
    free(coder);
}

/* Without memory the process ends, as everywhere (base/arena.h). */
static void require(bool works)
{
    if (!works)
        abort();
}

static struct coder *coder_new(enum coding coding)
{
    struct coder *coder = calloc(1, sizeof(*coder));

    require(coder != NULL);
    coder->coding = coding;
    switch (coding) {
    case CODING_BR:
        coder->br = BrotliEncoderCreateInstance(NULL, NULL, NULL);
        require(coder->br && BrotliEncoderSetParameter(coder->br, BROTLI_PARAM_LGWIN, WINDOW_BITS));
        break;
    case CODING_ZSTD:
        coder->zstd = ZSTD_createCCtx();
        require(coder->zstd != NULL);
        break;
    case CODING_GZIP:
        require(deflateInit2(&coder->gzip, levels[EFFORT_FULL].gzip, Z_DEFLATED,
                             GZIP_WINDOW_BITS + GZIP_HEAD, GZIP_MEMORY,
                             Z_DEFAULT_STRATEGY) == Z_OK);
        break;
    case CODING_COUNT:
        assert(false);
    }
    return coder;
}

static void set_effort(struct coder *coder, enum effort effort)
{
    switch (coder->coding) {
    case CODING_BR:
        require(BrotliEncoderSetParameter(coder->br, BROTLI_PARAM_QUALITY, levels[effort].br) != 0);
        break;
    case CODING_ZSTD:
        require(!ZSTD_isError(ZSTD_CCtx_setParameter(coder->zstd, ZSTD_c_compressionLevel,
                                                     levels[effort].zstd)) &&
                !ZSTD_isError(ZSTD_CCtx_setParameter(coder->zstd, ZSTD_c_windowLog, WINDOW_BITS)));
        break;
    case CODING_GZIP:
        require(deflateParams(&coder->gzip, levels[effort].gzip, Z_DEFAULT_STRATEGY) == Z_OK);
        break;
    case CODING_COUNT:
        break;
    }
}

struct coder *coder_open(enum coding coding, enum effort effort)
{
    assert(coding < CODING_COUNT);
    struct idle *waiting = &idle[coding];
    struct coder *coder = waiting->count > 0 ? waiting->at[--waiting->count] : coder_new(coding);

    set_effort(coder, effort);
    in_use++;
    return coder;
}

/* False: it cannot be used again. */
static bool make_as_new(struct coder *coder)
{
    switch (coder->coding) {
    case CODING_ZSTD:
        return !ZSTD_isError(ZSTD_CCtx_reset(coder->zstd, ZSTD_reset_session_and_parameters));
    case CODING_GZIP:
        return deflateReset(&coder->gzip) == Z_OK;
    case CODING_BR: /* the library has no way back */
    case CODING_COUNT:
        break;
    }
    return false;
}

void coder_close(struct coder *coder)
{
    if (!coder)
        return;
    struct idle *waiting = &idle[coder->coding];

    in_use--;
    if (waiting->count < IDLE_MOST && make_as_new(coder))
        waiting->at[waiting->count++] = coder;
    else
        coder_free(coder);
}

unsigned coders_in_use(void)
{
    return in_use;
}

void coder_pool_drain(void)
{
    for (unsigned i = 0; i < CODING_COUNT; i++) {
        while (idle[i].count > 0)
            coder_free(idle[i].at[--idle[i].count]);
    }
}

/* ---- at work ---- */

static unsigned at_most_uint(size_t len)
{
    return len < UINT_MAX ? (unsigned)len : UINT_MAX;
}

static bool step_gzip(z_stream *stream, enum coder_act act, struct slice *in, char *out,
                      size_t room, size_t *ret_len)
{
    static const int flush[] = { Z_NO_FLUSH, Z_SYNC_FLUSH, Z_FINISH };
    const struct slice part = slice_first(*in, UINT_MAX);
    const unsigned room_now = at_most_uint(room);
    int r;

    stream->next_in = (Bytef *)part.at;
    stream->avail_in = (unsigned)part.len;
    stream->next_out = (Bytef *)out;
    stream->avail_out = room_now;
    r = deflate(stream, part.len < in->len ? Z_NO_FLUSH : flush[act]);
    assert(r == Z_OK || r == Z_STREAM_END || r == Z_BUF_ERROR);

    *in = slice_skip(*in, part.len - stream->avail_in);
    *ret_len = room_now - stream->avail_out;
    if (in->len > 0)
        return false;
    return act == CODER_END ? r == Z_STREAM_END : act == CODER_TAKE || stream->avail_out > 0;
}

static bool step_br(BrotliEncoderState *state, enum coder_act act, struct slice *in, char *out,
                    size_t room, size_t *ret_len)
{
    static const BrotliEncoderOperation operation[] = { BROTLI_OPERATION_PROCESS,
                                                        BROTLI_OPERATION_FLUSH,
                                                        BROTLI_OPERATION_FINISH };
    const uint8_t *next_in = (const uint8_t *)in->at;
    uint8_t *next_out = (uint8_t *)out;
    size_t left = in->len;
    size_t room_left = room;

    require(BrotliEncoderCompressStream(state, operation[act], &left, &next_in, &room_left,
                                        &next_out, NULL) != 0);
    *in = slice_skip(*in, in->len - left);
    *ret_len = room - room_left;
    if (left > 0 || BrotliEncoderHasMoreOutput(state))
        return false;
    return act != CODER_END || BrotliEncoderIsFinished(state);
}

static bool step_zstd(ZSTD_CCtx *context, enum coder_act act, struct slice *in, char *out,
                      size_t room, size_t *ret_len)
{
    static const ZSTD_EndDirective directive[] = { ZSTD_e_continue, ZSTD_e_flush, ZSTD_e_end };
    ZSTD_inBuffer from = { .src = in->at, .size = in->len };
    ZSTD_outBuffer to = { .dst = out, .size = room };
    const size_t left = ZSTD_compressStream2(context, &to, &from, directive[act]);

    require(!ZSTD_isError(left));
    *in = slice_skip(*in, from.pos);
    *ret_len = to.pos;
    return in->len == 0 && (act == CODER_TAKE || left == 0);
}

bool coder_step(struct coder *coder, enum coder_act act, struct slice *in, char *out, size_t room,
                size_t *ret_len)
{
    switch (coder->coding) {
    case CODING_BR:
        return step_br(coder->br, act, in, out, room, ret_len);
    case CODING_ZSTD:
        return step_zstd(coder->zstd, act, in, out, room, ret_len);
    case CODING_GZIP:
        return step_gzip(&coder->gzip, act, in, out, room, ret_len);
    case CODING_COUNT:
        break;
    }
    assert(false);
    return true;
}
