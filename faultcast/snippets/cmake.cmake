# CMake: save this as faultcast.cmake beside CMakeLists.txt, and in there, behind the target:
#
#   include(faultcast.cmake)
#   faultcast_upload(your_target)
#
# After each build the ELF file goes to the console that FAULTCAST_SERVER names, with the token in FAULTCAST_TOKEN
# (scope `upload`). Who has not set them builds as before, and an upload that fails is a warning, never an error.
# The linker has to be told to make a build id: target_link_options(your_target PRIVATE -Wl,--build-id).

@UPLOAD@

function(faultcast_upload target)
  add_custom_command(
    TARGET ${target}
    POST_BUILD
    COMMAND ${CMAKE_COMMAND} -D ELF=$<TARGET_FILE:${target}> -P ${CMAKE_CURRENT_FUNCTION_LIST_FILE}
    VERBATIM)
endfunction()
