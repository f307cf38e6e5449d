#ifndef BASE_PARSE_H
#define BASE_PARSE_H

/*
 * What every pure parser answers. A parser is a function of bytes: no allocation that can be seen,
 * no I/O, no logging. Results are written only with PARSE_DONE, the fault only with PARSE_BAD.
 */
#include <stddef.h>

enum parse {
    PARSE_DONE, /* a whole thing was read */
    PARSE_MORE, /* the bytes end too early: call again with more */
    PARSE_BAD,  /* the bytes can never become right */
};

struct parse_fault {
    size_t at;       /* offset of the first wrong byte, from the start of the bytes given */
    const char *why; /* static text: which rule it breaks */
};

/* Fills `ret` (may be NULL) and returns PARSE_BAD. */
static inline enum parse parse_bad(struct parse_fault *ret, size_t at, const char *why)
{
    if (ret)
        *ret = (struct parse_fault){ .at = at, .why = why };
    return PARSE_BAD;
}

#endif
