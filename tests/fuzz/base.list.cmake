portcullis_fuzz(yaml_fuzz SOURCES yaml_fuzz.cpp LINKS portcullis_base)
