portcullis_fuzz(http_head_fuzz SOURCES http_head_fuzz.cpp LINKS portcullis_net)
portcullis_fuzz(sse_fuzz SOURCES sse_fuzz.cpp LINKS portcullis_net)
