# math.cmake: embeds math.ir, the text of the elementary functions, into the kernel room as a C array.
set(math_text ${CMAKE_CURRENT_SOURCE_DIR}/kernel/math.ir)
set(math_array ${CMAKE_CURRENT_BINARY_DIR}/kernel/math_text.c)
add_custom_command(
  OUTPUT ${math_array}
  COMMAND ${CMAKE_COMMAND} -DINPUT=${math_text} -DOUTPUT=${math_array} -P ${CMAKE_CURRENT_SOURCE_DIR}/kernel/math_embed.cmake
  DEPENDS ${math_text} ${CMAKE_CURRENT_SOURCE_DIR}/kernel/math_embed.cmake
  COMMENT "Embedding math.ir")
target_sources(nnc_kernel PRIVATE ${math_array})
