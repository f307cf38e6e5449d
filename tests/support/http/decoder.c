#include "decoder.h"

#include <brotli/decode.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

static void require(bool works)
{
    if (!works)
        abort();
}

static size_t decode_gzip(struct slice coded, char *out, size_t room, bool *ret_ended)
{
    z_stream stream = { .next_in = (Bytef *)coded.at,
                        .avail_in = (unsigned)coded.len,
                        .next_out = (Bytef *)out,
                        .avail_out = (unsigned)room };

    require(inflateInit2(&stream, 15 + 16) == Z_OK);
    int r = inflate(&stream, Z_SYNC_FLUSH);
    require(r == Z_OK || r == Z_STREAM_END || r == Z_BUF_ERROR);
    require(stream.avail_in == 0);
    *ret_ended = r == Z_STREAM_END;
    inflateEnd(&stream);
    return room - stream.avail_out;
}

static size_t decode_br(struct slice coded, char *out, size_t room, bool *ret_ended)
{
    BrotliDecoderState *state = BrotliDecoderCreateInstance(NULL, NULL, NULL);
    const uint8_t *next_in = (const uint8_t *)coded.at;
    uint8_t *next_out = (uint8_t *)out;
    size_t left = coded.len;
    size_t room_left = room;

    require(state != NULL);
    BrotliDecoderResult r =
        BrotliDecoderDecompressStream(state, &left, &next_in, &room_left, &next_out, NULL);
    require(r == BROTLI_DECODER_RESULT_SUCCESS || r == BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT);
    require(left == 0);
    *ret_ended = r == BROTLI_DECODER_RESULT_SUCCESS;
    BrotliDecoderDestroyInstance(state);
    return room - room_left;
}

static size_t decode_zstd(struct slice coded, char *out, size_t room, bool *ret_ended)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();
    ZSTD_inBuffer in = { .src = coded.at, .size = coded.len };
    ZSTD_outBuffer to = { .dst = out, .size = room };
    size_t left = 1;

    require(context != NULL);
    while (in.pos < in.size && left != 0) {
        left = ZSTD_decompressStream(context, &to, &in);
        require(!ZSTD_isError(left));
    }
    require(in.pos == in.size);
    *ret_ended = left == 0;
    ZSTD_freeDCtx(context);
    return to.pos;
}

size_t decode(enum coding coding, struct slice coded, char *out, size_t room, bool *ret_ended)
{
    switch (coding) {
    case CODING_BR:
        return decode_br(coded, out, room, ret_ended);
    case CODING_ZSTD:
        return decode_zstd(coded, out, room, ret_ended);
    case CODING_GZIP:
        return decode_gzip(coded, out, room, ret_ended);
    case CODING_COUNT:
        break;
    }
    abort();
}
