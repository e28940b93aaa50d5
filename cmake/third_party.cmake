# SPDX-License-Identifier: Apache-2.0
# Libraries of others, as imported targets. Each is linked by the one room that may include it:
#   PkgConfig::JANSSON PkgConfig::YAML       base
#   PkgConfig::HWLOC                         topology/discover
#   PkgConfig::MHD                           extender
#   PkgConfig::CHECK                         tests
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.13)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(HWLOC REQUIRED IMPORTED_TARGET hwloc>=2.5)
pkg_check_modules(MHD REQUIRED IMPORTED_TARGET libmicrohttpd>=0.9.75)
if(SY_TESTS)
    pkg_check_modules(CHECK REQUIRED IMPORTED_TARGET check>=0.15)
endif()
