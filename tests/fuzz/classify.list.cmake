portcullis_fuzz(classify_fuzz SOURCES ${CMAKE_SOURCE_DIR}/tests/fuzz/classify_fuzz.cpp
  LINKS portcullis_classify)
