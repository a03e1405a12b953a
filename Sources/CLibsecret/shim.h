#ifndef CREDFERRY_CLIBSECRET_SHIM_H
#define CREDFERRY_CLIBSECRET_SHIM_H

#include <libsecret/secret.h>

// The attributes that a credential is stored with. libsecret keeps the pointer, so it is a static object.
static inline const SecretSchema *credferry_keyring_schema(void) {
    static const SecretSchema schema = {
        "credferry.Credential",
        SECRET_SCHEMA_NONE,
        {
            {"application", SECRET_SCHEMA_ATTRIBUTE_STRING},
            {"name", SECRET_SCHEMA_ATTRIBUTE_STRING},
            {"cluster", SECRET_SCHEMA_ATTRIBUTE_STRING},
            {"credential", SECRET_SCHEMA_ATTRIBUTE_STRING},
            {"appId", SECRET_SCHEMA_ATTRIBUTE_STRING},
            {"keyId", SECRET_SCHEMA_ATTRIBUTE_STRING},
            {"tenant", SECRET_SCHEMA_ATTRIBUTE_STRING},
            {"notAfter", SECRET_SCHEMA_ATTRIBUTE_STRING},
            {"clientAppId", SECRET_SCHEMA_ATTRIBUTE_STRING},
            {NULL, 0},
        },
    };
    return &schema;
}

// Functions of a type of GLib are macros, which Swift does not import.
static inline GType credferry_secret_service_type(void) { return SECRET_TYPE_SERVICE; }

#endif
