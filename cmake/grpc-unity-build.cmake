# C-core without c-ares: version 1.19.0 of it has CVE-2023-32067, and the system's resolver does what is needed here.
add_compile_definitions(GRPC_ARES=0)

set(CMAKE_UNITY_BUILD ON)
set(CMAKE_UNITY_BUILD_BATCH_SIZE 12)

# Sources that define the same file-local names as their neighbours stay out of the unity files.
function(leave_clashing_sources_alone)
  foreach(target IN ITEMS re2 c-ares time time_zone strings)
    if(TARGET ${target})
      set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
    endif()
  endforeach()
  set(clashing "\\.c$" ev_poll_posix ev_posix ev_epoll1 /tsi/ external_account_credentials /credentials/alts/
      xds_channel_stack_modifier bin_encoder "lb_policy/(xds|weighted_target)/")
  list(JOIN clashing "|" clashing)
  foreach(target IN ITEMS grpc grpc_unsecure upb)
    if(TARGET ${target})
      get_target_property(sources ${target} SOURCES)
      list(FILTER sources INCLUDE REGEX "${clashing}")
      set_source_files_properties(${sources} TARGET_DIRECTORY ${target} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endif()
  endforeach()
endfunction()
cmake_language(DEFER CALL leave_clashing_sources_alone)
