#ifndef HTTP_BYTE_CLASS_H
#define HTTP_BYTE_CLASS_H

/*
 * What a byte may be part of, by one look at a table. Private to this floor.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BYTE_TOKEN  0x01u /* RFC 9110 5.6.2 */
#define BYTE_VALUE  0x02u /* RFC 9110 5.5: all but control bytes; the tab is one of them */
#define BYTE_TARGET 0x04u /* visible ASCII without '#', and all from 0x80: see target.h */
#define BYTE_HOST   0x08u /* letters, digits, '-', '.', '_', '~' */
#define BYTE_ETAG   0x10u /* RFC 9110 8.8.3: etagc */

extern const uint8_t byte_classes[256];

static inline bool byte_is(char c, unsigned class)
{
    return (byte_classes[(unsigned char)c] & class) != 0;
}

/* How many bytes at the front belong to the class. */
static inline size_t bytes_of_class(const char *at, size_t len, unsigned class)
{
    size_t i = 0;

    while (i < len && byte_is(at[i], class))
        i++;
    return i;
}

/* The same for BYTE_VALUE, eight bytes at a time: values are long (cookies, user agents). */
size_t bytes_of_value(const char *at, size_t len);

#endif
