#ifndef HTTP_CONDITIONAL_H
#define HTTP_CONDITIONAL_H

/*
 * Conditional requests (RFC 9110 13): the decision, in the order of section 13.2.2. Pure.
 */
#include "base/slice.h"
#include "http/field.h"
#include "http/method.h"

#include <stdbool.h>
#include <stdint.h>

struct validators {
    struct slice etag;  /* with its quotes, perhaps W/; empty: none */
    int64_t modified_s; /* seconds since 1970; < 0: none */
};

enum condition {
    CONDITION_GO,           /* go on */
    CONDITION_NOT_MODIFIED, /* 304 */
    CONDITION_FAILED,       /* 412 */
};

enum condition conditional_judge(const struct fields *request, enum method method,
                                 const struct validators *validators, int64_t now_s);

/* If-Range: may the Range field be obeyed? True without If-Range. */
bool conditional_if_range(const struct fields *request, const struct validators *validators,
                          int64_t now_s);

#endif
