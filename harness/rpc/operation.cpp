// SPDX-License-Identifier: MIT
#include "rpc/operation.hpp"

namespace rundown::rpc {

std::string operation_name(const Request& request) {
    const auto* field = Request::descriptor()->FindFieldByNumber(request.op_case());
    return field != nullptr ? field->name() : "nothing";
}

}  // namespace rundown::rpc
