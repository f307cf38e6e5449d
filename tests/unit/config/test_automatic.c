#include "config/load.h"
#include "config/text_source.h"
#include "slice_assert.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER   "/var/lib/longhouse-acme/"
#define PLAIN    "Binding {\nPort = 80\n}\n"
#define SECURE   "Binding {\nPort = 443\nAutoTLS = yes\n}\n"
#define BINDINGS PLAIN SECURE
#define SITE     "Hostname = default\nWebsiteRoot = /srv/default\n"
#define AGREED   "ACMEagree = yes\n"
#define HOST(names, more)                                                                          \
    "VirtualHost {\nHostname = " names "\nWebsiteRoot = /srv/a\nAutoTLS = yes\n" more "}\n"

/* Whole configurations, and the first thing that is said; "": nothing. */
static const struct {
    const char *text;
    const char *says;
} cases[] = {
    { BINDINGS SITE AGREED HOST("a.test, www.a.test", ""), "" },
    { BINDINGS SITE HOST("a.test", ""),
      "AutoTLS asks https://acme-v02.api.letsencrypt.org/directory, whose terms are not agreed "
      "to" },
    { BINDINGS SITE AGREED HOST("*.a.test", ""),
      "a certificate for '*.a.test' wants a proof by DNS (DNS-01), which is not made here" },
    { BINDINGS SITE AGREED HOST("intern", ""), "no authority gives a certificate for 'intern'" },
    { BINDINGS SITE AGREED HOST("192.0.2.1", ""),
      "no authority gives a certificate for '192.0.2.1'" },
    { BINDINGS SITE AGREED HOST("a_b.test", ""),
      "no authority gives a certificate for 'a_b.test'" },
    { BINDINGS SITE AGREED HOST("a.test", "TLScertFile = a.pem\n"),
      "the host has AutoTLS, and files of its own" },
    { PLAIN "Binding {\nPort = 443\nAutoTLS = yes\nTLScertFile = a.pem\n}\n" SITE AGREED HOST(
          "a.test", ""),
      "the Binding has AutoTLS, and files of its own" },
    { BINDINGS SITE AGREED, "no host has AutoTLS: the Binding has no certificate to show" },
    { PLAIN SITE AGREED HOST("a.test", ""),
      "the certificate would never be shown: no Binding speaks TLS" },
    { SECURE SITE AGREED HOST("a.test", ""), "" },
    { "Binding {\nPort = 8080\n}\n" SECURE SITE AGREED HOST("a.test", ""), "" },
    { "Binding {\nPort = 8080\n}\nBinding {\nPort = 8443\nAutoTLS = yes\n}\n" SITE AGREED HOST(
          "a.test", ""),
      "the authority looks at port 80, and no Binding listens there" },
    { "Binding {\nPort = 8443\nAutoTLS = yes\n}\n" SITE AGREED HOST("a.test", ""),
      "the authority looks at port 443, and no Binding listens there" },
    { BINDINGS SITE AGREED HOST("a.test", "") "ACMEfolder = /var/lib/longhouse/acme\n",
      "ACMEfolder '/var/lib/longhouse/acme' lies in WorkDirectory, which belongs to the user of "
      "the server" },
    { BINDINGS SITE AGREED HOST("a.test", "") "ACMEca = none.pem\n",
      "cannot read ACMEca 'none.pem': No such file or directory" },
    { BINDINGS SITE AGREED "ACMEdirectory = http://a.test/dir\n",
      "'ACMEdirectory' must be a URL that begins with https://, not 'http://a.test/dir'" },
    { BINDINGS SITE AGREED "ACMEcontact = root\n",
      "'ACMEcontact' must be a mail address, not 'root'" },
};

START_TEST(what_can_never_work_is_said)
{
    struct loaded loaded;

    loaded_text(&loaded, cases[_i].text);
    const struct diag *diag = loaded.diags.first;
    if (cases[_i].says[0] == '\0') {
        ck_assert_ptr_null(diag);
        ck_assert_ptr_nonnull(loaded.conf);
    } else {
        ck_assert_ptr_nonnull(diag);
        assert_slice(diag->message, cases[_i].says);
        ck_assert_uint_gt(diag->place.line, 0);
    }
    loaded_done(&loaded);
}
END_TEST

START_TEST(what_is_there_is_read_and_shown_by_the_binding)
{
    const struct text_file files[] = {
        { "longhouse.conf",
          BINDINGS SITE AGREED HOST("b.test, www.b.test", "") HOST("a.test", "") },
        { FOLDER "a.test.pem", "certificate" },
    };
    struct loaded loaded;

    loaded_files(&loaded, files, 2);
    ck_assert_ptr_nonnull(loaded.conf);
    const struct vhost_conf *host = loaded.conf->hosts->next;
    assert_slice(host->tls.names, "b.test www.b.test");
    assert_slice(host->tls.certificates->path, FOLDER "b.test.pem");
    ck_assert_uint_eq(host->tls.certificates->text.len, 0);
    assert_slice(host->next->tls.certificates->text, "certificate");
    const struct binding_conf *secure = loaded.conf->bindings->next;
    ck_assert_ptr_eq(secure->tls.certificates, host->tls.certificates);
    ck_assert_ptr_null(loaded.conf->bindings->tls.certificates);
    ck_assert(!loaded.conf->hosts->tls.automatic);
    loaded_done(&loaded);
}
END_TEST

static const struct {
    const char *bindings;
    bool by_alpn;
} proofs[] = {
    { BINDINGS, false },
    { PLAIN "Binding {\nPort = 8443\nAutoTLS = yes\n}\n", false },
    { SECURE, true },
    { "Binding {\nPort = 8080\n}\n" SECURE, true },
    { "Binding {\nPort = 8080\n}\nBinding {\nPort = 8443\nAutoTLS = yes\n}\n", false },
    { "Binding {\nPort = 8443\nAutoTLS = yes\n}\n", true },
};

START_TEST(names_are_proven_where_the_authority_looks)
{
    struct loaded loaded;
    char *text = NULL;

    ck_assert_int_gt(asprintf(&text, "%s%s", proofs[_i].bindings, SITE AGREED HOST("a.test", "")),
                     0);
    loaded_text(&loaded, text);
    ck_assert_ptr_nonnull(loaded.conf);
    ck_assert_int_eq(loaded.conf->acme.by_alpn, proofs[_i].by_alpn);
    loaded_done(&loaded);
    free(text);
}
END_TEST

START_TEST(a_contact_is_a_url)
{
    struct loaded loaded;

    loaded_text(&loaded, PLAIN SITE "ACMEcontact = root@a.test\n");
    assert_slice(loaded.conf->acme.contact, "mailto:root@a.test");
    loaded_done(&loaded);
    loaded_text(&loaded, PLAIN SITE "ACMEcontact = mailto:root@a.test\n");
    assert_slice(loaded.conf->acme.contact, "mailto:root@a.test");
    loaded_done(&loaded);
}
END_TEST

SUITE("automatic", LOOP(what_can_never_work_is_said, cases),
      TEST(what_is_there_is_read_and_shown_by_the_binding),
      LOOP(names_are_proven_where_the_authority_looks, proofs), TEST(a_contact_is_a_url))
