#include "http/body.h"

#include "loop/driver_fake.h"
#include "loop/io.h"
#include "loop/loop.h"
#include "suite.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct end {
    struct task task;
    unsigned runs;
};

/* A body with somebody at both ends. */
struct bench {
    struct loop loop;
    struct arena arena;
    struct body body;
    struct end reader;
    struct end writer;
};

static void end_run(struct task *task)
{
    container_of(task, struct end, task)->runs++;
}

static struct bench *bench_new(void)
{
    struct bench *bench = calloc(1, sizeof(*bench));

    loop_init(&bench->loop, driver_fake_new());
    body_init(&bench->body, &bench->loop, &bench->arena);
    bench->reader.task.run = end_run;
    bench->writer.task.run = end_run;
    bench->body.reader = &bench->reader.task;
    bench->body.writer = &bench->writer.task;
    return bench;
}

static void bench_free(struct bench *bench)
{
    body_done(&bench->body);
    ck_assert_uint_eq(chunk_in_use(), 0);
    arena_done(&bench->arena);
    loop_settle(&bench->loop);
    loop_done(&bench->loop);
    free(bench);
}

static unsigned reader_runs(struct bench *bench)
{
    unsigned runs;

    loop_settle(&bench->loop);
    runs = bench->reader.runs;
    bench->reader.runs = 0;
    return runs;
}

static unsigned writer_runs(struct bench *bench)
{
    unsigned runs;

    loop_settle(&bench->loop);
    runs = bench->writer.runs;
    bench->writer.runs = 0;
    return runs;
}

/* All memory at the front of the body, without taking it. */
static const char *peeked(const struct body *body)
{
    static char text[1 << 18];
    struct iovec parts[64];
    int count = body_peek(body, parts, 64);
    size_t len = 0;

    for (int i = 0; i < count; i++) {
        memcpy(text + len, parts[i].iov_base, parts[i].iov_len);
        len += parts[i].iov_len;
    }
    text[len] = '\0';
    return text;
}

static struct file_ref *file_with(const char *text)
{
    FILE *file = tmpfile();

    fputs(text, file);
    fflush(file);
    int fd = dup(fileno(file));
    fclose(file);
    return file_ref_new(fd, strlen(text));
}

START_TEST(bytes_come_out_as_they_went_in)
{
    struct bench *bench = bench_new();

    body_put_bytes(&bench->body, SLICE("one "));
    body_put_borrowed(&bench->body, SLICE("two "));
    body_put_bytes(&bench->body, SLICE("three"));
    ck_assert_str_eq(peeked(&bench->body), "one two three");
    ck_assert_uint_eq(body_waiting(&bench->body), 13);

    body_take(&bench->body, 6);
    ck_assert_str_eq(peeked(&bench->body), "o three");
    body_take(&bench->body, 7);
    ck_assert(body_empty(&bench->body));
    ck_assert(!body_is_over(&bench->body));
    body_finish(&bench->body, BODY_COMPLETE);
    ck_assert(body_is_over(&bench->body));
    bench_free(bench);
}
END_TEST

START_TEST(small_puts_share_a_chunk)
{
    struct bench *bench = bench_new();

    for (int i = 0; i < 1000; i++)
        body_put_bytes(&bench->body, SLICE("x"));
    ck_assert_uint_eq(chunk_in_use(), 1);
    ck_assert_uint_eq(body_waiting(&bench->body), 1000);
    bench_free(bench);
}
END_TEST

START_TEST(a_put_of_several_chunks_is_taken_whole)
{
    struct bench *bench = bench_new();
    static char big[3 * CHUNK_SIZE + 7];

    memset(big, 'b', sizeof(big));
    body_put_bytes(&bench->body, slice_of(big, sizeof(big)));
    ck_assert_uint_eq(chunk_in_use(), 4);
    ck_assert_uint_eq(body_waiting(&bench->body), sizeof(big));
    body_take(&bench->body, sizeof(big));
    ck_assert_uint_eq(chunk_in_use(), 0);
    bench_free(bench);
}
END_TEST

START_TEST(a_peek_gives_no_more_pieces_than_asked_for)
{
    struct bench *bench = bench_new();
    struct iovec parts[2];

    for (int i = 0; i < 5; i++)
        body_put_borrowed(&bench->body, SLICE("ab"));
    ck_assert_int_eq(body_peek(&bench->body, parts, 2), 2);
    ck_assert_int_eq(body_peek(&bench->body, parts, 0), 0);
    bench_free(bench);
}
END_TEST

START_TEST(the_reader_is_woken_by_bytes_and_by_the_end)
{
    struct bench *bench = bench_new();

    body_put_bytes(&bench->body, SLICE(""));
    ck_assert_uint_eq(reader_runs(bench), 0);
    body_put_bytes(&bench->body, SLICE("a"));
    body_put_bytes(&bench->body, SLICE("b"));
    ck_assert_uint_eq(reader_runs(bench), 1);
    body_finish(&bench->body, BODY_BROKEN);
    ck_assert_uint_eq(reader_runs(bench), 1);
    bench_free(bench);
}
END_TEST

START_TEST(a_full_body_pauses_its_writer_until_it_is_low)
{
    struct bench *bench = bench_new();
    static char big[BODY_HIGH];

    ck_assert_uint_eq(body_room(&bench->body), BODY_HIGH);
    body_put_bytes(&bench->body, slice_of(big, sizeof(big)));
    ck_assert_uint_eq(body_room(&bench->body), 0);
    body_take(&bench->body, BODY_HIGH - BODY_LOW - 1);
    ck_assert_uint_eq(writer_runs(bench), 0);
    body_take(&bench->body, 1);
    ck_assert_uint_eq(writer_runs(bench), 1);
    body_take(&bench->body, BODY_LOW);
    ck_assert_uint_eq(writer_runs(bench), 0); /* told once */
    bench_free(bench);
}
END_TEST

START_TEST(a_writer_that_never_met_a_full_body_is_not_woken)
{
    struct bench *bench = bench_new();

    body_put_bytes(&bench->body, SLICE("abc"));
    body_take(&bench->body, 3);
    ck_assert_uint_eq(writer_runs(bench), 0);
    bench_free(bench);
}
END_TEST

START_TEST(reserved_room_is_filled_in_place)
{
    struct bench *bench = bench_new();
    size_t room = 0;
    char *at = body_reserve(&bench->body, &room);

    ck_assert_uint_eq(room, CHUNK_SIZE);
    memcpy(at, "first", 5);
    body_commit(&bench->body, 5);
    at = body_reserve(&bench->body, &room);
    ck_assert_uint_eq(room, CHUNK_SIZE - 5);
    memcpy(at, " second", 7);
    body_commit(&bench->body, 7);
    ck_assert_str_eq(peeked(&bench->body), "first second");
    ck_assert_uint_eq(chunk_in_use(), 1);
    ck_assert_uint_eq(bench->body.held, 12);
    bench_free(bench);
}
END_TEST

START_TEST(reserved_room_that_stays_empty_leaves_nothing)
{
    struct bench *bench = bench_new();
    size_t room = 0;

    ck_assert_ptr_nonnull(body_reserve(&bench->body, &room));
    body_commit(&bench->body, 0);
    ck_assert(body_empty(&bench->body));
    ck_assert_uint_eq(chunk_in_use(), 0);
    ck_assert_uint_eq(reader_runs(bench), 0);
    bench_free(bench);
}
END_TEST

START_TEST(a_full_body_reserves_nothing)
{
    struct bench *bench = bench_new();
    static char big[BODY_HIGH];
    size_t room = 0;

    body_put_bytes(&bench->body, slice_of(big, sizeof(big) - 3));
    ck_assert_ptr_nonnull(body_reserve(&bench->body, &room));
    ck_assert_uint_eq(room, 3);
    body_commit(&bench->body, 3);
    ck_assert_ptr_null(body_reserve(&bench->body, &room));
    body_take(&bench->body, BODY_HIGH);
    ck_assert_uint_eq(writer_runs(bench), 1);
    bench_free(bench);
}
END_TEST

START_TEST(a_file_span_holds_no_memory_and_is_not_peeked)
{
    struct bench *bench = bench_new();
    struct file_ref *file = file_with("0123456789");
    struct file_ref *found = NULL;
    struct iovec part;
    uint64_t offset = 0;
    uint64_t len = 0;

    body_put_bytes(&bench->body, SLICE("head"));
    body_put_file(&bench->body, file, 2, 6);
    body_put_bytes(&bench->body, SLICE("tail"));
    ck_assert_uint_eq(file->refs, 2);
    file_ref_drop(file);

    ck_assert_uint_eq(bench->body.held, 8);
    ck_assert_uint_eq(body_waiting(&bench->body), 14);
    ck_assert_str_eq(peeked(&bench->body), "head");
    ck_assert(!body_peek_file(&bench->body, &found, &offset, &len));
    body_take(&bench->body, 4);
    ck_assert_int_eq(body_peek(&bench->body, &part, 1), 0);
    ck_assert(body_peek_file(&bench->body, &found, &offset, &len));
    ck_assert_ptr_eq(found, file);
    ck_assert_uint_eq(offset, 2);
    ck_assert_uint_eq(len, 6);
    body_take(&bench->body, 5);
    ck_assert(body_peek_file(&bench->body, &found, &offset, &len));
    ck_assert_uint_eq(offset, 7);
    ck_assert_uint_eq(len, 1);
    body_take(&bench->body, 1);
    ck_assert_str_eq(peeked(&bench->body), "tail");
    bench_free(bench);
}
END_TEST

START_TEST(a_file_that_carries_its_bytes_is_memory)
{
    struct bench *bench = bench_new();
    struct file_ref *file = file_with("0123456789");
    struct file_ref *found = NULL;
    uint64_t offset = 0;
    uint64_t len = 0;

    body_put_bytes(&bench->body, SLICE("<"));
    body_put_file(&bench->body, file, 2, 6);
    body_put_bytes(&bench->body, SLICE(">"));
    ck_assert_int_eq(file_ref_load(file, 100), 0); /* loaded while a span of it waits already */
    ck_assert_str_eq(peeked(&bench->body), "<234567>");
    body_take(&bench->body, 4);
    ck_assert_str_eq(peeked(&bench->body), "567>");
    ck_assert(!body_peek_file(&bench->body, &found, &offset, &len));
    ck_assert_uint_eq(bench->body.held, 1);
    file_ref_drop(file);
    bench_free(bench);
}
END_TEST

START_TEST(an_abandoned_body_swallows_without_end)
{
    struct bench *bench = bench_new();
    struct file_ref *file = file_with("0123456789");
    static char big[BODY_HIGH];
    size_t room = 0;

    body_put_bytes(&bench->body, slice_of(big, sizeof(big)));
    ck_assert_uint_eq(body_room(&bench->body), 0);
    body_abandon(&bench->body);
    ck_assert_uint_eq(writer_runs(bench), 1);
    ck_assert_uint_eq(chunk_in_use(), 0);
    reader_runs(bench);

    body_put_bytes(&bench->body, slice_of(big, sizeof(big)));
    body_put_borrowed(&bench->body, SLICE("x"));
    body_put_file(&bench->body, file, 0, 10);
    ck_assert_ptr_nonnull(body_reserve(&bench->body, &room));
    body_commit(&bench->body, room);
    ck_assert_uint_gt(body_room(&bench->body), 0);
    ck_assert_uint_eq(body_waiting(&bench->body), 0);
    ck_assert_uint_eq(chunk_in_use(), 0);
    ck_assert_uint_eq(file->refs, 1);
    body_finish(&bench->body, BODY_COMPLETE);
    ck_assert(body_is_over(&bench->body));
    file_ref_drop(file);
    bench_free(bench);
}
END_TEST

START_TEST(a_filled_chunk_is_given_away)
{
    struct bench *bench = bench_new();
    struct chunk *chunk = chunk_new();

    memcpy(chunk->data, "..given", 7);
    chunk->begin = 2;
    chunk->end = 7;
    body_put_chunk(&bench->body, chunk);
    body_put_bytes(&bench->body, SLICE(" away"));
    ck_assert_str_eq(peeked(&bench->body), "given away");
    body_put_chunk(&bench->body, chunk_new()); /* an empty one is nothing */
    ck_assert_uint_eq(chunk_in_use(), 1);
    bench_free(bench);
}
END_TEST

START_TEST(a_long_stream_does_not_grow_the_arena)
{
    struct bench *bench = bench_new();
    size_t used = 0;

    for (int i = 0; i < 10000; i++) {
        body_put_borrowed(&bench->body, SLICE("abc"));
        body_put_bytes(&bench->body, SLICE("def"));
        body_take(&bench->body, 6);
        if (i == 0)
            used = bench->arena.used_bytes;
    }
    ck_assert_uint_eq(bench->arena.used_bytes, used);
    ck_assert_uint_eq(bench->body.put_bytes, 60000);
    ck_assert_uint_eq(bench->body.taken_bytes, 60000);
    bench_free(bench);
}
END_TEST

/* ---- the spool ---- */

#define SPOOL_MOST ((uint64_t)200000)

/* Puts until there is no room; the byte at each place tells which it is. Returns how many. */
static uint64_t fill(struct bench *bench, uint64_t from)
{
    size_t room;
    char *at;

    while ((at = body_reserve(&bench->body, &room))) {
        for (size_t i = 0; i < room; i++)
            at[i] = (char)((from + i) % 251);
        body_commit(&bench->body, room);
        from += room;
    }
    return from;
}

static void check_bytes(const char *bytes, size_t len, uint64_t from)
{
    for (size_t i = 0; i < len; i++)
        ck_assert_int_eq(bytes[i], (char)((from + i) % 251));
}

/* Reads on, at most `most` bytes; returns where it stands. */
static uint64_t read_on(struct bench *bench, uint64_t from, uint64_t most)
{
    static char bytes[1 << 20];
    const uint64_t end = from + most;

    while (from < end && !body_empty(&bench->body)) {
        struct file_ref *file;
        struct iovec piece;
        uint64_t offset;
        uint64_t len;

        if (body_peek_file(&bench->body, &file, &offset, &len)) {
            len = len < end - from ? len : end - from;
            ck_assert_int_eq(pread(file->fd, bytes, (size_t)len, (off_t)offset), (ssize_t)len);
            check_bytes(bytes, (size_t)len, from);
        } else {
            ck_assert_int_eq(body_peek(&bench->body, &piece, 1), 1);
            len = piece.iov_len < end - from ? piece.iov_len : end - from;
            check_bytes(piece.iov_base, (size_t)len, from);
        }
        body_take(&bench->body, len);
        from += len;
    }
    return from;
}

START_TEST(a_reader_that_keeps_up_costs_no_file)
{
    struct bench *bench = bench_new();
    uint64_t put = 0;

    body_spool(&bench->body, SLICE("/tmp"), SPOOL_MOST);
    for (int i = 0; i < 5; i++) {
        put = fill(bench, put);
        ck_assert_uint_eq(body_room(&bench->body), 0);
        ck_assert_ptr_null(bench->body.spool.file);
        ck_assert_uint_eq(read_on(bench, put - BODY_HIGH, BODY_HIGH), put);
    }
    bench_free(bench);
}
END_TEST

START_TEST(what_comes_while_the_reader_is_stuck_is_put_aside)
{
    struct bench *bench = bench_new();
    uint64_t put = 0;
    uint64_t taken = 0;

    body_spool(&bench->body, SLICE("/tmp"), SPOOL_MOST);
    put = fill(bench, put);
    loop_settle(&bench->loop);
    bench->writer.runs = 0;
    body_reader_stuck(&bench->body);
    loop_settle(&bench->loop);
    ck_assert_uint_eq(bench->writer.runs, 1);
    put = fill(bench, put);
    ck_assert_uint_eq(put, BODY_HIGH + SPOOL_MOST);
    ck_assert_uint_le(bench->body.held, BODY_HIGH);
    ck_assert_ptr_nonnull(bench->body.spool.file);

    for (int i = 0; i < 40; i++) { /* goes on, gets stuck again, the writer follows */
        taken = read_on(bench, taken, 30011);
        body_reader_stuck(&bench->body);
        put = fill(bench, put);
        ck_assert_uint_le(bench->body.spool.end, SPOOL_MOST);
        ck_assert_uint_le(bench->body.held, BODY_HIGH);
    }
    ck_assert_uint_eq(read_on(bench, taken, UINT64_MAX - taken), put);
    ck_assert_ptr_null(bench->body.spool.file);
    bench_free(bench);
}
END_TEST

START_TEST(a_writer_that_waits_for_the_low_mark_is_woken_when_the_reader_sticks)
{
    struct bench *bench = bench_new();
    uint64_t put;

    body_spool(&bench->body, SLICE("/tmp"), SPOOL_MOST);
    put = fill(bench, 0);
    read_on(bench, 0, BODY_HIGH / 2); /* not low yet */
    loop_settle(&bench->loop);
    bench->writer.runs = 0;
    body_reader_stuck(&bench->body);
    loop_settle(&bench->loop);
    ck_assert_uint_eq(bench->writer.runs, 1);
    put = fill(bench, put);
    ck_assert_uint_eq(body_waiting(&bench->body), BODY_HIGH + SPOOL_MOST);
    ck_assert_uint_eq(put, BODY_HIGH / 2 + BODY_HIGH + SPOOL_MOST);
    bench_free(bench);
}
END_TEST

START_TEST(bytes_and_chunks_are_put_aside_as_well)
{
    struct bench *bench = bench_new();
    uint64_t put = fill(bench, 0);
    char bytes[1000];
    struct chunk *chunk = chunk_new();

    body_spool(&bench->body, SLICE("/tmp"), SPOOL_MOST);
    body_reader_stuck(&bench->body);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)((put + i) % 251);
    body_put_bytes(&bench->body, slice_of(bytes, 600));
    memcpy(chunk->data, bytes + 600, 400);
    chunk->end = 400;
    body_put_chunk(&bench->body, chunk);
    ck_assert_uint_eq(bench->body.spool.end, put + 1000); /* with what was in memory */
    ck_assert_uint_eq(bench->body.held, 0);
    ck_assert_uint_eq(body_waiting(&bench->body), put + 1000);
    ck_assert_uint_eq(read_on(bench, 0, UINT64_MAX), put + 1000);
    bench_free(bench);
}
END_TEST

START_TEST(what_has_no_room_in_the_file_stays_in_memory)
{
    struct bench *bench = bench_new();

    body_spool(&bench->body, SLICE("/tmp"), CHUNK_SIZE);
    uint64_t put = fill(bench, 0);
    body_reader_stuck(&bench->body);
    ck_assert_uint_eq(fill(bench, put), put + CHUNK_SIZE);
    ck_assert_uint_eq(bench->body.held, BODY_HIGH);
    ck_assert_uint_eq(bench->body.spool.end, CHUNK_SIZE);
    ck_assert_uint_eq(read_on(bench, 0, UINT64_MAX), put + CHUNK_SIZE);
    bench_free(bench);
}
END_TEST

START_TEST(a_full_disk_makes_the_writer_wait)
{
    struct bench *bench = bench_new();
    const struct rlimit none = { 0, 0 };

    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
    body_spool(&bench->body, SLICE("/tmp"), SPOOL_MOST);
    uint64_t put = fill(bench, 0);
    body_reader_stuck(&bench->body);
    put = fill(bench, put);
    ck_assert_int_eq(bench->body.spool.error, -EFBIG);
    ck_assert_uint_le(put, BODY_HIGH + CHUNK_SIZE);
    ck_assert_uint_eq(body_room(&bench->body), 0);
    ck_assert_uint_eq(read_on(bench, 0, UINT64_MAX), put);
    bench_free(bench);
}
END_TEST

START_TEST(what_was_put_aside_goes_with_its_reader)
{
    struct bench *bench = bench_new();

    body_spool(&bench->body, SLICE("/tmp"), SPOOL_MOST);
    fill(bench, 0);
    body_reader_stuck(&bench->body);
    fill(bench, BODY_HIGH);
    body_abandon(&bench->body);
    ck_assert_ptr_null(bench->body.spool.file);
    ck_assert_uint_gt(body_room(&bench->body), 0);
    bench_free(bench);
}
END_TEST

/* ---- the outlet ---- */

static void open_outlet(struct bench *bench, struct io *pipe)
{
    io_init(pipe, 7, &bench->reader.task);
    body_offer_outlet(&bench->body);
    body_open_outlet(&bench->body, pipe);
}

START_TEST(an_outlet_is_opened_only_when_it_is_offered)
{
    struct bench *bench = bench_new();
    struct io pipe;

    io_init(&pipe, 7, NULL);
    body_open_outlet(&bench->body, &pipe);
    ck_assert_int_eq(body_outlet(&bench->body), -1);
    body_offer_outlet(&bench->body);
    body_open_outlet(&bench->body, &pipe);
    ck_assert_int_eq(body_outlet(&bench->body), 7);
    bench_free(bench);
}
END_TEST

START_TEST(what_is_queued_goes_before_the_outlet)
{
    struct bench *bench = bench_new();
    struct io pipe;

    body_put_bytes(&bench->body, SLICE("first"));
    open_outlet(bench, &pipe);
    ck_assert_uint_eq(body_room(&bench->body), 0);
    body_take(&bench->body, 2);
    ck_assert_uint_eq(writer_runs(bench), 0);
    body_take(&bench->body, 3);
    ck_assert_uint_eq(writer_runs(bench), 1);
    ck_assert_uint_gt(body_room(&bench->body), 0);
    body_passed(&bench->body, 1000);
    ck_assert_uint_eq(bench->body.put_bytes, 1005);
    ck_assert_uint_eq(body_waiting(&bench->body), 0);
    body_finish(&bench->body, BODY_COMPLETE);
    ck_assert(body_is_over(&bench->body));
    bench_free(bench);
}
END_TEST

START_TEST(a_full_outlet_pauses_its_writer_and_is_the_readers_to_watch)
{
    struct bench *bench = bench_new();
    struct io pipe;

    open_outlet(bench, &pipe);
    ck_assert_uint_gt(body_room(&bench->body), 0);
    body_outlet_full(&bench->body);
    ck_assert_uint_eq(reader_runs(bench), 1);
    ck_assert(!pipe.writable);
    ck_assert_uint_eq(body_room(&bench->body), 0);
    body_outlet_has_room(&bench->body); /* not yet */
    ck_assert_uint_eq(writer_runs(bench), 0);
    pipe.writable = true;
    body_outlet_has_room(&bench->body);
    ck_assert_uint_eq(writer_runs(bench), 1);
    ck_assert_uint_gt(body_room(&bench->body), 0);
    bench_free(bench);
}
END_TEST

static void close_by_reader(struct body *body)
{
    body_close_outlet(body);
}

static void close_by_leaving(struct body *body)
{
    body_abandon(body);
}

static void (*const closings[])(struct body *) = { close_by_reader, close_by_leaving };

START_TEST(a_writer_that_waits_for_an_outlet_is_woken_when_it_closes)
{
    struct bench *bench = bench_new();
    struct io pipe;

    open_outlet(bench, &pipe);
    body_outlet_full(&bench->body);
    ck_assert_uint_eq(body_room(&bench->body), 0);
    closings[_i](&bench->body);
    ck_assert_uint_eq(writer_runs(bench), 1);
    ck_assert_int_eq(body_outlet(&bench->body), -1);
    ck_assert_uint_eq(body_room(&bench->body), BODY_HIGH);
    bench_free(bench);
}
END_TEST

START_TEST(a_broken_outlet_is_not_opened_again)
{
    struct bench *bench = bench_new();
    struct io pipe;

    open_outlet(bench, &pipe);
    body_outlet_break(&bench->body);
    ck_assert_uint_eq(body_room(&bench->body), BODY_HIGH);
    body_open_outlet(&bench->body, &pipe);
    ck_assert_int_eq(body_outlet(&bench->body), -1);
    bench_free(bench);
}
END_TEST

SUITE("http/body", TEST(bytes_come_out_as_they_went_in), TEST(small_puts_share_a_chunk),
      TEST(a_put_of_several_chunks_is_taken_whole),
      TEST(a_peek_gives_no_more_pieces_than_asked_for),
      TEST(the_reader_is_woken_by_bytes_and_by_the_end),
      TEST(a_full_body_pauses_its_writer_until_it_is_low),
      TEST(a_writer_that_never_met_a_full_body_is_not_woken),
      TEST(reserved_room_is_filled_in_place), TEST(reserved_room_that_stays_empty_leaves_nothing),
      TEST(a_full_body_reserves_nothing), TEST(a_file_span_holds_no_memory_and_is_not_peeked),
      TEST(a_file_that_carries_its_bytes_is_memory), TEST(an_abandoned_body_swallows_without_end),
      TEST(a_filled_chunk_is_given_away), TEST(a_reader_that_keeps_up_costs_no_file),
      TEST(what_comes_while_the_reader_is_stuck_is_put_aside),
      TEST(what_has_no_room_in_the_file_stays_in_memory),
      TEST(bytes_and_chunks_are_put_aside_as_well), TEST(a_full_disk_makes_the_writer_wait),
      TEST(a_writer_that_waits_for_the_low_mark_is_woken_when_the_reader_sticks),
      TEST(what_was_put_aside_goes_with_its_reader), TEST(a_long_stream_does_not_grow_the_arena),
      TEST(an_outlet_is_opened_only_when_it_is_offered),
      TEST(what_is_queued_goes_before_the_outlet),
      TEST(a_full_outlet_pauses_its_writer_and_is_the_readers_to_watch),
      LOOP(a_writer_that_waits_for_an_outlet_is_woken_when_it_closes, closings),
      TEST(a_broken_outlet_is_not_opened_again))
