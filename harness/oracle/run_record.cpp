// SPDX-License-Identifier: MIT
// oracle/run_record.cpp
#include "oracle/run_record.hpp"

namespace rundown::oracle {

const Census* RunRecord::census(CensusPoint point) const {
    for (const LabelledCensus& labelled : censuses) {
        if (labelled.point == point) {
            return &labelled.census;
        }
    }
    return nullptr;
}

const StepAnswer* RunRecord::answer(Step step) const {
    const StepAnswer* first = nullptr;
    for (const StepAnswer& answer : answers) {
        if (answer.step != step) {
            continue;
        }
        if (answer.status != 0) {
            return &answer;
        }
        first = first != nullptr ? first : &answer;
    }
    return first;
}

}  // namespace rundown::oracle
