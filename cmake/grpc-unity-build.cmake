# Which of C-core's sources are compiled, and in which units. Included by project(grpc).

# Without c-ares: version 1.19.0 of it has CVE-2023-32067, and the system's resolver does what is needed here.
add_compile_definitions(GRPC_ARES=0)

# The sources of the xDS client, half of all.
set(xds_sources /ext/xds/ "/lb_policy/(xds|ring_hash)/" "/resolver/(xds|google_c2p)/" "/filters/(rbac|stateful_session)/"
    /credentials/xds/ /lib/matchers/ "/authorization/(matchers|rbac_policy|audit_logging)" /upbdefs-generated/
    "/upb-generated/(envoy|opencensus|udpa)/")

set(CMAKE_UNITY_BUILD ON)
set(CMAKE_UNITY_BUILD_BATCH_SIZE 12)
# Sources that define the same file-local names as their neighbours stay out of the unity files; so does C, for the same reason.
set(clashing_targets re2 c-ares time time_zone strings)
set(clashing_sources "\\.c$" ev_poll_posix ev_posix ev_epoll1 /tsi/ external_account_credentials /credentials/alts/ bin_encoder
    /lb_policy/weighted_target/)

# Without the xDS client, by the switch that upstream has for phones: it is Envoy that speaks xDS here. GRPC_XDS keeps it, for
# users of the library who want `xds:///`; its sources clash with each other.
if("$ENV{GRPC_XDS}" STREQUAL "")
  add_compile_definitions(GRPC_NO_XDS)
  set(left_out ${xds_sources})
else()
  set(left_out "^$")
  list(APPEND clashing_sources ${xds_sources})
endif()

# Headers that most sources include and that are slow to read.
set(common_headers src/core/lib/channel/channel_stack.h src/core/lib/resolver/server_address.h
    src/core/lib/security/credentials/credentials.h src/core/lib/transport/transport.h absl/strings/str_format.h
    absl/strings/str_join.h)

function(choose_sources)
  list(JOIN left_out "|" left_out)
  list(JOIN clashing_sources "|" clashing_sources)
  foreach(target IN ITEMS grpc upb)
    get_target_property(sources ${target} SOURCES)
    list(FILTER sources EXCLUDE REGEX "${left_out}")
    set_target_properties(${target} PROPERTIES SOURCES "${sources}")
    list(FILTER sources INCLUDE REGEX "${clashing_sources}")
    set_source_files_properties(${sources} TARGET_DIRECTORY ${target} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endforeach()
  set_target_properties(${clashing_targets} PROPERTIES UNITY_BUILD OFF)
  list(TRANSFORM common_headers REPLACE ".+" "$<$<COMPILE_LANGUAGE:CXX>:\\0>")
  target_precompile_headers(grpc PRIVATE ${common_headers})
endfunction()
# When the targets are there.
cmake_language(DEFER CALL choose_sources)
