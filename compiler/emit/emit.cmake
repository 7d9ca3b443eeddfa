# emit.cmake: what the room needs beyond its C files: the runtime's sources as text, LLVM when it is there, and where the
# runtime library is (for building executables). Included by compiler/CMakeLists.txt after the room was made.
set(runtime_list ${CMAKE_SOURCE_DIR}/runtime/standalone.txt)
set(embedded)
if(EXISTS ${runtime_list})
  file(STRINGS ${runtime_list} lines)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${runtime_list})
  foreach(line IN LISTS lines)
    if(line MATCHES "^[^# ]")
      list(APPEND embedded runtime/${line})
    endif()
  endforeach()
endif()
list(TRANSFORM embedded PREPEND ${CMAKE_SOURCE_DIR}/ OUTPUT_VARIABLE embedded_paths)
string(REPLACE ";" "|" embedded_text "${embedded}")
set(standalone_c ${CMAKE_CURRENT_BINARY_DIR}/standalone_files.c)
add_custom_command(
  OUTPUT ${standalone_c}
  COMMAND ${CMAKE_COMMAND} -DROOT=${CMAKE_SOURCE_DIR} "-DFILES=${embedded_text}" -DOUTPUT=${standalone_c} -P
          ${CMAKE_CURRENT_SOURCE_DIR}/emit/embed.cmake
  DEPENDS ${embedded_paths} ${CMAKE_CURRENT_SOURCE_DIR}/emit/embed.cmake
  VERBATIM)
target_sources(nnc_emit PRIVATE ${standalone_c})
target_include_directories(nnc_emit PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/emit)

# LLVM is optional: without it .ll text still comes out, .s .o .bc are refused with one line. It is loaded at need (object.c).
find_package(LLVM 19.1 CONFIG QUIET HINTS /usr/lib/llvm-19)
if(LLVM_FOUND AND TARGET LLVM)
  message(STATUS "LLVM ${LLVM_PACKAGE_VERSION}: .s, .o and .bc outputs")
  target_include_directories(nnc_emit SYSTEM PRIVATE ${LLVM_INCLUDE_DIRS})
  target_compile_definitions(nnc_emit PRIVATE NNC_LLVM="$<TARGET_SONAME_FILE:LLVM>")
  target_link_libraries(nnc_emit PUBLIC ${CMAKE_DL_LIBS})
  set_property(GLOBAL APPEND PROPERTY NNC_DEBIAN_DEPENDS libllvm${LLVM_VERSION_MAJOR}) # dpkg-shlibdeps does not know LLVM's own folder
else()
  message(STATUS "LLVM 19 is not installed: only .c and .ll outputs")
endif()

include(${CMAKE_SOURCE_DIR}/runtime/blas/openblas.cmake)
include(${CMAKE_SOURCE_DIR}/runtime/media/media.cmake)
set(parts ${CMAKE_BINARY_DIR}/runtime/libnnrt_)
if(NNC_OPENBLAS_FOUND)
  target_compile_definitions(nnc_emit PRIVATE NNC_RUNTIME_BLAS="${parts}blas.a" NNC_OPENBLAS="${NNC_OPENBLAS_LIBRARY}")
endif()
if(NNC_IMAGES_FOUND)
  target_compile_definitions(nnc_emit PRIVATE NNC_RUNTIME_IMAGES="${parts}images.a" NNC_PNG="${NNC_PNG_LIBRARY}" NNC_JPEG="${NNC_JPEG_LIBRARY}")
endif()
if(NNC_SOUND_FOUND)
  target_compile_definitions(nnc_emit PRIVATE NNC_RUNTIME_SOUND="${parts}sound.a" NNC_SNDFILE="${NNC_SNDFILE_LIBRARY}")
endif()

find_package(ZLIB QUIET)
target_compile_definitions(
  nnc_emit
  PRIVATE NNC_RUNTIME_INCLUDE="${CMAKE_SOURCE_DIR}/runtime" NNC_RUNTIME_LIBRARY="${CMAKE_BINARY_DIR}/runtime/libnnrt.a"
          NNC_INSTALL_PREFIX="${CMAKE_INSTALL_PREFIX}" NNC_INSTALL_LIBRARY="${CMAKE_INSTALL_LIBDIR}"
          NNC_INSTALL_INCLUDE="${CMAKE_INSTALL_INCLUDEDIR}" NNC_RUNTIME_ZLIB=$<BOOL:${ZLIB_FOUND}>)
