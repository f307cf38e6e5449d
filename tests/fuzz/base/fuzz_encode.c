/* What is encoded comes back; what is decoded is never longer than what it was made of. */
#include "base/encode.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *take(size_t size)
{
    char *memory = malloc(size ? size : 1);

    if (!memory)
        abort();
    return memory;
}

static void check_percent_decode(struct slice in)
{
    char *apart = take(in.len);
    char *in_place = take(in.len);
    size_t len = 0;
    size_t len_in_place = 0;

    if (in.len > 0)
        memcpy(in_place, in.at, in.len);
    bool good = percent_decode(in, apart, &len);
    bool good_in_place = percent_decode(slice_of(in_place, in.len), in_place, &len_in_place);

    assert(good == good_in_place && len == len_in_place && len <= in.len);
    assert(slice_equal(slice_of(apart, len), slice_of(in_place, len)));
    if (slice_find(in, '%') == SLICE_NONE)
        assert(good && slice_equal(slice_of(apart, len), in));
    free(apart);
    free(in_place);
}

static void check_percent_round(struct slice in)
{
    char *encoded = take(in.len * 3);
    char *decoded = take(in.len * 3);
    struct text text = text_on(encoded, in.len * 3);
    size_t len = 0;

    percent_encode_path(&text, in);
    assert(!text.cut);
    for (size_t i = 0; i < text.len; i++)
        assert(encoded[i] > 0x20 && encoded[i] < 0x7f && !strchr("\"#<>?[\\]^`{|}", encoded[i]));
    assert(percent_decode(text_slice(&text), decoded, &len));
    assert(slice_equal(slice_of(decoded, len), in));
    free(encoded);
    free(decoded);
}

static void check_base64_round(struct slice in)
{
    char *encoded = take(BASE64_LEN(in.len));
    char *decoded = take(BASE64_LEN(in.len) / 4 * 3 + 3);
    struct text text = text_on(encoded, BASE64_LEN(in.len));
    size_t len = 0;

    base64_encode(&text, in);
    assert(!text.cut && text.len == BASE64_LEN(in.len));
    assert(base64_decode(text_slice(&text), decoded, &len));
    assert(slice_equal(slice_of(decoded, len), in));
    free(encoded);
    free(decoded);
}

/* The room is exactly what the face promises: the sanitizer sees one byte too many. */
static void check_base64_decode(struct slice in)
{
    char *decoded = take(in.len / 4 * 3 + 3);
    size_t len = 0;

    if (base64_decode(in, decoded, &len))
        assert(len <= in.len / 4 * 3 + 2);
    free(decoded);
}

static void check_texts(struct slice in)
{
    size_t room = in.len * 6 + 2;
    char *bytes = take(room);
    struct text text = text_on(bytes, room);

    text_add_json(&text, in);
    assert(!text.cut);
    text = text_on(bytes, room);
    text_add_html(&text, in);
    assert(!text.cut);
    text = text_on(bytes, room);
    text_add_escaped(&text, in);
    assert(!text.cut);
    text = text_on(bytes, in.len);
    text_add_json(&text, in);
    assert(text.cut && text.len <= in.len);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data, size);

    check_percent_decode(in);
    check_percent_round(in);
    check_base64_round(in);
    check_base64_decode(in);
    check_texts(in);
    return 0;
}
