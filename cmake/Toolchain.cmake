# One interface target that every module links: warnings, sanitizers, reproducible paths.
add_library(portcullis_options INTERFACE)
target_compile_options(portcullis_options INTERFACE
  -fno-omit-frame-pointer  # so that a profile of what is deployed can be read
  -Wall -Wextra -Wconversion -Wshadow -Wnon-virtual-dtor -Werror
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
target_include_directories(portcullis_options INTERFACE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(portcullis_options INTERFACE PORTCULLIS_VERSION="${PROJECT_VERSION}")
find_package(Threads REQUIRED)
target_link_libraries(portcullis_options INTERFACE Threads::Threads)

if(PORTCULLIS_SANITIZE)
  add_compile_options(-fsanitize=${PORTCULLIS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PORTCULLIS_SANITIZE})
  if(PORTCULLIS_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
  endif()
else()
  target_compile_definitions(portcullis_options INTERFACE _FORTIFY_SOURCE=2)
  add_compile_options(-fstack-protector-strong)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  find_program(PORTCULLIS_LLD NAMES ld.lld-16 ld.lld)
  if(PORTCULLIS_LLD)
    add_link_options(-fuse-ld=${PORTCULLIS_LLD})
  endif()
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # CCACHE_BASEDIR makes two checkouts share their cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE_PROGRAM})
endif()
