#include "gateway/last_words.h"

#include "base/chunk.h"

#include <assert.h>
#include <inttypes.h>

_Static_assert(LAST_WORDS_KEPT + LAST_WORDS_LINE <= CHUNK_SIZE, "ring and line share one chunk");

void last_words_init(struct last_words *words, struct log *log, const char *id, struct slice host,
                     struct slice script)
{
    *words = (struct last_words){ .log = log, .id = id, .host = host, .script = script };
}

static char *line_of(const struct last_words *words)
{
    return words->memory->data + LAST_WORDS_KEPT;
}

static void log_line(struct last_words *words)
{
    struct slice line = slice_trim_space(slice_of(line_of(words), words->line_len));

    words->line_len = 0;
    if (line.len == 0)
        return;
    if (words->lines >= LAST_WORDS_LINES || words->logged_bytes + line.len > LAST_WORDS_BYTES) {
        words->suppressed_lines++;
        return;
    }
    words->lines++;
    words->logged_bytes += line.len;
    log_warning(words->log, "%s %.*s: %.*s: %.*s", words->id, SLICE_ARGS(words->host),
                SLICE_ARGS(words->script), SLICE_ARGS(line));
}

static void keep(struct last_words *words, struct slice bytes)
{
    if (bytes.len > LAST_WORDS_KEPT) { /* only the end of it stays */
        words->said_bytes += bytes.len - LAST_WORDS_KEPT;
        bytes = slice_skip(bytes, bytes.len - LAST_WORDS_KEPT);
    }
    while (bytes.len > 0) {
        size_t at = (size_t)(words->said_bytes % LAST_WORDS_KEPT);
        struct slice part = slice_first(bytes, LAST_WORDS_KEPT - at);

        memcpy(words->memory->data + at, part.at, part.len);
        words->said_bytes += part.len;
        bytes = slice_skip(bytes, part.len);
    }
}

static void add_to_line(struct last_words *words, struct slice bytes)
{
    while (bytes.len > 0) {
        struct slice part = slice_first(bytes, LAST_WORDS_LINE - words->line_len);

        memcpy(line_of(words) + words->line_len, part.at, part.len);
        words->line_len += part.len;
        bytes = slice_skip(bytes, part.len);
        if (words->line_len == LAST_WORDS_LINE)
            log_line(words);
    }
}

void last_words_add(struct last_words *words, struct slice bytes)
{
    struct slice line;

    if (bytes.len == 0)
        return;
    if (!words->memory)
        words->memory = chunk_new();
    keep(words, bytes);
    while (slice_cut(bytes, '\n', &line, &bytes)) {
        add_to_line(words, line);
        log_line(words);
    }
    add_to_line(words, line);
}

void last_words_end(struct last_words *words)
{
    if (!words->memory)
        return;
    log_line(words);
    if (words->suppressed_lines > 0)
        log_warning(words->log, "%s %.*s: %.*s: ... %" PRIu64 " more lines suppressed", words->id,
                    SLICE_ARGS(words->host), SLICE_ARGS(words->script), words->suppressed_lines);
    words->suppressed_lines = 0;
}

void last_words_repeat_end(struct last_words *words)
{
    char bytes[LAST_WORDS_KEPT];
    struct slice line;

    if (words->suppressed_lines == 0)
        return;

    struct slice tail = last_words_tail(words, bytes, sizeof(bytes));
    bool more = slice_cut(tail, '\n', &line, &tail); /* its first line may be half a line */
    while (more) {
        more = slice_cut(tail, '\n', &line, &tail);
        line = slice_trim_space(line);
        if (line.len > 0)
            log_warning(words->log, "%s %.*s: %.*s: at its end: %.*s", words->id,
                        SLICE_ARGS(words->host), SLICE_ARGS(words->script), SLICE_ARGS(line));
    }
}

struct slice last_words_tail(const struct last_words *words, char *out, size_t room)
{
    size_t len = words->said_bytes < LAST_WORDS_KEPT ? (size_t)words->said_bytes : LAST_WORDS_KEPT;

    if (len > room)
        len = room;
    for (size_t i = 0; i < len; i++)
        out[i] = words->memory->data[(words->said_bytes - len + i) % LAST_WORDS_KEPT];
    return slice_trim_space(slice_of(out, len));
}

void last_words_done(struct last_words *words)
{
    chunk_free(words->memory);
    words->memory = NULL;
    words->said_bytes = 0;
}
