// What of OpenSSL Swift cannot import by itself: macros.
#ifndef CREDFERRY_COPENSSL_SHIM_H
#define CREDFERRY_COPENSSL_SHIM_H

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

static inline void *credferry_secure_zalloc(size_t size) {
    return OPENSSL_secure_zalloc(size);
}

static inline void credferry_secure_clear_free(void *pointer, size_t size) {
    OPENSSL_secure_clear_free(pointer, size);
}

#endif
