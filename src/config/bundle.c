/*
 * All texts of a load as one block of bytes:
 *
 *   magic, folder, name and text of the main file,
 *   number of answers, and for each: path, reason ("" = there are texts), number of texts, their
 * names and texts.
 *
 * Numbers are 8 bytes in the order of this machine (a bundle never leaves it); a text is its length
 * and its bytes. A text that was given before is written as its offset in the bundle, so that one
 * file stays one text.
 */
#include "config/load.h"
#include "source_cache.h"

#include <stdint.h>
#include <stdlib.h>

static const struct slice magic = SLICE_INIT("longhouse bundle 1\n");

#define TEXT_HERE UINT64_MAX /* in place of an offset: the text follows */

/* ---- writing ---- */

struct bundle_writer {
    char *data; /* NULL while measuring */
    size_t len;
    const struct source_text *main;
    const struct source_cache *cache;
};

static void put_bytes(struct bundle_writer *writer, const void *bytes, size_t len)
{
    if (writer->data && len > 0)
        memcpy(writer->data + writer->len, bytes, len);
    writer->len += len;
}

static void put_number(struct bundle_writer *writer, uint64_t number)
{
    put_bytes(writer, &number, sizeof(number));
}

static void put_text(struct bundle_writer *writer, struct slice text)
{
    put_number(writer, text.len);
    put_bytes(writer, text.at, text.len);
}

/* Texts in the order of their first writing, with their offsets; kept in the arena of the cache. */
struct written {
    struct written *next;
    const char *at;
    uint64_t offset;
};

static void put_shared(struct bundle_writer *writer, struct written **list, struct slice text)
{
    for (const struct written *known = *list; known && text.len > 0; known = known->next) {
        if (known->at == text.at) {
            put_number(writer, known->offset);
            return;
        }
    }
    struct written *entry = arena_new(writer->cache->arena, struct written);
    put_number(writer, TEXT_HERE);
    *entry = (struct written){ .next = *list, .at = text.at, .offset = writer->len };
    *list = entry;
    put_text(writer, text);
}

static void put_answer(struct bundle_writer *writer, struct written **list,
                       const struct source_answer *answer)
{
    uint64_t count = 0;

    for (const struct source_text *text = answer->texts; text; text = text->next)
        count++;
    put_text(writer, answer->path);
    put_text(writer, count > 0 ? slice_of(NULL, 0) : slice_cstr(answer->why));
    put_number(writer, count);
    for (const struct source_text *text = answer->texts; text; text = text->next) {
        put_text(writer, slice_cstr(text->name));
        put_shared(writer, list, text->text);
    }
}

static void put_all(struct bundle_writer *writer)
{
    struct written *list = NULL;
    uint64_t count = 0;

    put_bytes(writer, magic.at, magic.len);
    put_text(writer, writer->cache->source.folder);
    put_text(writer, slice_cstr(writer->main->name));
    put_shared(writer, &list, writer->main->text);
    for (const struct source_answer *answer = writer->cache->answers; answer; answer = answer->next)
        count++;
    put_number(writer, count);
    for (const struct source_answer *answer = writer->cache->answers; answer; answer = answer->next)
        put_answer(writer, &list, answer);
}

void bundle_write(struct source *disk, const struct source_text *main, char **ret_data,
                  size_t *ret_len)
{
    struct bundle_writer measure = { .main = main, .cache = source_cache_of(disk) };

    put_all(&measure);
    struct bundle_writer writer = measure;
    writer.len = 0;
    writer.data = malloc(measure.len);
    if (!writer.data)
        abort();
    put_all(&writer);
    *ret_data = writer.data;
    *ret_len = writer.len;
}

/* ---- reading ---- */

struct bundle_reader {
    struct slice whole;
    size_t at;
    struct arena *arena;
    bool bad;
};

static struct slice take_bytes(struct bundle_reader *reader, uint64_t len)
{
    if (reader->bad || len > reader->whole.len - reader->at) {
        reader->bad = true;
        return (struct slice){ "", 0 };
    }
    struct slice bytes = slice_of(reader->whole.at + reader->at, (size_t)len);
    reader->at += (size_t)len;
    return bytes;
}

static uint64_t take_number(struct bundle_reader *reader)
{
    struct slice bytes = take_bytes(reader, sizeof(uint64_t));
    uint64_t number = 0;

    if (bytes.len == sizeof(number))
        memcpy(&number, bytes.at, sizeof(number));
    return number;
}

static struct slice take_text(struct bundle_reader *reader)
{
    return take_bytes(reader, take_number(reader));
}

static const char *take_name(struct bundle_reader *reader)
{
    return arena_cstr(reader->arena, take_text(reader));
}

static struct slice take_shared(struct bundle_reader *reader)
{
    uint64_t offset = take_number(reader);

    if (offset == TEXT_HERE)
        return take_text(reader);
    if (offset >= reader->at) {
        reader->bad = true;
        return (struct slice){ "", 0 };
    }
    struct bundle_reader earlier = { .whole = reader->whole, .at = (size_t)offset };
    struct slice text = take_text(&earlier);
    reader->bad |= earlier.bad;
    return text;
}

static struct source_text *new_text(struct bundle_reader *reader)
{
    struct source_text *text = arena_new(reader->arena, struct source_text);

    text->name = take_name(reader);
    text->text = take_shared(reader);
    return text;
}

static void take_answer(struct bundle_reader *reader, struct source_cache *cache)
{
    struct slice path = take_text(reader);
    const char *why = take_name(reader);
    uint64_t count = take_number(reader);
    struct source_text *texts = NULL;
    struct source_text **end = &texts;

    for (; count > 0 && !reader->bad; count--) {
        *end = new_text(reader);
        end = &(*end)->next;
    }
    if (!reader->bad)
        source_cache_add_answer(cache, path, texts, texts ? NULL : why);
}

/* Nothing is read that was not read when the bundle was made. */
static struct source_text *bundle_find(struct source *source, struct arena *arena,
                                       struct slice path, const char **ret_why)
{
    const struct source_answer *answer = source_cache_answer(source_cache_of(source), path);

    if (!answer) {
        *ret_why = "it is not in the bundle of the configuration";
        return NULL;
    }
    return source_answer_copy(answer, arena, ret_why);
}

struct source_text *bundle_open(struct slice bundle, struct arena *arena, struct source **ret)
{
    struct bundle_reader reader = { .whole = bundle, .arena = arena };

    if (!slice_equal(take_bytes(&reader, magic.len), magic))
        return NULL;
    struct source_cache *cache = source_cache_new(arena, take_text(&reader), bundle_find);
    struct source_text *main = new_text(&reader);

    for (uint64_t count = take_number(&reader); count > 0 && !reader.bad; count--)
        take_answer(&reader, cache);
    if (reader.bad || reader.at != bundle.len)
        return NULL;
    *ret = &cache->source;
    return main;
}
