#include "http/body.h"

#include "http/pace.h"
#include "http/scratch.h"
#include "loop/io.h"
#include "loop/loop.h"

#include <assert.h>

/* Less room than this at the end of the last chunk is not worth a read of its own. */
#define RESERVE_LEAST (CHUNK_SIZE / 4)

enum piece_kind {
    PIECE_CHUNK,    /* owned memory */
    PIECE_BORROWED, /* memory of somebody who lives as long */
    PIECE_FILE,     /* a span of a file; when the file carries its bytes, as good as memory */
};

struct piece {
    struct list_link link;
    enum piece_kind kind;
    struct chunk *chunk;   /* owned */
    struct slice bytes;    /* PIECE_BORROWED: what is left */
    struct file_ref *file; /* one reference is ours */
    uint64_t offset;       /* PIECE_FILE: what is left */
    uint64_t len;
};

static struct piece *piece_of(struct list_link *link)
{
    return container_of(link, struct piece, link);
}

/* A long stream passes many pieces; their records are used again, so that the arena does not grow.
 */
static struct piece *piece_add(struct body *body, struct piece content)
{
    struct list_link *link = list_pop_front(&body->spare);
    struct piece *piece = link ? piece_of(link) : arena_new(body->arena, struct piece);

    *piece = content;
    list_push_back(&body->pieces, &piece->link);
    return piece;
}

static void spool_drop(struct spool *spool)
{
    file_ref_drop(spool->file);
    spool->file = NULL;
    spool->end = 0;
}

static void piece_drop(struct body *body, struct piece *piece)
{
    list_remove(&piece->link);
    chunk_free(piece->chunk);
    file_ref_drop(piece->file);
    list_push_front(&body->spare, &piece->link);
    if (body->spool.file && body->spool.file->refs == 1) /* all of it was read */
        spool_drop(&body->spool);
}

static void drop_pieces(struct body *body)
{
    while (!list_empty(&body->pieces))
        piece_drop(body, piece_of(list_first(&body->pieces)));
    body->held = 0;
}

static struct slice file_bytes(const struct piece *piece)
{
    struct slice whole = piece->file->bytes;

    if (whole.len == 0)
        return whole;
    assert(piece->offset <= whole.len && piece->len <= whole.len - piece->offset);
    return slice_of(whole.at + piece->offset, (size_t)piece->len);
}

/* The memory of a piece that is left; false for a span that only the file has. */
static bool piece_memory(const struct piece *piece, struct slice *ret)
{
    switch (piece->kind) {
    case PIECE_CHUNK:
        *ret = chunk_filled(piece->chunk);
        return true;
    case PIECE_BORROWED:
        *ret = piece->bytes;
        return true;
    case PIECE_FILE: /* the file may have been loaded since it was put */
        *ret = file_bytes(piece);
        return ret->len > 0;
    }
    return false;
}

static uint64_t piece_len(const struct piece *piece)
{
    switch (piece->kind) {
    case PIECE_CHUNK:
        return piece->chunk->end - piece->chunk->begin;
    case PIECE_BORROWED:
        return piece->bytes.len;
    case PIECE_FILE:
        return piece->len;
    }
    return 0;
}

static void piece_skip(struct body *body, struct piece *piece, uint64_t len)
{
    switch (piece->kind) {
    case PIECE_CHUNK:
        piece->chunk->begin += (uint32_t)len;
        body->held -= (size_t)len;
        break;
    case PIECE_BORROWED:
        piece->bytes = slice_skip(piece->bytes, (size_t)len);
        break;
    case PIECE_FILE:
        piece->offset += len;
        piece->len -= len;
        break;
    }
}

static void wake_reader(struct body *body)
{
    if (body->reader)
        loop_wake(body->loop, body->reader);
}

static void wake_writer(struct body *body)
{
    body->writer_waits = false;
    if (body->writer && body->end == BODY_OPEN)
        loop_wake(body->loop, body->writer);
}

void body_init(struct body *body, struct loop *loop, struct arena *arena)
{
    *body = (struct body){ .loop = loop, .arena = arena, .high = BODY_HIGH, .low = BODY_LOW };
    list_init(&body->pieces);
    list_init(&body->spare);
}

static void forget_pace(struct body *body)
{
    if (body->pace)
        pace_stop(body->pace);
    body->pace = NULL;
}

void body_done(struct body *body)
{
    forget_pace(body);
    drop_pieces(body);
    spool_drop(&body->spool);
    chunk_free(body->reserved);
    body->reserved = NULL;
}

void body_spool(struct body *body, struct slice folder, uint64_t most)
{
    body->spool.folder = folder;
    body->spool.most = most;
}

/* ---- the spool ---- */

static uint64_t spool_room(const struct spool *spool)
{
    return spool->error == 0 && spool->end < spool->most ? spool->most - spool->end : 0;
}

/* Once there is a file, nothing more is held in memory for a reader that is stuck. */
static bool takes_aside(const struct body *body)
{
    return body->reader_stuck && (body->held >= body->high || body->spool.file) &&
           spool_room(&body->spool) > 0;
}

static int spool_write(struct spool *spool, struct slice bytes)
{
    if (!spool->file) {
        int fd = scratch_open(spool->folder);
        if (fd < 0)
            return fd;
        spool->file = file_ref_new(fd, 0);
    }
    return scratch_write(spool->file->fd, bytes, spool->end);
}

/* The span behind the last one, or a longer last one. */
static void add_span(struct body *body, uint64_t len)
{
    struct spool *spool = &body->spool;
    struct list_link *link = list_last(&body->pieces);
    struct piece *last = link ? piece_of(link) : NULL;

    if (last && last->kind == PIECE_FILE && last->file == spool->file &&
        last->offset + last->len == spool->end)
        last->len += len;
    else
        piece_add(body, (struct piece){ .kind = PIECE_FILE,
                                        .file = file_ref_hold(spool->file),
                                        .offset = spool->end,
                                        .len = len });
    spool->end += len;
    spool->file->size = spool->end;
}

/* What lies in memory follows, each piece at its place in the queue: many slow readers shall not
 * hold 64 KiB each. Where the file has no room for all of it, it stays. */
static void put_held_aside(struct body *body)
{
    struct spool *spool = &body->spool;

    if (body->held == 0 || spool_room(spool) < body->held)
        return;
    list_for_each (link, &body->pieces) {
        struct piece *piece = piece_of(link);
        const uint64_t len = piece_len(piece);

        if (piece->kind != PIECE_CHUNK)
            continue;
        spool->error = spool_write(spool, chunk_filled(piece->chunk));
        if (spool->error < 0)
            return;
        chunk_free(piece->chunk);
        body->held -= (size_t)len;
        *piece = (struct piece){
            .link = piece->link,
            .kind = PIECE_FILE,
            .file = file_ref_hold(spool->file),
            .offset = spool->end,
            .len = len,
        };
        spool->end += len;
        spool->file->size = spool->end;
    }
}

/* False: they go into memory; whoever writes on then waits for the reader. */
static bool put_aside(struct body *body, struct slice bytes)
{
    if (!takes_aside(body))
        return false;
    put_held_aside(body);
    if (body->spool.error < 0 || spool_room(&body->spool) < bytes.len)
        return false;
    body->spool.error = spool_write(&body->spool, bytes);
    if (body->spool.error < 0)
        return false;
    add_span(body, bytes.len);
    return true;
}

/* ---- the outlet ---- */

static bool outlet_is_free(const struct body *body)
{
    return list_empty(&body->pieces) && body->outlet->writable;
}

int body_outlet(const struct body *body)
{
    return body->outlet && !body->reader_gone ? body->outlet->fd : -1;
}

void body_passed(struct body *body, uint64_t len)
{
    assert(body->end == BODY_OPEN && list_empty(&body->pieces));
    body->put_bytes += len;
    body->taken_bytes += len;
}

void body_outlet_full(struct body *body)
{
    body->outlet->writable = false;
    wake_reader(body);
}

void body_outlet_break(struct body *body)
{
    body->outlet = NULL;
    body->outlet_offered = false;
}

void body_open_outlet(struct body *body, struct io *pipe)
{
    if (body->outlet_offered && !body->reader_gone)
        body->outlet = pipe;
}

void body_outlet_has_room(struct body *body)
{
    if (body->outlet && body->writer_waits && outlet_is_free(body))
        wake_writer(body);
}

void body_close_outlet(struct body *body)
{
    if (!body->outlet)
        return;
    body->outlet = NULL;
    if (body->writer_waits)
        wake_writer(body);
}

/* ---- the writer's side ---- */

size_t body_room(struct body *body)
{
    if (body->reader_gone)
        return body->high;
    if (body->outlet && !outlet_is_free(body)) {
        body->writer_waits = true;
        return 0;
    }
    if (body->held < body->high)
        return body->high - body->held;
    if (takes_aside(body)) {
        uint64_t room = spool_room(&body->spool);
        return room < CHUNK_SIZE ? (size_t)room : CHUNK_SIZE;
    }
    body->writer_waits = true;
    return 0;
}

/* Notes a put; false when nobody will ever read it. */
static bool accept_put(struct body *body, uint64_t len)
{
    assert(body->end == BODY_OPEN);
    body->put_bytes += len;
    if (body->reader_gone)
        return false;
    wake_reader(body);
    return true;
}

/* The last chunk, when that is the last piece: bytes may still be filled in behind it. */
static struct chunk *last_chunk(const struct body *body)
{
    struct list_link *link = list_last(&body->pieces);

    return link && piece_of(link)->kind == PIECE_CHUNK ? piece_of(link)->chunk : NULL;
}

void body_put_bytes(struct body *body, struct slice bytes)
{
    if (bytes.len == 0 || !accept_put(body, bytes.len) || put_aside(body, bytes))
        return;

    body->held += bytes.len;
    while (bytes.len > 0) {
        struct chunk *chunk = last_chunk(body);

        if (!chunk || chunk_room(chunk) == 0) {
            chunk = chunk_new();
            piece_add(body, (struct piece){ .kind = PIECE_CHUNK, .chunk = chunk });
        }
        struct slice part = slice_first(bytes, chunk_room(chunk));
        memcpy(chunk->data + chunk->end, part.at, part.len);
        chunk->end += (uint32_t)part.len;
        bytes = slice_skip(bytes, part.len);
    }
}

void body_put_chunk(struct body *body, struct chunk *chunk)
{
    size_t len = chunk->end - chunk->begin;

    if (len == 0 || !accept_put(body, len) || put_aside(body, chunk_filled(chunk))) {
        chunk_free(chunk);
        return;
    }
    body->held += len;
    piece_add(body, (struct piece){ .kind = PIECE_CHUNK, .chunk = chunk });
}

void body_put_borrowed(struct body *body, struct slice bytes)
{
    if (bytes.len > 0 && accept_put(body, bytes.len))
        piece_add(body, (struct piece){ .kind = PIECE_BORROWED, .bytes = bytes });
}

void body_put_file(struct body *body, struct file_ref *file, uint64_t offset, uint64_t len)
{
    if (len > 0 && accept_put(body, len))
        piece_add(body, (struct piece){ .kind = PIECE_FILE,
                                        .file = file_ref_hold(file),
                                        .offset = offset,
                                        .len = len });
}

char *body_reserve(struct body *body, size_t *ret_room)
{
    size_t room = body_room(body);
    struct chunk *chunk = last_chunk(body);

    assert(body->end == BODY_OPEN && !body->reserved);
    if (room == 0)
        return NULL;
    if (!chunk || chunk_room(chunk) < RESERVE_LEAST || takes_aside(body)) {
        chunk = chunk_new();
        body->reserved = chunk;
    }
    *ret_room = room < chunk_room(chunk) ? room : chunk_room(chunk);
    return chunk->data + chunk->end;
}

void body_commit(struct body *body, size_t len)
{
    struct chunk *chunk = body->reserved;

    body->reserved = NULL;
    if (chunk) {
        chunk->end += (uint32_t)len;
        body_put_chunk(body, chunk);
        return;
    }
    if (len == 0)
        return;
    chunk =
        last_chunk(body); /* only the reader takes pieces away, and it does not run in between */
    assert(chunk && len <= chunk_room(chunk));
    chunk->end += (uint32_t)len;
    body->held += len;
    accept_put(body, len);
}

void body_finish(struct body *body, enum body_end how)
{
    assert(body->end == BODY_OPEN && how != BODY_OPEN);
    body->end = how;
    wake_reader(body);
}

/* ---- the reader's side ---- */

int body_peek(const struct body *body, struct iovec *ret, int most)
{
    int count = 0;

    list_for_each (link, &body->pieces) {
        struct slice bytes;

        if (count == most || !piece_memory(piece_of(link), &bytes))
            break;
        ret[count++] = (struct iovec){ .iov_base = (void *)bytes.at, .iov_len = bytes.len };
    }
    return count;
}

bool body_peek_file(const struct body *body, struct file_ref **ret_file, uint64_t *ret_offset,
                    uint64_t *ret_len)
{
    struct list_link *first = list_first(&body->pieces);
    struct slice bytes;

    if (!first || piece_memory(piece_of(first), &bytes))
        return false;
    *ret_file = piece_of(first)->file;
    *ret_offset = piece_of(first)->offset;
    *ret_len = piece_of(first)->len;
    return true;
}

uint64_t body_ready(struct body *body)
{
    const uint64_t waiting = body_waiting(body);

    return body->pace ? pace_ready(body->pace, waiting, body->reader) : waiting;
}

void body_take(struct body *body, uint64_t len)
{
    body->taken_bytes += len;
    body->reader_stuck &= len == 0;
    if (body->pace)
        pace_spend(body->pace, len);
    while (len > 0) {
        struct list_link *first = list_first(&body->pieces);
        assert(first); /* more was taken than was there */

        struct piece *piece = piece_of(first);
        uint64_t left = piece_len(piece);
        uint64_t part = len < left ? len : left;

        piece_skip(body, piece, part);
        if (part == left)
            piece_drop(body, piece);
        len -= part;
    }
    if (body->writer_waits && (body->outlet ? outlet_is_free(body) : body->held <= body->low))
        wake_writer(body);
}

void body_reader_stuck(struct body *body)
{
    body->reader_stuck = true;
    /* One that waits for `low` would wait for the reader. */
    if (body->writer_waits && body->spool.most > 0 &&
        (body->held < body->high || takes_aside(body)))
        wake_writer(body);
}

uint64_t body_waiting(const struct body *body)
{
    return body->reader_gone ? 0 : body->put_bytes - body->taken_bytes;
}

void body_abandon(struct body *body)
{
    if (body->reader_gone)
        return;
    forget_pace(body);
    drop_pieces(body);
    spool_drop(&body->spool);
    body->outlet = NULL;
    body->reader_gone = true;
    wake_writer(body);
}
