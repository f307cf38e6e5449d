#ifndef CONFIG_MANUAL_H
#define CONFIG_MANUAL_H

/*
 * The option table as a Markdown reference: docs/options.md is what this prints.
 */
#include <stdio.h>

void manual_write(FILE *out);

#endif
