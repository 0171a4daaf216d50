// SPDX-License-Identifier: MIT
#include "guest/accelerator.hpp"

#include <boost/json.hpp>

namespace rundown::guest {

namespace json = boost::json;

namespace {

constexpr int kCacheVersion = 1;

Error kvm_demanded(const std::string& why) {
    return fail(
        ErrorKind::environment,
        "KVM was demanded but cannot run a guest here: " + why + "; use --accel auto or tcg"
    );
}

std::optional<std::string> member(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    const json::string* text = value ? value->if_string() : nullptr;
    return text ? std::optional(std::string(text->c_str())) : std::nullopt;
}

}  // namespace

AcceleratorWish accelerator_wish_from(std::string_view text) {
    if (text == "auto")
        return AcceleratorWish::automatic;
    if (text == "kvm")
        return AcceleratorWish::kvm;
    if (text == "tcg")
        return AcceleratorWish::tcg;
    return AcceleratorWish::invalid;
}

result<AcceleratorDecision> decide(
    AcceleratorWish wish,
    const std::optional<AcceleratorChoice>& remembered,
    const std::string& kvm_unusable
) {
    const auto use = [](Accelerator accelerator, std::string reason) {
        return AcceleratorDecision{AcceleratorStep::use, {accelerator, std::move(reason)}};
    };
    switch (wish) {
        case AcceleratorWish::invalid:
            return fail(ErrorKind::usage, "the accelerator must be auto, kvm or tcg");
        case AcceleratorWish::tcg:
            return use(Accelerator::tcg, "asked for");
        case AcceleratorWish::kvm:
        case AcceleratorWish::automatic:
            break;
    }
    // Whether /dev/kvm opens is cheap to ask, and may have changed since the answer was remembered.
    if (!kvm_unusable.empty()) {
        if (wish == AcceleratorWish::kvm)
            return kvm_demanded(kvm_unusable);
        return use(Accelerator::tcg, kvm_unusable);
    }
    if (!remembered ||
        (wish == AcceleratorWish::kvm && remembered->accelerator != Accelerator::kvm))
        return AcceleratorDecision{AcceleratorStep::prove, {}};  // A demand deserves a fresh look.
    return use(remembered->accelerator, remembered->reason);
}

result<AcceleratorChoice> conclude(AcceleratorWish wish, const std::string& failure) {
    if (failure.empty())
        return AcceleratorChoice{Accelerator::kvm, "a guest booted under KVM"};
    if (wish == AcceleratorWish::kvm)
        return kvm_demanded(failure);
    return AcceleratorChoice{Accelerator::tcg, failure};
}

std::string to_cache(const HostIdentity& host, const AcceleratorChoice& choice) {
    return json::serialize(json::object{
               {"version", kCacheVersion},
               {"kernel", host.kernel},
               {"qemu", host.qemu},
               {"processor", host.processor},
               {"accelerator", to_string(choice.accelerator)},
               {"reason", choice.reason},
           }) +
           "\n";
}

std::optional<AcceleratorChoice> from_cache(std::string_view text, const HostIdentity& host) {
    json::error_code malformed;
    const json::value value = json::parse(text, malformed);
    const json::object* object = malformed ? nullptr : value.if_object();
    if (!object)
        return std::nullopt;
    const json::value* version = object->if_contains("version");
    if (!version || *version != kCacheVersion)
        return std::nullopt;
    const auto kernel = member(*object, "kernel"), qemu = member(*object, "qemu");
    const auto processor = member(*object, "processor"),
               accelerator = member(*object, "accelerator");
    const auto reason = member(*object, "reason");
    if (!kernel || !qemu || !processor || !accelerator || !reason ||
        HostIdentity{*kernel, *qemu, *processor} != host)
        return std::nullopt;
    for (Accelerator known : {Accelerator::kvm, Accelerator::tcg}) {
        if (*accelerator == to_string(known))
            return AcceleratorChoice{known, *reason};
    }
    return std::nullopt;
}

}  // namespace rundown::guest
