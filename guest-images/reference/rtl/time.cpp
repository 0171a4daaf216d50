// SPDX-License-Identifier: MIT
// rtl/time.cpp
//
// System time (100 ns units since 1601-01-01) as calendar fields and as seconds. The system's local time is UTC. Any IRQL.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-rtltimetotimefields
#include "nt_internal.hpp"

namespace {

constexpr LONGLONG kUnitsPerSecond = 10000000, kUnitsPerDay = 24 * 3600 * kUnitsPerSecond;
constexpr LONGLONG kSecondsTo1970 = 11644473600, kSecondsTo1980 = 11960006400;
constexpr LONGLONG kDaysPer400Years = 146097;

bool leap(LONGLONG year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int days_in(LONGLONG year, int month) {
    static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return kDays[month - 1] + (month == 2 && leap(year));
}

/// Days from 1601-01-01 to the first day of `year`.
LONGLONG days_before(LONGLONG year) {
    const LONGLONG past = year - 1601;
    return past * 365 + past / 4 - past / 100 + past / 400;
}

BOOLEAN to_seconds(PLARGE_INTEGER time, LONGLONG epoch, PULONG seconds) {
    const LONGLONG since = time->QuadPart / kUnitsPerSecond - epoch;
    if (since < 0 || since > 0xFFFFFFFF) return FALSE;
    *seconds = static_cast<ULONG>(since);
    return TRUE;
}

}  // namespace

extern "C" {

VOID NTAPI RtlTimeToTimeFields(PLARGE_INTEGER Time, PTIME_FIELDS TimeFields) {
    const LONGLONG days = Time->QuadPart / kUnitsPerDay, rest = Time->QuadPart % kUnitsPerDay / 10000;
    LONGLONG year = 1601 + days * 400 / kDaysPer400Years;
    while (days_before(year) > days) --year;
    while (days_before(year + 1) <= days) ++year;
    LONGLONG day = days - days_before(year);
    int month = 1;
    for (; day >= days_in(year, month); ++month) day -= days_in(year, month);
    TimeFields->Year = static_cast<CSHORT>(year);
    TimeFields->Month = static_cast<CSHORT>(month);
    TimeFields->Day = static_cast<CSHORT>(day + 1);
    TimeFields->Hour = static_cast<CSHORT>(rest / 3600000);
    TimeFields->Minute = static_cast<CSHORT>(rest / 60000 % 60);
    TimeFields->Second = static_cast<CSHORT>(rest / 1000 % 60);
    TimeFields->Milliseconds = static_cast<CSHORT>(rest % 1000);
    TimeFields->Weekday = static_cast<CSHORT>((days + 1) % 7);  // 1601-01-01 was a Monday
}

/// False: no such moment.
BOOLEAN NTAPI RtlTimeFieldsToTime(PTIME_FIELDS TimeFields, PLARGE_INTEGER Time) {
    const TIME_FIELDS& f = *TimeFields;
    if (f.Year < 1601 || f.Month < 1 || f.Month > 12 || f.Day < 1 || f.Day > days_in(f.Year, f.Month) || f.Hour < 0 ||
        f.Hour > 23 || f.Minute < 0 || f.Minute > 59 || f.Second < 0 || f.Second > 59 || f.Milliseconds < 0 ||
        f.Milliseconds > 999)
        return FALSE;
    LONGLONG days = days_before(f.Year) + f.Day - 1;
    for (int month = 1; month < f.Month; ++month) days += days_in(f.Year, month);
    const LONGLONG milliseconds = ((f.Hour * 60LL + f.Minute) * 60 + f.Second) * 1000 + f.Milliseconds;
    Time->QuadPart = days * kUnitsPerDay + milliseconds * 10000;
    return TRUE;
}

/// False: before the epoch, or after what 32 bits hold.
BOOLEAN NTAPI RtlTimeToSecondsSince1970(PLARGE_INTEGER Time, PULONG ElapsedSeconds) {
    return to_seconds(Time, kSecondsTo1970, ElapsedSeconds);
}
BOOLEAN NTAPI RtlTimeToSecondsSince1980(PLARGE_INTEGER Time, PULONG ElapsedSeconds) {
    return to_seconds(Time, kSecondsTo1980, ElapsedSeconds);
}
VOID NTAPI RtlSecondsSince1970ToTime(ULONG ElapsedSeconds, PLARGE_INTEGER Time) {
    Time->QuadPart = (ElapsedSeconds + kSecondsTo1970) * kUnitsPerSecond;
}
VOID NTAPI RtlSecondsSince1980ToTime(ULONG ElapsedSeconds, PLARGE_INTEGER Time) {
    Time->QuadPart = (ElapsedSeconds + kSecondsTo1980) * kUnitsPerSecond;
}

}  // extern "C"
