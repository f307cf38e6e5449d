# floor(NAME DEPENDS floor... [LIBRARIES library...])
#
# One floor of the house: the folder src/NAME as a static library, its include rule and its tests.
#
# The include rule is a folder of links, build/faces/NAME, that holds the faces of NAME and of the
# floors named in DEPENDS and nothing else: a file that includes upwards does not compile, and a test
# that needs an upper floor does not link. main.c belongs to program(), not to the floor.
function(floor name)
  cmake_parse_arguments(FLOOR "" "" "DEPENDS;LIBRARIES" ${ARGN})

  set(faces ${PROJECT_BINARY_DIR}/faces/${name})
  file(MAKE_DIRECTORY ${faces})
  foreach(seen ${name} ${FLOOR_DEPENDS})
    if(EXISTS ${PROJECT_SOURCE_DIR}/include/longhouse/${seen})
      file(CREATE_LINK ${PROJECT_SOURCE_DIR}/include/longhouse/${seen} ${faces}/${seen} SYMBOLIC)
    endif()
  endforeach()

  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.c)
  list(FILTER sources EXCLUDE REGEX "/main\\.c$")
  add_library(${name} STATIC ${sources} ${PROJECT_SOURCE_DIR}/cmake/floor.c)
  counts_coverage(${name})
  target_include_directories(${name} PRIVATE ${faces})
  target_link_libraries(${name} PUBLIC house_options ${FLOOR_DEPENDS} ${FLOOR_LIBRARIES})

  if(LONGHOUSE_TESTS OR LONGHOUSE_FUZZ)
    floor_tests(${name} "${FLOOR_DEPENDS}" ${faces})
  endif()
endfunction()

# Fakes for a floor live in tests/support/NAME and may be used by that floor and those above it.
function(floor_tests name depends faces)
  set(support_folders)
  set(support_targets)
  foreach(seen ${depends})
    if(TARGET support_${seen})
      list(APPEND support_targets support_${seen})
    endif()
  endforeach()

  file(GLOB support CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/support/${name}/*.c)
  if(support)
    add_library(support_${name} STATIC ${support})
    target_include_directories(support_${name} PRIVATE ${faces} ${PROJECT_SOURCE_DIR}/tests/support)
    target_link_libraries(support_${name} PUBLIC ${name} ${support_targets})
    set(support_targets support_${name} ${support_targets})
  endif()

  if(LONGHOUSE_TESTS)
    file(GLOB tests CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/unit/${name}/test_*.c)
    foreach(test ${tests})
      get_filename_component(stem ${test} NAME_WE)
      string(REPLACE "test_" "" stem ${stem})
      add_executable(unit_${name}_${stem} ${test})
      target_include_directories(unit_${name}_${stem}
        PRIVATE ${faces} ${PROJECT_SOURCE_DIR}/tests/support ${PROJECT_SOURCE_DIR}/src/${name})
      target_link_libraries(unit_${name}_${stem} PRIVATE ${support_targets} ${name} PkgConfig::CHECK)
      add_test(NAME unit/${name}/${stem} COMMAND unit_${name}_${stem})
      set_tests_properties(unit/${name}/${stem} PROPERTIES TIMEOUT 120)
    endforeach()
  endif()

  file(GLOB targets CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/fuzz/${name}/fuzz_*.c)
  foreach(target ${targets})
    get_filename_component(stem ${target} NAME_WE)
    string(REPLACE "fuzz_" "" stem ${stem})
    fuzz_target(${stem} ${target} ${name} "${support_targets}" ${faces})
  endforeach()
endfunction()

# program(NAME FLOOR floor): src/FLOOR/main.c linked with its floor, placed in bin/ of the build tree.
function(program name)
  cmake_parse_arguments(PROGRAM "" "FLOOR;DESTINATION" "" ${ARGN})
  set(main ${PROJECT_SOURCE_DIR}/src/${PROGRAM_FLOOR}/main.c)
  if(NOT EXISTS ${main})
    message(STATUS "no ${main} yet: ${name} is not built")
    return()
  endif()
  add_executable(program_${name} ${main})
  counts_coverage(program_${name})
  set_target_properties(program_${name} PROPERTIES
    OUTPUT_NAME ${name}
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
  target_include_directories(program_${name} PRIVATE ${PROJECT_BINARY_DIR}/faces/${PROGRAM_FLOOR})
  target_link_libraries(program_${name} PRIVATE ${PROGRAM_FLOOR})
  torture(program_${name})
  install(TARGETS program_${name} RUNTIME DESTINATION ${PROGRAM_DESTINATION})
endfunction()
