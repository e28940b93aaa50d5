/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl, loaded when it is first asked for. It brings thirty other libraries, four fifths of what
 * a program maps that most often never speaks to a server: `switchyard` is linked with this file,
 * whose functions stand before the library's own and hand every call on. Programs that always
 * speak to one (the service, the agent) and static ones are linked with the library itself. */
#define CURL_DISABLE_TYPECHECK
#include <assert.h>
#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>

#define LIBRARY "libcurl-gnutls.so.4" /* as the package libcurl4-gnutls-dev links it */

#undef curl_easy_setopt
#undef curl_easy_getinfo

/* X(result, name, parameters, arguments) what base/kube calls; those with a variable argument take
 * one: a pointer, a long or a curl_off_t, all of which are passed like a pointer where long has its
 * size. */
#define FUNCTIONS(X)                                                                               \
    X(CURL *, curl_easy_init, (void), ())                                                          \
    X(CURLcode, curl_easy_perform, (CURL * easy), (easy))                                          \
    X(const char *, curl_easy_strerror, (CURLcode code), (code))                                   \
    X(CURLM *, curl_multi_init, (void), ())                                                        \
    X(CURLMcode, curl_multi_add_handle, (CURLM * multi, CURL * easy), (multi, easy))               \
    X(CURLMcode, curl_multi_remove_handle, (CURLM * multi, CURL * easy), (multi, easy))            \
    X(CURLMcode, curl_multi_cleanup, (CURLM * multi), (multi))                                     \
    X(CURLMsg *, curl_multi_info_read, (CURLM * multi, int *left), (multi, left))                  \
    X(CURLMcode, curl_multi_perform, (CURLM * multi, int *running), (multi, running))              \
    X(CURLMcode, curl_multi_poll,                                                                  \
      (CURLM * multi, struct curl_waitfd fds[], unsigned n, int timeout_ms, int *ready),           \
      (multi, fds, n, timeout_ms, ready))                                                          \
    X(CURLMcode, curl_multi_wakeup, (CURLM * multi), (multi))                                      \
    X(struct curl_slist *, curl_slist_append, (struct curl_slist * list, const char *text),        \
      (list, text))
#define PROCEDURES(X)                                                                              \
    X(curl_easy_cleanup, (CURL * easy), (easy))                                                    \
    X(curl_easy_reset, (CURL * easy), (easy))                                                      \
    X(curl_global_cleanup, (void), ())                                                             \
    X(curl_slist_free_all, (struct curl_slist * list), (list))

_Static_assert(sizeof(long) == sizeof(void *) && sizeof(curl_off_t) == sizeof(void *),
               "curl_easy_setopt's argument is handed on as a pointer");

static struct {
    CURLcode (*curl_global_init)(long flags);
    CURLcode (*curl_easy_setopt)(CURL *easy, CURLoption option, ...);
    CURLcode (*curl_easy_getinfo)(CURL *easy, CURLINFO info, ...);
#define X(result, name, parameters, arguments) result(*name) parameters;
    FUNCTIONS(X)
#undef X
#define X(name, parameters, arguments) void(*name) parameters;
    PROCEDURES(X)
#undef X
} curl;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool loaded;

/* Object pointers and function pointers are alike where there is dlsym (POSIX). */
static bool find(void *library, const char *name, void *to)
{
    void *found = dlsym(library, name);
    *(void **)to = found;
    return found != NULL;
}

static void load(void)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return;
    bool all = find(library, "curl_global_init", &curl.curl_global_init) &&
               find(library, "curl_easy_setopt", &curl.curl_easy_setopt) &&
               find(library, "curl_easy_getinfo", &curl.curl_easy_getinfo);
#define X(result, name, parameters, arguments) all = find(library, #name, &curl.name) && all;
    FUNCTIONS(X)
#undef X
#define X(name, parameters, arguments) all = find(library, #name, &curl.name) && all;
    PROCEDURES(X)
#undef X
    loaded = all;
}

CURLcode curl_global_init(long flags)
{
    (void)pthread_once(&once, load);
    return loaded ? curl.curl_global_init(flags) : CURLE_FAILED_INIT;
}

CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    va_list arguments;
    va_start(arguments, option);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    return curl.curl_easy_setopt(easy, option, argument);
}

CURLcode curl_easy_getinfo(CURL *easy, CURLINFO info, ...)
{
    va_list arguments;
    va_start(arguments, info);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    return curl.curl_easy_getinfo(easy, info, argument);
}

#define X(result, name, parameters, arguments)                                                     \
    result name parameters                                                                         \
    {                                                                                              \
        assert(curl.name != NULL); /* curl_global_init came first, and said whether it is there */ \
        return curl.name arguments;                                                                \
    }
FUNCTIONS(X)
#undef X
#define X(name, parameters, arguments)                                                             \
    void name parameters                                                                           \
    {                                                                                              \
        if (curl.name != NULL)                                                                     \
            curl.name arguments;                                                                   \
    }
PROCEDURES(X)
#undef X
