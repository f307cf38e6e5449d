/* Options about stylesheets. */
#include "build.h"

static const struct option_row rows[] = {
    {
        .name = "UseXSLT",
        .type = OPT_YES_NO,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, use_xslt),
        .fallback = "no",
        .grammar = "yes | no",
        .text = "Whether a request for NAME.xml is answered with what a stylesheet makes of the "
                "file: NAME.xslt beside it, else index.xslt in its folder, else index.xslt in the "
                "WebsiteRoot; without any, the file itself is sent. xsltproc does it, as a program "
                "of the host (RunAs, limits, a seat of MaxCGI, TimeForCGI) that can read its "
                "website and nothing else. Not in websites of accounts.",
    },
    {
        .name = "ErrorXSLTfile",
        .type = OPT_PATH,
        .scopes = SCOPE_HOST,
        AT(vhost_conf, error_style),
        .grammar = "/PATH/OF/STYLESHEET",
        .text = "A stylesheet that makes the pages for errors which no ErrorHandler answers, from "
                "an XML document with code, message, explanation, hostname and request, as for "
                "UseXSLT. Where it fails, and for 429 and 503, the page is the usual one.",
    },
};

const struct option_group xslt_options = { rows, sizeof(rows) / sizeof(rows[0]) };
