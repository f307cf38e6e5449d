#include "config/load.h"
#include "config/text_source.h"
#include "slice_assert.h"
#include "suite.h"

#define SITE   "Hostname = default\nWebsiteRoot = /srv/default\n"
#define FOLDER "/var/lib/longhouse-acme/"
#define ONE    "-----BEGIN CERTIFICATE-----\nb25l\n-----END CERTIFICATE-----\n"
#define TWO    "-----BEGIN TRUSTED CERTIFICATE-----\ndHdv\n-----END TRUSTED CERTIFICATE-----\n"
#define KEY    "-----BEGIN PRIVATE KEY-----\na2V5\n-----END PRIVATE KEY-----\n"

#define SECURE(more) "Binding {\nPort = 443\nTLScertFile = /a.pem\n" more "}\n"

/* ---- certificates alone ---- */

static const struct {
    const char *text;
    const char *alone;
} texts[] = {
    { "", "" },
    { ONE, ONE },
    { "a word before\n" KEY "between" ONE TWO "behind", ONE TWO },
    { KEY, "" },
    { ONE KEY TWO KEY, ONE TWO },
    { "-----BEGIN CERTIFICATE REQUEST-----\nx\n-----END CERTIFICATE REQUEST-----\n", "" },
    { "-----BEGIN CERTIFICATE-----\nb25l\n", "" },
    { "-----BEGIN CERTIFICATE-----\nb25l\n-----END CERTIFICATE", "" },
    { "-----BEGIN CERTIFICATE", "" },
    { "-----BEGIN ", "" },
    { "-----BEGIN -----END -----" ONE, ONE },
    { "-----BEGIN CERTIFICATE-----\nb25l\n" KEY ONE, ONE },
    { "-----BEGIN CERTIFICATE-----\nb25l\n-----END PRIVATE KEY-----\n" ONE, ONE },
    { "-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nx\n-----END CERTIFICATE-----\n",
      "" },
};

START_TEST(keys_are_left_out_of_what_is_handed_on)
{
    struct arena arena = { 0 };

    assert_slice(staple_certificates(slice_cstr(texts[_i].text), &arena), texts[_i].alone);
    arena_done(&arena);
}
END_TEST

/* ---- the files ---- */

START_TEST(each_certificate_has_a_file_for_its_answer)
{
    const struct text_file files[] = {
        { "longhouse.conf", SECURE("TLSstaple = yes\n") SITE },
        { "/a.pem", KEY ONE },
    };
    struct loaded loaded;

    loaded_files(&loaded, files, 2);
    ck_assert_ptr_nonnull(loaded.conf);
    const struct tls_conf *tls = &loaded.conf->bindings->tls;
    ck_assert(tls->asks);
    ck_assert_ptr_nonnull(tls->staples);
    ck_assert_ptr_null(tls->staples->next);
    ck_assert(slice_starts(tls->staples->path, SLICE(FOLDER)));
    ck_assert(slice_ends(tls->staples->path, SLICE(".ocsp")));
    ck_assert_uint_eq(tls->staples->text.len, 0);
    const struct slice id = staple_id(tls->staples);
    ck_assert_uint_eq(id.len, 64);
    ck_assert_ptr_eq(staple_find(loaded.conf, id), tls->certificates);
    ck_assert_ptr_null(staple_find(loaded.conf, SLICE("another")));
    ck_assert(acme_is_used(loaded.conf));
    loaded_done(&loaded);
}
END_TEST

START_TEST(the_file_of_another_certificate_is_another_one)
{
    const char *const contents[] = { KEY ONE, ONE KEY, TWO KEY };
    char ids[3][65];

    for (unsigned i = 0; i < 3; i++) {
        const struct text_file files[] = {
            { "longhouse.conf", SECURE("TLSstaple = yes\n") SITE },
            { "/a.pem", contents[i] },
        };
        struct loaded loaded;

        loaded_files(&loaded, files, 2);
        ck_assert_ptr_nonnull(loaded.conf);
        snprintf(ids[i], sizeof(ids[i]), "%.*s",
                 SLICE_ARGS(staple_id(loaded.conf->bindings->tls.staples)));
        loaded_done(&loaded);
    }
    ck_assert_str_eq(ids[0], ids[1]); /* whatever lies around it */
    ck_assert_str_ne(ids[0], ids[2]);
}
END_TEST

static const struct {
    const char *text;
    const char *says;
} faults[] = {
    { SECURE("TLSstaple = yes\nTLSstapleFile = /answer\n") SITE,
      "TLSstaple asks the authority, and TLSstapleFile names what it has said" },
    { "Binding {\nPort = 80\nTLSstaple = yes\n}\n" SITE,
      "there is no certificate here that TLSstaple could ask about" },
    { SECURE("TLSstaple = yes\n") SITE "ACMEfolder = /var/lib/longhouse/acme\n",
      "ACMEfolder '/var/lib/longhouse/acme' lies in WorkDirectory, which belongs to the user of "
      "the server" },
};

START_TEST(what_can_never_work_is_said)
{
    const struct text_file files[] = {
        { "longhouse.conf", faults[_i].text },
        { "/a.pem", KEY ONE },
        { "/answer", "answer" },
    };
    struct loaded loaded;

    loaded_files(&loaded, files, 3);
    ck_assert_ptr_null(loaded.conf);
    assert_slice(loaded.diags.first->message, faults[_i].says);
    loaded_done(&loaded);
}
END_TEST

SUITE("staples", LOOP(keys_are_left_out_of_what_is_handed_on, texts),
      TEST(each_certificate_has_a_file_for_its_answer),
      TEST(the_file_of_another_certificate_is_another_one),
      LOOP(what_can_never_work_is_said, faults))
