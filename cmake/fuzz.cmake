if(LONGHOUSE_TESTS OR LONGHOUSE_FUZZ)
  add_library(fuzz_asserts STATIC tests/fuzz/asserts.c)
  target_link_libraries(fuzz_asserts PRIVATE house_options)
endif()

# fuzz_target(STEM SOURCE FLOOR SUPPORT FACES)
#
# With LONGHOUSE_FUZZ: a libFuzzer program fuzz_STEM. Otherwise: the same function behind a main() that
# replays tests/fuzz/corpus/STEM, run as the test corpus/STEM.
function(fuzz_target stem source floor support faces)
  add_executable(fuzz_${stem} ${source})
  target_include_directories(fuzz_${stem}
    PRIVATE ${faces} ${PROJECT_SOURCE_DIR}/tests/support ${PROJECT_SOURCE_DIR}/src/${floor})
  target_link_libraries(fuzz_${stem} PRIVATE ${support} ${floor} fuzz_asserts)
  if(LONGHOUSE_FUZZ)
    target_link_options(fuzz_${stem} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(fuzz_${stem} PRIVATE ${PROJECT_SOURCE_DIR}/tests/fuzz/replay.c)
    add_test(NAME corpus/${stem}
      COMMAND fuzz_${stem} ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${stem})
    set_tests_properties(corpus/${stem} PROPERTIES TIMEOUT 120)
  endif()
endfunction()
