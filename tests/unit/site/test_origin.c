#include "site/origin.h"

#include "suite.h"

#define LINES_MOST 4

/* 127.0.0.1 and 10.0.0.0/8 for the house, 2001:db8:5::/48 for the binding. */
static struct conf_net house_nets[2];
static struct conf_net binding_nets[1];
static struct server_conf conf;
static struct binding_conf binding;

static void trust(struct conf_net *net, const char *text, struct conf_net *next)
{
    ck_assert(address_net_parse(slice_cstr(text), &net->net));
    net->next = next;
}

static void prepare(void)
{
    trust(&house_nets[0], "127.0.0.1", &house_nets[1]);
    trust(&house_nets[1], "10.0.0.0/8", NULL);
    trust(&binding_nets[0], "2001:db8:5::/48", NULL);
    conf = (struct server_conf){ .trusted_proxies = house_nets };
    binding = (struct binding_conf){ .trusted_proxies = binding_nets };
}

static union socket_address ip(const char *text)
{
    union socket_address address;

    ck_assert(address_parse_ip(slice_cstr(text), 0, &address));
    return address;
}

static const struct {
    const char *address;
    bool trusted;
} peers[] = {
    { "127.0.0.1", true },       { "127.0.0.2", false },
    { "10.255.0.1", true },      { "11.0.0.1", false },
    { "2001:db8:5:9::1", true }, { "2001:db8:6::1", false },
    { "::ffff:10.1.1.1", true }, { "::1", false },
};

START_TEST(a_peer_is_trusted_by_the_house_or_its_binding)
{
    union socket_address address = ip(peers[_i].address);

    prepare();
    ck_assert_int_eq(origin_trusts(&conf, &binding, &address), peers[_i].trusted);
    ck_assert(!origin_trusts(&conf, NULL, &address) || address.any.sa_family == AF_INET ||
              peers[_i].trusted);
}
END_TEST

static const struct {
    const char *text;
    const char *address; /* NULL: it is none */
} nodes[] = {
    { "192.0.2.1", "192.0.2.1" },
    { "192.0.2.1:80", "192.0.2.1" },
    { "192.0.2.1:65535", "192.0.2.1" },
    { "192.0.2.1:_hidden", "192.0.2.1" },
    { "2001:db8::1", "2001:db8::1" },
    { "[2001:db8::1]", "2001:db8::1" },
    { "[2001:db8::1]:4711", "2001:db8::1" },
    { "::ffff:192.0.2.1", "192.0.2.1" },
    { "[::ffff:192.0.2.1]:1", "192.0.2.1" },
    { "", NULL },
    { "unknown", NULL },
    { "_secret", NULL },
    { "localhost", NULL },
    { "192.0.2.1:", NULL },
    { "192.0.2.1:65536", NULL },
    { "192.0.2.1:80:80", NULL },
    { "192.0.2.1:-1", NULL },
    { "192.0.2.1:_", NULL },
    { "192.0.2", NULL },
    { "0192.0.2.1", NULL },
    { "192.0.2.1 ", NULL },
    { "[192.0.2.1]", NULL },
    { "[2001:db8::1", NULL },
    { "2001:db8::1]", NULL },
    { "[2001:db8::1]x", NULL },
    { "[2001:db8::1]:", NULL },
    { "[2001:db8::1]:99999", NULL },
    { "[]", NULL },
    { "[", NULL },
    { ":", NULL },
    { "fe80::1%eth0", NULL },
};

START_TEST(an_address_is_read_as_proxies_write_it)
{
    union socket_address address;
    char shown[ADDRESS_TEXT_MOST];
    bool is_one = origin_parse_node(slice_cstr(nodes[_i].text), &address);

    ck_assert_int_eq(is_one, nodes[_i].address != NULL);
    if (is_one)
        ck_assert_str_eq(address_text(&address, shown), nodes[_i].address);
}
END_TEST

static const struct {
    const char *lines[LINES_MOST]; /* "Name: value" */
    const char *client;            /* NULL: the fields tell none */
    const char *scheme;            /* NULL: they tell none */
    enum conf_proxy_field field;
} cases[] = {
    /* what honest proxies send */
    { { NULL }, NULL, NULL, 0 },
    { { "X-Forwarded-For: 203.0.113.9" }, "203.0.113.9", NULL, 0 },
    { { "X-Forwarded-For: 2001:db8::9" }, "2001:db8::9", NULL, 0 },
    { { "X-Forwarded-For: 203.0.113.9:4711" }, "203.0.113.9", NULL, 0 },
    { { "X-Forwarded-For: 203.0.113.9, 10.0.0.1" }, "203.0.113.9", NULL, 0 },
    { { "X-Forwarded-For: 203.0.113.9, 10.0.0.1,2001:db8:5::2" }, "203.0.113.9", NULL, 0 },
    { { "X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 10.0.0.1" }, "203.0.113.9", NULL, 0 },
    { { "X-Forwarded-For: 10.0.0.7" }, "10.0.0.7", NULL, 0 },
    { { "X-Forwarded-For: 10.0.0.7, 10.0.0.1" }, "10.0.0.7", NULL, 0 },
    { { "X-Real-IP: 203.0.113.9" }, "203.0.113.9", NULL, 0 },
    { { "X-Real-IP: 203.0.113.8", "X-Forwarded-For: 203.0.113.9" }, "203.0.113.9", NULL, 0 },
    { { "Forwarded: for=203.0.113.9" }, "203.0.113.9", NULL, 0 },
    { { "Forwarded: For=\"[2001:db8::9]:4711\";proto=https;by=10.0.0.1" },
      "2001:db8::9",
      "https",
      0 },
    { { "Forwarded: by=10.0.0.1; for=203.0.113.9 ;proto=http" }, "203.0.113.9", "http", 0 },
    { { "Forwarded: for=203.0.113.9;proto=https, for=10.0.0.1;proto=http" },
      "203.0.113.9",
      "https",
      0 },
    { { "Forwarded: for=203.0.113.9", "Forwarded: for=10.0.0.1" }, "203.0.113.9", NULL, 0 },
    { { "Forwarded: for=203.0.113.9:80" }, "203.0.113.9", NULL, 0 },
    { { "Forwarded: proto=https" }, NULL, "https", 0 },
    { { "Forwarded: for=203.0.113.9", "X-Real-IP: 203.0.113.8" }, "203.0.113.9", NULL, 0 },

    /* what visitors forge is left of what the proxy adds */
    { { "X-Forwarded-For: 1.2.3.4, 203.0.113.9" }, "203.0.113.9", NULL, 0 },
    { { "X-Forwarded-For: 1.2.3.4", "X-Forwarded-For: 203.0.113.9" }, "203.0.113.9", NULL, 0 },
    { { "X-Forwarded-For: 127.0.0.1, 203.0.113.9, 10.0.0.1" }, "203.0.113.9", NULL, 0 },
    { { "X-Forwarded-For: unknown, 203.0.113.9" }, "203.0.113.9", NULL, 0 },
    { { "X-Forwarded-For: 1.2.3.4\", 203.0.113.9" }, "203.0.113.9", NULL, 0 },
    { { "X-Forwarded-For: ,,, ,203.0.113.9,," }, "203.0.113.9", NULL, 0 },
    { { "Forwarded: for=1.2.3.4", "X-Forwarded-For: 203.0.113.9" }, "203.0.113.9", NULL, 0 },
    { { "Forwarded: for=1.2.3.4, for=203.0.113.9" }, "203.0.113.9", NULL, 0 },
    { { "Forwarded: for=1.2.3.4;x=\"\\\"\", for=203.0.113.9" }, "203.0.113.9", NULL, 0 },

    /* what is no address stops the walk */
    { { "X-Forwarded-For: unknown" }, NULL, NULL, 0 },
    { { "X-Forwarded-For: 1.2.3.4, unknown" }, NULL, NULL, 0 },
    { { "X-Forwarded-For: 1.2.3.4, unknown, 10.0.0.1" }, "10.0.0.1", NULL, 0 },
    { { "X-Forwarded-For: 1.2.3.4, unknown, 10.0.0.1, 10.0.0.2" }, "10.0.0.1", NULL, 0 },
    { { "X-Forwarded-For: 1.2.3.4 5.6.7.8" }, NULL, NULL, 0 },
    { { "X-Forwarded-For:" }, NULL, NULL, 0 },
    { { "X-Real-IP: unknown" }, NULL, NULL, 0 },
    { { "Forwarded: for=1.2.3.4, for=_hidden;proto=https" }, NULL, "https", 0 },
    { { "Forwarded: for=1.2.3.4, by=10.0.0.1;proto=http" }, NULL, "http", 0 },

    /* a quote of the visitor that swallows what the proxy adds: nothing is believed */
    { { "Forwarded: for=\"1.2.3.4, for=203.0.113.9" }, NULL, NULL, 0 },
    { { "Forwarded: for=1.2.3.4;x=\", for=203.0.113.9" }, NULL, NULL, 0 },
    { { "Forwarded: for=1.2.3.4;x=\", for=\"[2001:db8::9]\"" }, NULL, NULL, 0 },
    { { "Forwarded: for=1.2.3.4;x=\"\\" }, NULL, NULL, 0 },
    { { "Forwarded: for=1.2.3.4;for=203.0.113.9" }, NULL, NULL, 0 },
    { { "Forwarded: for=1.2.3.4;proto=http;proto=https" }, NULL, NULL, 0 },
    { { "Forwarded: for 1.2.3.4" }, NULL, NULL, 0 },
    { { "Forwarded: for=" }, NULL, NULL, 0 },
    { { "Forwarded: =1.2.3.4" }, NULL, NULL, 0 },
    { { "Forwarded: for=\"", "Forwarded: for=203.0.113.9" }, "203.0.113.9", NULL, 0 },
    { { "Forwarded: for=203.0.113.9", "Forwarded: for=\"" }, NULL, NULL, 0 },
    { { "Forwarded: ;;, ,for=203.0.113.9;," }, "203.0.113.9", NULL, 0 },

    /* the scheme */
    { { "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https" }, "203.0.113.9", "https", 0 },
    { { "X-Forwarded-Proto: HTTPS" }, NULL, "https", 0 },
    { { "X-Forwarded-Proto: http, https" }, NULL, "https", 0 },
    { { "X-Forwarded-Proto: https", "X-Forwarded-Proto: http" }, NULL, "http", 0 },
    { { "X-Forwarded-Proto: gopher" }, NULL, NULL, 0 },
    { { "Forwarded: for=203.0.113.9;proto=wss" }, "203.0.113.9", NULL, 0 },
    { { "Forwarded: for=203.0.113.9", "X-Forwarded-Proto: https" }, "203.0.113.9", NULL, 0 },

    /* one field alone */
    { { "Forwarded: for=203.0.113.9", "X-Forwarded-For: 1.2.3.4" },
      "203.0.113.9",
      NULL,
      PROXY_FIELD_FORWARDED },
    { { "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https" },
      NULL,
      NULL,
      PROXY_FIELD_FORWARDED },
    { { "X-Real-IP: 203.0.113.9", "X-Forwarded-For: 1.2.3.4" },
      "203.0.113.9",
      NULL,
      PROXY_FIELD_X_REAL_IP },
    { { "X-Real-IP: 1.2.3.4", "Forwarded: for=1.2.3.4" }, NULL, NULL, PROXY_FIELD_X_FORWARDED_FOR },
};

START_TEST(the_client_is_whom_trusted_proxies_name)
{
    struct arena arena = { 0 };
    struct fields fields = { 0 };
    char shown[ADDRESS_TEXT_MOST];

    prepare();
    conf.proxy_field = cases[_i].field;
    for (unsigned i = 0; i < LINES_MOST && cases[_i].lines[i]; i++) {
        struct slice name;
        struct slice value;

        slice_cut(slice_cstr(cases[_i].lines[i]), ':', &name, &value);
        fields_add(&fields, &arena, name, slice_trim(value));
    }
    struct origin origin = origin_find(&conf, &binding, &fields);
    if (cases[_i].client) {
        ck_assert(origin.found);
        ck_assert_str_eq(address_text(&origin.client, shown), cases[_i].client);
    } else {
        ck_assert(!origin.found);
    }
    ck_assert_int_eq(origin.has_scheme, cases[_i].scheme != NULL);
    if (cases[_i].scheme)
        ck_assert_int_eq(origin.secure, strcmp(cases[_i].scheme, "https") == 0);
    arena_done(&arena);
}
END_TEST

SUITE("site/origin", LOOP(a_peer_is_trusted_by_the_house_or_its_binding, peers),
      LOOP(an_address_is_read_as_proxies_write_it, nodes),
      LOOP(the_client_is_whom_trusted_proxies_name, cases))
