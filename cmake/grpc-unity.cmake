# Toolchain file of the CMake builds that cargo starts. Only project(grpc), that is C-core, is changed; BoringSSL is left as it is.
set(CMAKE_PROJECT_grpc_INCLUDE "${CMAKE_CURRENT_LIST_DIR}/grpc-unity-build.cmake")
