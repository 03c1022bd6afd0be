# Zephyr and west: save this as faultcast.cmake beside CMakeLists.txt, and in there, BEFORE find_package(Zephyr):
#
#   include(${CMAKE_CURRENT_LIST_DIR}/faultcast.cmake)
#
# After each `west build` zephyr.elf goes to the console that FAULTCAST_SERVER names, with the token in FAULTCAST_TOKEN
# (scope `upload`). Who has not set them builds as before, and an upload that fails is a warning, never an error.

@UPLOAD@

set_property(
  GLOBAL APPEND
  PROPERTY extra_post_build_commands
           COMMAND
           ${CMAKE_COMMAND}
           -D
           ELF=${CMAKE_CURRENT_BINARY_DIR}/zephyr/zephyr.elf
           -P
           ${CMAKE_CURRENT_LIST_FILE})
