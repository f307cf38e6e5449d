# Compiler and linker options that every part of the house shares.
include(CheckCCompilerFlag)

add_library(house_options INTERFACE)
target_compile_features(house_options INTERFACE c_std_17)
target_compile_definitions(house_options INTERFACE _GNU_SOURCE LONGHOUSE_VERSION="${PROJECT_VERSION}")
target_compile_options(house_options INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wshadow -Wformat=2 -Wvla -Wundef -Wstrict-prototypes
  -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wimplicit-fallthrough
  -fno-strict-aliasing -fno-common)

# assert() stays in every build: a broken invariant ends the process, the supervisor starts the next.
# So none of CMake's own kinds of build brings its -DNDEBUG, nor does a packager's CFLAGS.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_MINSIZEREL "-Os -g")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g -fno-omit-frame-pointer")
target_compile_options(house_options INTERFACE -UNDEBUG)

if(CMAKE_BUILD_TYPE MATCHES "^(Release|RelWithDebInfo|MinSizeRel)$")
  target_compile_options(house_options INTERFACE
    -fstack-protector-strong -fno-delete-null-pointer-checks -fno-strict-overflow)
  # On x86 GCC fills records by "rep stos", which takes longer to begin than most of them need: a request over HTTP/2
  # costs a tenth less without. Clang knows neither option.
  set(strings unrolled_loop:256:noalign,libcall:-1:noalign)
  foreach(option -fstack-clash-protection -fcf-protection=full -ftrivial-auto-var-init=zero
      -mmemset-strategy=${strings} -mmemcpy-strategy=${strings})
    string(MAKE_C_IDENTIFIER "has${option}" has)
    check_c_compiler_flag(${option} ${has})
    if(${has})
      target_compile_options(house_options INTERFACE ${option})
    endif()
  endforeach()
  target_compile_options(house_options INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  target_link_options(house_options INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed)

  include(CheckIPOSupported)
  check_ipo_supported(RESULT has_lto OUTPUT ignored LANGUAGES C)
  if(has_lto)
    set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
  endif()
endif()

# Where something is counted a child does not write its counts before it execs, as gcc would have it: it may have no right
# to, and shares our memory.
set(own_fork -fno-builtin-fork -fno-builtin-execve)

# Two passes (scripts/release): the programs count what they execute while they answer requests (bench/train), then they are
# built again for what they execute often. Functions that have changed since are built as if nothing had been counted.
set(profile ${PROJECT_BINARY_DIR}/profile)
if(LONGHOUSE_PROFILE STREQUAL "record")
  file(MAKE_DIRECTORY ${profile})
  target_compile_options(house_options INTERFACE
    -fprofile-generate=${profile} -fprofile-update=prefer-atomic ${own_fork})
  target_link_options(house_options INTERFACE -fprofile-generate=${profile})
elseif(LONGHOUSE_PROFILE STREQUAL "use")
  file(GLOB counts ${profile}/*.gcda)
  if(NOT counts)
    message(FATAL_ERROR "LONGHOUSE_PROFILE=use, but nothing was counted in ${profile}: scripts/release does it all")
  endif()
  target_compile_options(house_options INTERFACE
    -fprofile-use=${profile} -fprofile-partial-training -fprofile-correction
    -Wno-missing-profile -Wno-coverage-mismatch)
elseif(LONGHOUSE_PROFILE)
  message(FATAL_ERROR "LONGHOUSE_PROFILE=${LONGHOUSE_PROFILE}: it is record, use, or nothing")
endif()
if(LONGHOUSE_PROFILE AND NOT CMAKE_C_COMPILER_ID STREQUAL "GNU")
  message(FATAL_ERROR "LONGHOUSE_PROFILE needs gcc: ${CMAKE_C_COMPILER} is ${CMAKE_C_COMPILER_ID}")
endif()

if(LONGHOUSE_SANITIZE)
  target_compile_options(house_options INTERFACE
    -fsanitize=${LONGHOUSE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(house_options INTERFACE -fsanitize=${LONGHOUSE_SANITIZE})
  target_compile_definitions(house_options INTERFACE LONGHOUSE_SANITIZED=1)
endif()

if(LONGHOUSE_FUZZ)
  target_compile_options(house_options INTERFACE
    -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  target_link_options(house_options INTERFACE -fsanitize=address,undefined)
  target_compile_definitions(house_options INTERFACE LONGHOUSE_SANITIZED=1)
endif()

# counts_coverage(TARGET): with LONGHOUSE_COVERAGE its lines and branches are counted (gcc), for scripts/coverage.
function(counts_coverage target)
  if(LONGHOUSE_COVERAGE)
    target_compile_options(${target} PRIVATE --coverage -fprofile-update=prefer-atomic ${own_fork})
    target_link_options(${target} PUBLIC --coverage)
  endif()
endfunction()
