// libcurl without linking it: its own types and constants, and its functions found at run time.
//
// Loading Debian's libcurl takes several milliseconds, which a command that needs no network does not pay.
// The wrappers exist because Swift imports no variadic function; there is one for each type of argument.
#ifndef CREDFERRY_CLIBCURL_SHIM_H
#define CREDFERRY_CLIBCURL_SHIM_H

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <dlfcn.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

// The functions of libcurl that are used, and one of libssl. Written once, by credferry_curl_load.
struct credferry_curl {
    CURLcode (*global_init_mem)(long, curl_malloc_callback, curl_free_callback, curl_realloc_callback,
                                curl_strdup_callback, curl_calloc_callback);
    const char *(*easy_strerror)(CURLcode);
    curl_version_info_data *(*version_info)(CURLversion);
    CURL *(*easy_init)(void);
    void (*easy_cleanup)(CURL *);
    CURLcode (*easy_setopt)(CURL *, CURLoption, ...);
    CURLcode (*easy_getinfo)(CURL *, CURLINFO, ...);
    struct curl_slist *(*slist_append)(struct curl_slist *, const char *);
    void (*slist_free_all)(struct curl_slist *);
    CURLM *(*multi_init)(void);
    CURLMcode (*multi_cleanup)(CURLM *);
    CURLMcode (*multi_add_handle)(CURLM *, CURL *);
    CURLMcode (*multi_remove_handle)(CURLM *, CURL *);
    CURLMcode (*multi_perform)(CURLM *, int *);
    CURLMcode (*multi_poll)(CURLM *, struct curl_waitfd *, unsigned int, int, int *);
    CURLMcode (*multi_wakeup)(CURLM *);
    CURLMsg *(*multi_info_read)(CURLM *, int *);
    CURLMcode (*multi_setopt)(CURLM *, CURLMoption, ...);
    // SSL_CTX_set_options of the libssl that this libcurl uses; NULL where it uses another TLS library.
    uint64_t (*ssl_ctx_set_options)(void *, uint64_t);
};

// Finds the functions in the library of that name. Returns NULL, or what is wrong; the text is valid until this thread's next dlerror.
static inline const char *credferry_curl_load(struct credferry_curl *curl, const char *name) {
    static const char *const names[] = {
        "curl_global_init_mem", "curl_easy_strerror", "curl_version_info", "curl_easy_init",
        "curl_easy_cleanup", "curl_easy_setopt", "curl_easy_getinfo", "curl_slist_append",
        "curl_slist_free_all", "curl_multi_init", "curl_multi_cleanup", "curl_multi_add_handle",
        "curl_multi_remove_handle", "curl_multi_perform", "curl_multi_poll", "curl_multi_wakeup",
        "curl_multi_info_read", "curl_multi_setopt",
    };
    enum { count = sizeof names / sizeof names[0] };
    _Static_assert(sizeof *curl == (count + 1) * sizeof(void *), "one name for each function");
    void *functions[count + 1];
    // Never closed: libcurl and what it loads cannot be unloaded safely.
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!library) return dlerror();
    for (int i = 0; i < count; i++) {
        functions[i] = dlsym(library, names[i]);
        if (!functions[i]) return dlerror();
    }
    // Searches the libraries that libcurl itself was linked with.
    functions[count] = dlsym(library, "SSL_CTX_set_options");
    memcpy(curl, functions, sizeof *curl);
    return NULL;
}

// MARK: Memory that is zeroed when it is given back: libcurl's copies of headers, bodies and answers.

static inline void credferry_curl_free(void *block) {
    if (!block) return;
    explicit_bzero(block, malloc_usable_size(block));
    free(block);
}

static inline void *credferry_curl_realloc(void *block, size_t size) {
    if (!block) return malloc(size);
    size_t old = malloc_usable_size(block);
    if (size && size <= old) return block;
    void *larger = malloc(size);
    if (!larger) return NULL;
    memcpy(larger, block, size < old ? size : old);
    credferry_curl_free(block);
    return larger;
}

static inline CURLcode credferry_curl_global_init(const struct credferry_curl *curl) {
    return curl->global_init_mem(
        CURL_GLOBAL_DEFAULT, malloc, credferry_curl_free, credferry_curl_realloc, strdup, calloc);
}

static inline unsigned int credferry_curl_version(const struct credferry_curl *curl) {
    return curl->version_info(CURLVERSION_NOW)->version_num;
}

// Shown by debuggers and ps(1); at most 15 characters. Glibc's own call is out of Swift's reach.
static inline void credferry_curl_name_thread(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}

// MARK: One wrapper for each type of argument

static inline CURLcode credferry_curl_set_long(
    const struct credferry_curl *curl, CURL *easy, CURLoption option, long value) {
    return curl->easy_setopt(easy, option, value);
}

static inline CURLcode credferry_curl_set_string(
    const struct credferry_curl *curl, CURL *easy, CURLoption option, const char *value) {
    return curl->easy_setopt(easy, option, value);
}

static inline CURLcode credferry_curl_set_pointer(
    const struct credferry_curl *curl, CURL *easy, CURLoption option, const void *value) {
    return curl->easy_setopt(easy, option, value);
}

static inline CURLcode credferry_curl_set_offset(
    const struct credferry_curl *curl, CURL *easy, CURLoption option, curl_off_t value) {
    return curl->easy_setopt(easy, option, value);
}

// libcurl copies the bytes.
static inline CURLcode credferry_curl_set_blob(
    const struct credferry_curl *curl, CURL *easy, CURLoption option, const void *bytes, size_t count) {
    struct curl_blob blob = {.data = (void *)bytes, .len = count, .flags = CURL_BLOB_COPY};
    return curl->easy_setopt(easy, option, &blob);
}

static inline CURLcode credferry_curl_set_receiver(
    const struct credferry_curl *curl, CURL *easy, CURLoption option, curl_write_callback receiver) {
    return curl->easy_setopt(easy, option, receiver);
}

static inline CURLcode credferry_curl_set_prerequest(
    const struct credferry_curl *curl, CURL *easy, curl_prereq_callback callback) {
    return curl->easy_setopt(easy, CURLOPT_PREREQFUNCTION, callback);
}

static inline CURLcode credferry_curl_get_long(
    const struct credferry_curl *curl, CURL *easy, CURLINFO info, long *value) {
    return curl->easy_getinfo(easy, info, value);
}

static inline CURLMcode credferry_curl_multi_set_long(
    const struct credferry_curl *curl, CURLM *multi, CURLMoption option, long value) {
    return curl->multi_setopt(multi, option, value);
}

// The next transfer that is done, and how it ended; NULL where there is none.
static inline CURL *credferry_curl_next_done(const struct credferry_curl *curl, CURLM *multi, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl->multi_info_read(multi, &left))) {
        if (message->msg != CURLMSG_DONE) continue;
        *result = message->data.result;
        return message->easy_handle;
    }
    return NULL;
}

// MARK: Sockets

// libcurl's own sockets would be inherited by every program that is started meanwhile.
static inline curl_socket_t credferry_curl_open_socket(
    void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)context;
    (void)purpose;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static inline CURLcode credferry_curl_set_close_on_exec(const struct credferry_curl *curl, CURL *easy) {
    return curl->easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, credferry_curl_open_socket);
}

// MARK: TLS

// OpenSSL decrypts in place and gives the buffer back as it is; this option of OpenSSL 3.0 zeroes what was
// read as soon as it is handed over. SSL_OP_CLEANSE_PLAINTEXT is spelled out to need no <openssl/ssl.h>.
static inline CURLcode credferry_curl_cleanse_plaintext(CURL *easy, void *context, void *table) {
    const struct credferry_curl *curl = (const struct credferry_curl *)table;
    (void)easy;
    curl->ssl_ctx_set_options(context, (uint64_t)1 << 1);
    return CURLE_OK;
}

static inline CURLcode credferry_curl_set_cleansing(const struct credferry_curl *curl, CURL *easy) {
    if (!curl->ssl_ctx_set_options) return CURLE_OK;
    CURLcode result = curl->easy_setopt(easy, CURLOPT_SSL_CTX_DATA, (void *)curl);
    if (result != CURLE_OK) return result;
    return curl->easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, credferry_curl_cleanse_plaintext);
}

#endif
