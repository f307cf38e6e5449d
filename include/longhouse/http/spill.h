#ifndef HTTP_SPILL_H
#define HTTP_SPILL_H

/*
 * A body that is collected before it is used: up to 64 KiB in memory, beyond that in a file without
 * a name. Afterwards its length is known, it can be read more than once (from the file), and
 * nothing of it waits for the client.
 */
#include "base/slice.h"
#include "http/body.h"

#include <stdint.h>
#include <sys/types.h>

#define SPILL_MEMORY_MOST 65536u

struct spill {
    struct body body; /* what was collected, for its reader; filled for good by spill_finish() */
    struct file_ref *file; /* NULL: all is in memory */
    struct slice folder;   /* borrowed: where files are made first; may be empty */
    uint64_t bytes;
};

void spill_init(struct spill *spill, struct loop *loop, struct arena *arena, struct slice folder);

/* Takes all that waits in `from`. 0 or negative errno (disk full, nowhere to write); then the spill
 * is of no use. */
int spill_take(struct spill *spill, struct body *from);

/* Takes these bytes, likewise. */
int spill_put(struct spill *spill, struct slice bytes);

/* No more will come: the body is complete. */
void spill_finish(struct spill *spill);

/* ---- when it is finished ---- */

/* What was collected from `offset` on, at most `room` bytes: so many, 0 behind its end, or negative
 * errno. Nothing is taken. */
ssize_t spill_read(const struct spill *spill, uint64_t offset, char *out, size_t room);

/* Writes over what was collected from `offset` on; all of `bytes` lies within it. 0 or negative
 * errno. */
int spill_overwrite(struct spill *spill, uint64_t offset, struct slice bytes);

/* In place of spill_finish(): what was collected as a file, one reference of which is the caller's.
 * NULL: memory is short. */
struct file_ref *spill_to_file(struct spill *spill);

/* Makes a spill of what another one has collected, for one more reader; a file is shared. */
void spill_repeat(struct spill *spill, const struct spill *from, struct loop *loop,
                  struct arena *arena);

void spill_done(struct spill *spill); /* harmless on a zeroed one */

#endif
