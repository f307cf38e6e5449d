# What the option table and the verbs say to others: written by the program itself when it is built, so that it is
# never out of date, and installed where Debian looks for it.
#
# share_file(NAME FOLDER WORDS...): the output of `longhouse WORDS...` as FOLDER/NAME
function(share_file name folder)
  set(path ${PROJECT_BINARY_DIR}/share/${name})
  add_custom_command(OUTPUT ${path}
    COMMAND program_longhouse ${ARGN} > ${path}
    DEPENDS program_longhouse
    VERBATIM)
  set_property(GLOBAL APPEND PROPERTY share_files ${path})
  install(FILES ${path} DESTINATION ${folder})
endfunction()

file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/share)
share_file(longhouse.8 ${CMAKE_INSTALL_MANDIR}/man8 manual --man8)
share_file(longhouse-explain.8 ${CMAKE_INSTALL_MANDIR}/man8 manual --explain8)
share_file(longhouse.conf.5 ${CMAKE_INSTALL_MANDIR}/man5 manual --man5)
share_file(longhouse.schema.json ${CMAKE_INSTALL_DATADIR}/longhouse schema)
share_file(longhouse ${CMAKE_INSTALL_DATADIR}/bash-completion/completions completion bash)
share_file(_longhouse ${CMAKE_INSTALL_DATADIR}/zsh/site-functions completion zsh)
share_file(longhouse.fish ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d completion fish)
share_file(longhouse.vim ${CMAKE_INSTALL_DATADIR}/vim/vimfiles/syntax completion vim)

get_property(files GLOBAL PROPERTY share_files)
add_custom_target(share ALL DEPENDS ${files})
