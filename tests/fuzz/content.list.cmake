portcullis_fuzz(surface_fuzz SOURCES surface_fuzz.cpp
  LINKS portcullis_content portcullis_base nlohmann_json::nlohmann_json)
portcullis_fuzz(encoding_fuzz SOURCES encoding_fuzz.cpp LINKS portcullis_content portcullis_base)
