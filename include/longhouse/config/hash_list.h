#ifndef CONFIG_HASH_LIST_H
#define CONFIG_HASH_LIST_H

/*
 * The file that FileHashes names: a file and its SHA-256 on each line, as Hiawatha's tools
 * (`HASH:FILE`) and sha256sum (`HASH  FILE`) write them. Pure.
 */
#include "base/slice.h"
#include "config/model.h"

#include <stdbool.h>

/* One line without its end. NULL: *ret_name is the file as written; else what is wrong with it. An
 * empty line, or one that begins with '#', has an empty name. */
const char *hash_line_parse(struct slice line, struct slice *ret_name,
                            unsigned char ret_sum[CONF_HASH_LEN]);

#endif
