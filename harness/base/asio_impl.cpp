// SPDX-License-Identifier: MIT
// The one file that compiles Asio itself; everywhere else it is declarations
// (BOOST_ASIO_SEPARATE_COMPILATION).
#include <boost/asio/impl/src.hpp>
