/* One log, packed by gzip piece by piece: memory does not grow with it. */
#include "packer_private.h"

#include "os/fd.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#define PIECE        65536u
#define GZIP_WINDOW  (15 + 16) /* the largest; 16: with the head and tail of gzip */
#define MEMORY_LEVEL 8

struct pieces {
    z_stream stream;
    int from;
    int to;
    unsigned char in[PIECE];
    unsigned char out[PIECE];
};

/* What is there of the next piece: 0 at the end of the file, or negative errno. */
static ssize_t fill(struct pieces *pieces)
{
    ssize_t n;

    do
        n = read(pieces->from, pieces->in, sizeof(pieces->in));
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

/* Until the input is taken, or with Z_FINISH until all is out. */
static int squeeze(struct pieces *pieces, int how)
{
    z_stream *stream = &pieces->stream;

    do {
        stream->next_out = pieces->out;
        stream->avail_out = sizeof(pieces->out);
        if (deflate(stream, how) == Z_STREAM_ERROR)
            return -EIO;
        int r = fd_write_all(pieces->to, pieces->out, sizeof(pieces->out) - stream->avail_out);
        if (r < 0)
            return r;
    } while (stream->avail_out == 0);
    return 0;
}

static int run(struct pieces *pieces)
{
    ssize_t n;

    while ((n = fill(pieces)) > 0) {
        pieces->stream.next_in = pieces->in;
        pieces->stream.avail_in = (uInt)n;
        int r = squeeze(pieces, Z_NO_FLUSH);
        if (r < 0)
            return r;
    }
    if (n < 0)
        return (int)n;
    int r = squeeze(pieces, Z_FINISH);
    return r == 0 && fsync(pieces->to) < 0 && errno != EINVAL ? -errno : r; /* a pipe has none */
}

int pack_file(int from, int to)
{
    struct pieces *pieces = calloc(1, sizeof(*pieces));

    if (!pieces)
        return -ENOMEM;
    pieces->from = from;
    pieces->to = to;
    int r = -ENOMEM;
    if (deflateInit2(&pieces->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) == Z_OK) {
        r = run(pieces);
        deflateEnd(&pieces->stream);
    }
    free(pieces);
    return r;
}
