#include "thttpd_words.h"

#include "config/option.h"
#include "config/read_thttpd.h"

/* 2.20 to 2.29 and their relatives spell some of them in several ways. */
static const struct thttpd_name names[] = {
    { "port", THTTPD_PORT, THTTPD_VALUE },
    { "host", THTTPD_HOST, THTTPD_VALUE },
    { "dir", THTTPD_DIR, THTTPD_VALUE },
    { "data_dir", THTTPD_DATA_DIR, THTTPD_VALUE },
    { "chroot", THTTPD_CHROOT, THTTPD_ON },
    { "nochroot", THTTPD_CHROOT, THTTPD_OFF },
    { "symlinkcheck", THTTPD_SYMLINKS, THTTPD_ON },
    { "symlink", THTTPD_SYMLINKS, THTTPD_ON },
    { "symlinks", THTTPD_SYMLINKS, THTTPD_ON },
    { "nosymlinkcheck", THTTPD_SYMLINKS, THTTPD_OFF },
    { "nosymlink", THTTPD_SYMLINKS, THTTPD_OFF },
    { "nosymlinks", THTTPD_SYMLINKS, THTTPD_OFF },
    { "vhost", THTTPD_VHOST, THTTPD_ON },
    { "novhost", THTTPD_VHOST, THTTPD_OFF },
    { "globalpasswd", THTTPD_GLOBAL_PASSWORD, THTTPD_ON },
    { "noglobalpasswd", THTTPD_GLOBAL_PASSWORD, THTTPD_OFF },
    { "user", THTTPD_USER, THTTPD_VALUE },
    { "cgipat", THTTPD_CGIPAT, THTTPD_VALUE },
    { "cgilimit", THTTPD_CGILIMIT, THTTPD_VALUE },
    { "throttles", THTTPD_THROTTLES, THTTPD_VALUE },
    { "logfile", THTTPD_LOGFILE, THTTPD_VALUE },
    { "pidfile", THTTPD_PIDFILE, THTTPD_VALUE },
    { "charset", THTTPD_CHARSET, THTTPD_VALUE },
    { "p3p", THTTPD_P3P, THTTPD_VALUE },
    { "max_age", THTTPD_MAX_AGE, THTTPD_VALUE },
    { "debug", THTTPD_DEBUG, THTTPD_ON },
    { "urlpat", THTTPD_URLPAT, THTTPD_VALUE },
    { "localpat", THTTPD_LOCALPAT, THTTPD_VALUE },
    { "noemptyreferrers", THTTPD_NO_EMPTY_REFERRERS, THTTPD_ON },
    { "noemptyreferers", THTTPD_NO_EMPTY_REFERRERS, THTTPD_ON },
    { "fastopen", THTTPD_FASTOPEN, THTTPD_ON },
};

#define NAME_COUNT (sizeof(names) / sizeof(names[0]))

static const struct thttpd_name include_name = { "include", THTTPD_INCLUDE, THTTPD_VALUE };

const struct thttpd_name *thttpd_name_of(struct slice name)
{
    for (size_t i = 0; i < NAME_COUNT; i++)
        if (slice_equal_nocase(name, slice_cstr(names[i].name)))
            return &names[i];
    return slice_equal_cstr(name, include_name.name) ? &include_name : NULL;
}

const char *thttpd_nearest(struct slice name)
{
    const char *candidates[NAME_COUNT];

    for (size_t i = 0; i < NAME_COUNT; i++)
        candidates[i] = names[i].name;
    return diag_nearest(name, candidates, NAME_COUNT);
}

/* ---- words ---- */

void thttpd_words_init(struct thttpd_words *words, const struct source_text *text)
{
    *words = (struct thttpd_words){
        .rest = text->text,
        .flags = slice_equal_cstr(slice_cstr(text->name), THTTPD_FLAGS_NAME),
    };
    if (slice_starts(words->rest, SLICE("\xef\xbb\xbf")))
        words->rest = slice_skip(words->rest, 3);
}

static bool next_line(struct thttpd_words *words)
{
    if (words->rest.len == 0)
        return false;
    slice_cut(words->rest, '\n', &words->line, &words->rest);
    words->number++;
    if (slice_ends(words->line, SLICE("\r")))
        words->line.len--;
    words->left = words->line;
    if (!words->flags)
        slice_cut(words->line, '#', &words->left, &(struct slice){ 0 });
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of the line; empty at its end. */
static struct slice take_word(struct thttpd_words *words)
{
    struct slice left = words->left;
    size_t len = 0;

    if (words->flags) {
        words->left = slice_skip(left, left.len);
        return left;
    }
    while (left.len > 0 && is_blank(left.at[0]))
        left = slice_skip(left, 1);
    while (len < left.len && !is_blank(left.at[len]))
        len++;
    words->left = slice_skip(left, len);
    return slice_first(left, len);
}

bool thttpd_words_next(struct thttpd_words *words, struct thttpd_word *ret)
{
    struct slice word = take_word(words);

    while (word.len == 0) {
        if (!next_line(words))
            return false;
        word = take_word(words);
    }
    *ret = (struct thttpd_word){ .line = words->line, .number = words->number };
    ret->has_value = slice_cut(word, '=', &ret->name, &ret->value);
    return true;
}

struct diag_place thttpd_place(const char *file, const struct thttpd_word *word, struct slice part)
{
    return (struct diag_place){
        .file = file,
        .line = word->number,
        .column = 1 + (unsigned)(part.at - word->line.at),
        .span = (unsigned)part.len,
        .text = word->line,
    };
}

/* ---- whose form is it? ---- */

enum telling { TELLS_NOTHING, TELLS_THTTPD, TELLS_OURS };

/* PIDfile = ... may stand in either: such words tell nothing. */
static enum telling tell(const struct thttpd_word *word)
{
    const struct thttpd_name *name = thttpd_name_of(word->name);
    bool ours = option_find(word->name, SCOPE_SERVER | SCOPE_HOST) != NULL;

    if (word->name.len == 0 || slice_has(word->name, '{') || slice_has(word->name, '}'))
        return TELLS_OURS;
    if (name && name->key != THTTPD_INCLUDE && !ours &&
        word->has_value == (name->form == THTTPD_VALUE))
        return TELLS_THTTPD;
    return ours && !name ? TELLS_OURS : TELLS_NOTHING;
}

bool thttpd_recognise(const struct source_text *text)
{
    struct thttpd_words words;
    struct thttpd_word word;
    bool found = false;

    if (slice_ends_nocase(slice_cstr(text->name), SLICE("thttpd.conf")) ||
        slice_equal_cstr(slice_cstr(text->name), THTTPD_FLAGS_NAME))
        return true;
    thttpd_words_init(&words, text);
    while (thttpd_words_next(&words, &word)) {
        enum telling telling = tell(&word);

        if (telling == TELLS_OURS)
            return false;
        found |= telling == TELLS_THTTPD;
    }
    return found;
}
