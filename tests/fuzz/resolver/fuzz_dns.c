/* Whatever a DNS server sends: what is read stays within its bounds. */
#include "resolver_private.h"

#include <arpa/nameser.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned types[] = { ns_t_a, ns_t_aaaa, ns_t_srv };
    struct dns_answer *answer = malloc(sizeof(*answer));

    assert(answer);
    if (size > 65535)
        size = 65535;
    for (size_t i = 0; i < 3; i++) {
        if (!dns_read(slice_of(data, size), types[i], answer))
            continue;
        assert(answer->count <= DNS_RECORDS_MOST);
        for (unsigned n = 0; n < answer->count; n++)
            assert(strlen(answer->records[n].host) < sizeof(answer->records[n].host));
    }
    free(answer);
    return 0;
}
