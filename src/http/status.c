#include "http/status.h"

#include <stddef.h>

struct status_row {
    int status;
    struct slice phrase;
    const char *explanation; /* NULL: that of the class */
};

#define ROW(status, phrase, explanation)                                                           \
    {                                                                                              \
        status, SLICE_INIT(phrase), explanation                                                    \
    }

/* Sorted by status. */
static const struct status_row rows[] = {
    ROW(100, "Continue", NULL),
    ROW(101, "Switching Protocols", NULL),
    ROW(102, "Processing", NULL),
    ROW(103, "Early Hints", NULL),
    ROW(200, "OK", NULL),
    ROW(201, "Created", NULL),
    ROW(202, "Accepted", NULL),
    ROW(203, "Non-Authoritative Information", NULL),
    ROW(204, "No Content", NULL),
    ROW(205, "Reset Content", NULL),
    ROW(206, "Partial Content", NULL),
    ROW(207, "Multi-Status", NULL),
    ROW(208, "Already Reported", NULL),
    ROW(226, "IM Used", NULL),
    ROW(300, "Multiple Choices", "This page exists in several forms; choose one of them."),
    ROW(301, "Moved Permanently",
        "This page has moved for good; please follow it and update your link."),
    ROW(302, "Found", "This page is at another address for now."),
    ROW(303, "See Other", "The answer to your request is at another address."),
    ROW(304, "Not Modified", "The page has not changed since you last fetched it."),
    ROW(305, "Use Proxy", NULL),
    ROW(307, "Temporary Redirect", "This page is at another address for now."),
    ROW(308, "Permanent Redirect",
        "This page has moved for good; please follow it and update your link."),
    ROW(400, "Bad Request",
        "Your browser sent something this server cannot understand; please check the address."),
    ROW(401, "Unauthorized", "This page is protected; please log in with a name and a password."),
    ROW(402, "Payment Required", "This page is only available against payment."),
    ROW(403, "Forbidden", "You are not allowed to see this page; logging in again will not help."),
    ROW(404, "Not Found", "There is no page at this address; please check it for typing errors."),
    ROW(405, "Method Not Allowed", "This address exists, but it cannot be used in this way."),
    ROW(406, "Not Acceptable", "This page does not exist in a form that your browser accepts."),
    ROW(407, "Proxy Authentication Required", "Please log in to the proxy first."),
    ROW(408, "Request Timeout", "Your request took too long to arrive; please try again."),
    ROW(409, "Conflict",
        "Your change does not fit the present state of this page; please reload it and try again."),
    ROW(410, "Gone", "This page was here once and has been removed for good."),
    ROW(411, "Length Required", "Your request does not tell its length, which is needed here."),
    ROW(412, "Precondition Failed",
        "The page has changed in the meantime; please reload it and try again."),
    ROW(413, "Content Too Large",
        "You sent more than this server takes; please try it with something smaller."),
    ROW(414, "URI Too Long", "This address is longer than this server takes; please shorten it."),
    ROW(415, "Unsupported Media Type", "What you sent is of a kind that cannot be used here."),
    ROW(416, "Range Not Satisfiable",
        "You asked for a part of the file that does not exist; please fetch it from the start."),
    ROW(417, "Expectation Failed", "Your request expects something this server cannot do."),
    ROW(421, "Misdirected Request", "This server is not responsible for that name; please reload."),
    ROW(422, "Unprocessable Content",
        "Your request was understood, but what it asks for does not make sense."),
    ROW(423, "Locked", "Somebody else is working on this; please try again later."),
    ROW(424, "Failed Dependency", "Something this request depends on has failed."),
    ROW(425, "Too Early", "Your request arrived too early to be safe; please send it again."),
    ROW(426, "Upgrade Required", "This page needs a newer protocol than your browser offers."),
    ROW(428, "Precondition Required", "Please reload the page before you change it."),
    ROW(429, "Too Many Requests", "You asked too often in a short time; please wait a little."),
    ROW(431, "Request Header Fields Too Large",
        "Your browser sent too much along with the request; deleting this site's cookies may "
        "help."),
    ROW(440, "Client Certificate Required",
        "This page is only for visitors with a certificate; please install yours and try again."),
    ROW(441, "SQL Injection Detected",
        "Your request looks like an attack on a database and was stopped."),
    ROW(442, "Cross-Site Scripting Detected",
        "Your request looks like an attempt to plant a script and was stopped."),
    ROW(443, "Cross-Site Request Forgery Detected",
        "Your request came from a page of another site and was stopped."),
    ROW(444, "Banned", "Requests from your address are not taken at the moment."),
    ROW(451, "Unavailable For Legal Reasons", "This page may not be shown for legal reasons."),
    ROW(500, "Internal Server Error",
        "Something went wrong on the server; please try again later or tell its owner."),
    ROW(501, "Not Implemented", "This server cannot do what your request asks for."),
    ROW(502, "Bad Gateway",
        "The program behind this page gave no proper answer; please try again later."),
    ROW(503, "Service Unavailable", "This page is busy at the moment; please try again shortly."),
    ROW(504, "Gateway Timeout",
        "The program behind this page took too long to answer; please try again later."),
    ROW(505, "HTTP Version Not Supported",
        "Your browser speaks a version of HTTP that this server does not know."),
    ROW(506, "Variant Also Negotiates", NULL),
    ROW(507, "Insufficient Storage", "There is no room left on the server for what you sent."),
    ROW(508, "Loop Detected",
        "This page leads back to itself; please tell the owner of the server."),
    ROW(510, "Not Extended", NULL),
    ROW(511, "Network Authentication Required", "Please log in to your network first."),
};

/* Index: the first digit; 0 for what has no class. */
static const struct status_row classes[] = {
    ROW(0, "Unknown", "The server gave an answer that has no standard meaning."),
    ROW(1, "Informational", "The request is being worked on."),
    ROW(2, "Success", "Your request was successful."),
    ROW(3, "Redirection", "The answer to your request is somewhere else."),
    ROW(4, "Client Error", "Something is wrong with your request; please check it and try again."),
    ROW(5, "Server Error", "Something went wrong on the server; please try again later."),
};

static const struct status_row *class_row(int status)
{
    return status >= 100 && status <= 599 ? &classes[status / 100] : &classes[0];
}

static const struct status_row *registered_row(int status)
{
    size_t begin = 0;
    size_t end = sizeof(rows) / sizeof(rows[0]);

    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;

        if (rows[middle].status == status)
            return &rows[middle];
        if (rows[middle].status < status)
            begin = middle + 1;
        else
            end = middle;
    }
    return NULL;
}

struct slice status_phrase(int status)
{
    if (status == 200) /* nearly all of them */
        return SLICE("OK");

    const struct status_row *row = registered_row(status);
    return row ? row->phrase : class_row(status)->phrase;
}

bool status_has_no_content(int status)
{
    return (status >= 100 && status <= 199) || status == 204 || status == 304;
}

struct slice status_explanation(int status)
{
    const struct status_row *row = registered_row(status);
    const char *text = row ? row->explanation : NULL;

    return slice_cstr(text ? text : class_row(status)->explanation);
}
