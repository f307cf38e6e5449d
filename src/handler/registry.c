#include "handler/registry.h"

#include <assert.h>

const struct handler_ops *handler_for(enum answer answer)
{
    switch (answer) {
    case ANSWER_STATUS:
    case ANSWER_REDIRECT:
        return &handler_reply;
    case ANSWER_FILE:
        return &handler_file;
    case ANSWER_XSLT:
        return &handler_xslt;
    case ANSWER_CGI:
        return &handler_cgi;
    case ANSWER_FASTCGI:
        return &handler_fastcgi;
    case ANSWER_ALTER:
        return &handler_alter;
    case ANSWER_LISTING:
        return &handler_listing;
    case ANSWER_SSH:
        return &handler_ssh;
    case ANSWER_HASH:
        return &handler_hash;
    case ANSWER_LOGIN:
        return &handler_login;
    case ANSWER_SCREEN:
        return &handler_screen;
    }
    assert(!"an answer nobody gives");
    return &handler_reply;
}
