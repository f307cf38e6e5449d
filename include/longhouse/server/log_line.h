#ifndef SERVER_LOG_LINE_H
#define SERVER_LOG_LINE_H

/*
 * A line of the access log by a format with letters (config/log_format.h), without allocation. A
 * value cannot end the line, close a quote, or hold the byte that the format puts behind it; one
 * that is not known, or empty, is "-".
 */
#include "base/text.h"
#include "config/log_format.h"
#include "http/exchange.h"

#define LOG_VALUE_MOST ((size_t)9000) /* bytes of one value in a line, written out */

void log_line_add(struct text *text, const struct log_format *format, const struct exchange *x);

/* A value that comes from outside, escaped; `end` (0: none) in it is written \xHH. */
void log_value_add(struct text *text, struct slice value, char end);

/* 2026-11-22T13:26:01.123Z */
void log_iso_add(struct text *text, int64_t unix_ms);

/* A field that tells the address which AnonymizeIP hides. */
bool log_field_tells_client(enum field_id id);

#endif
