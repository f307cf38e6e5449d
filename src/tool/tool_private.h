#ifndef TOOL_PRIVATE_H
#define TOOL_PRIVATE_H

/* What the verbs share. */
#include "base/arena.h"
#include "base/diag.h"
#include "config/model.h"
#include "tool/load.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Looks up the names in ConnectTo, for 3 s at most, and prints what they are; nothing where there
 * are none. A warning for each that has no address now. */
void names_print(const struct server_conf *conf, struct arena *arena, FILE *out,
                 struct diags *diags);

/* The man page longhouse-explain(8). */
void manual_explain_write(FILE *out);

#endif
