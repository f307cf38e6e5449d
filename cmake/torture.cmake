# torture(TARGET): with LONGHOUSE_TORTURE, the calls that tests/torture/calls.c wraps go there.
set(torture_source ${PROJECT_SOURCE_DIR}/tests/torture/calls.c)
file(STRINGS ${torture_source} torture_calls REGEX "^WRAP\\(")
list(TRANSFORM torture_calls REPLACE "^WRAP\\([^,]*, ([a-z0-9_]+),.*" "LINKER:--wrap=\\1")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${torture_source})

function(torture target)
  if(LONGHOUSE_TORTURE)
    target_sources(${target} PRIVATE ${torture_source})
    target_link_options(${target} PRIVATE ${torture_calls})
  endif()
endfunction()
