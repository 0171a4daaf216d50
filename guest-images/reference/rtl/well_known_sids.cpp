// SPDX-License-Identifier: MIT
// rtl/well_known_sids.cpp
//
// SeExports: the well-known security identifiers and privilege numbers that drivers take from the kernel.
// https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/ns-ntifs-_se_exports
#include "nt_internal.hpp"

namespace {

/// Authorities (the sixth byte) of the identifiers below: S-1-<authority>-...
constexpr UCHAR kNull = 0, kWorld = 1, kLocal = 2, kCreator = 3, kNt = 5, kMandatoryLabel = 16;
constexpr ULONG kBuiltin = 32;

template <UCHAR Authority, ULONG... Sub>
struct WellKnown {
    UCHAR revision = SID_REVISION, count = sizeof...(Sub);
    UCHAR authority[6] = {0, 0, 0, 0, 0, Authority};
    ULONG sub[sizeof...(Sub)] = {Sub...};
};
/// One object per identifier, for the life of the system.
template <UCHAR Authority, ULONG... Sub>
WellKnown<Authority, Sub...> identifier;
template <UCHAR Authority, ULONG... Sub>
PSID sid() {
    return &identifier<Authority, Sub...>;
}

constexpr LUID privilege(ULONG number) { return {number, 0}; }

void fill_privileges(SE_EXPORTS& e) {
    e.SeCreateTokenPrivilege = privilege(2);
    e.SeAssignPrimaryTokenPrivilege = privilege(3);
    e.SeLockMemoryPrivilege = privilege(4);
    e.SeIncreaseQuotaPrivilege = privilege(5);
    e.SeUnsolicitedInputPrivilege = privilege(6);
    e.SeTcbPrivilege = privilege(7);
    e.SeSecurityPrivilege = privilege(8);
    e.SeTakeOwnershipPrivilege = privilege(9);
    e.SeLoadDriverPrivilege = privilege(10);
    e.SeSystemProfilePrivilege = privilege(11);
    e.SeSystemtimePrivilege = privilege(12);
    e.SeProfileSingleProcessPrivilege = privilege(13);
    e.SeIncreaseBasePriorityPrivilege = privilege(14);
    e.SeCreatePagefilePrivilege = privilege(15);
    e.SeCreatePermanentPrivilege = privilege(16);
    e.SeBackupPrivilege = privilege(17);
    e.SeRestorePrivilege = privilege(18);
    e.SeShutdownPrivilege = privilege(19);
    e.SeDebugPrivilege = privilege(20);
    e.SeAuditPrivilege = privilege(21);
    e.SeSystemEnvironmentPrivilege = privilege(22);
    e.SeChangeNotifyPrivilege = privilege(23);
    e.SeRemoteShutdownPrivilege = privilege(24);
    e.SeUndockPrivilege = privilege(25);
    e.SeSyncAgentPrivilege = privilege(26);
    e.SeEnableDelegationPrivilege = privilege(27);
    e.SeManageVolumePrivilege = privilege(28);
    e.SeImpersonatePrivilege = privilege(29);
    e.SeCreateGlobalPrivilege = privilege(30);
    e.SeTrustedCredManAccessPrivilege = privilege(31);
    e.SeRelabelPrivilege = privilege(32);
    e.SeIncreaseWorkingSetPrivilege = privilege(33);
    e.SeTimeZonePrivilege = privilege(34);
    e.SeCreateSymbolicLinkPrivilege = privilege(35);
}

void fill_identifiers(SE_EXPORTS& e) {
    e.SeNullSid = sid<kNull, 0>();
    e.SeWorldSid = sid<kWorld, 0>();
    e.SeLocalSid = sid<kLocal, 0>();
    e.SeCreatorOwnerSid = sid<kCreator, 0>();
    e.SeCreatorGroupSid = sid<kCreator, 1>();
    static WellKnown<kNt, 0> nt_authority{SID_REVISION, 0, {0, 0, 0, 0, 0, kNt}, {0}};  // S-1-5 has no sub-authority
    e.SeNtAuthoritySid = &nt_authority;
    e.SeDialupSid = sid<kNt, 1>();
    e.SeNetworkSid = sid<kNt, 2>();
    e.SeBatchSid = sid<kNt, 3>();
    e.SeInteractiveSid = sid<kNt, 4>();
    e.SeAnonymousLogonSid = sid<kNt, 7>();
    e.SeAuthenticatedUsersSid = sid<kNt, 11>();
    e.SeRestrictedSid = sid<kNt, 12>();
    e.SeIUserSid = sid<kNt, 17>();
    e.SeLocalSystemSid = sid<kNt, 18>();
    e.SeLocalServiceSid = sid<kNt, 19>();
    e.SeNetworkServiceSid = sid<kNt, 20>();
    e.SeAliasAdminsSid = sid<kNt, kBuiltin, 544>();
    e.SeAliasUsersSid = sid<kNt, kBuiltin, 545>();
    e.SeAliasGuestsSid = sid<kNt, kBuiltin, 546>();
    e.SeAliasPowerUsersSid = sid<kNt, kBuiltin, 547>();
    e.SeAliasAccountOpsSid = sid<kNt, kBuiltin, 548>();
    e.SeAliasSystemOpsSid = sid<kNt, kBuiltin, 549>();
    e.SeAliasPrintOpsSid = sid<kNt, kBuiltin, 550>();
    e.SeAliasBackupOpsSid = sid<kNt, kBuiltin, 551>();
    e.SeUntrustedMandatorySid = sid<kMandatoryLabel, 0>();
    e.SeLowMandatorySid = sid<kMandatoryLabel, 0x1000>();
    e.SeMediumMandatorySid = sid<kMandatoryLabel, 0x2000>();
    e.SeHighMandatorySid = sid<kMandatoryLabel, 0x3000>();
    e.SeSystemMandatorySid = sid<kMandatoryLabel, 0x4000>();
    e.SeOwnerRightsSid = sid<kCreator, 4>();
}

SE_EXPORTS exports;

}  // namespace

extern "C" {

PSE_EXPORTS SeExports = &exports;

/// Once, before drivers are loaded.
VOID RtlpInitializeWellKnownSids() {
    fill_privileges(exports);
    fill_identifiers(exports);
}

}  // extern "C"
