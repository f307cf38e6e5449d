/*
 * FileHashes: what a host sends or starts must be what its SHA-256 was noted for. Whatever the
 * router chose waits here until that is known.
 *
 *   HASHING ──the whole file was read──> handed over: to what is guarded, or to a 403
 *
 * What was found out stays with the file in the file cache, and goes when the file changes. Small
 * files are in memory anyway; a large one is read in slices, one for each turn of the loop, so that
 * other requests of the reactor go on in between.
 */
#include "handler/registry.h"

#include "base/encode.h"
#include "base/sum.h"
#include "base/text.h"
#include "handler/services.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES  ((size_t)32 * 1024)
#define SLICE_READS 4u /* of one turn */

/* What a file is: kept by the file cache. */
struct known_hash {
    unsigned char sum[SHA256_LEN];
};

/* A file while it is read. */
struct hashing {
    struct exchange *x; /* borrowed */
    const struct verdict *guarded;
    struct sum sum;
    uint64_t read_bytes;
};

/* ---- what is asked ---- */

static bool is_proof_of_certificates(const struct exchange *x, const struct verdict *verdict)
{
    return verdict->answer == ANSWER_FILE &&
           slice_starts(x->request.target.path, SLICE("/.well-known/acme-challenge/"));
}

/* A script that only another machine can see has no hash here. */
static bool is_to_be_checked(const struct exchange *x, const struct verdict *verdict)
{
    if (!verdict->host || verdict->host->hashes.count == 0 || is_proof_of_certificates(x, verdict))
        return false;
    switch (verdict->answer) {
    case ANSWER_FILE:
    case ANSWER_XSLT:
    case ANSWER_CGI:
        return true;
    case ANSWER_FASTCGI:
        return verdict->fastcgi->all_local && verdict->resource.found &&
               verdict->resource.found->kind == FILE_REGULAR;
    case ANSWER_STATUS:
    case ANSWER_REDIRECT:
    case ANSWER_LISTING:
    case ANSWER_ALTER:
    case ANSWER_LOGIN:
    case ANSWER_SCREEN:
    case ANSWER_HASH:
    case ANSWER_SSH:
        break;
    }
    return false;
}

/* ---- what is known ---- */

static void free_known(void *derived)
{
    free(derived);
}

static const struct known_hash *keep(struct cached_file *file, struct sum *sum)
{
    struct known_hash *known = calloc(1, sizeof(*known));

    if (!known)
        abort(); /* true exhaustion: the supervisor starts the next process */
    sum_end(sum, known->sum);
    if (file->derived)
        file->free_derived(file->derived);
    file->derived = known;
    file->free_derived = free_known;
    return known;
}

static const struct known_hash *find_known(struct cached_file *file)
{
    struct sum sum;

    if (file->derived && file->free_derived == free_known)
        return file->derived;
    if (file->file->fd >= 0 && file->size > 0)
        return NULL;
    sum_begin(&sum, SUM_SHA256);
    sum_add(&sum, file->file->bytes);
    return keep(file, &sum);
}

/* ---- answers ---- */

static const struct verdict *refuse(struct exchange *x, const struct verdict *guarded,
                                    const char *why)
{
    struct verdict *verdict = arena_new(&x->arena, struct verdict);

    *verdict = (struct verdict){
        .answer = ANSWER_STATUS,
        .status = 403,
        .why = arena_printf(&x->arena, "FileHashes: %.*s %s",
                            SLICE_ARGS(guarded->resource.absolute), why)
                   .at,
        .host = guarded->host,
        .folder = guarded->folder,
    };
    return verdict;
}

static const struct verdict *compare(struct exchange *x, const struct verdict *guarded,
                                     const struct known_hash *known)
{
    const struct conf_hash *noted = table_find(&guarded->host->hashes, guarded->resource.absolute);
    char digits[2 * SHA256_LEN];
    struct text text = text_on(digits, sizeof(digits));

    if (memcmp(noted->sum, known->sum, SHA256_LEN) == 0)
        return guarded;
    hex_encode(&text, slice_of(known->sum, SHA256_LEN));
    return refuse(x, guarded,
                  arena_printf(&x->arena,
                               "was changed, its SHA-256 is %.*s now; put the former file back, or "
                               "note the new hash and reload",
                               (int)text.len, digits)
                      .at);
}

const struct verdict *hashes_first(struct exchange *x, const struct verdict *verdict)
{
    if (x->request.failed != 0 || !is_to_be_checked(x, verdict))
        return verdict;
    if (!table_find(&verdict->host->hashes, verdict->resource.absolute))
        return refuse(x, verdict,
                      "is not named there; note its hash and reload, if it belongs to "
                      "the website");
    if (!verdict->resource.found->file)
        return refuse(x, verdict, "cannot be read by the server, so that its hash is not known");

    const struct known_hash *known = find_known(verdict->resource.found);
    if (known)
        return compare(x, verdict, known);

    struct verdict *question = arena_new(&x->arena, struct verdict);
    *question = (struct verdict){
        .answer = ANSWER_HASH, .host = verdict->host, .folder = verdict->folder, .guarded = verdict
    };
    return question;
}

/* ---- large files ---- */

/* True: all of it was read, or it has become shorter, which the hash tells. */
static bool read_slice(struct hashing *hashing)
{
    const struct cached_file *file = hashing->guarded->resource.found;
    char bytes[READ_BYTES];

    for (unsigned i = 0; i < SLICE_READS; i++) {
        ssize_t got = pread(file->file->fd, bytes, sizeof(bytes), (off_t)hashing->read_bytes);

        if (got <= 0)
            return true;
        sum_add(&hashing->sum, slice_of(bytes, (size_t)got));
        hashing->read_bytes += (uint64_t)got;
        if (hashing->read_bytes > file->size)
            return true;
    }
    return false;
}

static void hash_advance(struct exchange *x)
{
    struct hashing *hashing = x->handler_self;
    struct cached_file *file = hashing->guarded->resource.found;

    if (!read_slice(hashing)) {
        loop_wake_next_turn(x->loop, &x->wake);
        return;
    }
    const struct verdict *verdict =
        screen_first(x, compare(x, hashing->guarded, keep(file, &hashing->sum)));
    exchange_hand_over(x, handler_for(verdict->answer), verdict);
}

static void hash_start(struct exchange *x, const struct verdict *verdict)
{
    struct hashing *hashing = arena_new(&x->arena, struct hashing);

    *hashing = (struct hashing){ .x = x, .guarded = verdict->guarded };
    sum_begin(&hashing->sum, SUM_SHA256);
    x->handler_self = hashing;
    hash_advance(x);
}

static void hash_cancel(struct exchange *x, enum reset_reason reason)
{
    struct hashing *hashing = x->handler_self;

    (void)reason;
    sum_drop(&hashing->sum);
    exchange_handler_done(x);
}

const struct handler_ops handler_hash = {
    .name = "hash",
    .start = hash_start,
    .advance = hash_advance,
    .cancel = hash_cancel,
};
