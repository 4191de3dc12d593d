# portcullis_module(NAME SOURCES ... LINKS ... PRIVATE_LINKS ...)
# One static library a module; the link edges are the only arrows there are.
function(portcullis_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(portcullis_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(portcullis_${name} PUBLIC portcullis_options ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS})
endfunction()

# portcullis_test(NAME SOURCES ... LINKS ...): one GoogleTest binary a module, labelled "unit".
function(portcullis_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS} GTest::gtest GTest::gmock GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(${name} PRIVATE PORTCULLIS_TESTDATA="${CMAKE_SOURCE_DIR}/tests/testdata"
                                             PORTCULLIS_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  gtest_discover_tests(${name} PROPERTIES LABELS unit TIMEOUT 300 DISCOVERY_TIMEOUT 60)
endfunction()

# portcullis_fuzz(NAME SOURCE ... LINKS ...): a libFuzzer target in the fuzz preset; elsewhere a program
# that replays the corpus in tests/fuzz/corpus/NAME, run by ctest.
function(portcullis_fuzz name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINKS})
  if(PORTCULLIS_FUZZ)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cpp)
    add_test(NAME replay_${name} COMMAND ${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
    set_tests_properties(replay_${name} PROPERTIES LABELS unit TIMEOUT 300)
  endif()
endfunction()
