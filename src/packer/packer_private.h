#ifndef PACKER_PRIVATE_H
#define PACKER_PRIVATE_H

/*
 * The packer: makes an old log smaller. It is a pipe with two open files at its ends and nothing
 * else: it opens nothing, knows no name, and runs as the user of the server.
 */

/* All of `from` in the form of gzip, written through to the disk. 0 or negative errno. */
int pack_file(int from, int to);

#endif
