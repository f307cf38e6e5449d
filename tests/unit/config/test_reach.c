#include "config/load.h"
#include "config/text_source.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME                                                                                      \
    "Binding {\nPort = 80\n}\n"                                                                    \
    "FastCGIserver {\nFastCGIid = A\nConnectTo = 1.2.3.4:5\nExtension = php, phtml\n}\n"           \
    "FastCGIserver {\nFastCGIid = B\nConnectTo = 1.2.3.4:6\nExtension = php\n}\n"                  \
    "FastCGIserver {\nFastCGIid = ALL\nConnectTo = 1.2.3.4:7\n}\n"                                 \
    "Hostname = default\nWebsiteRoot = /srv/default\nExecuteCGI = yes\n"

/* Lines behind the frame, and all that is said about them. */
static const struct {
    const char *text;
    const char *says; /* "" : nothing */
} cases[] = {
    { "UseFastCGI = A", "" },
    { "UseFastCGI = A\nVirtualHost {\nHostname = x\nWebsiteRoot = /srv/x\nUseFastCGI = B\n}", "" },
    { "UseFastCGI = A, B",
      "warning FastCGIserver 'B' never gets '.php' of this host: 'A' stands before it" },
    { "UseFastCGI = B, A",
      "warning FastCGIserver 'A' never gets '.php' of this host: 'B' stands before it" },
    { "UseFastCGI = A, ALL", "" },
    { "UseFastCGI = ALL, A",
      "warning FastCGIserver 'A' never gets any request of this host: 'ALL' stands before it" },

    { "CGIhandler = /bin/sh:sh\nCGIhandler = /bin/perl:pl", "" },
    { "CGIhandler = /bin/sh:sh,bash\nCGIhandler = /bin/bash:bash",
      "warning this CGIhandler never gets '.bash': the one of longhouse.conf:22 claims it too" },
    { "CGIextension = cgi\nCGIhandler = /bin/sh:sh", "" },
    { "CGIextension = cgi, sh\nCGIhandler = /bin/sh:sh",
      "warning '.sh' is a CGIextension too: such files are run directly, and never by this "
      "CGIhandler" },
    { "CGIextension = sh\nVirtualHost {\nHostname = x\nWebsiteRoot = /srv/x\nExecuteCGI = "
      "yes\nCGIhandler = /bin/sh:sh\n}",
      "warning '.sh' is a CGIextension too: such files are run directly, and never by this "
      "CGIhandler" },
    /* a host's own handler comes before that of the server, on purpose */
    { "CGIhandler = /bin/sh:sh\nVirtualHost {\nHostname = x\nWebsiteRoot = /srv/x\nExecuteCGI = "
      "yes\nCGIhandler = /bin/bash:sh\n}",
      "" },

    { "VirtualHost {\nHostname = x\nWebsiteRoot = /srv/x\n}", "" },
    { "VirtualHost {\nHostname = x\nWebsiteRoot = /srv/default2\n}", "" },
    { "VirtualHost {\nHostname = x\nWebsiteRoot = /srv/default\n}", "" },
    { "VirtualHost {\nHostname = x\nWebsiteRoot = /srv/default/a/b\n}",
      "warning this WebsiteRoot lies inside the one of longhouse.conf:19 ('/srv/default')" },
    { "VirtualHost {\nHostname = x\nWebsiteRoot = /srv\n}",
      "warning this WebsiteRoot lies inside the one of longhouse.conf:23 ('/srv')" },
};

START_TEST(what_is_out_of_reach_is_said)
{
    static const char *const levels[] = { "note", "warning", "error" };
    char *text = NULL;
    char *said = NULL;
    size_t len = 0;
    struct loaded loaded;

    ck_assert_int_gt(asprintf(&text, "%s%s\n", FRAME, cases[_i].text), 0);
    loaded_text(&loaded, text);
    ck_assert_ptr_nonnull(loaded.conf);
    FILE *out = open_memstream(&said, &len);
    for (const struct diag *diag = loaded.diags.first; diag; diag = diag->next) {
        fprintf(out, "%s%s %.*s", diag == loaded.diags.first ? "" : "\n", levels[diag->level],
                SLICE_ARGS(diag->message));
        ck_assert_uint_ge(diag->place.line, 17);
    }
    fclose(out);
    ck_assert_str_eq(said, cases[_i].says);
    free(said);
    loaded_done(&loaded);
    free(text);
}
END_TEST

SUITE("reach", LOOP(what_is_out_of_reach_is_said, cases))
