# Stands in for ESP-IDF's file of this name: the rules of ESP-IDF's programming guide, "Build System", that concern a
# project like this one, and a program for this computer in place of an image.

set(stubs ${CMAKE_CURRENT_LIST_DIR}/../..)

# Every component may use these without asking ("Common component requirements").
set(common_components esp_common esp_hw_support esp_system freertos)
file(GLOB idf_components RELATIVE ${stubs}/components ${stubs}/components/*)

# Checks its arguments as the real one does, and more: every C file of the component must be named.
function(idf_component_register)
    set(lists SRCS INCLUDE_DIRS PRIV_INCLUDE_DIRS REQUIRES PRIV_REQUIRES)
    cmake_parse_arguments(arg "" "" "${lists}" ${ARGN})
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "idf_component_register does not know: ${arg_UNPARSED_ARGUMENTS}")
    endif()

    get_filename_component(name ${CMAKE_CURRENT_SOURCE_DIR} NAME)
    file(GLOB_RECURSE present RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} *.c)
    list(SORT present)
    list(SORT arg_SRCS)
    if(NOT present STREQUAL arg_SRCS)
        message(FATAL_ERROR "component ${name} has ${present} and names ${arg_SRCS}")
    endif()
    foreach(folder ${arg_INCLUDE_DIRS} ${arg_PRIV_INCLUDE_DIRS})
        if(NOT IS_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/${folder})
            message(FATAL_ERROR "Include directory '${folder}' of component ${name} is not a directory")
        endif()
    endforeach()

    set(library __idf_${name})
    add_library(${library} STATIC ${arg_SRCS})
    target_include_directories(${library} PUBLIC ${arg_INCLUDE_DIRS} PRIVATE ${arg_PRIV_INCLUDE_DIRS})
    target_include_directories(${library} PUBLIC ${CMAKE_BINARY_DIR}/config)
    target_compile_options(${library} PRIVATE -std=gnu17 -Wall -Wextra -Werror)
    foreach(required ${common_components} ${arg_REQUIRES} ${arg_PRIV_REQUIRES})
        if(required IN_LIST idf_components)
            target_include_directories(${library} PRIVATE ${stubs}/components/${required}/include)
        elseif(IS_DIRECTORY ${CMAKE_SOURCE_DIR}/components/${required})
            target_link_libraries(${library} PRIVATE __idf_${required})
        else()
            message(FATAL_ERROR "Failed to resolve component '${required}' required by component '${name}'")
        endif()
    endforeach()
    set(COMPONENT_LIB ${library} PARENT_SCOPE)
endfunction()

# sdkconfig.h: a switch is 1 or absent, any other value as it is; and what ESP-IDF derives from a switch.
function(write_sdkconfig)
    file(STRINGS sdkconfig.defaults settings REGEX "^[^#]")
    set(header "#pragma once\n")
    foreach(setting ${settings})
        if(NOT setting MATCHES "^(CONFIG_[A-Z0-9_]+)=(.+)$")
            message(FATAL_ERROR "sdkconfig.defaults: ${setting}")
        endif()
        set(name ${CMAKE_MATCH_1})
        set(value ${CMAKE_MATCH_2})
        if(value STREQUAL "y")
            string(APPEND header "#define ${name} 1\n")
        elseif(NOT value STREQUAL "n")
            string(APPEND header "#define ${name} ${value}\n")
        endif()
        if(name MATCHES "^(CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ)_([0-9]+)$")
            string(APPEND header "#define ${CMAKE_MATCH_1} ${CMAKE_MATCH_2}\n")
        endif()
    endforeach()
    file(WRITE ${CMAKE_BINARY_DIR}/config/sdkconfig.h ${header})
endfunction()

macro(project name)
    _project(${name} C)
    write_sdkconfig()
    file(GLOB component_folders components/*)
    foreach(folder ${component_folders} ${CMAKE_SOURCE_DIR}/main)
        add_subdirectory(${folder})
    endforeach()

    # The process has a main of its own, which starts the task that calls app_main.
    target_compile_definitions(__idf_main PRIVATE main=application_main)

    find_package(Threads REQUIRED)
    file(GLOB host ${stubs}/host/*.c)
    add_executable(${name}.elf ${host})
    foreach(component ${idf_components})
        target_include_directories(${name}.elf PRIVATE ${stubs}/components/${component}/include)
    endforeach()
    target_include_directories(${name}.elf PRIVATE ${CMAKE_BINARY_DIR}/config)
    target_compile_options(${name}.elf PRIVATE -std=gnu17 -Wall -Wextra -Werror)
    # ESP-IDF's linker script has these names for the bounds of .data and .bss.
    target_link_options(${name}.elf PRIVATE
        -Wl,--defsym=_data_start=__data_start,--defsym=_data_end=_edata
        -Wl,--defsym=_bss_start=__bss_start,--defsym=_bss_end=_end)
    target_link_libraries(${name}.elf PRIVATE __idf_main Threads::Threads)
endmacro()
