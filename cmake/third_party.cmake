# SPDX-License-Identifier: Apache-2.0
# Libraries of others, as imported targets. Each is linked by the one room that may include it:
#   PkgConfig::JANSSON PkgConfig::YAML       base
#   PkgConfig::CURL                          base/kube (the GnuTLS build: one TLS library for all)
#   PkgConfig::HWLOC                         topology/discover
#   PkgConfig::MHD                           extender
#   PkgConfig::PROTOBUF_C                    agent/kubelet
#   PkgConfig::CHECK PkgConfig::NGHTTP2      tests
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.13)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl>=7.85)
pkg_check_modules(HWLOC REQUIRED IMPORTED_TARGET hwloc>=2.5)
pkg_check_modules(MHD REQUIRED IMPORTED_TARGET libmicrohttpd>=0.9.75)
pkg_check_modules(PROTOBUF_C REQUIRED IMPORTED_TARGET libprotobuf-c>=1.3)
if(SY_TESTS)
    pkg_check_modules(CHECK REQUIRED IMPORTED_TARGET check>=0.15)
    pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2>=1.40)
endif()
