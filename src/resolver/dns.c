/* What a DNS server answers, record by record (RFC 1035 4, RFC 2782, RFC 3596). */
#include "resolver_private.h"

#include <arpa/nameser.h>
#include <resolv.h>
#include <string.h>

static bool read_address4(const ns_rr *record, struct dns_record *ret)
{
    if (ns_rr_rdlen(*record) != NS_INADDRSZ)
        return false;
    ret->address.in4 = (struct sockaddr_in){ .sin_family = AF_INET };
    memcpy(&ret->address.in4.sin_addr, ns_rr_rdata(*record), NS_INADDRSZ);
    return true;
}

static bool read_address6(const ns_rr *record, struct dns_record *ret)
{
    if (ns_rr_rdlen(*record) != NS_IN6ADDRSZ)
        return false;
    ret->address.in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
    memcpy(&ret->address.in6.sin6_addr, ns_rr_rdata(*record), NS_IN6ADDRSZ);
    return true;
}

/* priority, weight, port, name */
static bool read_service(const ns_msg *message, const ns_rr *record, struct dns_record *ret)
{
    const unsigned char *data = ns_rr_rdata(*record);

    if (ns_rr_rdlen(*record) < 7)
        return false;
    ret->priority = (uint16_t)ns_get16(data);
    ret->weight = (uint16_t)ns_get16(data + 2);
    ret->port = (uint16_t)ns_get16(data + 4);
    if (ns_name_uncompress(ns_msg_base(*message), ns_msg_end(*message), data + 6, ret->host,
                           sizeof(ret->host)) < 0)
        return false;
    if (ret->host[0] == '\0')
        memcpy(ret->host, ".", 2);
    return true;
}

static bool read_record(const ns_msg *message, const ns_rr *record, struct dns_record *ret)
{
    switch (ns_rr_type(*record)) {
    case ns_t_a:
        return read_address4(record, ret);
    case ns_t_aaaa:
        return read_address6(record, ret);
    case ns_t_srv:
        return read_service(message, record, ret);
    default:
        return false;
    }
}

bool dns_read(struct slice bytes, unsigned type, struct dns_answer *ret)
{
    ns_msg message;

    *ret = (struct dns_answer){ .ttl_s = UINT32_MAX };
    if (ns_initparse((const unsigned char *)bytes.at, (int)bytes.len, &message) < 0 ||
        !ns_msg_getflag(message, ns_f_qr))
        return false;
    ret->code = (int)ns_msg_getflag(message, ns_f_rcode);
    for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
        ns_rr record;

        if (ns_parserr(&message, ns_s_an, i, &record) < 0)
            return false;
        /* An alias may become old before what it leads to. */
        if (ns_rr_ttl(record) < ret->ttl_s)
            ret->ttl_s = ns_rr_ttl(record);
        if ((unsigned)ns_rr_type(record) != type || ns_rr_class(record) != ns_c_in ||
            ret->count == DNS_RECORDS_MOST)
            continue;
        if (!read_record(&message, &record, &ret->records[ret->count]))
            return false;
        ret->count++;
    }
    return true;
}
