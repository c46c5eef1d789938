"""Private keys that never leave a security module: reached by PKCS#11, named by a URI where a key file could stand."""
