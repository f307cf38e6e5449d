#include "base/chunk.h"

#include "suite.h"

START_TEST(a_new_chunk_is_empty_and_alone)
{
    struct chunk *chunk = chunk_new();

    ck_assert_uint_eq(chunk_in_use(), 1);
    ck_assert_uint_eq(chunk_room(chunk), CHUNK_SIZE);
    ck_assert_uint_eq(chunk_filled(chunk).len, 0);
    ck_assert(!list_linked(&chunk->link));

    memset(chunk->data, 'x', CHUNK_SIZE);
    chunk->end = 100;
    chunk->begin = 40;
    ck_assert_uint_eq(chunk_room(chunk), CHUNK_SIZE - 100);
    ck_assert_uint_eq(chunk_filled(chunk).len, 60);
    ck_assert_ptr_eq(chunk_filled(chunk).at, chunk->data + 40);
    chunk_free(chunk);
    chunk_free(NULL);
    ck_assert_uint_eq(chunk_in_use(), 0);
}
END_TEST

START_TEST(a_used_chunk_comes_back_empty)
{
    struct chunk *chunk = chunk_new();

    chunk->begin = 5;
    chunk->end = 50;
    chunk_free(chunk);
    chunk = chunk_new();
    ck_assert_uint_eq(chunk->begin, 0);
    ck_assert_uint_eq(chunk->end, 0);
    ck_assert(!list_linked(&chunk->link));
    chunk_free(chunk);
    chunk_pool_drain();
}
END_TEST

START_TEST(more_chunks_than_the_pool_keeps_are_all_different)
{
    struct list held;

    list_init(&held);
    for (unsigned round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 200; i++) {
            struct chunk *chunk = chunk_new();

            memcpy(chunk->data, &i, sizeof(i));
            list_push_back(&held, &chunk->link);
        }
        ck_assert_uint_eq(chunk_in_use(), 200);
        for (uint32_t i = 0; i < 200; i++) {
            struct chunk *chunk = container_of(list_pop_front(&held), struct chunk, link);

            ck_assert_mem_eq(chunk->data, &i, sizeof(i));
            chunk_free(chunk);
        }
        ck_assert_uint_eq(chunk_in_use(), 0);
    }
    chunk_pool_drain();
    chunk_pool_drain();
}
END_TEST

SUITE("base: chunk", TEST(a_new_chunk_is_empty_and_alone), TEST(a_used_chunk_comes_back_empty),
      TEST(more_chunks_than_the_pool_keeps_are_all_different))
