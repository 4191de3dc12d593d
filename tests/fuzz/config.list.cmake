portcullis_fuzz(config_fuzz SOURCES config_fuzz.cpp LINKS portcullis_config)
