#ifndef CONFIG_REGEX_H
#define CONFIG_REGEX_H

/*
 * Patterns of the configuration: POSIX extended regular expressions, as Hiawatha has them, matched
 * by PCRE2, which has limits. What a pattern means is what POSIX and the C library say where
 * Perl's way differs: the longest of the leftmost matches, a backslash in brackets is a backslash,
 * "*?" is not lazy, and only \w \W \s \S \b \B \< \> are more than the letter. Bytes, no
 * characters; no dependence on the locale. Not compiled to machine code: the server may not make
 * memory executable.
 */
#include "base/arena.h"
#include "base/parse.h"
#include "base/slice.h"

#include <stdbool.h>

#define REGEX_GROUPS 10u            /* the whole match and $1 ... $9 */
#define REGEX_MOST   ((size_t)4096) /* bytes of a pattern */

struct regex;

/* What can be used again for the next match: one of all zeros, given back with _done(). */
struct regex_scratch {
    void *block;  /* of PCRE2: where matches are written */
    void *limits; /* of PCRE2 */
};

void regex_scratch_done(struct regex_scratch *scratch);

enum regex_word {
    REGEX_MISSES,
    REGEX_FITS,
    REGEX_GIVES_UP, /* it would take too long, or too much memory */
};

/*
 * The same pattern as PCRE2 writes it. PARSE_BAD: it is none; the offset is one of `posix`.
 * *ret_doubt: a place that people tend to mean otherwise, `why` NULL when there is none.
 */
enum parse regex_translate(struct slice posix, struct arena *arena, struct slice *ret,
                           struct parse_fault *reterr, struct parse_fault *ret_doubt);

/* NULL: *reterr says why, with the offset in `posix`. */
struct regex *regex_compile(struct slice posix, bool any_case, struct parse_fault *reterr);
void regex_free(struct regex *regex);

/*
 * Looks for it in `subject`. `groups` (REGEX_GROUPS of them; NULL: not wanted) are parts of the
 * subject, those that took no part have at == NULL; written only if it fits.
 */
enum regex_word regex_match(const struct regex *regex, struct slice subject,
                            struct regex_scratch *scratch, struct slice *groups);

#endif
