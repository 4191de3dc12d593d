portcullis_fuzz(jws_fuzz SOURCES jws_fuzz.cpp LINKS portcullis_identity)
portcullis_fuzz(jwks_fuzz SOURCES jwks_fuzz.cpp LINKS portcullis_identity)
portcullis_fuzz(directory_fuzz SOURCES directory_fuzz.cpp LINKS portcullis_identity)
