#ifndef OS_REMOVE_H
#define OS_REMOVE_H

/*
 * Removes a folder with all that is in it, which may belong to somebody who means harm: no link is
 * followed, and no other file system entered. 0, or the first negative errno; goes on behind it.
 */
int remove_all(const char *path);

#endif
