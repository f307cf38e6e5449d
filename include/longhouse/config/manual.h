#ifndef CONFIG_MANUAL_H
#define CONFIG_MANUAL_H

/*
 * The option table for people and for their editors: as the Markdown reference docs/reference.md,
 * as the man page longhouse.conf(5), as a JSON Schema of the YAML form, and as a syntax file of
 * vim.
 */
#include <stdio.h>

void manual_write(FILE *out);
void manual_write_man(FILE *out);
void manual_write_schema(FILE *out);
void manual_write_vim(FILE *out);

/*
 * The little Markdown that texts of ours are written in, as roff: lists, fenced code, `code`,
 * headings of the second level as sections of the page.
 */
void manual_roff(FILE *out, const char *text);

#endif
