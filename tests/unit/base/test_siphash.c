#include "base/siphash.h"

#include "suite.h"

#include <pthread.h>

/* Key 00 01 .. 0f, as in appendix A of the paper. */
static const struct siphash_key paper_key = {
    .a = UINT64_C(0x0706050403020100),
    .b = UINT64_C(0x0f0e0d0c0b0a0908),
};

/* Test vectors of the authors: the input is 00 01 02 .. (len - 1). */
static const struct {
    size_t len;
    uint64_t hash;
} vectors[] = {
    { 0, UINT64_C(0x726fdb47dd0e0e31) },  { 1, UINT64_C(0x74f839c593dc67fd) },
    { 2, UINT64_C(0x0d6c8009d9a94f5a) },  { 3, UINT64_C(0x85676696d7fb7e2d) },
    { 4, UINT64_C(0xcf2794e0277187b7) },  { 5, UINT64_C(0x18765564cd99a68d) },
    { 6, UINT64_C(0xcbc9466e58fee3ce) },  { 7, UINT64_C(0xab0200f58b01d137) },
    { 8, UINT64_C(0x93f5f5799a932462) },  { 9, UINT64_C(0x9e0082df0ba9e4b0) },
    { 15, UINT64_C(0xa129ca6149be45e5) }, { 63, UINT64_C(0x958a324ceb064572) },
};

START_TEST(hashes_are_those_of_the_authors)
{
    char data[64];

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (char)i;
    ck_assert_uint_eq(siphash(paper_key, slice_of(data, vectors[_i].len)), vectors[_i].hash);
}
END_TEST

/* As Python 3.11 hashes bytes with PYTHONHASHSEED=0, which is a key of zeros. */
START_TEST(quick_hashes_are_those_of_python)
{
    const struct siphash_key zeros = { 0 };

    ck_assert_uint_eq(siphash_quick(zeros, SLICE("a")), UINT64_C(0x407448d2b89b1813));
    ck_assert_uint_eq(siphash_quick(zeros, SLICE("abcdefg")), UINT64_C(0x6db12aae9070f506));
    ck_assert_uint_eq(siphash_quick(zeros, SLICE("longhous")), UINT64_C(0xab88424b5f0eb1f7));
    ck_assert_uint_eq(siphash_quick(zeros, SLICE("a longhouse")), UINT64_C(0x595ed47c8ece29e1));
    ck_assert_uint_eq(siphash_quick(zeros, SLICE("0123456789abcdef")),
                      UINT64_C(0x1d42b30f7e060c24));
}
END_TEST

START_TEST(the_empty_slice_has_one_hash)
{
    ck_assert_uint_eq(siphash(paper_key, slice_of(NULL, 0)), siphash(paper_key, SLICE("")));
}
END_TEST

static void *draw(void *ret)
{
    *(struct siphash_key *)ret = siphash_process_key();
    return NULL;
}

START_TEST(a_process_has_one_key_in_all_threads)
{
    struct siphash_key keys[4];
    pthread_t threads[4];

    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, draw, &keys[i]), 0);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < 4; i++) {
        ck_assert_uint_eq(keys[i].a, siphash_process_key().a);
        ck_assert_uint_eq(keys[i].b, siphash_process_key().b);
    }
    ck_assert(keys[0].a != 0 || keys[0].b != 0);
}
END_TEST

SUITE("base: siphash", LOOP(hashes_are_those_of_the_authors, vectors),
      TEST(quick_hashes_are_those_of_python), TEST(the_empty_slice_has_one_hash),
      TEST(a_process_has_one_key_in_all_threads))
