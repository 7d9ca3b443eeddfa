# embed.cmake: embeds texts into the kernel room as C arrays: math.ir, the elementary functions; style and script of the report's page.
function(embed_text name file)
  set(array ${CMAKE_CURRENT_BINARY_DIR}/kernel/${name}.c)
  set(script ${CMAKE_CURRENT_SOURCE_DIR}/kernel/embed_text.cmake)
  add_custom_command(
    OUTPUT ${array}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${CMAKE_CURRENT_SOURCE_DIR}/kernel/${file} -DOUTPUT=${array} -DNAME=${name} -P ${script}
    DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/kernel/${file} ${script}
    COMMENT "Embedding ${file}")
  target_sources(nnc_kernel PRIVATE ${array})
endfunction()
embed_text(math_text math.ir)
embed_text(page_style page/page.css)
embed_text(page_script page/page.js)
