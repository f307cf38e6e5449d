#ifndef TESTS_TRANSPORT_MEMORY_H
#define TESTS_TRANSPORT_MEMORY_H

/*
 * A transport whose other end the test holds: it feeds what the house reads, looks at what the
 * house wrote, and decides how much "the kernel" takes or gives at a time. Works with the fake
 * driver (its io has no descriptor). The handle outlives transport_close() and is freed by the
 * test.
 */
#include "base/slice.h"
#include "net/transport.h"

#include <stdbool.h>
#include <stddef.h>

#define TRANSPORT_MEMORY_UNLIMITED ((size_t)-1)

struct transport_memory;

/* Room and reads are unlimited at first. */
struct transport_memory *transport_memory_new(struct loop *loop);
void transport_memory_free(struct transport_memory *memory);

/* What the house gets; it is released by transport_close(). */
struct transport *transport_memory_transport(struct transport_memory *memory);

/* The client sends; has sent all (EOF); is gone (reads and writes fail, e.g. with ECONNRESET). */
void transport_memory_feed(struct transport_memory *memory, struct slice data);
void transport_memory_feed_end(struct transport_memory *memory);
void transport_memory_break(struct transport_memory *memory, int error);

/* Bytes fed that the house has not read yet. */
size_t transport_memory_unread(const struct transport_memory *memory);

/* From now on it can splice, as a socket without encryption does. */
void transport_memory_let_splice(struct transport_memory *memory);

/* At most so many bytes per read (1: byte by byte). */
void transport_memory_read_step(struct transport_memory *memory, size_t most);

/* So many bytes will be taken before -EAGAIN; each call sets it anew and wakes a waiting writer. */
void transport_memory_room(struct transport_memory *memory, size_t room);

/* Something that was taken is held back by the transport; no more: wakes whoever waits. */
void transport_memory_lag(struct transport_memory *memory, bool lags);

/* All that was written since the last transport_memory_forget(); valid until the next write. */
struct slice transport_memory_written(const struct transport_memory *memory);
void transport_memory_forget(struct transport_memory *memory);

/* Bytes of it that came by send_file, and write calls (not those answered -EAGAIN), since the
 * beginning. */
size_t transport_memory_file_bytes(const struct transport_memory *memory);
size_t transport_memory_writes(const struct transport_memory *memory);

/* The last write announced more. */
bool transport_memory_more(const struct transport_memory *memory);

bool transport_memory_finished(const struct transport_memory *memory);
bool transport_memory_aborted(const struct transport_memory *memory);
bool transport_memory_closed(const struct transport_memory *memory);

#endif
