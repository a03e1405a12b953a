// What of OpenSSL Swift cannot import by itself: macros.
#ifndef CREDFERRY_COPENSSL_SHIM_H
#define CREDFERRY_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static inline void *credferry_secure_zalloc(size_t size) {
    return OPENSSL_secure_zalloc(size);
}

static inline void credferry_secure_clear_free(void *pointer, size_t size) {
    OPENSSL_secure_clear_free(pointer, size);
}

static inline EVP_PKEY *credferry_generate_p256_key(void) {
    return EVP_EC_gen("P-256");
}

static inline long credferry_bio_data(BIO *bio, char **data) {
    return BIO_get_mem_data(bio, data);
}

#endif
