# front.cmake: Lua 5.4 for the front, and its library (prelude/*.lua) embedded as bytes.
find_package(Lua 5.4 EXACT REQUIRED)
target_include_directories(nnc_front PRIVATE ${LUA_INCLUDE_DIR})
target_link_libraries(nnc_front PUBLIC ${LUA_LIBRARIES})
file(GLOB prelude CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/prelude/*.lua)
list(FILTER prelude EXCLUDE REGEX "\\.d\\.lua$")
list(SORT prelude)
set(prelude_data ${CMAKE_BINARY_DIR}/front/prelude_data.c)
add_custom_command(OUTPUT ${prelude_data}
  COMMAND ${CMAKE_COMMAND} -DFOLDER=${CMAKE_CURRENT_LIST_DIR}/prelude -DOUTPUT=${prelude_data} -P ${CMAKE_CURRENT_LIST_DIR}/embed.cmake
  DEPENDS ${prelude} ${CMAKE_CURRENT_LIST_DIR}/embed.cmake VERBATIM)
target_sources(nnc_front PRIVATE ${prelude_data})
