const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/AqAdvmV4xQ0Z3vK
a4zP/RmIgRhS8Hgv0hS6xpUN4rGhRANCAARAT6e9Jd6h1DdxfsGolIwkfaik03J7
iee5VCYNxBwSj/VAOPcNnh8dEDi00HXzWAHKZ/HbYI5fe0lBud6zhVu0
-----END PRIVATE KEY-----
`

const cert = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUa0i/DRLMJ0W0yo0kRV+G0QaaQ9MwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEzMDE4NTkyMloYDzIxMjYxMTA2
MTg1OTIyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARAT6e9Jd6h1DdxfsGolIwkfaik03J7iee5VCYNxBwSj/VAOPcNnh8d
EDi00HXzWAHKZ/HbYI5fe0lBud6zhVu0o28wbTAdBgNVHQ4EFgQUFnri9h80gExO
StRVyi0QkGPMHY4wHwYDVR0jBBgwFoAUFnri9h80gExOStRVyi0QkGPMHY4wDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARhwR/AAABgglsb2NhbGhvc3QwCgYIKoZI
zj0EAwIDSAAwRQIgVQ03ziRrB2kWQb0H/3sa9rqrggZKAlp5wNNhjFuJ30QCIQCA
5yL9u0gN3mlVLubduaoVFsMYMYm+uNDZ5la07u2IJQ==
-----END CERTIFICATE-----
`

/**
 * A certificate for 127.0.0.1 and localhost that is its own authority, and lasts for a hundred years. Its key is known to
 * everybody: it protects nothing. Made by `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes`.
 */
export const selfSigned = { key, cert }
